"""Telling which item of an answer an event is about.

`output_index` should tell, and mostly does. What else servers do: no `output_index` at all, but ids (llama.cpp, whose
calls have only a `call_id`); ids that change from event to event under a steady index (GitHub Copilot); one index for
every item. So an id that is known goes before the index, the index before an unknown id, and `added` begins an item.
"""

from __future__ import annotations

from typing import Any

from duologue._dialects.shape import an_index, string_or_none

# Blocks have to be numbered before it is known how many parts an item has.
_BLOCKS = 1000
_PARTS = _BLOCKS // 2 - 1
SUMMARY, CONTENT = "summary", "content"
_FIRST = {SUMMARY: 0, CONTENT: _PARTS}


class Part:
    """A part of an item as far as it has come: how much of its text, citations and log probabilities was given."""

    __slots__ = ("block", "length", "logprobs", "notes")

    def __init__(self, block: int) -> None:
        self.block = block
        self.length = 0
        self.notes = 0
        self.logprobs = 0


class Item:
    """An item as far as it has come. `index` is its place in the answer."""

    __slots__ = ("call", "done", "generated", "id", "index", "kind", "length", "name", "opened", "parts", "rest")

    def __init__(self, index: int) -> None:
        self.index = index
        self.kind = ""
        self.opened = False
        self.done = False
        self.parts: dict[str, dict[int, Part]] = {SUMMARY: {}, CONTENT: {}}
        # Of calls only: their number, and what was given of them.
        self.call: int | None = None
        self.id: str | None = None
        self.generated = False
        self.name: str | None = None
        self.length = 0
        self.rest: dict[str, Any] | None = None

    @property
    def last_block(self) -> int:
        """The block after all its parts."""
        return (self.index + 1) * _BLOCKS - 1

    def part(self, section: str, index: int) -> Part:
        """The part of that index, a new one where there is none."""
        part = self.parts[section].get(index)
        if part is None:
            place = min(max(index, 0), _PARTS - 1)
            part = self.parts[section][index] = Part(self.index * _BLOCKS + _FIRST[section] + place)
        return part

    def nth(self, section: str, place: int) -> Part:
        """The part of that place. Bedrock Mantle counts a message's parts from 1 in the stream, from 0 at its end."""
        indexes = sorted(self.parts[section])
        if place < len(indexes):
            return self.parts[section][indexes[place]]
        return self.part(section, indexes[-1] + 1 if indexes else place)


class Items:
    """The items of an answer."""

    __slots__ = ("_by_index", "_by_name")

    def __init__(self) -> None:
        self._by_index: dict[int, Item] = {}
        self._by_name: dict[str, Item] = {}

    def about(self, event: dict[str, Any]) -> Item:
        """The item that an event is about, which names it by `item_id` or `output_index`."""
        name = string_or_none(event.get("item_id"))
        item = self._by_name.get(name or "") or self._placed(event) or self._new(an_index(event.get("output_index")))
        self._name(item, name)
        return item

    def added(self, event: dict[str, Any], raw: dict[str, Any]) -> Item:
        """The item that begins with `raw`."""
        index = an_index(event.get("output_index"))
        item = self._named(raw) or (None if index is None else self._by_index.get(index))
        if item is None or (item.opened and item is not self._named(raw)):
            item = self._new(index if index not in self._by_index else None)
        item.opened = True
        self._describe(item, raw)
        return item

    def ended(self, event: dict[str, Any], raw: dict[str, Any]) -> Item:
        """The item that `raw` has whole."""
        item = self._named(raw)
        if item is None:
            item = self._placed(event, string_or_none(raw.get("type")))
            if item is None or item.done:
                index = an_index(event.get("output_index"))
                item = self._new(index if index not in self._by_index else None)
        self._describe(item, raw)
        return item

    def final(self, place: int, raw: dict[str, Any]) -> Item:
        """The item that stands at `place` of the whole answer."""
        item = self._named(raw) or self._by_index.get(place)
        if item is None or item.kind not in ("", raw.get("type")):
            item = self._new(place if place not in self._by_index else None)
        self._describe(item, raw)
        return item

    # -- inside --------------------------------------------------------------------------------------------------------

    def _named(self, raw: dict[str, Any]) -> Item | None:
        return self._by_name.get(_name(raw) or "")

    def _placed(self, event: dict[str, Any], kind: str | None = None) -> Item | None:
        """The item at the event's index; without one the last item, where it is still open, and of the kind."""
        index = an_index(event.get("output_index"))
        if index is not None:
            return self._by_index.get(index)
        item = next(reversed(self._by_index.values()), None)
        return None if item is None or item.done or (kind and item.kind not in ("", kind)) else item

    def _new(self, index: int | None) -> Item:
        if index is None:
            index = max(self._by_index, default=-1) + 1
        item = self._by_index[index] = Item(index)
        return item

    def _name(self, item: Item, name: str | None) -> None:
        if name is not None:
            self._by_name.setdefault(name, item)

    def _describe(self, item: Item, raw: dict[str, Any]) -> None:
        item.kind = string_or_none(raw.get("type")) or item.kind
        self._name(item, _name(raw))


def _name(raw: dict[str, Any]) -> str | None:
    """What an item goes by: a call and its result have the same `call_id`, so that is the name of the nameless."""
    return string_or_none(raw.get("id")) or string_or_none(raw.get("call_id"))
