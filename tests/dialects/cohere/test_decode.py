"""Cohere's Chat, from frames to events."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.errors import APIError, DecodeError, StreamTruncated
from duologue.events import ContentDelta, ReasoningDelta, Start, TextDelta, ToolCallDelta, Unknown, UsageUpdate
from duologue.models import CitationContent, ReasoningContent, TextContent, ToolCall, UnknownContent, Usage
from tests.dialects.reading import DONE, JSON, Reading, data, dumped, read

NOTE = {"start": 0, "end": 1, "text": "t", "sources": [], "type": "TEXT_CONTENT", "content_index": 1}
PLAN = UnknownContent({"type": "tool_plan", "tool_plan": "plan"})


def event(kind: str, index: int | None = None, /, **message: Any) -> dict[str, Any]:
    """An event whose delta is a message with these fields."""
    found: dict[str, Any] = {"type": kind, "delta": {"message": message}}
    return found if index is None else {**found, "index": index}


def begin(**message: Any) -> dict[str, Any]:
    return {**event("message-start", role="assistant", content=[], tool_plan="", **message), "id": "r"}


def end(reason: str | None = "COMPLETE", **delta: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, **delta}}


def call(index: int | None, call_id: str | None, name: str | None, arguments: str | None = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return event("tool-call-start", index, tool_calls={"id": call_id, "type": "function", "function": function})


def more(index: int | None, arguments: str | None, **fields: Any) -> dict[str, Any]:
    return event("tool-call-delta", index, tool_calls={"function": {"arguments": arguments}, **fields})


def stream(*given: Any) -> Reading:
    return read([*map(data, given), DONE], provider="cohere")


def whole(message: Any, reason: str = "COMPLETE", **top: Any) -> Reading:
    answer = {"id": "r", "message": message, "finish_reason": reason, **top}
    return read([dumped(answer)], provider="cohere", headers=JSON, stream=False)


# -- what is read ------------------------------------------------------------------------------------------------------


def test_a_stream_and_the_whole_answer_are_the_same() -> None:
    usage = {"tokens": {"input_tokens": 1, "output_tokens": 2}}
    streamed = stream(
        begin(),
        event("tool-plan-delta", tool_plan="pl"),
        event("tool-plan-delta", tool_plan="an"),
        event("content-start", 0, content={"type": "thinking", "thinking": ""}),
        event("content-delta", 0, content={"thinking": "th"}),
        event("content-delta", 0, content={"thinking": "ink"}),
        {"type": "content-end", "index": 0},
        event("content-start", 1, content={"type": "text", "text": ""}),
        event("content-delta", 1, content={"text": "te"}),
        event("citation-start", 0, citations=NOTE),
        {"type": "citation-end", "index": 0},
        event("content-delta", 1, content={"text": "xt"}),
        {"type": "content-end", "index": 1},
        event("content-start", 2, content={"type": "text", "text": "more"}),
        call(0, "a", "f"),
        more(0, '{"x":'),
        more(0, "1}"),
        {"type": "tool-call-end", "index": 0},
        call(1, "b", "g"),
        end("TOOL_CALL", usage=usage),
    )
    at_once = whole(
        {
            "role": "assistant",
            "tool_plan": "plan",
            "content": [
                {"type": "thinking", "thinking": "think"},
                {"type": "text", "text": "text"},
                {"type": "text", "text": "more"},
            ],
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
            ],
            "citations": [NOTE],
        },
        "TOOL_CALL",
        usage=usage,
    )
    assert streamed.response == at_once.response
    assert streamed.message.content == (
        ReasoningContent("plan"),
        PLAN,
        ReasoningContent("think"),
        TextContent("text"),
        CitationContent(text="t", start=0, end=1, raw=NOTE),
        TextContent("more"),
    )
    assert streamed.message.tool_calls == (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g"))


def test_the_events_of_a_stream() -> None:
    usage = {"tokens": {"input_tokens": 1, "output_tokens": 2}}
    reading = stream(
        begin(),
        event("tool-plan-delta", tool_plan="plan"),
        event("content-start", 0, content={"type": "text", "text": "a"}),
        event("content-delta", 0, content={"text": ""}),
        event("content-delta", 0, content={"text": "b"}),
        end("MAX_TOKENS", usage=usage),
    )
    assert reading.events[:-1] == [
        Start("r", None, "cohere"),
        ReasoningDelta("plan"),
        TextDelta("a", block=1),
        TextDelta("b", block=1),
        ContentDelta(PLAN),
        UsageUpdate(Usage(1, 2, 3, source="reported", raw=usage)),
    ]
    assert (reading.done.finish_reason, reading.done.raw_finish_reason) == ("length", "MAX_TOKENS")


@pytest.mark.parametrize(
    ("word", "reason"),
    [("COMPLETE", "stop"), ("STOP_SEQUENCE", "stop"), ("TIMEOUT", "error"), ("NOVEL", "unknown"), (None, "unknown")],
)
def test_why_it_ends(word: str | None, reason: str) -> None:
    done = stream(begin(), event("content-delta", 0, content={"text": "x"}), end(word)).done
    assert (done.finish_reason, done.raw_finish_reason) == (reason, word)


def test_blocks_that_share_an_index() -> None:
    """As Command A Reasoning has them: the text begins at the index of the thoughts."""
    reading = stream(
        begin(),
        event("content-start", 0, content={"type": "thinking", "thinking": ""}),
        event("content-delta", 0, content={"thinking": "a"}),
        {"type": "content-end", "index": 0},
        event("content-start", 0, content={"type": "text", "text": ""}),
        event("content-delta", 0, content={"text": "b"}),
        event("content-start", 0, content={"type": "thinking", "thinking": "c"}),
        event("content-delta", 5, content={"text": "d"}),
        event("content-delta", 5, content={"text": "e"}),
        end(),
    )
    parts = (ReasoningContent("a"), TextContent("b"), ReasoningContent("c"), TextContent("de"))
    assert reading.message.content == parts


def test_pieces_without_an_index_go_on_with_the_last_block() -> None:
    reading = stream(
        begin(),
        event("content-start", 0, content={"type": "thinking", "thinking": ""}),
        event("content-delta", 0, content={"thinking": "a"}),
        event("content-delta", None, content={"thinking": "b"}),
        event("content-delta", 0, content={"thinking": "c"}),
        event("content-start", None, content={"type": "text", "text": ""}),
        {**event("content-delta", None, content={"text": "d"}), "index": "0"},
        event("content-delta", None, content={"text": "e"}),
        end(),
    )
    assert reading.message.content == (ReasoningContent("abc"), TextContent("de"))


def test_parts_in_lists() -> None:
    """In a whole message they are in lists, and the guide to streaming speaks of a list of calls."""
    two = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    calls = [{"id": key, "type": "function", "function": {"name": "f", "arguments": ""}} for key in "xy"]
    reading = stream(
        begin(),
        event("content-start", 0, content=two),
        event("content-delta", 0, content=[{"text": "c"}]),
        event("tool-call-start", 0, tool_calls=calls),
        event("tool-call-delta", 0, tool_calls=[{"function": {"arguments": "{}"}}]),
        end("TOOL_CALL"),
    )
    assert reading.message.content == (TextContent("a"), TextContent("bc"))
    assert reading.message.tool_calls == (ToolCall("x", "f"), ToolCall("y", "f", "{}"))


def test_an_id_that_only_the_end_tells() -> None:
    reading = stream({**begin(), "id": None}, event("content-delta", 0, content={"text": "x"}), {**end(), "id": "late"})
    assert reading.response.id == "late"
    assert stream(begin(), {**end(), "id": "other"}).response.id == "r"
    assert isinstance(stream({**begin(), "id": None}, {**end(), "id": 1}).error, DecodeError)


def test_a_message_that_is_whole_at_the_start() -> None:
    reading = stream({**event("message-start", content=[{"type": "text", "text": "x"}]), "id": "r"}, end())
    assert reading.message.content == (TextContent("x"),)


@pytest.mark.parametrize("usage", [None, {}])
def test_no_counts(usage: Any) -> None:
    assert stream(begin(), end(usage=usage)).response.usage == Usage()


# -- calls -------------------------------------------------------------------------------------------------------------


def test_calls_are_counted_from_0_whatever_their_indexes() -> None:
    reading = stream(begin(), call(7, "a", "f"), call(3, "b", "g"), more(7, "1"), more(3, "2"), end("TOOL_CALL"))
    assert [found.call_index for found in reading.of(ToolCallDelta)] == [0, 1, 0, 1]
    assert reading.message.tool_calls == (ToolCall("a", "f", "1"), ToolCall("b", "g", "2"))


def test_a_call_that_begins_at_a_known_index_is_another() -> None:
    reading = stream(begin(), call(0, "a", "f"), more(0, "1"), call(0, "b", "g"), more(0, "2"), end("TOOL_CALL"))
    assert reading.message.tool_calls == (ToolCall("a", "f", "1"), ToolCall("b", "g", "2"))


def test_a_piece_of_a_call_without_an_index() -> None:
    reading = stream(
        begin(),
        call(0, "a", "f"),
        more(0, "["),
        call(1, "b", "g"),
        more(1, "{"),
        more(None, "}"),
        more(0, "]"),
        end("TOOL_CALL"),
    )
    assert reading.message.tool_calls == (ToolCall("a", "f", "[]"), ToolCall("b", "g", "{}"))


def test_calls_without_indexes() -> None:
    reading = stream(begin(), call(None, "a", "f"), more(None, "1"), call(None, "b", "g", None), end("TOOL_CALL"))
    assert reading.message.tool_calls == (ToolCall("a", "f", "1"), ToolCall("b", "g"))


def test_calls_without_ids_get_the_same_ones_at_every_replay() -> None:
    given = [begin(), call(0, None, "f"), more(1, "2"), end("TOOL_CALL")]
    calls = stream(*given).message.tool_calls
    assert calls == (ToolCall("call_r_0", "f", generated_id=True), ToolCall("call_r_1", "", "2", generated_id=True))
    assert stream(*given).message.tool_calls == calls
    [found] = stream(call(0, None, "f"), end("TOOL_CALL")).message.tool_calls
    assert found.id == "call_without_id_0"


def test_what_a_call_says_that_is_not_known() -> None:
    start = call(0, "a", "f")
    start["delta"]["message"]["tool_calls"] |= {"novel": 1, "gone": None}
    start["delta"]["message"]["tool_calls"]["function"] |= {"index": 0}
    [found] = stream(begin(), start, more(0, "1", later=2), end("TOOL_CALL")).message.tool_calls
    assert found == ToolCall("a", "f", "1", extra={"novel": 1, "function": {"index": 0}, "later": 2})


# -- citations ---------------------------------------------------------------------------------------------------------


def test_citations_stand_in_the_block_that_they_cite() -> None:
    notes = [{"text": "a"}, {"text": "b", "type": "PLAN"}]
    reading = stream(begin(), event("citation-start", 0, citations=notes), end())
    assert [(found.content.raw, found.block) for found in reading.of(ContentDelta)] == [(notes[0], 1), (notes[1], 0)]


# -- what is not known -------------------------------------------------------------------------------------------------


def test_log_probabilities_are_joined() -> None:
    items = [{"text": text, "token_ids": [1], "logprobs": [0]} for text in "ab"]
    pieces = [{**event("content-delta", 0, content={"text": item["text"]}), "logprobs": item} for item in items]
    streamed = stream(begin(), *pieces, end())
    assert streamed.response.choices[0].extra == {"logprobs": items}
    at_once = whole({"content": [{"type": "text", "text": "ab"}]}, logprobs=items)
    assert at_once.response.choices == streamed.response.choices
    listed = {**event("content-delta", 0, content={"text": "ab"}), "logprobs": items}
    assert stream(begin(), listed, end()).response.choices == streamed.response.choices


def test_unknown_events() -> None:
    novel = {"type": "novel", "message": {"a": 1}}
    debug = {"type": "debug", "prompt": "p"}
    notice = {"type": "warning", "message": "slow today"}
    reading = stream(begin(), novel, debug, notice, end())
    assert reading.of(Unknown) == [Unknown(novel), Unknown(debug), Unknown(notice)]
    assert reading.done.response.complete


def test_unknown_fields_of_events() -> None:
    reading = stream(
        {**begin(novel_part={"a": 1}), "top": 1, "gone": None},
        {**event("content-delta", 0, content={"text": "x", "odd": 1}), "top": 2},
        {"type": "content-end", "index": 0, "delta": {"beside": 3}},
        event("tool-plan-delta", inside=4),
        {**end(last=5), "novel": 6},
    )
    assert reading.events[0] == Start("r", None, "cohere", {"top": 1})
    assert reading.of(ContentDelta) == [ContentDelta(UnknownContent({"type": "novel_part", "novel_part": {"a": 1}}))]
    assert [found.raw for found in reading.of(Unknown)] == [
        {"odd": 1},
        {"top": 2},
        {"beside": 3},
        {"inside": 4},
        {"last": 5},
        {"novel": 6},
    ]
    assert reading.response.choices[0].extra == {"odd": 1}


def test_unknown_fields_of_a_whole_answer() -> None:
    reading = whole({"content": [{"type": "text", "text": "x"}], "novel": [1]}, top=1, gone=None)
    assert reading.response.extra == {"top": 1}
    assert reading.message.content == (UnknownContent({"type": "novel", "novel": [1]}), TextContent("x"))


def test_unknown_blocks() -> None:
    block = {"type": "novel", "novel": 1}
    streamed = stream(begin(), event("content-start", 0, content={}), event("content-start", 1, content=block), end())
    assert streamed.of(ContentDelta) == [ContentDelta(UnknownContent(block), block=2)]
    assert whole({"content": [{"type": "text"}, block]}).message == streamed.message


# -- the end -----------------------------------------------------------------------------------------------------------


def test_the_last_event_without_its_blank_line() -> None:
    assert read([data(begin()), data(end()).rstrip()], provider="cohere").done.response.complete


@pytest.mark.parametrize("last", [b"", DONE, b'data: {"type":"message-en'])
def test_no_end(last: bytes) -> None:
    reading = read([data(begin()), data(event("content-delta", 0, content={"text": "x"})), last], provider="cohere")
    assert isinstance(reading.error, StreamTruncated)
    assert reading.response.text == "x"


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (end("ERROR", error="no valid response", usage={}), "no valid response"),
        (end("ERROR"), "an error, without a message"),
        (end("TIMEOUT", error="too slow"), "too slow"),
        ({"type": "error", "message": "broken"}, "broken"),
        ({"type": "stream-error", "message": "broken"}, "broken"),
        ({"id": "x", "message": "broken"}, "broken"),
        ({"error": {"message": "broken"}}, "broken"),
        ({"error": "broken"}, "broken"),
        ({"detail": "broken"}, "broken"),
    ],
)
def test_errors_in_a_stream(last: dict[str, Any], message: str) -> None:
    reading = stream(begin(), event("content-delta", 0, content={"text": "x"}), last)
    assert type(reading.error) is APIError
    assert reading.error.message == message
    assert reading.error.partial is not None
    assert reading.error.partial.text == "x"


@pytest.mark.parametrize(("payload", "message"), [(b'{"message": "m"}', "m"), (b"gone", "'gone'")])
def test_an_event_that_calls_itself_an_error(payload: bytes, message: str) -> None:
    reading = read([data(begin()), b"event: error\ndata: " + payload + b"\n\n"], provider="cohere")
    assert isinstance(reading.error, APIError)
    assert message in reading.error.message


def test_the_counts_of_an_error_are_kept() -> None:
    usage = {"tokens": {"input_tokens": 1}}
    assert stream(begin(), end("ERROR", error="no", usage=usage)).response.usage.input_tokens == 1


def test_errors_in_place_of_a_whole_answer() -> None:
    reading = whole("no such thing")
    assert isinstance(reading.error, APIError)
    assert reading.error.message == "no such thing"
    for answer in ({"error": "no"}, {"detail": "no"}, {"error": {"message": "no"}, "message": None}):
        found = read([dumped(answer)], provider="cohere", headers=JSON, stream=False).error
        assert isinstance(found, APIError)
        assert found.message == "no"
    failed = whole({"role": "assistant"}, "ERROR")
    assert isinstance(failed.error, APIError)
    assert failed.error.body == {"finish_reason": "ERROR"}


def test_an_answer_without_a_message() -> None:
    assert whole(None).done.finish_reason == "stop"


def test_an_event_with_its_kind_in_the_frame_only() -> None:
    pieces = [b"event: message-start\n" + data({"id": "r"}), b"event: message-end\n" + data({"delta": {}})]
    assert read(pieces, provider="cohere").done.response.id == "r"


WRONG: list[tuple[Any, str]] = [
    ([], "expected a JSON object, got list"),
    (b"{]", "not JSON"),
    ({}, "it has no `type`, but nothing"),
    ({"choices": [], "id": "x"}, "it has no `type`, but 'choices', 'id'"),
    ({"type": []}, "type: expected a string, got list"),
    ({"type": "content-end", "delta": "x"}, "delta: expected an object, got str"),
    ({"type": "content-delta", "delta": {"message": "x"}}, "delta.message: expected an object, got str"),
    (event("content-delta", 0, content="x"), "content: expected an array, got str"),
    (event("content-start", 0, content=["x"]), r"content\[\]: expected an object, got str"),
    (event("content-delta", 0, content={"text": 1}), r"content\[\].text: expected a string, got int"),
    (event("content-delta", 0, content={"thinking": 1}), r"content\[\].thinking: expected a string, got int"),
    ({**event("content-delta", 0), "logprobs": "x"}, "logprobs: expected an array, got str"),
    (event("tool-plan-delta", tool_plan=1), "tool_plan: expected a string, got int"),
    (event("tool-call-start", 0, tool_calls=[1]), r"tool_calls\[\]: expected an object, got int"),
    (event("tool-call-start", 0, tool_calls={"function": 1}), "function: expected an object, got int"),
    (call(0, 1, "f"), "tool_calls.id: expected a string, got int"),  # type: ignore[arg-type]
    (call(0, "a", 1), "function.name: expected a string, got int"),  # type: ignore[arg-type]
    (call(0, "a", "f", {}), "function.arguments: expected a string, got dict"),  # type: ignore[arg-type]
    (more(9, 1), "function.arguments: expected a string, got int"),  # type: ignore[arg-type]
    (event("tool-call-delta", 9, tool_calls=1), "tool_calls: expected an array, got int"),
    (event("citation-start", 0, citations=1), "citations: expected an array, got int"),
    (event("citation-start", 0, citations=[1]), r"citations\[\]: expected an object, got int"),
    (end(1), "finish_reason: expected a string, got int"),  # type: ignore[arg-type]
    (end(usage=[1]), "usage: expected an object, got list"),
    (begin(tool_calls={}), "message.tool_calls: expected an array, got dict"),
    (begin(citations={}), "message.citations: expected an array, got dict"),
    ({**begin(), "id": 1}, "id: expected a string, got int"),
]


@pytest.mark.parametrize(("wrong", "match"), WRONG)
def test_wrong_types(wrong: Any, match: str) -> None:
    reading = stream(begin(), event("content-delta", 0, content={"text": "x"}), call(9, "z", "f"), wrong, end())
    assert isinstance(reading.error, DecodeError)
    with pytest.raises(DecodeError, match=match):
        raise reading.error
    assert reading.response.text == "x"


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        ([], "expected a JSON object, got list"),
        ({"id": "x"}, "it has no `message`, but 'id'"),
        ({"message": []}, None),
        ({"message": [1]}, "message: expected an object, got list"),
        ({"message": {"content": "x"}}, "message.content: expected an array, got str"),
        ({"message": {"content": ["x"]}}, r"message.content\[0\]: expected an object, got str"),
        ({"message": {"tool_calls": ["x"]}}, r"message.tool_calls\[0\]: expected an object, got str"),
        ({"message": {}, "logprobs": {}}, "logprobs: expected an array, got dict"),
    ],
)
def test_wrong_types_in_a_whole_answer(answer: Any, match: str | None) -> None:
    reading = read([dumped(answer)], provider="cohere", headers=JSON, stream=False)
    if match is None:
        assert reading.error is None
        return
    with pytest.raises(DecodeError, match=match):
        raise reading.error or AssertionError
