"""Telling which tool call a piece belongs to.

The wire's `index` should tell, and mostly does. What else servers do, all of it seen in recordings: no `index` at all,
several calls in one chunk (Mistral); the id on every piece (Baseten), an empty one (Alibaba), or none (Hugging Face);
two calls with different ids on one index (servers that answer in the place of another model's). So:

- a known index goes on with its call, unless the piece brings a name and a different id;
- or unless it brings a name, no id, and the call's arguments are already whole;
- a new index without id and name goes on with the last call, where that has a name and its arguments are not whole: its
  head came on another's index (https://github.com/agno-agi/agno/pull/8880);
- without an index, a known id goes on with its call, a new id or a name begins one, and anything else is the last
call's.
"""

from __future__ import annotations

import json


class Call:
    """One call as far as it has come: `number` counts the choice's calls from 0."""

    __slots__ = ("arguments", "generated", "id", "name", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.id: str | None = None
        self.generated = False
        self.name = ""
        self.arguments: list[str] = []

    def is_whole(self) -> bool:
        """Whether its arguments are a whole JSON object, so that nothing can follow."""
        if not self.arguments or not self.arguments[-1].rstrip().endswith("}"):
            return False
        try:
            json.loads("".join(self.arguments))
        except (ValueError, RecursionError):
            return False
        return True

    def waits(self) -> bool:
        """Whether it has begun, and more has to follow."""
        return bool(self.name) and not self.is_whole()


class Calls:
    """The calls of one choice."""

    __slots__ = ("_all", "_by_index")

    def __init__(self) -> None:
        self._all: list[Call] = []
        self._by_index: dict[int, Call] = {}

    def find(self, index: int | None, call_id: str | None, name: str | None) -> Call:
        """The call that a piece belongs to, a new one where it begins one."""
        if index is None:
            return self._without_index(call_id, name)
        call = self._by_index.get(index)
        if call is None and not call_id and not name and self._all and self._all[-1].waits():
            call = self._by_index[index] = self._all[-1]
        if call is None or (name and self._begins_anew(call, call_id)):
            call = self._by_index[index] = self._new()
        return call

    def _begins_anew(self, call: Call, call_id: str | None) -> bool:
        if call_id:
            return call_id != call.id
        return bool(call.name) and call.is_whole()

    def _without_index(self, call_id: str | None, name: str | None) -> Call:
        if call_id:
            known = next((call for call in reversed(self._all) if call.id == call_id), None)
            if known is None or (name and known.name and known.is_whole()):
                return self._new()
            return known
        return self._new() if name or not self._all else self._all[-1]

    def _new(self) -> Call:
        self._all.append(Call(len(self._all)))
        return self._all[-1]
