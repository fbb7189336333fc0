"""Where the calls of an answer stand.

A message keeps its calls beside its content, so their place among the blocks is lost. Nearly always they come last;
where something follows a call, the call's `extra` gets `PLACE`, the number of content parts before it. That is known at
the end of the answer, since until then a block may give more parts.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from duologue.events import ContentDelta, ToolCallDelta
from duologue.models import AudioContent, UnknownContent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duologue.events import ReasoningDelta, TextDelta

PLACE = "parts_before"


class Places:
    """The blocks of an answer's calls and parts."""

    __slots__ = ("_calls", "_parts")

    def __init__(self) -> None:
        self._calls: list[int] = []
        self._parts: set[tuple[int, Any]] = set()

    def call(self, block: int) -> int:
        """A call begins; its number."""
        self._calls.append(block)
        return len(self._calls) - 1

    def part(self, event: TextDelta | ReasoningDelta | ContentDelta) -> None:
        """A part begins, or goes on."""
        kind = _growing(event)
        self._parts.add((event.block, len(self._parts) if kind is None else kind))

    def told(self) -> Iterator[ToolCallDelta]:
        """The places of the calls that something follows."""
        blocks = sorted(block for block, _ in self._parts)
        for number, block in enumerate(self._calls):
            before = bisect_right(blocks, block)
            if before < len(blocks):
                yield ToolCallDelta(number, extra={PLACE: before})


def _growing(event: TextDelta | ReasoningDelta | ContentDelta) -> Any:
    """What makes two pieces in one block the same part; nothing where each is a part of its own."""
    if not isinstance(event, ContentDelta):
        return type(event)
    content = event.content
    if isinstance(content, UnknownContent):
        kind = content.raw["type"]
        shape = type(content.raw.get(kind))
        return (kind, shape) if shape in (dict, list) else None
    return AudioContent if isinstance(content, AudioContent) else None
