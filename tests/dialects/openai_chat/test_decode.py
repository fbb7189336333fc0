"""Chat Completions, from frames to events: what servers send, written by hand."""

from __future__ import annotations

import base64
import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    DecodeError,
    OverloadedError,
    RateLimitError,
    ServerError,
    StreamTruncated,
)
from duologue.events import (
    ContentDelta,
    ReasoningDelta,
    RefusalDelta,
    Start,
    TextDelta,
    ToolCallDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import (
    AudioContent,
    CitationContent,
    ReasoningContent,
    RefusalContent,
    TextContent,
    ToolCall,
    UnknownContent,
)
from tests.dialects.reading import DONE, JSON, choice, chunk, data, deltas, dumped, read, stream, whole

if TYPE_CHECKING:
    from collections.abc import Iterator


def call(arguments: Any = None, **piece: Any) -> dict[str, Any]:
    """A piece of a tool call; `name` goes where it belongs."""
    function = {"arguments": arguments} | ({"name": piece.pop("name")} if "name" in piece else {})
    return {"tool_calls": [{**piece, "function": function}]}


# -- text, reasoning, refusal ------------------------------------------------------------------------------------------


def test_an_answer() -> None:
    reading = stream(
        chunk(choice(role="assistant", content=""), system_fingerprint="fp_1"),
        chunk(choice(content="Hel"), system_fingerprint="fp_1"),
        chunk(choice(content="lo"), system_fingerprint="fp_1"),
        chunk(choice("stop"), system_fingerprint="fp_1"),
        chunk(usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}, system_fingerprint="fp_1"),
    )
    assert reading.events[:-2] == [
        Start("r-1", "m-1", "openai", {"system_fingerprint": "fp_1"}),
        TextDelta("Hel"),
        TextDelta("lo"),
    ]
    assert isinstance(reading.events[-2], UsageUpdate)
    assert reading.done.finish_reason == reading.done.raw_finish_reason == "stop"
    assert reading.done.usage.total_tokens == 5
    assert reading.response.text == "Hello"
    assert reading.response.extra == {"system_fingerprint": "fp_1"}


def test_choices_side_by_side() -> None:
    reading = stream(
        chunk(choice(content="a", index=1), choice(content="x", index=0)),
        chunk(choice(content="b", index=1), choice(content="y", index=0), choice(content="!", index=2)),
        chunk(choice("length", index=0)),
        chunk(choice("stop", index=1), {"index": 2, "finish_reason": "content_filter"}),
    )
    assert [(c.index, c.message.text, c.finish_reason) for c in reading.response.choices] == [
        (0, "xy", "length"),
        (1, "ab", "stop"),
        (2, "!", "content_filter"),
    ]
    assert [event.index for event in reading.of(TextDelta)] == [1, 0, 1, 0, 2]
    assert reading.done.finish_reason == "length"


def test_choices_without_an_index_are_told_by_their_place() -> None:
    reading = stream(chunk({"delta": {"content": "a"}}, {"index": None, "delta": {"content": "b"}}))
    assert [(c.index, c.message.text) for c in reading.response.choices] == [(0, "a"), (1, "b")]


def test_refusal() -> None:
    reading = deltas({"refusal": "I can"}, {"refusal": "not."}, {"refusal": None}, {"refusal": ""})
    assert reading.of(RefusalDelta) == [RefusalDelta("I can"), RefusalDelta("not.")]
    assert reading.message.content == (RefusalContent("I cannot."),)
    assert reading.response.finish_reason == "refusal"
    assert reading.done.raw_finish_reason == "stop"


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "Hm"},
        {"reasoning": "Hm"},
        {"reasoning": "Hm", "reasoning_content": "Hm"},
        {"reasoning": None, "reasoning_content": "Hm"},
        {"reasoning": "Hm", "reasoning_content": ""},
        {"reasoning_details": [{"type": "reasoning.text", "text": "H"}, {"type": "reasoning.summary", "summary": "m"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "H"}, {"text": "m"}, {"other": 1}]}]},
    ],
)
def test_reasoning_under_each_of_its_names(delta: dict[str, Any]) -> None:
    reading = deltas(delta, {"content": "Yes"})
    assert reading.of(ReasoningDelta) == [ReasoningDelta("Hm")]
    assert (reading.message.reasoning, reading.message.text) == ("Hm", "Yes")


def test_reasoning_details_are_kept_beside_their_text() -> None:
    details = [{"type": "reasoning.encrypted", "data": "xyz", "index": 0}]
    reading = deltas({"reasoning": "Hm", "reasoning_details": details})
    assert reading.message.reasoning == "Hm"
    assert reading.of(ContentDelta) == [
        ContentDelta(UnknownContent({"type": "reasoning_details", "reasoning_details": details}))
    ]


@pytest.mark.parametrize("details", ["opaque", {"text": "x"}, [1, "x"]])
def test_reasoning_details_of_another_shape_are_kept_as_well(details: Any) -> None:
    reading = deltas({"reasoning_details": details})
    assert reading.message.content == (UnknownContent({"type": "reasoning_details", "reasoning_details": details}),)


def test_content_as_a_list() -> None:
    """As Mistral gives it while it thinks, strings before and after."""
    reference = {"type": "reference", "reference_ids": [1]}
    reading = deltas(
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
        {"content": [{"type": "text", "text": "a"}, "b", reference, {"type": "text", "text": None}]},
        {"content": "c"},
        {"content": []},
    )
    assert (reading.message.reasoning, reading.message.text) == ("Hm", "abc")
    assert reading.of(ContentDelta) == [ContentDelta(UnknownContent(reference))]


# -- tool calls --------------------------------------------------------------------------------------------------------

WEATHER = ToolCall("call_a", "weather", '{"city":"Rome"}')
TIME = ToolCall("call_b", "time", '{"zone":"CET"}')

TOOL_CALLS: dict[str, tuple[list[dict[str, Any]], list[ToolCall]]] = {
    "in pieces": (
        [
            call("", index=0, id="call_a", type="function", name="weather"),
            call('{"city"', index=0),
            call(':"Rome"}', index=0),
        ],
        [WEATHER],
    ),
    "two, interleaved by index": (
        [
            call("", index=0, id="call_a", name="weather"),
            call("", index=1, id="call_b", name="time"),
            call('{"zone"', index=1),
            call('{"city"', index=0),
            call(':"CET"}', index=1),
            call(':"Rome"}', index=0),
        ],
        [WEATHER, TIME],
    ),
    "the second index first, with a gap": (
        [
            call('{"zone":"CET"}', index=7, id="call_b", name="time"),
            call('{"city":"Rome"}', index=2, id="call_a", name="weather"),
        ],
        [TIME, WEATHER],
    ),
    "several in one chunk without an index": (
        [
            {
                "tool_calls": [
                    {"id": "call_a", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}},
                    {"id": "call_b", "function": {"name": "time", "arguments": '{"zone":"CET"}'}},
                ]
            }
        ],
        [WEATHER, TIME],
    ),
    "in pieces without an index": (
        [
            call('{"city"', id="call_a", name="weather"),
            call(":", id="call_a"),
            call('"Rome"}'),
            call('{"zone":', id="call_b", name="time"),
            call('"CET"}', index=None),
        ],
        [WEATHER, TIME],
    ),
    "two ids on one index": (
        [
            call('{"city":"Rome"}', index=0, id="call_a", name="weather"),
            call('{"zone":"CET"}', index=0, id="call_b", name="time"),
        ],
        [WEATHER, TIME],
    ),
    "the head of the second on the index of the first": (
        [
            call('{"city":"Rome"}', index=0, id="call_a", name="weather"),
            call("", index=0, id="call_b", name="time"),
            call('{"zone"', index=1),
            call(':"CET"}', index=1),
        ],
        [WEATHER, TIME],
    ),
    "another id on the other pieces": (
        [
            call('{"city"', index=0, id="call_a", name="weather"),
            call(":", index=0, id="call_x"),
            call('"Rome"}', index=0, id="call_x"),
        ],
        [WEATHER],
    ),
    "id and name on each piece": (
        [
            call('{"city"', index=0, id="call_a", name="weather"),
            call(':"Rome"}', index=0, id="call_a", name="weather"),
        ],
        [WEATHER],
    ),
    "an empty id and name on the other pieces": (
        [
            call('{"city"', index=0, id="call_a", name="weather"),
            call(':"Rome"}', index=0, id="", name=""),
        ],
        [WEATHER],
    ),
    "null id and name on the other pieces": (
        [
            call('{"city"', index=0, id="call_a", name="weather"),
            call(':"Rome"}', index=0, id=None, name=None, type=None),
        ],
        [WEATHER],
    ),
    "the name later than the id": (
        [
            call(None, index=0, id="call_a"),
            call('{"city":"Rome"}', index=0, name="weather"),
        ],
        [WEATHER],
    ),
    "the id later than the name": (
        [
            call(None, index=0, name="weather"),
            call('{"city":"Rome"}', index=0, id="call_a"),
        ],
        [WEATHER],
    ),
    "no id": (
        [call('{"city":"Rome"}', index=0, name="weather")],
        [ToolCall("call_r-1_0_0", "weather", '{"city":"Rome"}', generated_id=True)],
    ),
    "two without ids on one index": (
        [
            call('{"city":', index=0, name="weather"),
            call('"Rome"}', index=0, name="weather"),
            call('{"zone":"CET"}', index=0, name="time"),
        ],
        [
            ToolCall("call_r-1_0_0", "weather", '{"city":"Rome"}', generated_id=True),
            ToolCall("call_r-1_0_1", "time", '{"zone":"CET"}', generated_id=True),
        ],
    ),
    "two without ids or index": (
        [
            call('{"city":"Rome"}', name="weather"),
            call('{"zone":"CET"}', name="time"),
        ],
        [
            ToolCall("call_r-1_0_0", "weather", '{"city":"Rome"}', generated_id=True),
            ToolCall("call_r-1_0_1", "time", '{"zone":"CET"}', generated_id=True),
        ],
    ),
    "arguments as an object": (
        [call({"city": "Köln"}, index=0, id="call_a", name="weather")],
        [ToolCall("call_a", "weather", '{"city": "Köln"}')],
    ),
    "no arguments": ([call(None, index=0, id="call_a", name="now")], [ToolCall("call_a", "now")]),
    "empty arguments": ([call("", index=0, id="call_a", name="now")], [ToolCall("call_a", "now")]),
    "nothing but an id": (
        [{"tool_calls": [{"id": "call_a", "function": None}]}, {"tool_calls": None}, {"tool_calls": []}],
        [ToolCall("call_a", "")],
    ),
    "a custom tool in pieces, of which only the first has the type": (
        [
            {"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "calc", "input": ""}}]},
            {"tool_calls": [{"index": 0, "custom": {"input": "1 +"}}]},
            {"tool_calls": [{"index": 0, "custom": {"input": " 1"}}]},
        ],
        [ToolCall("c", "calc", "1 + 1", type="custom")],
    ),
    "a function beside an empty custom tool": (
        [
            {
                "tool_calls": [
                    {
                        "id": "call_a",
                        "type": "function",
                        "custom": {"name": "", "input": ""},
                        "function": {"name": "weather", "arguments": '{"city":"Rome"}'},
                    }
                ]
            }
        ],
        [WEATHER],
    ),
    "the function call of before 2023": (
        [
            {"function_call": {"name": "weather", "arguments": ""}},
            {"function_call": {"arguments": '{"city":"Rome"}'}},
            {"function_call": {"name": "", "arguments": None}},
            {"function_call": None},
        ],
        [ToolCall("call_r-1_0_0", "weather", '{"city":"Rome"}', generated_id=True)],
    ),
    "unknown fields": (
        [
            call("{}", index=0, id="call_a", name="now", extra_content={"google": {"thought_signature": "s"}}),
            {"tool_calls": [{"index": 0, "function": {"parsed": False, "nothing": None}, "note": 0, "gone": None}]},
        ],
        [
            ToolCall(
                "call_a",
                "now",
                "{}",
                extra={
                    "extra_content": {"google": {"thought_signature": "s"}},
                    "note": 0,
                    "function": {"parsed": False},
                },
            )
        ],
    ),
}


@pytest.mark.parametrize("case", TOOL_CALLS)
def test_tool_calls(case: str) -> None:
    pieces, expected = TOOL_CALLS[case]
    reading = deltas(*pieces, finish_reason="tool_calls")
    assert list(reading.response.tool_calls) == expected
    assert reading.response.finish_reason == "tool_calls"
    again = deltas(*pieces, finish_reason="tool_calls")
    assert again.events == reading.events


@pytest.mark.parametrize("case", sorted(TOOL_CALLS.keys() - {"the id later than the name"}))
def test_the_first_piece_of_a_call_has_its_id(case: str) -> None:
    pieces, expected = TOOL_CALLS[case]
    events = deltas(*pieces).of(ToolCallDelta)
    for number, expected_call in enumerate(expected):
        own = [event for event in events if event.call_index == number]
        assert [event.id for event in own] == [expected_call.id] + [None] * (len(own) - 1)
        assert [event.name for event in own if event.name] == [expected_call.name] * bool(expected_call.name)


@pytest.mark.parametrize(("word", "reason"), [("stop", "tool_calls"), (None, "tool_calls"), ("length", "length")])
def test_an_answer_that_calls_tools_and_says_stop(word: str | None, reason: str) -> None:
    reading = deltas(call("{}", index=0, id="a", name="f"), finish_reason=word)
    assert reading.response.finish_reason == reason
    assert reading.response.choices[0].raw_finish_reason == word


def test_calls_of_several_choices_are_kept_apart() -> None:
    reading = stream(
        chunk(choice(index=0, **call("{", index=0, name="f")), choice(index=1, **call("[", index=0, name="g"))),
        chunk(choice(index=0, **call("}", index=0)), choice(index=1, **call("]", index=0))),
    )
    assert [[(c.id, c.name, c.arguments) for c in ch.message.tool_calls] for ch in reading.response.choices] == [
        [("call_r-1_0_0", "f", "{}")],
        [("call_r-1_1_0", "g", "[]")],
    ]


def test_a_call_without_any_id_at_all() -> None:
    reading = stream({"choices": [choice(**call("{}", name="f"))]})
    assert reading.response.tool_calls[0].id == "call_without_id_0_0"


# -- the end, and usage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("function_call", "tool_calls"),
        ("eos", "stop"),
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("error", "error"),
        ("eos_token", "stop"),
        ("stop_sequence", "stop"),
        ("insufficient_system_resource", "error"),
        ("sensitive", "content_filter"),
        ("network_error", "error"),
        ("model_context_window_exceeded", "length"),
        ("abort", "error"),
        ("brand_new", "unknown"),
        (None, "unknown"),
        ("", "unknown"),
    ],
)
def test_finish_reasons(word: str | None, reason: str) -> None:
    reading = deltas({"content": "x"}, finish_reason=word)
    assert reading.done.finish_reason == reason
    assert reading.done.raw_finish_reason == (word or None)


@pytest.mark.parametrize("line", [b"data: [DONE]", b"data:[DONE]  ", b"data:   [DONE]", b"event: x\ndata: [DONE]"])
def test_end_marker(line: bytes) -> None:
    for end in (b"\n\n", b"\n", b"", b"\r\n\r\n"):
        reading = read([data(chunk(choice(content="x"))), line + end])
        assert reading.done.response.complete
        assert not reading.response.terminator_missing


def test_what_comes_after_the_end_marker_is_ignored() -> None:
    pieces = [data(chunk(choice(content="x"))), DONE, data(chunk(choice(content="more"))), b"data: {broken\n\n", DONE]
    for given in (pieces, [b"".join(pieces)]):
        reading = read(given)
        assert reading.done.response.text == "x"


def test_an_end_marker_and_nothing_else() -> None:
    reading = read([DONE])
    assert reading.response.choices == ()
    assert (reading.done.finish_reason, reading.done.raw_finish_reason) == ("unknown", None)


@pytest.mark.parametrize(
    ("finish", "options", "ends"),
    [
        ("stop", {"known": True}, False),
        ("stop", {"known": False}, True),
        ("stop", {"known": True, "end_marker": "finish_reason"}, True),
        (None, {"known": False}, False),
        (None, {"known": True, "end_marker": "finish_reason"}, False),
    ],
)
def test_without_an_end_marker(finish: str | None, options: dict[str, Any], ends: bool) -> None:
    reading = read([data(chunk(choice(content="x"))), data(chunk(choice(finish)))], **options)
    assert (reading.error is None) is ends
    assert reading.response.terminator_missing is reading.response.complete is ends
    if not ends:
        assert isinstance(reading.error, StreamTruncated)
        assert reading.error.partial == reading.response
        assert reading.response.text == "x"


def test_content_after_the_finish_reason_is_kept() -> None:
    reading = stream(chunk(choice("stop", content="a")), chunk(choice(content="b")), chunk(choice(content="c")))
    assert reading.response.text == "abc"
    assert reading.done.finish_reason == "stop"


COUNTS = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
USAGE: dict[str, list[Any]] = {
    "on a chunk of its own": [chunk(choice("stop", content="x")), chunk(usage=COUNTS)],
    "on the chunk with the finish reason": [chunk(choice(content="x")), chunk(choice("stop"), usage=COUNTS)],
    "before the finish reason": [chunk(choice(content="x"), usage=COUNTS), chunk(choice("stop"))],
    "on every chunk, growing": [
        chunk(choice(content="x"), usage={"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}),
        chunk(choice("stop"), usage=COUNTS),
    ],
    "in a choice": [chunk(choice(content="x")), chunk({**choice("stop"), "usage": COUNTS})],
    "in a choice and beside it": [chunk({**choice("stop", content="x"), "usage": COUNTS}), chunk(usage=COUNTS)],
    "twice under x_groq": [
        chunk(choice(content="x"), x_groq={"id": "req_1"}),
        chunk(choice("stop"), x_groq={"id": "req_1", "usage": COUNTS}),
        chunk(usage=COUNTS),
    ],
    "on a chunk without choices": [chunk(choice("stop", content="x")), {"id": "r-1", "usage": COUNTS}],
    "null on all other chunks": [chunk(choice("stop", content="x"), usage=None), chunk(usage=COUNTS)],
    "again with choices": [chunk(choice("stop"), usage=COUNTS), chunk(choice(content=""), usage=COUNTS)],
}


@pytest.mark.parametrize("where", USAGE)
def test_usage(where: str) -> None:
    reading = stream(*USAGE[where])
    assert reading.response.usage.raw == COUNTS
    assert reading.response.usage.source == "reported"
    assert reading.done.usage == reading.response.usage
    # Said once, however often it is repeated.
    assert len({event.usage for event in reading.of(UsageUpdate)}) == len(reading.of(UsageUpdate))


def test_no_usage() -> None:
    assert deltas({"content": "x"}).response.usage.source == "absent"


# -- shapes of chunks --------------------------------------------------------------------------------------------------


def test_azure_begins_with_filter_results() -> None:
    reading = stream(
        {"id": "", "model": "", "choices": [], "prompt_filter_results": [1]},
        chunk(choice(content="x")),
        chunk({"index": 0, "finish_reason": "stop", "content_filter_results": {"hate": 1}}),
    )
    assert reading.events[0] == Start("r-1", "m-1", "openai", {"prompt_filter_results": [1]})
    assert reading.response.text == "x"
    assert reading.response.choices[0].extra == {"content_filter_results": {"hate": 1}}


def test_a_chunk_without_choices() -> None:
    reading = stream(chunk(choice(content="x")), {"id": "r-1", "obfuscation": "zzz"}, chunk(choice("stop")))
    assert [type(event) for event in reading.events[:-1]] == [Start, TextDelta]


def test_sound_after_the_counts() -> None:
    reading = stream(
        chunk(choice(audio={"id": "a", "data": "AAEC", "transcript": "hi"})),
        {"id": "r-1", "model": "m-1", "obfuscation": "zzz"},
        chunk(usage=COUNTS),
        chunk(choice(audio={"expires_at": 1})),
    )
    assert reading.message.content == (AudioContent(data=b"\0\1\2", transcript="hi", id="a", extra={"expires_at": 1}),)
    assert reading.done.usage.total_tokens == 5


def test_padding_is_nothing() -> None:
    reading = stream(
        chunk(choice(content="a"), obfuscation="zz"), chunk(choice(content="b"), p="abcd"), chunk(choice("stop"), p="a")
    )
    assert [type(event) for event in reading.events[:-1]] == [Start, TextDelta, TextDelta]
    assert (reading.response.text, reading.response.extra) == ("ab", {})


def test_a_choice_that_says_everything_twice() -> None:
    """Perplexity repeats all of the message so far, Together the content as `text`."""
    reading = stream(
        chunk({**choice(content="Hel"), "message": {"role": "assistant", "content": "Hel"}}),
        chunk({**choice("stop", content="lo"), "message": {"role": "assistant", "content": "Hello"}}),
    )
    assert reading.response.text == "Hello"
    assert reading.of(Unknown) == []
    both = {"message": {"content": "Hello"}, "delta": {"content": ""}, "finish_reason": "stop"}
    assert read([dumped(chunk(both))], headers=JSON, stream=False).done.response.text == "Hello"
    assert stream(chunk({**choice("stop", content="Hello"), "text": "Hello"})).done.response.text == "Hello"


def test_an_id_that_changes_is_the_first_one() -> None:
    reading = stream(chunk(choice(content="x")), {**chunk(choice("stop")), "id": "r-2", "model": "m-2"})
    assert (reading.response.id, reading.response.model) == ("r-1", "m-1")


def test_unknown_fields_are_kept_where_they_were() -> None:
    reading = stream(
        chunk({**choice(content="a", tone="warm"), "token_ids": [1]}, provider="p"),
        chunk({**choice(content="b", mood=1, tone=None), "token_ids": [2]}, provider="p", timings={"ms": 1}),
        chunk({**choice(tools_run=[{"name": "x"}]), "nothing": None}, provider="p", nothing=None),
        chunk(choice(tools_run=[{"name": "y"}], sheet={"a": 1})),
        chunk(choice("stop")),
    )
    assert reading.events[0] == Start("r-1", "m-1", "openai", {"provider": "p"})
    assert reading.of(Unknown) == [
        Unknown({"delta": {"tone": "warm"}}, 0),
        Unknown({"token_ids": [1]}, 0),
        Unknown({"timings": {"ms": 1}}),
        Unknown({"delta": {"mood": 1}}, 0),
        Unknown({"token_ids": [2]}, 0),
    ]
    assert reading.response.extra == {"provider": "p", "timings": {"ms": 1}}
    assert reading.response.choices[0].extra == {"delta": {"tone": "warm", "mood": 1}, "token_ids": [2]}
    assert reading.message.content == (
        TextContent("ab"),
        UnknownContent({"type": "tools_run", "tools_run": [{"name": "x"}, {"name": "y"}]}),
        UnknownContent({"type": "sheet", "sheet": {"a": 1}}),
    )


def test_log_probabilities_are_joined() -> None:
    pieces = [{"content": [{"token": "a"}], "refusal": None}, {"content": [{"token": "b"}]}, None, {"refusal": [1]}]
    reading = stream(*(chunk({**choice(content="x"), "logprobs": piece}) for piece in pieces))
    assert reading.response.choices[0].extra == {
        "logprobs": {"content": [{"token": "a"}, {"token": "b"}], "refusal": [1]}
    }


def test_sound_in_pieces() -> None:
    def piece(data: bytes, **fields: Any) -> dict[str, Any]:
        return {"audio": {"data": base64.b64encode(data).decode(), **fields}}

    reading = deltas(
        {"audio": {"id": "audio_1", "transcript": "Hel"}},
        piece(b"\0\1", transcript="lo"),
        piece(b"\2"),
        {"audio": {"expires_at": 99}},
        {"audio": None},
    )
    assert reading.message.content == (
        AudioContent(data=b"\0\1\2", transcript="Hello", id="audio_1", extra={"expires_at": 99}),
    )
    assert len(reading.of(ContentDelta)) == 4


def test_citations() -> None:
    note = {
        "type": "url_citation",
        "url_citation": {"url": "https://a", "title": "A", "start_index": 0, "end_index": 4},
    }
    reading = deltas({"content": "text", "annotations": [note, "no object"]}, {"annotations": None})
    assert reading.message.content == (
        TextContent("text"),
        CitationContent("https://a", "A", start=0, end=4, raw=note),
    )


# -- errors in the stream ----------------------------------------------------------------------------------------------

ERRORS: list[tuple[str, bytes, type[APIError], dict[str, Any]]] = [
    (
        "Groq",
        (
            b'event: error\ndata: {"error":{"message":"bad call","type":"invalid_request_error",'
            b'"code":"tool_use_failed","failed_generation":"x","status_code":400}}\n\n'
        ),
        BadRequestError,
        {"message": "bad call", "code": "tool_use_failed", "type": "invalid_request_error"},
    ),
    (
        "OpenRouter",
        data({**chunk(), "error": {"code": 502, "message": "upstream", "metadata": {}}}),
        ServerError,
        {"message": "upstream", "code": 502},
    ),
    (
        "OpenRouter, with choices and usage",
        data({**chunk(choice("error"), usage=COUNTS), "error": {"code": "server_error", "message": "m"}}) + DONE,
        ServerError,
        {"message": "m", "code": "server_error"},
    ),
    ("Alibaba", data({"error": {"message": "m", "type": "x"}, "id": "y"}), APIError, {"message": "m", "type": "x"}),
    ("Vertex", b'{\n "error": {\n  "code": 503,\n  "message": "m"\n }\n}\n', OverloadedError, {"code": 503}),
    ("Gemini, in its own format", data([{"error": {"code": 503, "message": "m"}}]), OverloadedError, {"code": 503}),
    ("Ollama", data({"error": "model is loading"}), APIError, {"message": "model is loading"}),
    (
        "xAI",
        data({"code": "invalid_api_key", "error": "Incorrect key"}),
        AuthenticationError,
        {"message": "Incorrect key", "code": "invalid_api_key"},
    ),
    ("Mistral", data({"object": "error", "message": "m", "type": "x"}), APIError, {"message": "m", "type": "x"}),
    ("Mistral, of FastAPI", data({"detail": [{"msg": "m"}]}), APIError, {"message": "m"}),
    (
        "Cerebras",
        data({"message": "slow", "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}),
        RateLimitError,
        {"message": "slow", "code": "rate_limit_exceeded"},
    ),
    ("an error in a shape of its own", b'event: error\ndata: {"status": 500}\n\n', APIError, {"code": None}),
    ("an error that is no JSON", b"event: error\ndata: out of order\n\n", APIError, {"body": "out of order"}),
    ("an error that is a text", b'event: error\ndata: "out of order"\n\n', APIError, {"body": "out of order"}),
]


@pytest.mark.parametrize(("body", "error", "fields"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
@pytest.mark.parametrize("begun", [False, True], ids=["first", "after deltas"])
def test_errors_in_the_stream(body: bytes, error: type[APIError], fields: dict[str, Any], begun: bool) -> None:
    if begun and body.startswith(b"{"):
        body = data(json.loads(body))  # bare JSON after events is not looked for
    before = data(chunk(choice(content="so far"))) if begun else b""
    for pieces in ([before, body], [before + body], [bytes([byte]) for byte in before + body]):
        reading = read(pieces, headers={"content-type": "text/event-stream", "x-request-id": "req_1"})
        assert type(reading.error) is error
        assert {name: getattr(reading.error, name) for name in fields} == fields
        assert (reading.error.provider, reading.error.request_id) == ("openai", "req_1")
        assert reading.error.partial is not None
        assert reading.error.partial.text == ("so far" if begun else "")
        assert not reading.error.partial.complete


def test_events_of_the_chunk_with_the_error_are_kept() -> None:
    reading = read([data({**chunk(choice("length", content="all"), usage=COUNTS), "error": {"message": "m"}}), DONE])
    assert [type(event) for event in reading.events[:-1]] == [Start, TextDelta, UsageUpdate]
    assert isinstance(reading.error, APIError)
    assert reading.error.partial is not None
    assert reading.error.partial.text == "all"
    assert reading.error.partial.finish_reason == "length"
    assert reading.error.partial.usage.raw == COUNTS


def test_events_of_an_event_that_calls_itself_an_error_are_kept() -> None:
    body = {**chunk(choice(content="all")), "error": {"message": "m"}}
    reading = read([b"event: error\n" + data(body)])
    assert isinstance(reading.error, APIError)
    assert reading.error.message == "m"
    assert reading.response.text == "all"


@pytest.mark.parametrize(
    ("last", "error", "message"),
    [
        (chunk({**choice("error"), "error": {"code": 502, "message": "upstream"}}), ServerError, "upstream"),
        (chunk(choice("stop"), x_groq={"id": "req_1", "error": "over_capacity"}), APIError, "over_capacity"),
    ],
    ids=["in a choice", "under x_groq"],
)
def test_errors_inside_of_a_chunk(last: dict[str, Any], error: type[APIError], message: str) -> None:
    """https://openrouter.ai/docs/api-reference/overview and Groq's reason for an early end,
    https://github.com/groq/groq-python/blob/main/src/groq/types/chat/chat_completion_chunk.py"""
    reading = stream(chunk(choice(content="so far")), last)
    assert type(reading.error) is error
    assert reading.error.message == message
    assert reading.response.text == "so far"
    assert reading.response.finish_reason == last["choices"][0]["finish_reason"]


def test_an_error_in_a_choice_of_a_whole_answer() -> None:
    failed = {"index": 0, "finish_reason": "error", "message": {"content": ""}, "error": {"code": 502, "message": "m"}}
    reading = read([dumped({"id": "r-1", "choices": [failed]})], headers=JSON)
    assert isinstance(reading.error, ServerError)


@pytest.mark.parametrize("nothing", [None, {}, "", [], False])
def test_an_error_that_is_nothing_is_none(nothing: Any) -> None:
    last = {**choice("stop", content="x"), "error": nothing}
    assert stream({**chunk(last, x_groq={"error": nothing}), "error": nothing}).done.response.text == "x"


# -- answers of the wrong kind -----------------------------------------------------------------------------------------

NO_CHUNKS: list[tuple[Any, str]] = [
    (b"{", "not JSON: Expecting property name enclosed in double quotes at character 1 of 1"),
    (b"NaN", "not JSON: NaN is not JSON"),
    (b"[" * 100_000, "JSON nested too deeply"),
    ([], "expected a JSON object, got list"),
    (None, "expected a JSON object, got null"),
    (1, "expected a JSON object, got int"),
]
STRANGERS: list[tuple[dict[str, Any], str]] = [
    ({}, "no Chat Completions answer: it has neither `choices` nor `error`, but nothing"),
    ({"error": {}}, "no Chat Completions answer: it has neither `choices` nor `error`, but 'error'"),
    (
        {"model": "llama", "done": True, "response": "hi"},
        "no Chat Completions answer: it has neither `choices` nor `error`, but 'done', 'model', 'response'",
    ),
]


@pytest.mark.parametrize(("payload", "message"), STRANGERS, ids=[message for _, message in STRANGERS])
def test_an_object_of_a_new_kind(payload: dict[str, Any], message: str) -> None:
    """It is kept, unless all there is are such objects: then another provider answers."""
    hello, end, new = data(chunk(choice(content="hi"))), data(chunk(choice("stop"))), data(payload)
    for pieces in ([hello, new, new, new, end], [new, hello, end], [new, new, hello, end, new]):
        reading = read([*pieces, DONE])
        assert reading.done.response.text == "hi"
        assert [event.raw for event in reading.of(Unknown)] == [payload] * pieces.count(new)
    for pieces in ([new, DONE], [new, new, DONE], [new, new, new, hello, end, DONE]):
        error = read(pieces).error
        assert isinstance(error, DecodeError)
        assert error.message == message
    assert isinstance(read([dumped(payload)], headers=JSON).error, DecodeError)


def test_another_provider_s_stream() -> None:
    """Anthropic's at the address, say: its first event has a `message`, and tells of no error all the same."""
    kinds: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
        {"type": "message_stop"},
    ]
    error = read([f"event: {kind['type']}\n".encode() + data(kind) for kind in kinds]).error
    assert isinstance(error, DecodeError)
    assert error.message == "no Chat Completions answer: it has neither `choices` nor `error`, but 'message', 'type'"


@pytest.mark.parametrize(("payload", "message"), NO_CHUNKS, ids=[message for _, message in NO_CHUNKS])
def test_what_is_no_chunk(payload: Any, message: str) -> None:
    reading = read([data(chunk(choice(content="so far"))), data(payload)])
    assert isinstance(reading.error, DecodeError)
    assert reading.error.message == message
    assert reading.response.text == "so far"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"choices": {}}, "choices: expected an array, got dict"),
        ({"choices": [[]]}, "choices[0]: expected an object, got list"),
        ({"choices": [{}, None]}, "choices[1]: expected an object, got null"),
        ({"id": 5}, "id: expected a string, got int"),
        ({"model": ["m"]}, "model: expected a string, got list"),
        ({"usage": []}, "usage: expected an object, got list"),
        ({"usage": "5"}, "usage: expected an object, got str"),
        ({"usage": {"prompt_tokens": "5"}}, "usage.prompt_tokens: expected a number, got str"),
        ({"usage": {"total_tokens": True}}, "usage.total_tokens: expected a number, got bool"),
        ({"x_groq": {"usage": 1}}, "usage: expected an object, got int"),
    ],
)
def test_wrong_types_at_the_top(wrong: dict[str, Any], path: str) -> None:
    reading = stream({**chunk(choice(content="x")), **wrong})
    assert isinstance(reading.error, DecodeError)
    assert reading.error.message == path


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"delta": "text"}, "choices[0].delta: expected an object, got str"),
        ({"delta": [1]}, "choices[0].delta: expected an object, got list"),
        ({"finish_reason": 1}, "choices[0].finish_reason: expected a string, got int"),
        ({"delta": {"content": 1}}, "delta.content: expected an array, got int"),
        ({"delta": {"content": [1]}}, "delta.content[]: expected an object, got int"),
        ({"delta": {"content": [{"type": "text", "text": 1}]}}, "delta.content[].text: expected a string, got int"),
        (
            {"delta": {"content": [{"type": "thinking", "thinking": [{"text": 1}]}]}},
            "delta.content[].thinking[].text: expected a string, got int",
        ),
        ({"delta": {"refusal": {}, "reasoning": {"a": 1}}}, "delta.reasoning: expected a string, got dict"),
        ({"delta": {"reasoning_content": 1}}, "delta.reasoning: expected a string, got int"),
        (
            {"delta": {"reasoning_details": [{"text": None, "summary": ["x"]}]}},
            "delta.reasoning_details[].summary: expected a string, got list",
        ),
        ({"delta": {"refusal": ["x"]}}, "delta.refusal: expected a string, got list"),
        ({"delta": {"tool_calls": {"a": 1}}}, "delta.tool_calls: expected an array, got dict"),
        ({"delta": {"tool_calls": ["x"]}}, "delta.tool_calls[]: expected an object, got str"),
        ({"delta": {"tool_calls": [{"function": "f"}]}}, "delta.tool_calls[].function: expected an object, got str"),
        ({"delta": {"tool_calls": [{"id": 1}]}}, "delta.tool_calls[].id: expected a string, got int"),
        (
            {"delta": {"tool_calls": [{"function": {"name": {}}}]}},
            "delta.tool_calls[].function.name: expected a string, got dict",
        ),
        (
            {"delta": {"tool_calls": [{"function": {"arguments": [1]}}]}},
            "delta.tool_calls[].function.arguments: expected a string, got list",
        ),
        ({"delta": {"function_call": "f"}}, "delta.function_call: expected an object, got str"),
        ({"delta": {"audio": "x"}}, "delta.audio: expected an object, got str"),
        ({"delta": {"audio": {"data": "?"}}}, "delta.audio.data is not Base64"),
    ],
)
def test_wrong_types_in_a_choice(wrong: dict[str, Any], path: str) -> None:
    reading = stream(chunk(choice(content="so far")), chunk({**choice(), **wrong}))
    assert isinstance(reading.error, DecodeError)
    assert reading.error.message.startswith(path)
    assert reading.response.text == "so far"


# -- every field in turn -----------------------------------------------------------------------------------------------

FULL = [
    chunk(
        {
            **choice(
                role="assistant",
                content="text",
                refusal="no",
                reasoning_content="hm",
                reasoning_details=[{"type": "reasoning.text", "text": "hm", "signature": "s"}],
                annotations=[{"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 1}}],
                audio={"id": "a", "data": "AAEC", "transcript": "x", "expires_at": 1},
                tool_calls=[
                    {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"index": 1, "id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}},
                ],
                function_call={"name": "f", "arguments": "{}"},
                novel={"a": 1},
            ),
            "logprobs": {"content": [], "refusal": None},
        },
        created=1,
        service_tier="default",
        system_fingerprint="fp",
        x_groq={"id": "x", "usage": COUNTS},
    ),
    chunk({**choice(content=[{"type": "text", "text": "x"}, {"type": "thinking", "thinking": [{"text": "y"}]}])}),
    chunk(choice("stop")),
    chunk(
        usage={
            **COUNTS,
            "prompt_tokens_details": {"cached_tokens": 1},
            "completion_tokens_details": {"reasoning_tokens": 1},
        }
    ),
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside of `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def changed(path: tuple[Any, ...], value: Any) -> list[Any]:
    chunks: Any = copy.deepcopy(FULL)
    place = chunks
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return list(chunks)


# What is kept as the provider sent it, nulls included.
_RAW = {"reasoning_details", "annotations", "novel", "logprobs", "x_groq", "usage"}


@pytest.mark.parametrize("path", [path for path in paths(FULL) if isinstance(path[-1], str)], ids=str)
def test_null_anywhere_is_as_good_as_nothing(path: tuple[Any, ...]) -> None:
    chunks = changed(path, None)
    with_null = stream(*chunks)
    place: Any = chunks
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    without = stream(*chunks)
    assert with_null.error is without.error is None
    if not _RAW & set(path[:-1]) and path[-3:-1] != ("content", 0) and path[-3:-1] != ("content", 1):
        assert with_null.events == without.events


@pytest.mark.parametrize("value", [0, 1.5, True, "text", "", [], [1], {}, {"a": 1}, "[DONE]", 1e999], ids=repr)
def test_anything_anywhere_gives_an_answer_or_one_of_our_errors(value: Any) -> None:
    for path in paths(FULL):
        chunks = changed(path, value)
        assert isinstance(stream(*chunks).error, (DecodeError, APIError, type(None))), path
        if "delta" in path[:-1] and path[0] == 0:
            message = chunks[0]["choices"][0]["delta"]
            assert isinstance(whole(message).error, (DecodeError, type(None))), path


# -- streamed and whole ------------------------------------------------------------------------------------------------

AUDIO = base64.b64encode(b"\0\1\2\3\4\5").decode()
WHOLE_AND_STREAMED: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "text": ({"content": "Hello"}, [{"content": "Hel"}, {"content": "lo"}]),
    "everything, in another order": (
        {
            "content": "Hello",
            "refusal": "no",
            "reasoning_content": "hm, hm",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
            "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
        },
        [
            {"role": "assistant", "content": ""},
            {"annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}]},
            call("", index=0, id="c", type="function", name="f"),
            {"refusal": "n"},
            {"content": "Hel", "reasoning_content": "hm"},
            call('{"a"', index=0),
            {"reasoning_content": ", hm"},
            {"refusal": "o"},
            {"content": "lo"},
            call(":1}", index=0),
        ],
    ),
    "reasoning details": (
        {
            "reasoning": "hm, hm: thought",
            "reasoning_details": [
                {"type": "reasoning.text", "text": "hm, hm", "signature": "s", "format": "f", "index": 0},
                {"type": "reasoning.summary", "summary": ": thought", "index": 1},
                {"type": "reasoning.encrypted", "data": "x", "index": 1},
                {"type": "reasoning.encrypted", "data": "y", "index": 1},
            ],
        },
        [
            {
                "reasoning": "hm",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "hm", "signature": None, "format": "f", "index": 0}
                ],
            },
            {"reasoning": ", hm", "reasoning_details": [{"type": "reasoning.text", "text": ", hm", "index": 0}]},
            {"reasoning_details": [{"type": "reasoning.text", "signature": "s", "index": 0}]},
            {"reasoning_details": [{"type": "reasoning.summary", "summary": ": tho", "index": 1}]},
            {
                "reasoning_details": [
                    {"type": "reasoning.summary", "summary": "ught", "index": 1},
                    {"type": "reasoning.encrypted", "data": "x", "index": 1},
                ]
            },
            {"reasoning_details": [{"type": "reasoning.encrypted", "data": "y", "index": 1}]},
        ],
    ),
    "sound": (
        {"content": None, "audio": {"id": "a", "data": AUDIO, "transcript": "Hello", "expires_at": 1}},
        [
            {"audio": {"id": "a", "transcript": "Hel"}},
            {"audio": {"data": AUDIO[:4], "transcript": "lo"}},
            {"audio": {"data": AUDIO[4:]}},
            {"audio": {"expires_at": 1}},
        ],
    ),
    "unknown fields": (
        {"content": "x", "tone": "warm", "mood": 1, "steps": [1, 2], "sheet": {"a": 1}},
        [{"content": "x", "tone": "warm"}, {"steps": [1]}, {"steps": [2], "mood": 1}, {"sheet": {"a": 1}}],
    ),
    "content as a list": (
        {
            "content": [
                {"type": "thinking", "thinking": [{"text": "hm"}]},
                {"type": "text", "text": "Hello"},
                {"type": "x"},
            ]
        },
        [
            {"content": [{"type": "thinking", "thinking": [{"text": "h"}]}]},
            {"content": [{"type": "thinking", "thinking": [{"text": "m"}]}, {"type": "text", "text": "Hel"}]},
            {"content": [{"type": "x"}]},
            {"content": "lo"},
        ],
    ),
    "an old function call": (
        {"function_call": {"name": "f", "arguments": "{}"}},
        [{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}],
    ),
    "a custom tool": (
        {"tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "calc", "input": "1+1"}}]},
        [
            {"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "calc", "input": ""}}]},
            {"tool_calls": [{"index": 0, "custom": {"input": "1+1"}}]},
        ],
    ),
}


@pytest.mark.parametrize("case", WHOLE_AND_STREAMED)
def test_a_streamed_answer_equals_the_whole_one(case: str) -> None:
    message, pieces = WHOLE_AND_STREAMED[case]
    entire = whole(message, usage=COUNTS, system_fingerprint="fp").done.response
    streamed = stream(
        *(chunk(choice(**piece), system_fingerprint="fp") for piece in pieces),
        chunk(choice("stop"), system_fingerprint="fp"),
        chunk(usage=COUNTS, system_fingerprint="fp"),
    ).done.response
    assert streamed == entire
    assert repr(streamed) == repr(entire)


def test_content_comes_in_the_order_of_a_whole_answer() -> None:
    message, _ = WHOLE_AND_STREAMED["everything, in another order"]
    assert [part.type for part in whole(message).message.content] == ["reasoning", "text", "refusal", "citation"]


def test_a_whole_answer_ends_without_a_marker() -> None:
    body = json.dumps({**chunk(), "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}).encode()
    for options in ({"stream": True}, {"stream": False}):
        assert read([body], headers=JSON, **options).done.response.text == "x"


# -- noise changes nothing ---------------------------------------------------------------------------------------------

NOISE = [
    b": comment\n\n",
    b": PROCESSING\n",
    b"\n\n\n",
    b"event: ping\n\n",
    b"id: 5\nretry: 10\n\n",
    b"unknown: field\n",
    data({**chunk(), "novel": 1}),
    data({**chunk(choice(novel="x"))}),
    data({"id": "r-1", "object": "other"}),
    data({"choices": None, "id": None}),
    data({**chunk({**choice(), "novel": {}}), "usage": None}),
]


@pytest.mark.parametrize("seed", range(40))
def test_noise_anywhere_changes_nothing_else(seed: int) -> None:
    draw = random.Random(seed)
    _, pieces = WHOLE_AND_STREAMED["everything, in another order"]
    frames = [data(chunk(choice(**piece))) for piece in pieces] + [data(chunk(choice("stop"))), DONE]
    noisy = list(frames)
    for _ in range(draw.randrange(1, 12)):
        noisy.insert(draw.randrange(1, len(noisy)), draw.choice(NOISE))
    clean, reading = read(frames), read([b"".join(noisy)])
    assert [e for e in reading.events[:-1] if e.type != "unknown"] == clean.events[:-1]
    assert reading.message == clean.message
    assert reading.done.finish_reason == clean.done.finish_reason


# -- other answers than what was asked for -----------------------------------------------------------------------------

FOREIGN: dict[str, Any] = {
    "anthropic": {"id": "msg_1", "type": "message", "content": [{"type": "text", "text": "hi"}], "usage": {}},
    "responses": {"id": "resp_1", "object": "response", "status": "in_progress", "output": []},
    "batch": {"id": "batch_1", "status": "failed", "errors": []},
    "cohere": {"id": "c", "message": {"content": [{"text": "hi"}]}, "finish_reason": "COMPLETE"},
    "nothing": {"choices": None},
    "no choice": {"id": "r-1", "choices": []},
    "an empty choice": {"id": "r-1", "choices": [{"index": 0, "finish_reason": "stop"}]},
}


@pytest.mark.parametrize("case", FOREIGN)
@pytest.mark.parametrize("stream", [True, False])
def test_another_kind_of_answer_is_no_empty_one(case: str, stream: bool) -> None:
    found = read([dumped(FOREIGN[case])], headers=JSON, stream=stream)
    assert isinstance(found.error, DecodeError)
    assert "no Chat Completions answer" in found.error.message


def test_a_chunk_where_the_whole_was_asked_for_and_the_other_way_round() -> None:
    chunked = {"id": "r-1", "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]}
    assert read([dumped(chunked)], headers=JSON, stream=False).done.response.text == "hi"
    message = {"id": "r-1", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    assert read([data(message), DONE]).done.response.text == "hi"
    legacy = {"id": "r-1", "choices": [{"index": 0, "text": "hi", "finish_reason": "stop"}]}
    assert read([dumped(legacy)], headers=JSON, stream=False).done.response.text == "hi"
    assert read([data(legacy), DONE]).done.response.text == "hi"


def test_who_answers_may_be_told_late() -> None:
    first = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
    later = {"id": "r-1", "model": "m-1", "choices": [{"index": 0, "delta": {"content": "b"}}]}
    found = read([data(first), data(later), data(later), DONE])
    assert (found.response.id, found.response.model) == ("r-1", "m-1")
    assert [event.raw for event in found.of(Unknown)] == [{"id": "r-1", "model": "m-1"}]


def test_a_second_reasoning_that_differs_is_kept() -> None:
    found = read([data(chunk(choice(reasoning_content="a", reasoning="b"))), DONE])
    assert found.message.reasoning == "a"
    assert found.response.choices[0].extra == {"delta": {"reasoning": "b"}}


def test_a_thinking_part_keeps_its_signature() -> None:
    part = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "SIG"}
    found = read([data(chunk(choice(content=[part]))), DONE])
    assert found.message.content == (ReasoningContent("hm", "SIG"),)


def test_a_name_in_pieces() -> None:
    pieces = [{"index": 0, "id": "c", "function": {"name": "get_"}}, {"index": 0, "function": {"name": "weather"}}]
    found = read([*(data(chunk(choice(tool_calls=[piece]))) for piece in pieces), DONE])
    assert [call.name for call in found.message.tool_calls] == ["get_weather"]


def test_two_whole_calls_of_one_id_are_two() -> None:
    call = {"id": "c", "function": {"name": "a", "arguments": "{}"}}
    other = {"id": "c", "function": {"name": "b", "arguments": '{"x": 1}'}}
    found = read([data(chunk(choice(tool_calls=[call, other]))), DONE])
    assert [(call.name, call.arguments) for call in found.message.tool_calls] == [("a", "{}"), ("b", '{"x": 1}')]


def test_what_comes_with_a_call_in_pieces_is_put_together() -> None:
    pieces = [
        {"index": 0, "id": "c", "function": {"name": "a", "arguments": "{}", "x": 1}},
        {"index": 0, "function": {"y": 2}},
    ]
    found = read([*(data(chunk(choice(tool_calls=[piece]))) for piece in pieces), DONE])
    assert found.message.tool_calls[0].extra == {"function": {"x": 1, "y": 2}}


def test_an_unknown_object_in_pieces_is_one_part() -> None:
    pieces = [{"google": {"a": 1}}, {"google": {"b": 2}}]
    found = read([*(data(chunk(choice(extra_content=piece))) for piece in pieces), DONE])
    whole = {"type": "extra_content", "extra_content": {"google": {"a": 1, "b": 2}}}
    assert found.message.content == (UnknownContent(whole),)


@pytest.mark.parametrize("number", [10**400, 1e999, 2**63])
def test_a_number_that_cannot_be_one_of_tokens(number: float) -> None:
    body = b'data: {"id": "r", "choices": [], "usage": {"prompt_tokens": %s}}\n\n' % str(number).encode()
    found = read([body.replace(b"inf", b"1e999"), DONE])
    assert isinstance(found.error, DecodeError)
