"""An answer that is told again, held against what was given of it.

`beyond(events)` is what of them goes beyond that; `again()` tells that the answer begins anew. Text, thoughts, refusals
and the pieces of calls are compared letter by letter, however they are cut; other parts one by one. What has no text
(`Start`, counts of tokens, `Unknown`, signatures, ids of calls) goes by its number: as many as were given are passed
over. Nothing goes beyond before all that was given has come again, so a difference that shows late does no harm.
`differs` tells that it never will. No IO, and linear in the length of the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import attrs

from duologue.events import ContentDelta, Done, ReasoningDelta, RefusalDelta, StreamEvent, TextDelta, ToolCallDelta

if TYPE_CHECKING:
    from duologue.models import ContentPart

Place = tuple[Hashable, ...]


class _Given:
    """What was given, by its place in the answer."""

    def __init__(self) -> None:
        self.texts: dict[Place, list[str]] = {}
        self.parts: dict[Place, list[ContentPart]] = {}
        self.numbers: Counter[Place] = Counter()
        self.ids: dict[Place, tuple[str, bool]] = {}

    def add(self, event: StreamEvent) -> None:
        match event:
            case TextDelta() | RefusalDelta():
                self.texts.setdefault(_place(event), []).append(event.text)
            case ReasoningDelta():
                self.texts.setdefault(_place(event), []).append(event.text)
                self.numbers["signature", *_place(event)] += event.signature is not None
            case ToolCallDelta():
                self._add_call(event)
            case ContentDelta():
                self.parts.setdefault(_place(event), []).append(event.content)
            case _:
                self.numbers[event.type,] += 1

    def _add_call(self, event: ToolCallDelta) -> None:
        place = _place(event)
        self.texts.setdefault(place, []).append(event.arguments)
        self.texts.setdefault(("name", *place), []).append(event.name or "")
        if event.id is not None:
            self.numbers["id", *place] += 1
            self.ids[place] = event.id, event.generated_id


class Retelling:
    """An answer and its repetitions.

    Attributes:
        missing: how much of what was given has not come again.
        differs: whether something else came in its place.
    """

    def __init__(self) -> None:
        self._given = _Given()
        # The same as it has to come again, and how far that is.
        self._texts: dict[Place, str] = {}
        self._parts: dict[Place, list[ContentPart]] = {}
        self._numbers: Counter[Place] = Counter()
        self._ids: dict[Place, tuple[str, bool]] = {}
        self._at: Counter[Place] = Counter()
        self._held: list[StreamEvent] = []
        self.missing = 0
        self.differs = False

    def again(self) -> None:
        """The answer begins anew."""
        self._texts = {place: "".join(pieces) for place, pieces in self._given.texts.items()}
        self._parts = {place: list(parts) for place, parts in self._given.parts.items()}
        self._numbers = self._given.numbers.copy()
        self._ids = dict(self._given.ids)
        self._at.clear()
        self._held.clear()
        self.missing = sum(map(len, self._texts.values())) + sum(map(len, self._parts.values()))

    def beyond(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """What goes beyond what was given; it is given herewith."""
        for event in events:
            rest = _REST.get(type(event), Retelling._rest_of_other)(self, event)
            if self.differs:
                return []
            if rest is not None:
                self._held.append(rest)
        if self.missing:
            return []
        given, self._held = self._held, []
        for event in given:
            self._given.add(event)
        return given

    def keep(self, event: StreamEvent) -> StreamEvent:
        """An event with the id that its call was given under: providers make up another one each time."""
        if not isinstance(event, ToolCallDelta) or event.id is None:
            return event
        call_id, generated = self._ids.get(_place(event), (event.id, event.generated_id))
        return attrs.evolve(event, id=call_id, generated_id=generated)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _rest(self, place: Place, text: str) -> str:
        told, at = self._texts.get(place, ""), self._at[place]
        again = text[: len(told) - at]
        self.differs = self.differs or not told.startswith(again, at)
        self._at[place] = at + len(again)
        self.missing -= len(again)
        return text[len(again) :]

    def _was_given(self, place: Place) -> bool:
        """Whether one more of what has no text was given before."""
        self._numbers[place] -= 1
        return self._numbers[place] >= 0

    def _rest_of_text(self, event: Any) -> StreamEvent | None:
        rest = self._rest(_place(event), event.text)
        return self._changed(event, new=bool(rest), text=rest)

    def _rest_of_reasoning(self, event: ReasoningDelta) -> StreamEvent | None:
        rest, signature = self._rest(_place(event), event.text), event.signature
        if signature is not None and self._was_given(("signature", *_place(event))):
            signature = None
        return self._changed(event, new=bool(rest or signature), text=rest, signature=signature)

    def _rest_of_call(self, event: ToolCallDelta) -> StreamEvent | None:
        place, call_id = _place(event), event.id
        if call_id is not None and self._was_given(("id", *place)):
            call_id = None
        name, arguments = self._rest(("name", *place), event.name or ""), self._rest(place, event.arguments)
        new = bool(call_id or name or arguments)
        return self._changed(event, new=new, id=call_id, name=name or None, arguments=arguments)

    def _changed(self, event: Any, *, new: bool, **fields: Any) -> StreamEvent | None:
        """The event with these fields; None where nothing in it is new."""
        if all(getattr(event, name) == value for name, value in fields.items()):
            return event if new or not self.missing else None
        if not new:
            return None
        changed: StreamEvent = attrs.evolve(event, **fields)
        if isinstance(changed, ToolCallDelta):
            changed.hear_like(event)
        return changed

    def _rest_of_content(self, event: ContentDelta) -> StreamEvent | None:
        place = _place(event)
        told, at = self._parts.get(place, []), self._at[place]
        if at >= len(told):
            return event
        self.differs = told[at] != event.content
        self._at[place] += 1
        self.missing -= 1
        return None

    def _rest_of_other(self, event: StreamEvent) -> StreamEvent | None:
        self.differs = isinstance(event, Done) and self.missing > 0
        return None if self._was_given((event.type,)) else event


_REST: dict[type, Callable[[Retelling, Any], StreamEvent | None]] = {
    TextDelta: Retelling._rest_of_text,
    RefusalDelta: Retelling._rest_of_text,
    ReasoningDelta: Retelling._rest_of_reasoning,
    ToolCallDelta: Retelling._rest_of_call,
    ContentDelta: Retelling._rest_of_content,
}


def _place(event: Any) -> Place:
    """Where in the answer a piece belongs."""
    return event.type, event.index, event.call_index if isinstance(event, ToolCallDelta) else event.block
