"""The nested view of an event that the Go library's guide uses: `event.choice.delta.content[0].text`.

The events themselves are flat, since that is what costs least; this is built only when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from duologue._partial_json import Pieces
    from duologue.models import ContentPart


@attrs.frozen
class ToolCallView:
    """A piece of a tool call; `id` and `name` are there on its first piece."""

    index: int
    id: str | None
    name: str | None
    arguments: str

    @property
    def function(self) -> ToolCallView:
        """The same piece: `call.function.name` reads as with providers' own clients."""
        return self


@attrs.frozen
class ToolCallSoFar:
    """A tool call that is still coming: `stream.tool_calls[0]`."""

    id: str
    name: str
    _pieces: Pieces = attrs.field(repr=False)

    @property
    def arguments(self) -> str:
        """The arguments' raw JSON so far."""
        return "".join(self._pieces.texts)

    @property
    def partial(self) -> Any:
        """The arguments so far as Python data; as `partial` of a `ToolCallDelta`."""
        return self._pieces.value(len(self._pieces.texts))


@attrs.frozen
class DeltaView:
    """What an event adds to its choice."""

    content: tuple[ContentPart, ...] = ()
    tool_calls: tuple[ToolCallView, ...] = ()


@attrs.frozen
class ChoiceView:
    """The choice that an event belongs to."""

    index: int = 0
    delta: DeltaView = DeltaView()
    finish_reason: str | None = None
