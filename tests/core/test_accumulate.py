"""From events to the response; that streamed and whole answers come out equal is tested in `tests/dialects`."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from duologue._core.accumulate import Accumulator
from duologue.events import (
    ContentDelta,
    Done,
    ReasoningDelta,
    RefusalDelta,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    Unknown,
    UsageUpdate,
)
from duologue.models import (
    AudioContent,
    ChatResponse,
    CitationContent,
    ImageContent,
    ReasoningContent,
    RefusalContent,
    TextContent,
    ToolCall,
    UnknownContent,
    Usage,
)


def response(*events: StreamEvent, **options: Any) -> ChatResponse:
    accumulator = Accumulator("p")
    for event in events:
        accumulator.add((event,))
    return accumulator.response(options.pop("finish", {}), **options)


raw = UnknownContent


def unknown(kind: str, value: Any) -> ContentDelta:
    return ContentDelta(UnknownContent({"type": kind, kind: value}))


def test_nothing() -> None:
    assert response() == ChatResponse(provider="p")


def test_the_parts_of_a_message() -> None:
    found = response(
        Start("r", "m", "p", {"a": 1}),
        ToolCallDelta(1, "d", "g", "[", extra={"x": 1}),
        TextDelta("Hel"),
        RefusalDelta("n"),
        ToolCallDelta(0, "c", "f", "{", generated_id=True),
        ContentDelta(CitationContent("u")),
        ReasoningDelta("h", signature="s1"),
        TextDelta("lo"),
        ToolCallDelta(1, arguments="]", extra={"y": 2}),
        ReasoningDelta("m", signature="s2"),
        RefusalDelta("o"),
        ReasoningDelta("!"),
        ToolCallDelta(0, arguments="}"),
        UsageUpdate(Usage(1)),
        UsageUpdate(Usage(2)),
        complete=True,
        terminator_missing=True,
    )
    assert found.message.content == (
        ReasoningContent("hm!", "s2"),
        TextContent("Hello"),
        RefusalContent("no"),
        CitationContent("u"),
    )
    assert found.tool_calls == (
        ToolCall("c", "f", "{}", generated_id=True),
        ToolCall("d", "g", "[]", extra={"x": 1, "y": 2}),
    )
    assert (found.id, found.model, found.usage, found.extra) == ("r", "m", Usage(2), {"a": 1})
    assert found.complete
    assert found.terminator_missing


def test_a_signature_without_reasoning() -> None:
    assert response(ReasoningDelta("", signature="s")).message.content == (ReasoningContent("", "s"),)


@pytest.mark.parametrize(
    ("events", "word", "reason"),
    [
        ([TextDelta("x")], "stop", "stop"),
        ([ToolCallDelta(0, "c", "f")], "stop", "tool_calls"),
        ([ToolCallDelta(0, "c", "f")], "unknown", "tool_calls"),
        ([ToolCallDelta(0, "c", "f")], "length", "length"),
        ([RefusalDelta("no")], "stop", "refusal"),
        ([RefusalDelta("no")], "length", "length"),
        ([RefusalDelta("no")], "unknown", "unknown"),
    ],
)
def test_finish_reasons(events: list[StreamEvent], word: Any, reason: str) -> None:
    found = response(*events, finish={0: (word, "raw")})
    assert (found.finish_reason, found.choices[0].raw_finish_reason) == (reason, "raw")


def test_no_finish_reason() -> None:
    assert response(TextDelta("x")).choices[0].raw_finish_reason is None
    assert response(ToolCallDelta(0, "c", "f")).finish_reason == "tool_calls"


def test_choices() -> None:
    found = response(TextDelta("b", 3), TextDelta("a", 1), finish={1: ("stop", "stop"), 2: ("length", "length")})
    assert [(c.index, c.message.text, c.finish_reason) for c in found.choices] == [
        (1, "a", "stop"),
        (2, "", "length"),
        (3, "b", "unknown"),
    ]


def test_what_adds_nothing_is_passed_over() -> None:
    whole = response(TextDelta("x"))
    assert response(TextDelta("x"), ToolResult("f", "c", "done"), Done("stop", Usage(), whole)) == whole


@pytest.mark.parametrize(
    ("pieces", "joined"),
    [
        (
            [AudioContent(data=b"a", id="1", media_type="audio/wav"), AudioContent(data=b"b", transcript="t")],
            [AudioContent(data=b"ab", transcript="t", id="1", media_type="audio/wav")],
        ),
        (
            [AudioContent(data=b"a", id="1"), AudioContent(data=b"b", id="2"), AudioContent(id="1", extra={"e": 1})],
            [AudioContent(data=b"a", id="1", extra={"e": 1}), AudioContent(data=b"b", id="2")],
        ),
        ([AudioContent(id="1"), AudioContent()], [AudioContent(id="1")]),
        ([ImageContent("u"), ImageContent("u")], [ImageContent("u"), ImageContent("u")]),
        ([CitationContent("u"), CitationContent("u")], [CitationContent("u"), CitationContent("u")]),
        (
            [raw({"type": "a", "a": [1]}), raw({"type": "b", "b": [2]}), raw({"type": "a", "a": [3]})],
            [raw({"type": "a", "a": [1, 3]}), raw({"type": "b", "b": [2]})],
        ),
        ([raw({"type": "a", "a": 1})] * 2, [raw({"type": "a", "a": 1})] * 2),
        (
            [raw({"type": "a", "a": [1]}), raw({"type": "a", "a": 2})],
            [raw({"type": "a", "a": [1]}), raw({"type": "a", "a": 2})],
        ),
        ([raw({"type": "a"})] * 2, [raw({"type": "a"})] * 2),
        ([raw({})] * 2, [raw({})] * 2),
        ([raw({"type": ["x"]})] * 2, [raw({"type": ["x"]})] * 2),
    ],
)
def test_other_parts(pieces: list[Any], joined: list[Any]) -> None:
    found = response(Start(), *map(ContentDelta, pieces))
    assert list(found.message.content) == joined


def text_detail(text: Any, index: int | None = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "reasoning.text", "text": text, "index": index, **fields}


@pytest.mark.parametrize(
    ("pieces", "joined"),
    [
        ([[text_detail("a")], [text_detail("b")], [text_detail("c")]], [text_detail("abc")]),
        ([[text_detail("a")], [text_detail("b", 1)]], [text_detail("a"), text_detail("b", 1)]),
        ([[text_detail("a", None)], [text_detail("b", None)]], [text_detail("ab", None)]),
        ([[text_detail("a"), text_detail("b")], [text_detail("c")]], [text_detail("a"), text_detail("bc")]),
        (
            [[text_detail("a", signature="", format="f")], [text_detail(None, signature="s")]],
            [text_detail("a", signature="s", format="f")],
        ),
        (
            [[{"type": "reasoning.summary", "summary": "a"}], [{"type": "reasoning.summary", "summary": "b"}]],
            [{"type": "reasoning.summary", "summary": "ab"}],
        ),
        ([[{"type": "reasoning.encrypted", "data": "a"}]] * 2, [{"type": "reasoning.encrypted", "data": "a"}] * 2),
        ([[text_detail("a")], ["odd"], [text_detail("b")]], [text_detail("ab"), "odd"]),
        ([[], [text_detail("a")], []], [text_detail("a")]),
        ([[{"type": []}], [{"type": {}}]], [{"type": []}, {"type": {}}]),
    ],
)
def test_reasoning_details(pieces: list[list[Any]], joined: list[Any]) -> None:
    found = response(*(unknown("reasoning_details", piece) for piece in pieces))
    assert found.message.content == (UnknownContent({"type": "reasoning_details", "reasoning_details": joined}),)


@pytest.mark.parametrize(
    ("pieces", "merged"),
    [
        ([{"a": 1}, {"b": 2}, {"a": 3}], {"a": 3, "b": 2}),
        ([{"delta": {"a": 1}}, {"delta": {"b": 2}}], {"delta": {"a": 1, "b": 2}}),
        (
            [{"logprobs": {"content": [1], "refusal": [2]}}, {"logprobs": {"content": [3]}}],
            {"logprobs": {"content": [1, 3], "refusal": [2]}},
        ),
        ([{"logprobs": {"content": None}}, {"logprobs": {"content": [1]}}], {"logprobs": {"content": [1]}}),
        ([{"logprobs": {"content": [1]}}, {"logprobs": {"content": None}}], {"logprobs": {"content": [1]}}),
        ([{"logprobs": {"content": "x"}}, {"logprobs": {"content": [1]}}], {"logprobs": {"content": [1]}}),
        ([{"logprobs": [1]}, {"logprobs": [2]}], {"logprobs": [1, 2]}),
        ([{"logprobs": {"content": [1]}}, {"logprobs": "x"}], {"logprobs": "x"}),
    ],
)
@pytest.mark.parametrize("index", [None, 0])
def test_what_is_not_known(pieces: list[dict[str, Any]], merged: dict[str, Any], index: int | None) -> None:
    found = response(TextDelta("x"), *(Unknown(piece, index) for piece in pieces))
    assert (found.extra if index is None else found.choices[0].extra) == merged


@pytest.mark.parametrize("name", [5, ["m"], {}])
def test_a_late_name_of_another_type_is_none(name: object) -> None:
    found = response(Unknown({"id": name, "model": name}))
    assert (found.id, found.model, found.extra) == (None, None, {"id": name, "model": name})


def test_a_response_taken_before_does_not_change() -> None:
    accumulator = Accumulator("p")
    events: list[StreamEvent] = [TextDelta("a"), ToolCallDelta(0, "c", "f", "{", extra={"a": 1})]
    events += [Unknown({"a": 1}), Unknown({"a": 1}, 0), unknown("a", [1])]
    for event in events:
        accumulator.add((event,))
    before = accumulator.response({})
    seen = repr(before), repr(before.extra), repr(before.choices[0].extra), repr(before.tool_calls[0].extra)
    events += [ToolCallDelta(0, extra={"b": 1}), Unknown({"b": 1}), Unknown({"b": 1}, 0)]
    for event in events:
        accumulator.add((event,))
    assert seen == (
        repr(before),
        repr(before.extra),
        repr(before.choices[0].extra),
        repr(before.tool_calls[0].extra),
    )


@pytest.mark.parametrize(
    "event",
    [
        TextDelta("x"),
        ReasoningDelta("x"),
        ToolCallDelta(0, "c", "f", "x"),
        ContentDelta(AudioContent(data=b"x", id="1")),
        unknown("a", [1]),
    ],
    ids=lambda event: event.type,
)
def test_every_piece_costs_the_same(event: StreamEvent) -> None:
    """Counted in Python's function calls, not in seconds."""
    assert calls_for([event] * 2000) < calls_for([event] * 200) * 11


def calls_for(events: list[StreamEvent]) -> int:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        response(*events)
    finally:
        sys.setprofile(None)
    return calls
