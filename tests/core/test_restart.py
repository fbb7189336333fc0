"""Asking again for an answer that broke off: which words there are, and what each gives."""

from __future__ import annotations

import pytest

from duologue._core.restart import Never, restart_policy
from duologue.errors import StreamInterrupted, StreamTruncated
from duologue.events import Done, Start, StreamEvent, TextDelta
from duologue.models import ChatResponse, Usage

PARTIAL = ChatResponse(id="first")
EVENTS: list[StreamEvent] = [Start(), TextDelta("a"), Done("stop", Usage(), ChatResponse())]


def broken(name: str = "m") -> StreamInterrupted:
    return StreamInterrupted(name, partial=PARTIAL)


@pytest.mark.parametrize(
    ("word", "allowed", "drops"), [(None, False, False), ("again", True, True), ("resume", True, False)]
)
def test_the_words(word: str | None, allowed: bool, drops: bool) -> None:
    restart = restart_policy(word)
    assert (restart.allowed, restart.drops, restart.behind, restart.differs) == (allowed, drops, False, False)
    assert restart.partial is None
    assert restart.give(EVENTS) == EVENTS
    assert restart.keep(EVENTS[0]) is EVENTS[0]


def state(restart: Never) -> tuple[bool, ChatResponse | None]:
    return restart.behind, restart.partial


@pytest.mark.parametrize("word", ["", "Again", "never", 0, False])
def test_other_words(word: str) -> None:
    with pytest.raises(ValueError, match=r"restart must be one of None, 'again', 'resume'; got"):
        restart_policy(word)


def test_again() -> None:
    restart = restart_policy("again")
    restart.give(EVENTS[:2])
    restart.begin(broken())
    assert restart.give([]) == []
    assert restart.partial is PARTIAL, "nothing of the new answer is there"
    assert restart.give(EVENTS) == EVENTS
    assert state(restart) == (False, None)


def test_resume() -> None:
    restart = restart_policy("resume")
    restart.give(EVENTS[:2])
    restart.begin(first := broken())
    assert restart.give([]) == restart.give(EVENTS[:1]) == []
    assert restart.partial is PARTIAL
    restart.begin(StreamTruncated("m"))
    assert [restart.error] == [first], "the second try gave nothing"
    assert restart.give(EVENTS) == EVENTS[2:]
    assert state(restart) == (False, None)
    restart.begin(second := broken())
    assert [restart.error] == [second]


def test_resume_with_another_answer() -> None:
    restart = restart_policy("resume")
    restart.give(EVENTS[:2])
    restart.begin(broken())
    assert restart.give([Start(), TextDelta("b")]) == []
    assert restart.differs
    assert restart.partial is PARTIAL
