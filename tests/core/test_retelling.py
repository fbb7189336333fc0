"""An answer that is told again: what goes beyond what was given, wherever it broke off and however it is cut then."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue._core.accumulate import Accumulator
from duologue._core.retelling import Retelling
from duologue.events import (
    ContentDelta,
    Done,
    ReasoningDelta,
    RefusalDelta,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import ChatResponse, CitationContent, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

DONE = Done("stop", Usage(), ChatResponse())
ANSWER: list[StreamEvent] = [
    Start("a", "m", "p"),
    UsageUpdate(Usage(3, 0, 3, source="reported")),
    ReasoningDelta("Let me "),
    ReasoningDelta("think."),
    ReasoningDelta("", signature="sig"),
    TextDelta("One", block=1),
    TextDelta("Uno", index=1),
    Unknown({"logprobs": [1]}, 0),
    TextDelta(" river", block=1),
    ContentDelta(CitationContent(url="http://a"), block=2),
    ContentDelta(CitationContent(url="http://b"), block=2),
    RefusalDelta("No", index=1),
    TextDelta(" rio", index=1),
    ToolCallDelta(0, "call_1", "weather", '{"ci'),
    ToolCallDelta(1, "call_2", "time", ""),
    ToolCallDelta(0, arguments='ty": "Par'),
    ToolCallDelta(1, arguments="{}"),
    ToolCallDelta(0, arguments='is"}'),
    UsageUpdate(Usage(3, 9, 12, source="reported")),
    DONE,
]


def folded(events: list[StreamEvent]) -> ChatResponse:
    """What the caller makes of the events."""
    accumulator = Accumulator("p")
    for event in events:
        accumulator.add((event,))
    return accumulator.response({})


def other(event: Any, **fields: str) -> StreamEvent:
    changed: StreamEvent = attrs.evolve(event, **fields)
    return changed


def letters(events: list[StreamEvent]) -> Iterator[StreamEvent]:
    """The same in pieces of one letter."""
    for event in events:
        if isinstance(event, ToolCallDelta):
            yield attrs.evolve(event, arguments="")
            yield from (ToolCallDelta(event.call_index, arguments=letter) for letter in event.arguments)
        elif event.is_delta and event.text:
            yield from (other(event, text=letter) for letter in event.text)
        else:
            yield event


def joined(events: list[StreamEvent]) -> Iterator[StreamEvent]:
    """The same in the largest pieces: those of one place as one, where its first was."""
    places: dict[Any, list[Any]] = {}
    for number, event in enumerate(events):
        place: Any = (event.type, event.index) if isinstance(event, (TextDelta, RefusalDelta)) else number
        if isinstance(event, ToolCallDelta):
            place = ("call", event.call_index)
        if isinstance(event, ReasoningDelta):
            place = "thoughts"
        places.setdefault(place, []).append(event)
    for first, *more in places.values():
        if isinstance(first, ToolCallDelta):
            yield attrs.evolve(first, arguments="".join(piece.arguments for piece in (first, *more)))
        elif isinstance(first, ReasoningDelta):
            yield ReasoningDelta("".join(piece.text for piece in (first, *more)), signature="sig")
        elif more:
            yield attrs.evolve(first, text="".join(piece.text for piece in (first, *more)))
        else:
            yield first


def other_ids(events: list[StreamEvent]) -> list[StreamEvent]:
    return [
        attrs.evolve(event, id=f"other_{event.id}", generated_id=True)
        if isinstance(event, ToolCallDelta) and event.id
        else event
        for event in events
    ]


def first_ids(events: list[StreamEvent]) -> list[StreamEvent]:
    """What `other_ids` was made of."""
    return [
        attrs.evolve(event, id=event.id.removeprefix("other_"), generated_id=False)
        if isinstance(event, ToolCallDelta) and event.id
        else event
        for event in events
    ]


@pytest.mark.parametrize("cut", range(len(ANSWER)))
def test_the_same_again_gives_just_the_rest(cut: int) -> None:
    retelling = Retelling()
    given = retelling.beyond(ANSWER[:cut])
    assert given == ANSWER[:cut]
    retelling.again()
    assert given + retelling.beyond(ANSWER) == ANSWER
    assert not retelling.differs


@pytest.mark.parametrize("cut", range(len(ANSWER)))
@pytest.mark.parametrize("whole", [True, False], ids=["joined", "letters"])
def test_in_other_pieces(cut: int, whole: bool) -> None:
    said = list(joined(ANSWER) if whole else letters(ANSWER))
    assert folded(said) == folded(ANSWER)
    for first, then in ((ANSWER, said), (said, ANSWER)):
        retelling = Retelling()
        given = retelling.beyond(first[:cut])
        retelling.again()
        for event in then:
            given += retelling.beyond([event])
        assert not retelling.differs
        assert folded(given) == folded(ANSWER)
        assert given[-1] is DONE


@pytest.mark.parametrize("seed", range(30))
def test_broken_off_again_and_again(seed: int) -> None:
    draw, retelling, given = random.Random(seed), Retelling(), []
    for _ in range(draw.randrange(1, 6)):
        told = draw.choice([ANSWER, list(letters(ANSWER)), list(joined(ANSWER))])
        for event in other_ids(told[: draw.randrange(len(told))]):
            given += retelling.beyond([retelling.keep(event)])
        retelling.again()
    given += retelling.beyond([retelling.keep(event) for event in ANSWER])
    assert not retelling.differs
    assert folded(first_ids(given)) == folded(ANSWER)
    ids = [event.id for event in given if isinstance(event, ToolCallDelta) and event.id]
    assert len(ids) == 2, "the id of a call comes once"


def changed(event: StreamEvent) -> Iterator[StreamEvent]:
    """The event with something else said in it."""
    for field in ("text", "arguments", "name"):
        value = getattr(event, field, None)
        for place in range(len(value or "") if event.is_delta else 0):
            assert isinstance(value, str)
            yield other(event, **{field: f"{value[:place]}#{value[place + 1 :]}"})
    if isinstance(event, ContentDelta):
        yield attrs.evolve(event, content=CitationContent(url="http://c"))


CHANGES = [(number, instead) for number, event in enumerate(ANSWER) for instead in changed(event)]


@pytest.mark.parametrize(("number", "instead"), CHANGES, ids=lambda value: str(value) if isinstance(value, int) else "")
def test_what_differs_gives_nothing(number: int, instead: StreamEvent) -> None:
    for cut in range(number + 1, len(ANSWER)):
        retelling, told = Retelling(), [*ANSWER[:number], instead, *ANSWER[number + 1 :]]
        retelling.beyond(ANSWER[:cut])
        retelling.again()
        assert [given for event in told[: number + 1] for given in retelling.beyond([event])] == []
        assert retelling.differs


def test_what_goes_beyond_waits_for_the_rest() -> None:
    """One choice is ahead of where it broke off, another differs later on: of neither is anything given."""
    retelling = Retelling()
    retelling.beyond([TextDelta("a"), TextDelta("b", index=1)])
    retelling.again()
    assert retelling.beyond([TextDelta("a and more")]) == []
    assert retelling.missing == 1
    assert retelling.beyond([TextDelta("c", index=1)]) == []
    assert retelling.differs


def test_an_answer_that_is_shorter_differs() -> None:
    retelling = Retelling()
    retelling.beyond([TextDelta("ab")])
    retelling.again()
    assert retelling.beyond([TextDelta("a"), DONE]) == []
    assert retelling.differs


def test_pieces_without_a_word() -> None:
    empty: list[StreamEvent] = [TextDelta(""), ReasoningDelta(""), ToolCallDelta(0), TextDelta("a")]
    retelling = Retelling()
    assert retelling.beyond(empty) == empty
    retelling.again()
    assert retelling.beyond(empty) == []
    assert retelling.beyond(empty) == empty


def test_a_call_keeps_its_id() -> None:
    retelling = Retelling()
    first = ToolCallDelta(0, "call_1", "f", "{", generated_id=True)
    assert retelling.keep(first) == first
    retelling.beyond([first])
    corrected = ToolCallDelta(0, "call_2")
    assert retelling.keep(corrected) == corrected, "its own answer may correct it"
    retelling.again()
    again = retelling.keep(ToolCallDelta(0, "call_9", "f", "{}"))
    assert again == attrs.evolve(first, arguments="{}")
    assert retelling.beyond([again]) == [ToolCallDelta(0, arguments="}", generated_id=True)]
    for event in (ToolCallDelta(1, "call_3", "g"), ToolCallDelta(0, arguments="x"), TextDelta("x")):
        assert retelling.keep(event) == event


def test_the_cost_is_linear() -> None:
    """Were each piece compared with all that was given, this would not come to an end."""
    retelling = Retelling()
    pieces: list[StreamEvent] = [TextDelta("ab")] * 100_000
    retelling.beyond(pieces)
    retelling.again()
    assert retelling.beyond([*pieces, TextDelta("c")]) == [TextDelta("c")]
