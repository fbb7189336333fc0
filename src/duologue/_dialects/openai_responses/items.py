"""Telling which item of an answer an event is about.

`output_index` should tell, and mostly does. What else servers do: no `output_index` at all, but ids (llama.cpp, whose
calls have only a `call_id`); ids that change from event to event under a steady index (GitHub Copilot, mistral.rs); one
index for every item, even of items that were never begun (LiteLLM); the same id for two calls of one function. So an id
that one item has goes before the index, the index before an id that is unknown or shared, and `added` begins an item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import an_index, string_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable

# Blocks have to be numbered before it is known how many parts an item has.
_BLOCKS = 1000
_PARTS = _BLOCKS // 2 - 1
SUMMARY, CONTENT = "summary", "content"
_FIRST = {SUMMARY: 0, CONTENT: _PARTS}


class Said:
    """A text as far as it was given."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        self._pieces.append(piece)

    def rest(self, whole: str) -> str:
        """What `whole` says beyond it: nothing where it is another text, since what was given cannot be taken back."""
        given = "".join(self._pieces)
        self._pieces = [given]
        return whole[len(given) :] if whole.startswith(given) else ""


class Part:
    """A part of an item as far as it has come: its text, and how many of its citations and log probabilities were
    given."""

    __slots__ = ("block", "logprobs", "notes", "said")

    def __init__(self, block: int) -> None:
        self.block = block
        self.said = Said()
        self.notes = 0
        self.logprobs = 0


class Item:
    """An item as far as it has come. `index` is its place in the answer, `place` what the server said of that."""

    __slots__ = (
        "call",
        "done",
        "index",
        "kind",
        "name",
        "names",
        "opened",
        "parts",
        "place",
        "rank",
        "rest",
        "said",
    )

    def __init__(self, index: int, place: int | None = None) -> None:
        self.index = index
        self.place = place
        self.kind = ""
        self.names: set[str] = set()
        self.opened = False
        self.done = False
        self.parts: dict[str, dict[int, Part]] = {SUMMARY: {}, CONTENT: {}}
        # Of calls only: their number, and what was given of them; how good the id was, 0 for the best.
        self.call: int | None = None
        self.rank: int | None = None
        self.name: str | None = None
        self.said = Said()
        self.rest: dict[str, Any] | None = None

    @property
    def last_block(self) -> int:
        """The block after all its parts."""
        return (self.index + 1) * _BLOCKS - 1

    def fits(self, *kinds: str) -> bool:
        """Whether it can be of one of these kinds; an empty one is not known."""
        return self.kind in ("", *kinds) or "" in kinds

    def is_at(self, place: int | None) -> bool:
        """Whether it can be the one at that place."""
        return place is None or self.place is None or place == self.place

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

    __slots__ = ("_by_index", "_by_kind", "_by_name", "_by_place", "_last", "_next", "_shared")

    def __init__(self) -> None:
        self._by_index: dict[int, Item] = {}
        # The latest that has the name, was said to be at the place, or began as one of the kind.
        self._by_name: dict[str, Item] = {}
        self._by_place: dict[int, Item] = {}
        self._by_kind: dict[str, Item] = {}
        self._shared: set[str] = set()
        self._last: Item | None = None
        self._next = 0

    def about(self, event: dict[str, Any], kind: str, *kinds: str) -> Item:
        """The item that an event is about, which names it by `item_id` or `output_index`; of what kinds it can be."""
        name, place = string_or_none(event.get("item_id")), an_index(event.get("output_index"))
        item = self._trusted(name) or self._placed(place, (kind, *kinds)) or self._by_name.get(name or "")
        if item is None:  # its beginning was left out
            item = self._new(place)
            item.kind = kind
            self._by_kind[kind] = item
        self._name(item, name)
        return item

    def added(self, event: dict[str, Any], raw: dict[str, Any]) -> Item:
        """The item that begins with `raw`."""
        place, kind = an_index(event.get("output_index")), _kind(raw)
        item = self._trusted(_name(raw))
        if item is None or item.done or not (item.fits(kind) and item.is_at(place)):
            item = None if place is None else self._by_place.get(place)
            if item is None or item.opened or not item.fits(kind):
                item = self._new(place)
        item.opened = True
        self._describe(item, raw)
        self._by_kind[kind] = item
        if place is not None:
            self._by_place[place] = item
        return item

    def ended(self, event: dict[str, Any], raw: dict[str, Any]) -> Item:
        """The item that `raw` has whole."""
        place, kind = an_index(event.get("output_index")), _kind(raw)
        item = self._trusted(_name(raw))
        known = item is not None and (item.fits(kind) or not item.opened) and not (item.done and not item.is_at(place))
        if item is None or not known:
            item = self._placed(place, (kind,))
            if item is None or item.done:
                item = self._new(place)
        item.opened = True
        self._describe(item, raw)
        return item

    def final(self, raws: list[dict[str, Any]]) -> list[Item]:
        """The items that a whole answer has, each another one: by their ids, else by their places, else by their
        kinds, since some servers count otherwise at the end than on the way."""
        rest = _Unclaimed(self._by_index.values())
        found = [rest.named(raw) for raw in raws]
        found = [item or rest.placed(place, raws[place]) for place, item in enumerate(found)]
        items = [item or rest.of_kind(raws[place]) or self._new(place) for place, item in enumerate(found)]
        for item, raw in zip(items, raws, strict=True):
            self._describe(item, raw)
        return items

    # -- inside --------------------------------------------------------------------------------------------------------

    def _trusted(self, name: str | None) -> Item | None:
        """The item of that name, unless others have it too."""
        return None if name in self._shared else self._by_name.get(name or "")

    def _placed(self, place: int | None, kinds: tuple[str, ...]) -> Item | None:
        """The item at that place. Where it is of another kind, or no place was said, the last open one of the kind."""
        if place is not None:
            item = self._by_place.get(place)
            if item is None or item.fits(*kinds):
                return item
        latest = (self._last, *map(self._by_kind.get, kinds))
        return next((item for item in latest if item is not None and not item.done and item.fits(*kinds)), None)

    def _new(self, place: int | None) -> Item:
        index = self._next if place is None or place in self._by_index else place
        self._next = max(self._next, index + 1)
        item = self._last = self._by_index[index] = Item(index, place)
        if place is not None:
            self._by_place[place] = item
        return item

    def _name(self, item: Item, name: str | None) -> None:
        if name is not None:
            if self._by_name.setdefault(name, item) is not item:
                self._shared.add(name)
                self._by_name[name] = item
            item.names.add(name)

    def _describe(self, item: Item, raw: dict[str, Any]) -> None:
        item.kind = _kind(raw) or item.kind
        self._name(item, _name(raw))


class _Unclaimed:
    """The items that none of a whole answer's was found to be yet."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = {item.index: item for item in items}
        self._named: dict[tuple[str, str], list[int]] = {}
        self._kinds: dict[str, list[int]] = {}
        for item in reversed(self._items.values()):
            self._kinds.setdefault(item.kind, []).append(item.index)
            for name in item.names:
                self._named.setdefault((name, item.kind), []).append(item.index)

    def named(self, raw: dict[str, Any]) -> Item | None:
        return self._first(self._named.get((_name(raw) or "", _kind(raw))))

    def placed(self, place: int, raw: dict[str, Any]) -> Item | None:
        item = self._items.get(place)
        return self._items.pop(place) if item is not None and item.fits(_kind(raw)) else None

    def of_kind(self, raw: dict[str, Any]) -> Item | None:
        return self._first(self._kinds.get(_kind(raw)))

    def _first(self, indexes: list[int] | None) -> Item | None:
        while indexes:
            item = self._items.pop(indexes.pop(), None)
            if item is not None:
                return item
        return None


def _kind(raw: dict[str, Any]) -> str:
    return string_or_none(raw.get("type")) or ""


def _name(raw: dict[str, Any]) -> str | None:
    """What an item goes by: a call's pieces name its `call_id` where it has no other, so that is the name then."""
    return string_or_none(raw.get("id")) or string_or_none(raw.get("call_id"))
