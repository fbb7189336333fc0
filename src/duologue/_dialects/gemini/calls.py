"""Function calls, from parts to `ToolCallDelta`.

Most calls come whole in one part. A streamed one begins with a part that has its name and `willContinue`, goes on with
parts that have `partialArgs` and no name, and ends with a part without `willContinue`, as a rule an empty one. Its
arguments are given when it ends; until then they are `{`, so that nobody takes a call that was cut short for whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.gemini.arguments import Arguments
from duologue._dialects.shape import a_string, an_array, an_object
from duologue._json import dumps
from duologue.errors import DecodeError
from duologue.events import ToolCallDelta

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL_KEYS = frozenset({"id", "name", "args", "partialArgs", "willContinue"})
_PATH = "parts[].functionCall"


class _Call:
    __slots__ = ("arguments", "id", "number", "whole")

    def __init__(self, number: int, call_id: str | None) -> None:
        self.number = number
        self.id = call_id
        self.whole: dict[str, Any] = {}
        self.arguments = Arguments()

    def rest(self) -> str:
        """The arguments' JSON after its first bracket."""
        try:
            return dumps({**self.whole, **self.arguments.value()}).decode()[1:]
        except (TypeError, ValueError) as reason:
            raise DecodeError(f"{_PATH}.args: {reason}") from None


class Calls:
    """The calls of one candidate."""

    __slots__ = ("_ids", "_index", "_open", "count")

    def __init__(self, index: int, response_id: str | None) -> None:
        self._index = index
        # A tool's result has to name its call, so a call without an id gets one: the same at every replay.
        self._ids = f"call_{response_id or 'without_id'}_{index}"
        self._open: _Call | None = None
        self.count = 0

    def can_take(self, piece: dict[str, Any]) -> bool:
        """Whether a `functionCall` begins a call or goes on with one."""
        return self._open is not None or bool(piece.get("name"))

    def add(self, part: dict[str, Any], piece: dict[str, Any]) -> Iterator[ToolCallDelta]:
        """Take in a part and the `functionCall` in it."""
        name = a_string(piece.get("name"), f"{_PATH}.name") or None
        call_id = a_string(piece.get("id"), f"{_PATH}.id") or None
        event: dict[str, Any] = {"index": self._index, "extra": _extra(part, piece), "arguments": ""}
        call = self._open
        if call is None or (name and not (call_id and call_id == call.id)):
            yield from self.end()
            call = self._open = _Call(self.count, call_id)
            self.count += 1
            known = {"id": call_id or f"{self._ids}_{call.number}", "generated_id": call_id is None, "name": name or ""}
            event |= {**known, "arguments": "{"}
        call.whole.update(an_object(piece.get("args") or {}, f"{_PATH}.args"))
        for value in an_array(piece.get("partialArgs"), f"{_PATH}.partialArgs"):
            call.arguments.put(an_object(value, f"{_PATH}.partialArgs[]"))
        if not piece.get("willContinue"):
            event["arguments"] += call.rest()
            self._open = None
        if event["arguments"] or event["extra"]:
            yield ToolCallDelta(call.number, **event)

    def end(self) -> Iterator[ToolCallDelta]:
        """The rest of a call that was left open, now that something else begins."""
        if self._open is not None:
            yield ToolCallDelta(self._open.number, arguments=self._open.rest(), index=self._index)
            self._open = None


def _extra(part: dict[str, Any], piece: dict[str, Any]) -> dict[str, Any]:
    """What else the part says (a thought signature, for one), to be sent back with the call."""
    extra = {key: value for key, value in part.items() if key != "functionCall"}
    rest = {key: value for key, value in piece.items() if key not in _CALL_KEYS and value is not None}
    return {**extra, "functionCall": rest} if rest else extra
