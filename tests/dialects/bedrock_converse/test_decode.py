"""Converse, from frames to events: what recordings do not show, or not clearly enough."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from duologue import errors
from duologue._dialects.bedrock_converse.parts import FINISH_REASONS
from duologue.errors import APIError, DecodeError, ProtocolError, StreamTruncated
from duologue.events import (
    ContentDelta,
    Done,
    ReasoningDelta,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import (
    FINISH_REASON_VALUES,
    AudioContent,
    CitationContent,
    ImageContent,
    ReasoningContent,
    TextContent,
    ToolCall,
    UnknownContent,
    Usage,
)
from tests.dialects.bedrock_converse.wire import (
    METADATA,
    STOP,
    USAGE,
    delta,
    deltas,
    event,
    exception,
    message,
    read_body,
    read_parts,
    read_stream,
    start,
    stop,
    whole,
)
from tests.dialects.reading import JSON, read

START = ("messageStart", {"role": "assistant", "p": "abc"})
HI = delta(0, text="hi")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# -- a whole answer is what its stream is ------------------------------------------------------------------------------

NOTE = {"title": "t", "sourceContent": [{"text": "s"}], "location": {"documentChar": {"start": 0, "end": 1}}}
WEB = {"location": {"web": {"url": "https://a", "domain": "a"}}}
SERVER = {"toolUseId": "s1", "name": "nova_grounding", "type": "server_tool_use"}
RESULT = {"toolUseId": "s1", "type": "nova_grounding_result", "status": "success"}
PAIRS: dict[str, tuple[list[tuple[str, Any]], list[Any]]] = {
    "text": ([delta(0, text="a"), delta(0, text="b"), stop(0)], [{"text": "ab"}]),
    "two texts": ([delta(0, text="a"), stop(0), delta(1, text="b"), stop(1)], [{"text": "a"}, {"text": "b"}]),
    "empty text": ([delta(0, text=""), stop(0)], [{"text": ""}]),
    "thoughts": (
        [
            delta(0, reasoningContent={"text": "h"}),
            delta(0, reasoningContent={"text": "m"}),
            delta(0, reasoningContent={"signature": "s"}),
            delta(0, reasoningContent={"signature": "t"}),
            stop(0),
            delta(1, text="a"),
        ],
        [{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "st"}}}, {"text": "a"}],
    ),
    "a signature alone": (
        [delta(0, reasoningContent={"signature": "s"}), stop(0)],
        [{"reasoningContent": {"reasoningText": {"text": "", "signature": "s"}}}],
    ),
    "redacted": (
        [delta(0, reasoningContent={"redactedContent": b64(b"x")}), stop(0)],
        [{"reasoningContent": {"redactedContent": b64(b"x")}}],
    ),
    "redacted in pieces": (
        [
            delta(0, reasoningContent={"redactedContent": b64(b"x")}),
            delta(0, reasoningContent={"redactedContent": b64(b"yz")}),
            stop(0),
        ],
        [{"reasoningContent": {"redactedContent": b64(b"xyz")}}],
    ),
    "other thoughts": (
        [delta(0, reasoningContent={"novel": 1}), stop(0)],
        [{"reasoningContent": {"novel": 1}}],
    ),
    "calls": (
        [
            start(0, toolUse={"toolUseId": "c", "name": "f", "type": "tool_use"}),
            delta(0, toolUse={"input": ""}),
            delta(0, toolUse={"input": '{"a"'}),
            delta(0, toolUse={"input": ": 1}"}),
            stop(0),
            start(1, toolUse={"toolUseId": "d", "name": "g", "novel": 1, "nothing": None}),
            delta(1, toolUse={"input": ""}),
            stop(1),
        ],
        [
            {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
            {"toolUse": {"toolUseId": "d", "name": "g", "input": {}, "novel": 1}},
        ],
    ),
    "a call without arguments": (
        [start(0, toolUse={"toolUseId": "c", "name": "f"})],
        [{"toolUse": {"toolUseId": "c", "name": "f"}}],
    ),
    "content after calls": (
        [
            delta(0, text="Wait"),
            stop(0),
            start(1, toolUse={"toolUseId": "c", "name": "f"}),
            delta(1, toolUse={"input": "{}"}),
            stop(1),
            delta(2, reasoningContent={"text": "hm", "signature": "s"}),
            stop(2),
            delta(3, text="Now"),
            delta(3, citation=WEB),
            stop(3),
            start(4, toolUse={"toolUseId": "d", "name": "g"}),
            start(5, toolUse={"toolUseId": "e", "name": "g"}),
            delta(5, toolUse={"input": "{}"}),
            stop(5),
            delta(6, novel={"a": 1}),
            stop(6),
            start(7, toolUse={"toolUseId": "f", "name": "f"}),
        ],
        [
            {"text": "Wait"},
            {"toolUse": {"toolUseId": "c", "name": "f", "input": {}}},
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
            {"citationsContent": {"content": [{"text": "Now"}], "citations": [WEB]}},
            {"toolUse": {"toolUseId": "d", "name": "g", "input": {}}},
            {"toolUse": {"toolUseId": "e", "name": "g", "input": {}}},
            {"novel": {"a": 1}},
            {"toolUse": {"toolUseId": "f", "name": "f", "input": {}}},
        ],
    ),
    "a call first": (
        [start(0, toolUse={"toolUseId": "c", "name": "f"}), delta(1, text="Done.")],
        [{"toolUse": {"toolUseId": "c", "name": "f", "input": {}}}, {"text": "Done."}],
    ),
    "server-side tools": (
        [
            start(0, toolUse=SERVER),
            delta(0, toolUse={"input": '{"q":'}),
            delta(0, toolUse={"input": ' "x"}'}),
            stop(0),
            start(1, toolResult=RESULT),
            delta(1, toolResult=[{"text": "y"}]),
            delta(1, toolResult=[{"json": {"z": 1}}]),
            stop(1),
        ],
        [
            {"toolUse": {**SERVER, "input": {"q": "x"}}},
            {"toolResult": {**RESULT, "content": [{"text": "y"}, {"json": {"z": 1}}]}},
        ],
    ),
    "a server-side tool without arguments": ([start(0, toolUse=SERVER), stop(0)], [{"toolUse": SERVER}]),
    "citations": (
        [
            delta(0, text="See "),
            stop(0),
            delta(1, citation=NOTE),
            delta(1, text="th"),
            delta(1, citation=WEB),
            delta(1, text="is"),
            stop(1),
        ],
        [{"text": "See "}, {"citationsContent": {"content": [{"text": "this"}], "citations": [NOTE, WEB]}}],
    ),
    "citations apart": (
        [delta(0, text="this"), stop(0), delta(1, citation=WEB), stop(1), delta(2, text=".")],
        [{"text": "this"}, {"citationsContent": {"citations": [WEB]}}, {"text": "."}],
    ),
    "an image": (
        [
            start(0, image={"format": "jpeg"}),
            delta(0, image={"source": {"bytes": b64(b"a")}}),
            delta(0, image={"source": {"bytes": b64(b"bc")}}),
            stop(0),
        ],
        [{"image": {"format": "jpeg", "source": {"bytes": b64(b"abc")}}}],
    ),
    "sound": (
        [start(0, audio={"format": "mp3"}), delta(0, audio={"source": {"s3Location": {"uri": "s3://b/k"}}}), stop(0)],
        [{"audio": {"format": "mp3", "source": {"s3Location": {"uri": "s3://b/k"}}}}],
    ),
    "an error for an image": (
        [start(0, image={"format": "png"}), delta(0, image={"source": None, "error": {"message": "m"}}), stop(0)],
        [{"image": {"format": "png", "error": {"message": "m"}}}],
    ),
    "an image of another owner": (
        [delta(0, image={"format": "png", "source": {"s3Location": {"uri": "s3://b/k", "bucketOwner": "1"}}})],
        [{"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k", "bucketOwner": "1"}}}}],
    ),
    "an image that broke off": (
        [delta(0, image={"source": {"bytes": b64(b"a")}}), delta(0, image={"error": {"message": "m"}}), stop(0)],
        [{"image": {"source": {"bytes": b64(b"a")}, "error": {"message": "m"}}}],
    ),
    "something new": ([delta(0, novel={"a": 1}, nothing=None), stop(0)], [{"novel": {"a": 1}, "nothing": None}]),
    "something new in a call": (
        [
            start(0, toolUse=SERVER),
            delta(0, toolUse={"input": "{}", "novel": 1}),
            delta(0, toolUse={"input": None}),
            start(1, toolUse={"toolUseId": "c", "name": "f"}),
            delta(1, toolUse={"input": "{}", "novel": 1, "nothing": None}),
        ],
        [
            {"toolUse": {**SERVER, "input": {}, "novel": 1}},
            {"toolUse": {"toolUseId": "c", "name": "f", "input": {}, "novel": 1}},
        ],
    ),
}


@pytest.mark.parametrize(("pieces", "content"), PAIRS.values(), ids=PAIRS)
def test_a_stream_builds_the_whole_answer(pieces: list[tuple[str, Any]], content: list[Any]) -> None:
    streamed, answered = deltas(*pieces), whole(*content)
    assert streamed.response == answered.response
    assert streamed.response.complete
    assert streamed.done.usage.total_tokens == 5


PARTS: list[tuple[str, list[Any]]] = [
    ("two texts", [TextContent("a"), TextContent("b")]),
    ("empty text", []),
    ("thoughts", [ReasoningContent("hm", "st"), TextContent("a")]),
    ("a signature alone", [ReasoningContent("", "s")]),
    (
        "redacted in pieces",
        [UnknownContent({"type": "redactedContent", "reasoningContent": {"redactedContent": "eHl6"}})],
    ),
    ("other thoughts", [UnknownContent({"type": "reasoningContent", "reasoningContent": {"novel": 1}})]),
    (
        "server-side tools",
        [
            UnknownContent({"type": "server_tool_use", "toolUse": {**SERVER, "input": {"q": "x"}}}),
            UnknownContent(
                {"type": "toolResult", "toolResult": {**RESULT, "content": [{"text": "y"}, {"json": {"z": 1}}]}}
            ),
        ],
    ),
    (
        "a server-side tool without arguments",
        [UnknownContent({"type": "server_tool_use", "toolUse": {**SERVER, "input": {}}})],
    ),
    (
        "citations",
        [
            TextContent("See "),
            TextContent("this"),
            CitationContent(title="t", text="s", start=4, end=8, raw=NOTE),
            CitationContent(url="https://a", start=4, end=8, raw=WEB),
        ],
    ),
    ("citations apart", [TextContent("this"), CitationContent(url="https://a", raw=WEB), TextContent(".")]),
    ("an image", [ImageContent(data=b"abc", media_type="image/jpeg")]),
    ("sound", [AudioContent(url="s3://b/k", media_type="audio/mpeg")]),
    (
        "an error for an image",
        [UnknownContent({"type": "image", "image": {"format": "png", "error": {"message": "m"}}})],
    ),
    ("something new", [UnknownContent({"type": "novel", "novel": {"a": 1}})]),
]


@pytest.mark.parametrize(("name", "parts"), PARTS, ids=[name for name, _ in PARTS])
def test_parts(name: str, parts: list[Any]) -> None:
    assert list(read_parts(deltas(*PAIRS[name][0]))) == parts


def test_calls() -> None:
    assert deltas(*PAIRS["calls"][0]).message.tool_calls == (
        ToolCall("c", "f", '{"a": 1}'),
        ToolCall("d", "g", "{}", extra={"novel": 1}),
    )


def test_only_calls_that_content_follows_are_told_their_place() -> None:
    calls = deltas(*PAIRS["content after calls"][0]).message.tool_calls
    assert [call.extra.get("parts_before") for call in calls] == [1, 4, 4, None]


def test_what_waits_for_the_end_of_its_block_keeps_its_place() -> None:
    """No block says that it is over, so the end of the message does: what came last is not what stands last."""
    redacted = {"reasoningContent": {"redactedContent": b64(b"x")}}
    reading = deltas(delta(0, **redacted), start(1, toolUse={"toolUseId": "c", "name": "f"}), delta(2, text="a"))
    assert [call.extra for call in reading.message.tool_calls] == [{"parts_before": 1}]
    last = deltas(delta(0, **redacted), start(1, toolUse={"toolUseId": "c", "name": "f"}))
    assert [call.extra for call in last.message.tool_calls] == [{}]


@pytest.mark.parametrize(
    ("pieces", "parts"),
    [
        ([delta(0, audio={"format": "mp3"}), stop(0), delta(0, audio={"source": {"bytes": b64(b"a")}}), stop(0)], 1),
        ([delta(0, novel=[1]), delta(0, novel=[2])], 1),
        ([delta(0, novel=[1]), delta(0, novel={"a": 2}), delta(0, novel=3), delta(0, novel=4)], 4),
        ([delta(0, citation=WEB), delta(0, citation=WEB)], 2),
        ([delta(0, text="a"), delta(0, reasoningContent={"text": "b"}), delta(0, text="c")], 2),
    ],
)
def test_places_count_parts_and_not_their_pieces(pieces: list[tuple[str, Any]], parts: int) -> None:
    reading = deltas(*pieces, start(1, toolUse={"toolUseId": "c", "name": "f"}), delta(2, text="z"))
    assert len(reading.message.content) == parts + 1
    assert [call.extra for call in reading.message.tool_calls] == [{"parts_before": parts}]


def test_the_fixtures_that_name_the_kind_beside_it() -> None:
    assert whole({"type": "text", "text": "a"}).message.content == (TextContent("a"),)


# -- events ------------------------------------------------------------------------------------------------------------


def test_the_events_of_a_stream() -> None:
    reading = deltas(HI, stop(0), start(1, toolUse={"toolUseId": "c", "name": "f"}), delta(1, toolUse={"input": "{}"}))
    usage = Usage(3, 2, 5, source="reported", raw=USAGE)
    assert reading.events == [
        Start(provider="bedrock"),
        TextDelta("hi"),
        ToolCallDelta(0, "c", "f"),
        ToolCallDelta(0, arguments="{}"),
        UsageUpdate(usage),
        Unknown({"metrics": {"latencyMs": 7}}),
        Done("tool_calls", usage, reading.response, "end_turn"),
    ]
    assert reading.response.extra == {"metrics": {"latencyMs": 7}}


def test_thoughts_come_as_they_are_thought() -> None:
    reading = deltas(*PAIRS["thoughts"][0])
    assert reading.of(ReasoningDelta) == [
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        ReasoningDelta("", signature="s"),
        ReasoningDelta("", signature="st"),
    ]


def test_what_the_start_says_besides_is_kept() -> None:
    reading = read_stream(("messageStart", {"role": "assistant", "novel": 1}), HI, STOP, METADATA)
    assert reading.events[0] == Start(provider="bedrock", extra={"novel": 1})


@pytest.mark.parametrize("first", [HI, STOP, METADATA])
def test_a_start_that_is_missing(first: tuple[str, Any]) -> None:
    reading = read_stream(first, STOP, METADATA)
    assert reading.of(Start) == [Start(provider="bedrock")]
    assert isinstance(reading.events[0], Start)


def test_a_second_start_is_one_too_many() -> None:
    assert len(read_stream(START, START, HI, STOP, METADATA).of(Start)) == 1


@pytest.mark.parametrize(
    ("word", "meaning"), [*FINISH_REASONS.items(), ("novel", "unknown"), (None, "unknown"), ("", "unknown")]
)
def test_finish_reasons(word: str | None, meaning: str) -> None:
    assert meaning in FINISH_REASON_VALUES
    for reading in (deltas(HI, stop_reason=word), whole({"text": "hi"}, stop_reason=word)):
        assert (reading.done.finish_reason, reading.done.raw_finish_reason) == (meaning, word or None)


def test_unknown_events_are_kept() -> None:
    text = event("memo", b"\x00 no JSON", **{":content-type": "application/octet-stream"})
    bare = event("ping", b"", **{":content-type": None})
    reading = read_stream(START, ("novel", {"a": [1]}), text, bare, HI, STOP, METADATA)
    assert reading.of(Unknown)[:3] == [
        Unknown({"novel": {"a": [1]}}),
        Unknown({"memo": "\x00 no JSON"}),
        Unknown({"ping": ""}),
    ]
    assert reading.message.text == "hi"


def test_what_else_the_end_says_is_kept() -> None:
    trace = {"guardrail": {"actionReason": "r"}}
    end = ("messageStop", {"stopReason": "end_turn", "additionalModelResponseFields": {"a": 1}, "p": "x"})
    metadata = ("metadata", {"usage": USAGE, "trace": trace, "serviceTier": {"type": "flex"}, "metrics": None})
    streamed = read_stream(START, HI, end, metadata).response
    assert streamed.extra == {
        "additionalModelResponseFields": {"a": 1},
        "trace": trace,
        "serviceTier": {"type": "flex"},
    }
    top: dict[str, Any] = {
        "additionalModelResponseFields": {"a": 1},
        "trace": trace,
        "serviceTier": {"type": "flex"},
        "metrics": None,
    }
    assert whole({"text": "hi"}, **top).response == streamed


def test_an_id_that_is_missing() -> None:
    reading = deltas(start(0, toolUse={"name": "f"}), stop(0), delta(1, toolUse={"input": "{}"}), stop(1))
    assert reading.message.tool_calls == (
        ToolCall("tooluse_0", "f", "{}", generated_id=True),
        ToolCall("tooluse_1", "", "{}", generated_id=True),
    )


def test_a_call_without_a_head() -> None:
    """Its pieces may have what the head would have said."""
    piece = {"toolUseId": "c", "name": "f", "type": "tool_use"}
    reading = deltas(
        delta(0, toolUse={**piece, "input": "[", "novel": [1]}),
        delta(0, toolUse={**piece, "input": "]"}),
        stop(0),
        delta(1, toolUse={**SERVER, "input": "1"}),
    )
    [call] = reading.message.tool_calls
    assert call == ToolCall("c", "f", "[]", extra={"novel": [1], "parts_before": 0})
    assert reading.message.content == (UnknownContent({"type": "server_tool_use", "toolUse": {**SERVER, "input": 1}}),)


def test_a_block_without_an_index_goes_on_with_the_last_one() -> None:
    reading = deltas(delta(2, text="a"), ("contentBlockDelta", {"delta": {"text": "b"}}), ("contentBlockDelta", {}))
    assert reading.message.content == (TextContent("ab"),)


def test_calls_that_share_an_index() -> None:
    """Another id is another call; the same one again is no news."""
    head = {"toolUseId": "c", "name": "f"}
    reading = deltas(
        start(0, toolUse=head),
        start(0, toolUse=head),
        delta(0, toolUse={"input": "[1]"}),
        start(0, toolUse={"toolUseId": "d", "name": "g"}),
        start(0, toolUse={"toolUseId": "e", "name": "h"}),
        start(0, toolUse=SERVER),
        delta(0, toolUse={"input": "1"}),
        start(0, toolUse={**SERVER, "toolUseId": "s2"}),
        delta(0, toolUse={"input": "2"}),
        start(0, toolResult=RESULT),
        delta(0, toolResult=[{"text": "x"}]),
        start(0, toolResult={"toolUseId": "s2"}),
    )
    assert reading.message.tool_calls == (ToolCall("c", "f", "[1]"), ToolCall("d", "g", "{}"), ToolCall("e", "h", "{}"))
    assert [part.raw["toolUse"] for part in list(read_parts(reading))[:2]] == [
        {**SERVER, "input": 1},
        {**SERVER, "toolUseId": "s2", "input": 2},
    ]
    assert [content.raw for content in (event.content for event in reading.of(ContentDelta))][2:] == [
        {"type": "toolResult", "toolResult": {**RESULT, "content": [{"text": "x"}]}},
        {"type": "toolResult", "toolResult": {"toolUseId": "s2", "content": []}},
    ]


def test_a_citation_of_a_block_that_nothing_ends() -> None:
    reading = deltas(delta(0, text="ab"), delta(0, citation=WEB), delta(1, text="cde"))
    assert reading.of(ContentDelta) == [ContentDelta(CitationContent(url="https://a", start=0, end=2, raw=WEB))]


def test_what_is_new_around_a_block_is_kept() -> None:
    frames = [
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {}, "newStart": 1, "p": "x"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hi"}, "newDelta": 2, "nothing": None}),
        ("contentBlockStop", {"contentBlockIndex": 0, "newStop": 3}),
    ]
    streamed = read_stream(START, *frames, STOP, ("metadata", {"usage": USAGE})).response
    assert streamed.extra == {"newStart": 1, "newDelta": 2, "newStop": 3}
    cited = {"content": [{"text": "hi"}], "newCited": 4}
    output = {"message": {"content": [{"citationsContent": cited}]}, "new": 5}
    reading = read_body({"output": output, "stopReason": "end_turn"})
    assert reading.response.extra == {"new": 5}
    assert reading.message.content == (
        TextContent("hi"),
        UnknownContent({"type": "citationsContent", "citationsContent": {"newCited": 4}}),
    )


def test_a_result_without_a_head() -> None:
    reading = deltas(delta(0, toolResult=[{"text": "x"}]), stop(0))
    assert reading.message.content == (
        UnknownContent({"type": "toolResult", "toolResult": {"content": [{"text": "x"}]}}),
    )


def test_a_server_side_tool_whose_arguments_are_cut_short() -> None:
    reading = deltas(start(0, toolUse=SERVER), delta(0, toolUse={"input": '{"q'}))
    assert reading.message.content == (
        UnknownContent({"type": "server_tool_use", "toolUse": {**SERVER, "input": '{"q'}}),
    )


def test_a_format_that_is_not_known() -> None:
    reading = whole({"image": {"format": "tiff", "source": {"bytes": b64(b"x")}}}, {"image": {"source": None}})
    assert reading.message.content == (ImageContent(data=b"x", media_type="image/tiff"), ImageContent())


def test_an_empty_head_is_none() -> None:
    """aimock sends one for text."""
    assert deltas(start(0), HI).message.content == (TextContent("hi"),)


def test_a_head_of_text_or_thoughts_is_a_piece_of_them() -> None:
    """Bedrock sends none, and other servers an empty one."""
    thought = delta(0, reasoningContent={"text": "hm"})
    reading = deltas(start(0, reasoningContent={}), thought, stop(0), start(1, text=""), delta(1, text="hi"))
    assert reading.message.content == (ReasoningContent("hm"), TextContent("hi"))
    assert deltas(start(0, text="h"), delta(0, text="i")).message.content == (TextContent("hi"),)


def test_an_answer_without_content() -> None:
    for output in ({}, {"message": None}, {"message": {"role": "assistant", "content": None}}):
        reading = read_body({"output": output, "stopReason": "end_turn"})
        assert (reading.message.content, reading.done.finish_reason) == ((), "stop")
        assert reading.done.usage.source == "absent"


# -- the end -----------------------------------------------------------------------------------------------------------


def test_counts_before_the_end() -> None:
    reading = read_stream(START, HI, METADATA, STOP)
    assert (reading.done.usage.total_tokens, reading.done.finish_reason) == (5, "stop")


def test_counts_in_the_second_of_two() -> None:
    reading = read_stream(START, HI, ("metadata", {"metrics": {}}), STOP, METADATA)
    assert reading.done.usage.total_tokens == 5
    reading = read_stream(START, HI, STOP, ("metadata", {"usage": None, "trace": {}}))
    assert (reading.done.usage.source, reading.response.extra) == ("absent", {"trace": {}})


def test_no_counts() -> None:
    """A body that ends after the end marker is whole."""
    reading = read_stream(START, HI, STOP)
    assert (reading.done.usage.source, reading.response.terminator_missing) == ("absent", False)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("pieces", [(), (START,), (START, HI), (START, HI, stop(0)), (START, HI, METADATA)])
def test_no_end(pieces: tuple[Any, ...], known: bool) -> None:
    assert isinstance(read_stream(*pieces, known=known).error, StreamTruncated)


def test_an_end_inside_the_counts() -> None:
    reading = read_stream(START, HI, STOP, event(*METADATA)[:-1])
    assert isinstance(reading.error, StreamTruncated)
    assert reading.response.text == "hi"


def test_what_waits_is_given_at_the_end() -> None:
    """Where no block says that it is over."""
    reading = deltas(delta(0, citation=WEB), start(1, toolUse={"toolUseId": "c", "name": "f"}))
    assert reading.message.content == (CitationContent(url="https://a", raw=WEB),)
    assert reading.message.tool_calls == (ToolCall("c", "f", "{}"),)


def test_a_stream_that_was_asked_for_and_a_whole_answer_that_came() -> None:
    body = json.dumps({"output": {"message": {"content": [{"text": "hi"}]}}, "stopReason": "end_turn"}).encode()
    assert read([body], headers=JSON, provider="bedrock").response.text == "hi"


# -- errors ------------------------------------------------------------------------------------------------------------

EXCEPTIONS = [
    ("throttlingException", errors.RateLimitError),
    ("internalServerException", errors.ServerError),
    ("modelStreamErrorException", errors.ServerError),
    ("serviceUnavailableException", errors.OverloadedError),
    ("validationException", errors.BadRequestError),
    ("accessDeniedException", errors.PermissionDeniedError),
    ("resourceNotFoundException", errors.NotFoundError),
    ("modelTimeoutException", errors.ServerError),
    ("modelErrorException", errors.ServerError),
    ("modelNotReadyException", errors.OverloadedError),
    ("serviceQuotaExceededException", errors.QuotaExceededError),
    ("novelException", APIError),
]


@pytest.mark.parametrize(("kind", "cls"), EXCEPTIONS)
def test_exceptions(kind: str, cls: type[APIError]) -> None:
    cited = delta(1, citation=WEB)
    call = start(2, toolUse={"toolUseId": "c", "name": "f"})
    reading = read_stream(START, HI, cited, call, exception(kind, {"message": "m", "originalStatusCode": 5}))
    assert type(reading.error) is cls
    assert (reading.error.type, reading.error.message, reading.error.status_code) == (kind, "m", None)
    assert reading.error.body == {"message": "m", "originalStatusCode": 5}
    assert reading.error.partial is not None
    assert reading.error.partial.message.content == (TextContent("hi"), CitationContent(url="https://a", raw=WEB))
    assert reading.error.partial.tool_calls == (ToolCall("c", "f", ""),), "the call is not whole"


def test_errors_that_no_service_knows() -> None:
    headers: dict[str, str | bytes | None] = {":message-type": "error", ":error-code": "internal-error"}
    reading = read_stream(START, message({**headers, ":error-message": "An unknown error"}, b""))
    assert type(reading.error) is APIError
    assert (reading.error.type, reading.error.message) == ("internal-error", "An unknown error")
    assert read_stream(START, message(headers, b"")).error.type == "internal-error"  # type: ignore[union-attr]  # an error


THROTTLED: dict[str, str | bytes | None] = {":message-type": "exception", ":exception-type": "throttlingException"}
VAGUE: list[tuple[dict[str, str | bytes | None], bytes, str | None, str]] = [
    (THROTTLED, b"", "throttlingException", "an error"),
    (THROTTLED, b"Slow", "throttlingException", "'Slow'"),
    ({":message-type": "exception", ":exception-type": b"x"}, b'{"message": "m"}', "x", "m"),
    ({":message-type": "exception"}, b'{"message": "m"}', None, "m"),
    ({":message-type": "error", ":error-code": "c", ":error-message": b"m"}, b"", "c", "m"),
    ({":message-type": "error"}, b"", None, "an error"),
]


@pytest.mark.parametrize(("headers", "payload", "kind", "words"), VAGUE)
def test_errors_that_say_little(
    headers: dict[str, str | bytes | None], payload: bytes, kind: str | None, words: str
) -> None:
    """What the provider calls an error is one, however it is put."""
    reading = read_stream(START, HI, message(headers, payload), STOP, METADATA)
    assert isinstance(reading.error, APIError)
    assert type(reading.error) is (errors.RateLimitError if kind == "throttlingException" else APIError)
    assert reading.error.type == kind
    assert words in reading.error.message
    assert reading.response.text == "hi"


BROKEN: list[tuple[dict[str, str | bytes | None], bytes]] = [
    ({}, b"{}"),
    ({":message-type": b"event", ":event-type": "messageStop"}, b"{}"),
    ({":message-type": "novel"}, b"{}"),
    ({":message-type": "event"}, b"{}"),
    ({":message-type": "event", ":event-type": b"messageStop"}, b"{}"),
]


@pytest.mark.parametrize(("headers", "payload"), BROKEN)
def test_messages_that_break_the_rules(headers: dict[str, str | bytes | None], payload: bytes) -> None:
    reading = read_stream(START, HI, message(headers, payload), STOP, METADATA)
    assert type(reading.error) is ProtocolError
    assert reading.response.text == "hi"


WRONG = [
    (event("messageStop", b"{"), "not JSON"),
    (event("messageStop", []), "messageStop: expected an object, got list"),
    (event("messageStop", {"stopReason": 1}), "stopReason: expected a string"),
    (event("metadata", {"usage": [1]}), "usage: expected an object"),
    (event("metadata", {"usage": {"inputTokens": "x"}}), "usage.inputTokens: expected a number"),
    (event("contentBlockDelta", {"contentBlockIndex": "0"}), "contentBlockIndex: expected a number, got str"),
    (event("contentBlockDelta", {"delta": 1}), "delta: expected an object"),
    (event("contentBlockStart", {"start": 1}), "start: expected an object"),
    (event(*start(0, toolUse=1)), "start.toolUse: expected an object"),
    (event(*start(0, toolUse={"toolUseId": 1})), "start.toolUse.toolUseId: expected a string"),
    (event(*start(0, toolUse={"name": 1})), "start.toolUse.name: expected a string"),
    (event(*start(0, toolResult=1)), "start.toolResult: expected an object"),
    (event(*delta(0, text=1)), "delta.text: expected a string"),
    (event(*delta(0, reasoningContent=1)), "delta.reasoningContent: expected an object"),
    (event(*delta(0, reasoningContent={"text": 1})), "delta.reasoningContent.text: expected a string"),
    (event(*delta(0, reasoningContent={"signature": 1})), "delta.reasoningContent.signature: expected a string"),
    (event(*delta(0, reasoningContent={"redactedContent": 1})), "redactedContent: expected a string"),
    (event(*delta(0, toolUse=1)), "delta.toolUse: expected an object"),
    (event(*delta(0, toolUse={"input": {}})), "delta.toolUse.input: expected a string"),
    (event(*delta(0, toolResult={"text": "x"})), "delta.toolResult: expected an array"),
    (event(*delta(0, citation="x")), "delta.citation: expected an object"),
    (event(*delta(0, image="x")), "image: expected an object"),
    (event(*delta(0, image={"source": {"bytes": "?"}})) + event(*stop(0)), "image.source.bytes is not Base64"),
    (event(*delta(0, image={"format": 1})) + event(*stop(0)), "image.format: expected a string"),
    (event(*delta(0, audio={"source": {"s3Location": 1}})) + event(*stop(0)), "s3Location: expected an object"),
    (
        2 * event(*delta(0, reasoningContent={"redactedContent": "?"})) + event(*stop(0)),
        "delta.reasoningContent.redactedContent is not Base64",
    ),
]


@pytest.mark.parametrize(("piece", "words"), WRONG, ids=[words for _, words in WRONG])
def test_wrong_types(piece: bytes, words: str) -> None:
    error = read_stream(START, piece, STOP, METADATA).error
    assert isinstance(error, DecodeError)
    assert words in error.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([1], "expected a JSON object, got list"),
        ({"choices": []}, "no Converse answer: it has no `output`, but 'choices'"),
        ({}, "but nothing"),
        ({"output": 1}, "output: expected an object"),
        ({"output": {"message": 1}}, "output.message: expected an object"),
        ({"output": {"message": {"content": {}}}}, "output.message.content: expected an array"),
        ({"output": {"message": {"content": ["x"]}}}, r"output.message.content[0]: expected an object"),
        ({"output": {"message": {"content": [{"reasoningContent": {"reasoningText": 1}}]}}}, "reasoningText: expected"),
        ({"output": {"message": {"content": [{"toolUse": 1}]}}}, "toolUse: expected an object"),
        ({"output": {"message": {"content": [{"citationsContent": {"citations": 1}}]}}}, "citations: expected an arr"),
        ({"output": {"message": {"content": [{"citationsContent": {"content": ["x"]}}]}}}, "content[]: expected an"),
    ],
)
def test_wrong_types_in_a_whole_answer(answer: Any, words: str) -> None:
    error = read_body(answer).error
    assert isinstance(error, DecodeError)
    assert words in error.message


def test_an_error_in_place_of_a_whole_answer() -> None:
    error = read_body({"__type": "com.amazon.coral.service#UnknownOperationException"}).error
    assert isinstance(error, APIError)
    assert error.type == "UnknownOperationException"


STATUSES: list[tuple[int, dict[str, str], Any, type[APIError], str | None]] = [
    (
        400,
        {"x-amzn-errortype": "ValidationException:http://x/"},
        {"message": "m"},
        errors.BadRequestError,
        "ValidationException",
    ),
    (
        400,
        {"x-amzn-errortype": "ServiceQuotaExceededException"},
        {"message": "m"},
        errors.QuotaExceededError,
        "ServiceQuotaExceededException",
    ),
    (
        403,
        {"x-amzn-errortype": "AccessDeniedException"},
        {"Message": "m"},
        errors.PermissionDeniedError,
        "AccessDeniedException",
    ),
    (
        403,
        {"x-amzn-errortype": "a.b#ExpiredTokenException"},
        {"message": "m"},
        errors.AuthenticationError,
        "ExpiredTokenException",
    ),
    (
        403,
        {},
        {"__type": "a.b#UnrecognizedClientException", "message": "m"},
        errors.AuthenticationError,
        "UnrecognizedClientException",
    ),
    (
        404,
        {},
        {"__type": "a.b#ResourceNotFoundException:http://x/", "message": "m"},
        errors.NotFoundError,
        "ResourceNotFoundException",
    ),
    (
        400,
        {"x-amzn-errortype": "ThrottlingException"},
        {"message": "m"},
        errors.RateLimitError,
        "ThrottlingException",
    ),
    (
        403,
        {"x-amzn-errortype": "IncompleteSignatureException"},
        {"message": "m"},
        errors.AuthenticationError,
        "IncompleteSignatureException",
    ),
    (403, {}, {"__type": 1, "message": "m"}, errors.PermissionDeniedError, None),
    (
        404,
        {"x-amzn-errortype": "ResourceNotFoundException"},
        {"message": "m"},
        errors.NotFoundError,
        "ResourceNotFoundException",
    ),
    (424, {"x-amzn-errortype": "ModelErrorException"}, {"message": "m"}, errors.ServerError, "ModelErrorException"),
    (429, {"x-amzn-errortype": "ThrottlingException"}, {"message": "m"}, errors.RateLimitError, "ThrottlingException"),
    (
        429,
        {"x-amzn-errortype": "ModelNotReadyException"},
        {"message": "m"},
        errors.OverloadedError,
        "ModelNotReadyException",
    ),
    (503, {"x-amzn-errortype": ":"}, {"message": "m"}, errors.OverloadedError, None),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("status", "headers", "body", "cls", "kind"), STATUSES)
def test_statuses(
    status: int, headers: dict[str, str], body: Any, cls: type[APIError], kind: str | None, stream: bool
) -> None:
    found = {**JSON, "x-amzn-requestid": "r", **headers}
    error = read([json.dumps(body).encode()], status=status, headers=found, provider="bedrock", stream=stream).error
    assert type(error) is cls
    assert (error.type, error.message, error.status_code, error.request_id) == (kind, "m", status, "r")
    assert error.body == body


@pytest.mark.parametrize(
    ("message", "skewed"),
    [
        ("Signature expired: 20260601T120000Z is now earlier than 20260601T123000Z (20260601T123500Z - 5 min.)", True),
        ("Signature not yet current: 20260601T130000Z is still later than 20260601T124000Z", True),
        ("The request signature we calculated does not match the signature you provided.", False),
    ],
)
def test_a_clock_that_is_wrong_is_named(message: str, skewed: bool) -> None:
    headers = {**JSON, "x-amzn-errortype": "InvalidSignatureException"}
    body = json.dumps({"message": message}).encode()
    error = read([body], status=403, headers=headers, provider="bedrock").error
    assert type(error) is errors.AuthenticationError
    assert (error.message, error.retryable) == (message, False)
    assert getattr(error, "__notes__", []) == (["this machine's clock may be wrong"] if skewed else [])


def test_every_kind_of_event_is_seen() -> None:
    kinds: tuple[type[StreamEvent], ...] = (ContentDelta, ReasoningDelta, TextDelta, ToolCallDelta)
    seen = {type(event) for pieces, _ in PAIRS.values() for event in deltas(*pieces).events}
    assert seen >= set(kinds)
