"""How events look: as text in a pipe, on a terminal, as JSON."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from duologue import (
    Done,
    Error,
    ReasoningDelta,
    ServerError,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Usage,
    from_json,
)
from duologue._cli.view import Lines, Live, Text, View
from duologue.models import ChatResponse, FinishReason
from tests.cli.kit import FakeTerminal

if TYPE_CHECKING:
    from collections.abc import Iterable

COUNTED = Usage(input_tokens=7, output_tokens=5, total_tokens=12, source="reported")


def done(reason: FinishReason = "stop", usage: Usage | None = None) -> Done:
    return Done(reason, usage or Usage(), ChatResponse())


def show(view: View, events: Iterable[StreamEvent]) -> None:
    for event in events:
        view.show(event)
    view.end()


@pytest.fixture(autouse=True)
def _styles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["Hi"], "Hi\n"),
        (["Hi", "\n"], "Hi\n"),
        (["Hi", "\n", "\n\n"], "Hi\n"),
        (["\n\nHi\n", "\nyou"], "\n\nHi\n\nyou\n"),
        (["Hi "], "Hi \n"),
        ([], "\n"),
        (["\n"], "\n"),
    ],
)
def test_one_newline_at_the_end(pieces: list[str], text: str) -> None:
    for out in (io.StringIO(), FakeTerminal()):
        view = Text(out) if out.__class__ is io.StringIO else Live(out)
        show(view, [*map(TextDelta, pieces), done()])
        assert out.getvalue() == text


@pytest.mark.parametrize(("pieces", "text"), [([], ""), (["Hi"], "Hi\n"), (["Hi\n"], "Hi\n")])
def test_an_end_before_the_end(pieces: list[str], text: str) -> None:
    out = io.StringIO()
    show(Text(out), [*map(TextDelta, pieces), Error(ServerError("x"))])
    assert out.getvalue() == text


def test_every_piece_is_written_at_once() -> None:
    raw = io.BytesIO()
    view = Text(io.TextIOWrapper(io.BufferedWriter(raw, 65536), "utf-8"))
    view.show(TextDelta("Hi"))
    assert raw.getvalue() == b"Hi"


def test_into_a_pipe_goes_nothing_but_text(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    show(Text(out), [Start(), ReasoningDelta("hm"), ToolCallDelta(0, "c", "f", "{}"), TextDelta("Hi"), done()])
    assert out.getvalue() == "Hi\n"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("reason", "cut_short", "said"),
    [
        ("stop", False, ""),
        ("length", True, ""),
        ("length", False, "duologue: finish reason: length\n"),
        ("content_filter", True, "duologue: finish reason: content_filter\n"),
    ],
)
def test_an_answer_that_is_not_whole(
    reason: FinishReason, cut_short: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show(Text(io.StringIO(), cut_short=cut_short), [TextDelta("Hi"), done(reason)])
    assert capsys.readouterr().err == said


def test_thoughts_are_dim_and_apart() -> None:
    out = FakeTerminal()
    thoughts, answer = map(ReasoningDelta, ("Hm", ".\n", "")), map(TextDelta, ("", "Four", "."))
    show(Live(out), [*thoughts, *answer, done()])
    assert out.getvalue() == "\x1b[2mHm\x1b[0m\x1b[2m.\x1b[0m\n\nFour.\n"


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_style_where_none_is_wanted(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    out = FakeTerminal()
    show(Live(out), [ReasoningDelta("Hm"), done()])
    assert out.getvalue() == "Hm\n"


def test_only_the_answer_where_there_are_no_thoughts_before_it() -> None:
    out = FakeTerminal()
    show(Live(out), [ReasoningDelta("\n"), TextDelta("Four"), done()])
    assert out.getvalue() == "\nFour\n"


@pytest.mark.parametrize(
    ("usage", "times", "line"),
    [
        (COUNTED, [10, 11, 12], "[m-1: length, 7 tokens in, 5 out, 2.0 tokens/s]\n"),
        (COUNTED, [10, 10, 10], "[m-1: length, 7 tokens in, 5 out]\n"),
        (None, [10, 11, 12], "[m-1: length]\n"),
    ],
)
def test_the_last_line_tells_what_it_took(
    usage: Usage | None, times: list[float], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    view = Live(FakeTerminal(), clock=iter(times).__next__)
    show(view, [Start(model="m-1"), *map(TextDelta, "abc"), done("length", usage)])
    assert capsys.readouterr().err == line


def test_the_last_line_is_dim_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    err = FakeTerminal()
    monkeypatch.setattr("sys.stderr", err)
    show(Live(FakeTerminal()), [Start(), done()])
    assert err.getvalue() == "\x1b[2m[model: stop]\x1b[0m\n"


def test_json_is_an_event_a_line() -> None:
    events: list[StreamEvent] = [Start(id="1", model="m"), TextDelta("a\nb\x7f"), done()]
    for out in (io.StringIO(), FakeTerminal()):
        show(Lines(out), events)
        assert [from_json(StreamEvent, line) for line in out.getvalue().splitlines()] == events
