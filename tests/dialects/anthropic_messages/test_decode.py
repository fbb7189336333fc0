"""Messages, from frames to events: answers written by hand."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from duologue.errors import (
    APIError,
    BadRequestError,
    DecodeError,
    DuologueError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    StreamTruncated,
)
from duologue.events import ContentDelta, ReasoningDelta, Start, TextDelta, ToolCallDelta, Unknown, UsageUpdate
from duologue.models import CitationContent, ReasoningContent, TextContent, ToolCall, UnknownContent, Usage
from tests.dialects.anthropic_messages.reading import (
    STOP,
    answer,
    begin,
    end,
    head,
    piece,
    read,
    sse,
    stream,
    tail,
    whole,
)
from tests.dialects.reading import JSON, dumped

CITATION = {"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": "d"}
SERVER_CALL = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "q"}}


# -- an answer ---------------------------------------------------------------------------------------------------------

# What one and the same answer is, streamed and whole.
STREAMED = [
    {"type": "ping"},
    begin(0, "thinking", thinking="", signature=""),
    piece(0, "thinking", thinking="Hm"),
    piece(0, "thinking", thinking="."),
    piece(0, "signature", signature="sig"),
    end(0),
    begin(1, "redacted_thinking", data="xyz"),
    end(1),
    begin(2, "text", text=""),
    piece(2, "text", text="Hel"),
    {"type": "ping"},
    piece(2, "text", text="lo"),
    end(2),
    begin(3, "text", text="", citations=[]),
    piece(3, "citations", citation=CITATION),
    piece(3, "text", text=" cited"),
    end(3),
    begin(4, "server_tool_use", id="srv_1", name="web_search", input={}),
    piece(4, "input_json", partial_json=""),
    piece(4, "input_json", partial_json='{"query": '),
    piece(4, "input_json", partial_json='"q"}'),
    end(4),
    begin(5, "web_search_tool_result", tool_use_id="srv_1", content=[{"encrypted_content": "e"}]),
    end(5),
    begin(6, "tool_use", id="toolu_1", name="f", input={}, caller={"type": "direct"}),
    piece(6, "input_json", partial_json=""),
    piece(6, "input_json", partial_json='{"a": '),
    piece(6, "input_json", partial_json='"ä"}'),
    end(6),
    begin(7, "tool_use", id="toolu_2", name="g", input={}),
    piece(7, "input_json", partial_json=""),
    end(7),
]
WHOLE: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
    {"type": "redacted_thinking", "data": "xyz"},
    {"type": "text", "text": "Hello"},
    {"type": "text", "text": " cited", "citations": [CITATION]},
    SERVER_CALL,
    {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [{"encrypted_content": "e"}]},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": "ä"}, "caller": {"type": "direct"}},
    {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
]


def test_an_answer() -> None:
    message = answer(*STREAMED, reason="tool_use").message
    assert message.content == (
        ReasoningContent("Hm.", "sig"),
        UnknownContent({"type": "redacted_thinking", "data": "xyz"}),
        TextContent("Hello"),
        TextContent(" cited"),
        CitationContent(title="d", text="c", raw=CITATION),
        UnknownContent(SERVER_CALL),
        UnknownContent(WHOLE[5]),
    )
    assert message.tool_calls == (
        ToolCall("toolu_1", "f", '{"a": "ä"}', extra={"caller": {"type": "direct"}}),
        ToolCall("toolu_2", "g", ""),
    )
    assert message.tool_calls[1].parsed() == {}


def test_streamed_or_whole_it_is_the_same() -> None:
    usage = {"input_tokens": 3, "output_tokens": 9}
    container = {"container": {"id": "c"}}
    details: dict[str, Any] = {"stop_details": {"type": "refusal"}}
    streamed = stream(
        head(usage={"input_tokens": 3, "output_tokens": 1}),
        *STREAMED,
        {**tail("tool_use", **container, **details), "usage": {"output_tokens": 9}},
        STOP,
    )
    at_once = whole(*WHOLE, reason="tool_use", usage=usage, stop_sequence=None, **container, **details)
    assert streamed.response == at_once.response
    assert streamed.done.raw_finish_reason == at_once.done.raw_finish_reason == "tool_use"


def test_the_events_of_text() -> None:
    reading = stream(
        head(usage={"input_tokens": 3, "output_tokens": 1}, novel={"a": 1}, stop_reason=None),
        begin(0, "text", text=""),
        piece(0, "text", text="Hel"),
        piece(0, "text", text="lo"),
        end(0),
        {**tail(), "usage": {"output_tokens": 2}},
        STOP,
    )
    first, last = {"input_tokens": 3, "output_tokens": 1}, {"input_tokens": 3, "output_tokens": 2}
    assert reading.events[:-1] == [
        Start("msg_1", "m-1", "anthropic", {"novel": {"a": 1}}),
        UsageUpdate(Usage(3, 1, 4, source="reported", raw=first)),
        TextDelta("Hel"),
        TextDelta("lo"),
        UsageUpdate(Usage(3, 2, 5, source="reported", raw=last)),
    ]
    assert (reading.done.finish_reason, reading.done.raw_finish_reason) == ("stop", "end_turn")
    assert reading.done.usage.raw == last


def test_the_events_of_a_call() -> None:
    reading = answer(
        begin(0, "tool_use", id="toolu_1", name="f", input={}),
        piece(0, "input_json", partial_json=""),
        piece(0, "input_json", partial_json="{}"),
        end(0),
    )
    assert reading.of(ToolCallDelta) == [ToolCallDelta(0, "toolu_1", "f"), ToolCallDelta(0, arguments="{}")]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("compaction", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("novel", "unknown"),
        (None, "unknown"),
    ],
)
def test_reasons(word: str | None, reason: str) -> None:
    text = [begin(0, "text", text="a"), end(0)]
    for reading in (answer(*text, reason=word), whole({"type": "text", "text": "a"}, reason=word)):
        assert (reading.done.finish_reason, reading.done.raw_finish_reason) == (reason, word)


def test_what_is_said_of_the_reason_and_of_the_context() -> None:
    management: dict[str, Any] = {"context_management": {"applied_edits": [{"type": "x"}]}}
    delta = {**tail("stop_sequence", stop_sequence="END", container={"id": "c"}), **management, "usage": None}
    response = stream(head(), delta, STOP).response
    assert response.choices[0].extra == {"stop_sequence": "END"}
    assert response.extra == {"container": {"id": "c"}, **management}
    assert whole(stop_sequence="END", container={"id": "c"}, **management).response.extra == response.extra


def test_counts_are_merged_and_the_last_hold() -> None:
    reading = stream(
        head(usage={"input_tokens": 3, "cache_read_input_tokens": 7, "output_tokens": 1, "service_tier": None}),
        {**tail(), "usage": {"input_tokens": 4, "cache_read_input_tokens": None, "output_tokens": 5}},
        STOP,
    )
    raw = {"input_tokens": 4, "cache_read_input_tokens": 7, "output_tokens": 5, "service_tier": None}
    assert reading.done.usage == Usage(4, 5, 16, 7, source="reported", raw=raw)


# -- blocks ------------------------------------------------------------------------------------------------------------


def test_thoughts_that_are_not_shown() -> None:
    reading = answer(begin(0, "thinking", thinking="", signature=""), piece(0, "signature", signature="s"), end(0))
    assert reading.of(ReasoningDelta) == [ReasoningDelta("", signature="s")]
    assert reading.message.content == (ReasoningContent("", "s"),)


def test_blocks_without_anything_in_them_are_no_parts() -> None:
    for blocks in ([{"type": "text", "text": "", "citations": None}], [{"type": "thinking", "thinking": ""}]):
        assert whole(*blocks).message.content == ()


def test_parts_of_a_kind_stay_apart() -> None:
    blocks = [
        {"type": "thinking", "thinking": "a", "signature": "1"},
        {"type": "thinking", "thinking": "b", "signature": "2"},
        {"type": "text", "text": "c"},
        {"type": "text", "text": "d"},
    ]
    assert whole(*blocks).message.content == (
        ReasoningContent("a", "1"),
        ReasoningContent("b", "2"),
        TextContent("c"),
        TextContent("d"),
    )


def test_a_compaction_replaces_its_fields() -> None:
    reading = answer(
        begin(0, "compaction", content=None, encrypted_content=None),
        piece(0, "compaction", content="short", encrypted_content="e"),
        piece(0, "compaction", content=None),
        end(0),
    )
    assert reading.message.content == (
        UnknownContent({"type": "compaction", "content": "short", "encrypted_content": "e"}),
    )


def test_a_block_of_a_kind_to_come_is_kept_whole() -> None:
    reading = answer(begin(0, "novel", a=1), piece(0, "text", text="t"), end(0), begin(1, "text", text="b"), end(1))
    assert reading.of(ContentDelta) == [ContentDelta(UnknownContent({"type": "novel", "a": 1, "text": "t"}))]
    assert reading.message.text == "b"


def test_input_that_was_cut_off_is_kept_as_far_as_it_came() -> None:
    reading = answer(
        begin(0, "server_tool_use", id="s", input={}), piece(0, "input_json", partial_json='{"a'), end(0), reason=None
    )
    assert reading.message.content == (UnknownContent({"type": "server_tool_use", "id": "s", "input": '{"a'}),)


def test_a_piece_of_a_kind_to_come() -> None:
    reading = answer(begin(0, "text", text="a"), piece(0, "novel", a=1), end(0))
    assert reading.of(Unknown) == [Unknown({"delta": {"type": "novel_delta", "a": 1}}, 0)]


def test_what_a_known_block_says_besides() -> None:
    reading = whole(
        {"type": "text", "text": "a", "novel": 1}, {"type": "thinking", "thinking": "b", "odd": 2, "n": None}
    )
    assert reading.of(Unknown) == [
        Unknown({"content[0]": {"novel": 1}}, 0),
        Unknown({"content[1]": {"odd": 2}}, 0),
    ]
    assert reading.response.choices[0].extra == {"content[0]": {"novel": 1}, "content[1]": {"odd": 2}}


def test_what_a_known_event_says_besides() -> None:
    """Bedrock's metrics, for one, come with the end."""
    reading = stream(
        {**head(), "a": 1, "none": None},
        {**begin(0, "text", text="x"), "b": 2},
        {**piece(0, "text", text="y", novel=3), "c": 4},
        {**end(0), "d": 5},
        {"type": "ping", "cost": 6},
        {**tail(), "e": 7},
        {**STOP, "amazon-bedrock-invocationMetrics": {"inputTokenCount": 8}},
    )
    assert reading.response.text == "xy"
    metrics = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 8}}
    assert reading.response.extra == {"a": 1, "b": 2, "c": 4, "d": 5, "cost": 6, "e": 7, **metrics}
    assert reading.response.choices[0].extra == {"delta": {"novel": 3}}
    assert reading.done.response == reading.response


def test_text_at_the_beginning_of_a_block() -> None:
    assert answer(begin(0, "text", text="a"), piece(0, "text", text="b"), end(0)).message.text == "ab"


def test_arguments_at_the_beginning_of_a_block() -> None:
    """Those that come in pieces hold; else those that the block began with."""
    given = begin(0, "tool_use", id="t", name="f", input={"a": 1})
    assert answer(given, end(0)).message.tool_calls[0].arguments == '{"a": 1}'
    assert answer(given).message.tool_calls[0].arguments == '{"a": 1}'
    pieces = answer(given, piece(0, "input_json", partial_json='{"b":2}'), end(0))
    assert pieces.message.tool_calls[0].arguments == '{"b":2}'


def test_blocks_that_are_not_ended_are_ended_by_the_end() -> None:
    reading = answer(begin(0, "redacted_thinking", data="x"), begin(1, "novel"))
    assert [part.type for part in reading.message.content] == ["unknown", "unknown"]


def test_blocks_without_numbers() -> None:
    reading = answer(
        begin(None, "text", text=""),
        piece(None, "text", text="a"),
        end(None),
        end(None),
        begin(None, "redacted_thinking", data="x"),
        end(None),
        begin(None, "text", text="b"),
        end(None),
    )
    assert reading.message.content == (
        TextContent("a"),
        UnknownContent({"type": "redacted_thinking", "data": "x"}),
        TextContent("b"),
    )


def test_blocks_that_nothing_began() -> None:
    reading = answer(
        piece(None, "thinking", thinking="hm"),
        piece(1, "text", text="a"),
        piece(2, "input_json", partial_json='{"a'),
        piece(2, "input_json", partial_json='":1}'),
    )
    assert reading.message.content == (ReasoningContent("hm"), TextContent("a"))
    assert reading.message.tool_calls == (ToolCall("toolu_msg_1_0", "", '{"a":1}', generated_id=True),)


def test_a_number_that_begins_twice() -> None:
    reading = answer(begin(0, "novel", a=1), begin(0, "novel", a=2), end(0))
    assert [part.raw["a"] for part in reading.message.content if isinstance(part, UnknownContent)] == [1, 2]


@pytest.mark.parametrize(("id_of_message", "expected"), [("msg_1", "toolu_msg_1_0"), (None, "toolu_without_id_0")])
def test_a_call_without_an_id_gets_one(id_of_message: str | None, expected: str) -> None:
    reading = stream(head(id=id_of_message), begin(0, "tool_use", id=None, name="f", input=None), end(0), tail(), STOP)
    [call] = reading.message.tool_calls
    assert (call.id, call.generated_id, call.name) == (expected, True, "f")
    assert reading.done.finish_reason == "tool_calls"


def test_a_call_before_other_parts_is_told_its_place() -> None:
    reading = whole(
        {"type": "text", "text": "a", "citations": [CITATION]},
        {"type": "tool_use", "id": "1", "name": "f", "input": {}},
        {"type": "tool_use", "id": "2", "name": "f", "input": {}},
        {"type": "code_execution_tool_result", "content": []},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "3", "name": "f", "input": {}},
        {"type": "text", "text": "b"},
        {"type": "tool_use", "id": "4", "name": "f", "input": {}},
    )
    assert [call.extra.get("parts_before") for call in reading.message.tool_calls] == [2, 2, 3, None]


def test_arguments_in_a_block_of_text() -> None:
    """A server that tells of a call without having begun it: nothing of the text is the call's."""
    reading = answer(begin(0, "text", text="a", novel=1), piece(0, "input_json", partial_json="{}"), end(0))
    assert reading.message.content == (TextContent("a"),)
    assert reading.message.tool_calls == (ToolCall("toolu_msg_1_0", "", "{}", generated_id=True),)


def test_empty_arguments_begin_no_call() -> None:
    """LiteLLM puts them into blocks of text: https://github.com/BerriAI/litellm/issues/29286"""
    empty = [piece(number, "input_json", partial_json="") for number in (0, 1)]
    reading = answer(begin(0, "text", text=""), *empty, piece(0, "text", text="a"), end(0), end(1))
    assert reading.message.content == (TextContent("a"),)
    assert (reading.message.tool_calls, reading.done.finish_reason) == ((), "stop")
    named = answer(begin(0, None, id="t", name="f", input={}), empty[0], end(0))
    assert named.message.tool_calls == (ToolCall("t", "f"),)


def test_text_in_a_call() -> None:
    """As of SGLang: https://github.com/sgl-project/sglang/issues/24293"""
    reading = answer(
        begin(0, "tool_use", id="t", name="f", input={}),
        piece(0, "input_json", partial_json="{}"),
        piece(0, "text", text="a"),
        end(0),
        begin(1, "tool_use", id="u", name="g", input={}),
        end(1),
    )
    assert reading.message.content == (TextContent("a"),)
    assert reading.message.tool_calls == (ToolCall("t", "f", "{}", extra={"parts_before": 0}), ToolCall("u", "g"))


def test_a_number_that_is_given_again_is_a_block_of_its_own() -> None:
    """Some servers count no blocks."""
    reading = answer(
        begin(0, "text", text="a"),
        end(0),
        begin(0, "thinking", thinking="b", signature="1"),
        end(0),
        begin(0, "thinking", thinking="c"),
        piece(0, "signature", signature="2"),
        end(0),
        begin(0, "tool_use", id="t", name="f", input={}),
        piece(0, "input_json", partial_json='{"a":1}'),
        end(0),
        begin(0, "tool_use", id="u", name="g", input={}),
        piece(0, "input_json", partial_json='{"b":2}'),
        end(0),
    )
    assert reading.message.content == (TextContent("a"), ReasoningContent("b", "1"), ReasoningContent("c", "2"))
    assert [call.arguments for call in reading.message.tool_calls] == ['{"a":1}', '{"b":2}']


def test_pieces_after_the_end_of_their_block() -> None:
    late = piece(2, "input_json", partial_json='"q"}')
    reading = answer(
        begin(0, "text", text="a"),
        end(0),
        begin(1, "tool_use", id="t", name="f", input={}),
        end(1),
        begin(2, "server_tool_use", id="s", input={}),
        end(2),
        piece(0, "text", text="b"),
        piece(1, "input_json", partial_json='{"a":1}'),
        late,
    )
    assert reading.message.content == (
        TextContent("ab"),
        UnknownContent({"type": "server_tool_use", "id": "s", "input": {}}),
    )
    assert reading.message.tool_calls == (ToolCall("t", "f", '{"a":1}', extra={"parts_before": 1}),)
    assert reading.of(Unknown) == [Unknown({"delta": late["delta"]}, 0)]


def test_a_block_without_a_kind_is_of_its_pieces_kind() -> None:
    reading = answer(
        begin(0, None, text=""),
        piece(0, "text", text="a"),
        end(0),
        begin(1, None, id="t", name="f", input={}),
        piece(1, "input_json", partial_json='{"a":1}'),
        end(1),
        begin(2, None, data="x"),
        end(2),
    )
    assert reading.message.content == (TextContent("a"), UnknownContent({"type": None, "data": "x"}))
    assert reading.message.tool_calls == (ToolCall("t", "f", '{"a":1}', extra={"parts_before": 1}),)


def test_text_in_an_opaque_block_grows() -> None:
    reading = answer(
        begin(0, "novel", text="a", list=[1], citations=None),
        piece(0, "text", text="b"),
        piece(0, "text", text="c"),
        piece(0, "novel", list=[2], count=3),
        piece(0, "novel", count=4),
        piece(0, "citations", citation={"a": 1}),
        piece(0, "citations", citation={"b": 2}),
        end(0),
    )
    raw = {"type": "novel", "text": "abc", "list": [1, 2], "count": 4, "citations": [{"a": 1}, {"b": 2}]}
    assert reading.message.content == (UnknownContent(raw),)


# -- what is no answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", OverloadedError),
        ("rate_limit_error", RateLimitError),
        ("api_error", ServerError),
        ("timeout_error", ServerError),
        ("billing_error", QuotaExceededError),
        ("permission_error", PermissionDeniedError),
        ("request_too_large", BadRequestError),
        ("invalid_request_error", BadRequestError),
        ("novel_error", APIError),
    ],
)
def test_errors(kind: str, error: type[APIError]) -> None:
    body = {"type": "error", "error": {"type": kind, "message": "m"}, "request_id": "req_1"}
    begun = [head(), begin(0, "text", text="Hel"), begin(1, "novel")]
    for reading in (
        stream(body),
        stream(*begun, body),
        read([sse(body)[9:]]),
        read([sse(body)[15:].strip()], stream=False, headers=JSON),
        # proxies leave the type out
        read([sse({"error": body["error"], "request_id": "req_1"})[9:]]),
    ):
        assert type(reading.error) is error
        assert (reading.error.type, reading.error.message, reading.error.request_id) == (kind, "m", "req_1")
    partial = stream(*begun, body).response
    assert (partial.text, partial.message.content[1:]) == ("Hel", (UnknownContent({"type": "novel"}),))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"error": "broken"}', "broken"),
        (b'{"message": "broken"}', "broken"),
        (b"upstream gone", "an error, with the body 'upstream gone'"),
    ],
)
def test_an_event_that_calls_itself_an_error_is_one(data: bytes, message: str) -> None:
    reading = read([sse(head()), b"event: error\ndata: " + data + b"\n\n"])
    assert isinstance(reading.error, APIError)
    assert reading.error.message == message
    assert reading.response.id == "msg_1"


def test_the_name_of_an_event_that_does_not_say_what_it_is() -> None:
    named = [(event.pop("type"), event) for event in (head(), begin(0, "text", text="a"), end(0), tail(), {**STOP})]
    reading = read([f"event: {name}\n".encode() + b"data: " + dumped(event) + b"\n\n" for name, event in named])
    assert (reading.done.finish_reason, reading.message.text) == ("stop", "a")


@pytest.mark.parametrize("kind", [None, ""])
def test_an_error_of_no_type(kind: str | None) -> None:
    body = {"type": kind, "error": {"type": "overloaded_error", "message": "m"}}
    for reading in (stream(head(), body), read([dumped(body)], stream=False, headers=JSON)):
        assert isinstance(reading.error, OverloadedError)
        assert reading.error.message == "m"


def test_an_error_status_has_the_request_id_of_its_body() -> None:
    body = dumped({"type": "error", "error": {"type": "overloaded_error", "message": "m"}, "request_id": "req_1"})
    for headers, expected in ((JSON, "req_1"), ({**JSON, "request-id": "req_2"}, "req_2")):
        error = read([body], status=529, headers=headers).error
        assert isinstance(error, OverloadedError)
        assert (error.status_code, error.request_id) == (529, expected)


@pytest.mark.parametrize("event", [{"type": "novel", "a": 1}, {"type": "vertex_event"}])
def test_events_to_come(event: dict[str, Any]) -> None:
    reading = stream(head(), event, tail(), STOP)
    assert reading.of(Unknown) == [Unknown(event)]


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (DecodeError, b"{"),
        (DecodeError, []),
        (DecodeError, 5),
        (DecodeError, {}),
        (DecodeError, {"type": None}),
        (DecodeError, {"type": 5}),
        (DecodeError, {"choices": []}),
        (DecodeError, {"message": {"id": "msg_1"}}),
        (DecodeError, b"[DONE]"),
        (APIError, {"detail": "no"}),
        (APIError, {"message": "no"}),
        (APIError, {"code": 5, "message": None}),
    ],
)
def test_events_that_are_none(error: type[DuologueError], event: Any) -> None:
    assert type(stream(head(), event, STOP).error) is error


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (DecodeError, b"[]"),
        (DecodeError, b"null"),
        (StreamTruncated, b'{"content": '),
        (DecodeError, b"{}"),
        (DecodeError, b'{"choices": []}'),
        (DecodeError, b'{"content": {}}'),
        (DecodeError, b'{"content": ["text"]}'),
        (APIError, b'{"message": "no"}'),
        (APIError, b'{"error": "no"}'),
    ],
)
def test_bodies_that_are_none(error: type[DuologueError], body: bytes) -> None:
    assert type(read([body], stream=False, headers=JSON).error) is error


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("message", {"type": "message_start"}),
        ("message.id", head(id=5)),
        ("message.model", head(model=[])),
        ("usage", head(usage=[])),
        ("usage.input_tokens", head(usage={"input_tokens": "3"})),
        ("stop_reason", head(stop_reason=5)),
        ("content_block", {"type": "content_block_start", "index": 0}),
        ("content_block.type", begin(0, "text") | {"content_block": {"type": 5}}),
        ("content_block.citations", begin(0, "text", citations={})),
        ("content_block.thinking", begin(0, "thinking", thinking=5)),
        ("signature", begin(0, "thinking", signature=5)),
        ("content_block.id", begin(0, "tool_use", id=5)),
        ("content_block.name", begin(0, "tool_use", name=5)),
        ("content_block.input", begin(0, "tool_use", input="x")),
        ("delta", {"type": "content_block_delta", "index": 0}),
        ("delta.type", {"type": "content_block_delta", "delta": {"type": 5}}),
        ("delta.text", piece(0, "text", text=5)),
        ("delta.thinking", piece(0, "thinking", thinking=[])),
        ("signature", piece(0, "signature", signature={})),
        ("delta.citation", piece(0, "citations")),
        ("delta.partial_json", piece(0, "input_json", partial_json={})),
        ("delta", {"type": "message_delta", "delta": [1]}),
        ("stop_reason", tail([])),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_wrong_types(path: str, event: Any) -> None:
    error = stream(event, STOP).error
    assert isinstance(error, DecodeError)
    assert error.message.startswith(f"{path}: expected ")


def test_a_wrong_type_in_an_opaque_block() -> None:
    assert isinstance(answer(begin(0, "novel"), piece(0, "input_json", partial_json=5)).error, DecodeError)


def test_nothing_but_an_end() -> None:
    reading = stream(STOP)
    assert (reading.done.finish_reason, reading.response.choices) == ("unknown", ())


def test_a_reason_is_no_end() -> None:
    reading = stream(head(), begin(0, "text", text="a"), end(0), tail())
    assert isinstance(reading.error, StreamTruncated)
    assert reading.response.finish_reason == "stop"
    assert not reading.response.complete


def test_content_at_the_head_of_a_stream() -> None:
    """So it comes where code that runs on the server goes on to its next call: the message is whole at once."""
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}, "caller": {"type": "code", "tool_id": "s"}}
    reading = stream(head(content=[{"type": "text", "text": "a"}, call], stop_reason="tool_use"), STOP)
    assert reading.response == whole({"type": "text", "text": "a"}, call, reason="tool_use").response
    assert reading.message.tool_calls == (ToolCall("t", "f", '{"a": 1}', extra={"caller": call["caller"]}),)
    assert reading.done.raw_finish_reason == "tool_use"


def test_blocks_after_content_at_the_head_come_after_it() -> None:
    reading = stream(
        head(content=[{"type": "text", "text": "a"}]), begin(0, "text"), piece(0, "text", text="b"), end(0), STOP
    )
    assert reading.message.content == (TextContent("a"), TextContent("b"))


def test_a_message_that_begins_again() -> None:
    """The same one may, but what follows of another would be taken for more of the first."""
    text = begin(0, "text", text="a")
    assert stream(head(), head(), text, head(), end(0), tail(), STOP).message.text == "a"
    assert stream(head(), head(id="msg_2"), text, tail(), STOP).response.id == "msg_2"
    reading = stream(head(), text, head(id="msg_2"), begin(0, "text", text="b"), tail(), STOP)
    assert isinstance(reading.error, DecodeError)
    assert reading.error.message == "a message begins within another"
    assert (reading.response.id, reading.response.text) == ("msg_1", "a")


def test_another_model_takes_over() -> None:
    """The whole answer names the last one, so the stream does."""
    models = {"from": {"model": "m-1"}, "to": {"model": "m-2"}}
    reading = stream(
        head(novel=1), begin(0, "fallback", **models), end(0), begin(1, "text", text="a"), end(1), tail(), STOP
    )
    blocks = [{"type": "fallback", **models}, {"type": "text", "text": "a"}]
    assert reading.response == whole(*blocks, model="m-2", novel=1).response
    assert reading.of(Start) == [Start("msg_1", "m-1", "anthropic", {"novel": 1}), Start("msg_1", "m-2", "anthropic")]


@pytest.mark.parametrize("to", [None, 5, {}, {"model": 5}])
def test_another_model_without_a_name(to: Any) -> None:
    reading = answer(begin(0, "fallback", to=to), end(0))
    assert reading.response.model == "m-1"


# -- anything at all ---------------------------------------------------------------------------------------------------


def test_no_mutation_escapes_as_another_error() -> None:
    draw = random.Random(1)
    events = [head(usage={"input_tokens": 1}), *STREAMED, {**tail(), "usage": {"output_tokens": 1}}, STOP]
    junk = [None, 5, 1.5, True, "x", [], [1], {}, {"a": 1}, -1, 10**30]
    for _ in range(600):
        mutated = copy.deepcopy(events)
        node: Any = mutated
        while True:
            key = draw.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if isinstance(node[key], (dict, list)) and node[key] and draw.random() < 0.8:
                node = node[key]
                continue
            node[key] = draw.choice(junk)
            break
        reading = stream(*mutated)
        assert reading.events
