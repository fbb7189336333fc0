"""Gemini's answers, from bodies to events: the quirks one by one."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from duologue._dialects.gemini.calls import Calls
from duologue.config import Limits
from duologue.errors import (
    APIError,
    AuthenticationError,
    DecodeError,
    LimitExceeded,
    OverloadedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    StreamTruncated,
)
from duologue.events import (
    ContentDelta,
    Done,
    Error,
    ReasoningDelta,
    Start,
    TextDelta,
    ToolCallDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import (
    AudioContent,
    CitationContent,
    FileContent,
    ImageContent,
    Message,
    ReasoningContent,
    TextContent,
    ToolCall,
    UnknownContent,
    Usage,
)
from tests.dialects.gemini.reading import candidate, chunk, parts, read, stream, whole
from tests.dialects.reading import JSON, data, dumped, open_exchange
from tests.kit.corpora import cuts


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def call(name: str | None = None, **more: Any) -> dict[str, Any]:
    return {"functionCall": {**({} if name is None else {"name": name}), **more}}


def blob(media_type: str, content: bytes, **part: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": b64(content)}, **part}


# -- a stream and a whole answer ---------------------------------------------------------------------------------------

GIVEN: list[dict[str, Any]] = [
    {"text": "hm", "thought": True},
    {"text": "so", "thought": True, "thoughtSignature": "s1"},
    {"text": "Hello"},
    {"text": "signed", "thoughtSignature": "s2"},
    {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s3"},
    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
    {"text": "There"},
    blob("image/png", b"png", thoughtSignature="s4"),
    {"functionCall": {"name": "f", "args": {"a": [1, "ä", None]}}, "thoughtSignature": "s5"},
    {"functionCall": {"name": "g", "id": "own"}},
    {"text": "", "thoughtSignature": "s6"},
]
MESSAGE = Message(
    "assistant",
    (
        ReasoningContent("hm"),
        ReasoningContent("so", "s1"),
        TextContent("Hello"),
        TextContent("signed"),
        UnknownContent({"type": "part_fields", "thoughtSignature": "s2"}),
        UnknownContent({"type": "executableCode", **GIVEN[4]}),
        UnknownContent({"type": "codeExecutionResult", **GIVEN[5]}),
        TextContent("There"),
        ImageContent(data=b"png", media_type="image/png"),
        UnknownContent({"type": "part_fields", "thoughtSignature": "s4"}),
        UnknownContent({"type": "text", "text": "", "thoughtSignature": "s6"}),
    ),
    tool_calls=(
        ToolCall(
            "call_r-1_0_0",
            "f",
            '{"a":[1,"ä",null]}',
            generated_id=True,
            extra={"thoughtSignature": "s5", "parts_before": 10},
        ),
        ToolCall("own", "g", "{}", extra={"parts_before": 10}),
    ),
)


def test_a_stream_says_the_same_as_a_whole_answer() -> None:
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
    answer = chunk(candidate(*GIVEN, finish="STOP", avgLogprobs=-1), usageMetadata=usage)
    one = read([dumped(answer)], headers=JSON, stream=False)
    last = chunk(candidate(finish="STOP", avgLogprobs=-1), usageMetadata=usage)
    pieces = stream(*(chunk(candidate(part)) for part in GIVEN), last)
    array = read([dumped([chunk(candidate(*GIVEN[:5])), chunk(candidate(*GIVEN[5:])), last])], headers=JSON)
    for reading in (one, pieces, array):
        assert reading.message == MESSAGE
        assert reading.response.choices == one.response.choices
        assert (reading.response.usage, reading.response.extra) == (one.response.usage, one.response.extra)
        assert reading.done.finish_reason == "tool_calls"
        assert reading.done.raw_finish_reason == "STOP"
    assert [reading.response.terminator_missing for reading in (one, pieces, array)] == [False, True, False]


def array_of(*texts: str) -> bytes:
    """A stream without `alt=sse`, written as Google does."""
    chunks = [chunk(candidate({"text": text}, finish=None if text else "STOP")) for text in (*texts, "")]
    return b"[" + b"\n,\r\n".join(json.dumps(each, indent=2).encode() for each in chunks) + b"\n]"


def test_an_array_comes_element_by_element() -> None:
    exchange = open_exchange("gemini")
    exchange.begin(200, JSON)
    first, second, last = array_of('Who said "]"?\\', "é}").split(b"\n,\r\n")
    assert [event.text for event in exchange.feed(first)] == ["", 'Who said "]"?\\']
    assert exchange.feed(b"\n,\r\n" + second[:-1]) == []
    assert [event.text for event in exchange.feed(second[-1:])] == ["é}"]
    assert exchange.feed(b"\n,\r\n" + last[:-1]) == []
    [done] = exchange.feed(last[-1:])
    assert isinstance(done, Done)
    assert done.response.text == 'Who said "]"?\\é}'


@pytest.mark.parametrize("asked_for", [True, False])
def test_an_array_that_is_cut_keeps_what_had_come(asked_for: bool) -> None:
    texts = ('a"}],[{\\', "é🙂", "c")
    body = array_of(*texts)
    ends = [place for place in range(len(body)) if body[place - 2 : place] == b"\n}"]
    assert len(ends) == len(texts) + 1
    for place in range(len(body)):
        reading = read([body[:place]], headers=JSON, stream=asked_for, known=bool(place % 2))
        assert isinstance(reading.error, StreamTruncated), place
        assert reading.error.partial == reading.response
        whole_ones = sum(end <= place for end in ends)
        assert reading.response.text == "".join(texts[:whole_ones])
        assert not reading.response.complete


def test_an_error_in_an_array_keeps_what_came_before() -> None:
    body = dumped([chunk(candidate({"text": "a"})), OVERLOADED, chunk(candidate({"text": "b"}, finish="STOP"))])
    for pieces in cuts(body, []):
        reading = read(pieces, headers=JSON)
        assert isinstance(reading.error, OverloadedError)
        assert reading.response.text == "a"


@pytest.mark.parametrize("between", [b"", b",,", b";"])
def test_an_array_that_is_none(between: bytes) -> None:
    one = dumped(chunk(candidate({"text": "a"}, finish="STOP")))
    reading = read([b"[" + one + between + one + b"]"], headers=JSON)
    assert isinstance(reading.error, DecodeError)
    assert reading.response.text == "a"


def test_an_element_that_is_too_long() -> None:
    """Each has the room that an event of another stream has, however long the array is."""
    body = array_of("a", "b" * 500, "c" * 500)
    exchange = open_exchange("gemini", limits=Limits(max_event_bytes=800))
    exchange.begin(200, JSON)
    assert exchange.feed(body)[-1].is_done
    assert len(body) > 800
    exchange = open_exchange("gemini", limits=Limits(max_event_bytes=600))
    exchange.begin(200, JSON)
    *_, text, last = exchange.feed(body)
    assert text.text == "a"
    assert isinstance(last, Error)
    assert isinstance(last.error, LimitExceeded)


def test_pieces_in_any_number_make_one_part() -> None:
    reading = parts(
        [{"text": "h", "thought": True}, {"text": "m", "thought": True}],
        [{"text": "a"}, {"text": "b"}],
        [{"text": ""}],
        [{"text": None}, {}, {"text": "c", "thought": False}],
        [{"text": "", "thought": True}],
    )
    assert reading.message.content == (ReasoningContent("hm"), TextContent("abc"))
    assert [(type(event), event.text, event.block) for event in reading.of(TextDelta, ReasoningDelta)] == [
        (ReasoningDelta, "h", 0),
        (ReasoningDelta, "m", 0),
        (TextDelta, "a", 1),
        (TextDelta, "b", 1),
        (TextDelta, "c", 1),
    ]


def test_what_stands_beside_a_thought_is_kept() -> None:
    reading = parts(
        [{"text": "", "thought": True, "thoughtSignature": "s"}],
        [{"text": "x", "thought": True, "partMetadata": {"a": 1}}],
    )
    assert reading.message.content == (
        ReasoningContent("", "s"),
        ReasoningContent("x"),
        UnknownContent({"type": "part_fields", "partMetadata": {"a": 1}}),
    )


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ({"novel": {"a": 1}}, ({"type": "novel", "novel": {"a": 1}},)),
        ({"thoughtSignature": "s"}, ({"type": "thoughtSignature", "thoughtSignature": "s"},)),
        ({"thought": True, "novel": 1}, ({"type": "novel", "thought": True, "novel": 1},)),
        ({"fileData": {"fileUri": "u"}}, ({"type": "fileData", "fileData": {"fileUri": "u"}},)),
        ({"functionCall": {}}, ()),
        ({"functionCall": {"args": {}}}, ({"type": "functionCall", "functionCall": {"args": {}}},)),
        (
            {"functionCall": None, "thoughtSignature": "s"},
            ({"type": "thoughtSignature", "thoughtSignature": "s"},),
        ),
        ({}, ()),
    ],
)
def test_other_parts_are_kept_as_they_are(part: dict[str, Any], content: tuple[dict[str, Any], ...]) -> None:
    for reading in (parts([part]), whole(part)):
        assert reading.message.content == tuple(UnknownContent(raw) for raw in content)


@pytest.mark.parametrize(
    ("given", "content"),
    [
        (
            [blob("image/png", b"a"), blob("image/png", b"b")],
            (ImageContent(data=b"a", media_type="image/png"), ImageContent(data=b"b", media_type="image/png")),
        ),
        ([blob("application/pdf", b"a")], (FileContent(data=b"a", media_type="application/pdf"),)),
        ([{"inlineData": {"data": b64(b"a")}}], (FileContent(data=b"a"),)),
        (
            [blob("audio/L16;rate=24000", b"a"), blob("audio/L16;rate=24000", b"b")],
            (AudioContent(data=b"ab", media_type="audio/L16;rate=24000"),),
        ),
        (
            [blob("audio/a", b"a"), blob("audio/b", b"b"), {"text": "x"}, blob("audio/b", b"c", thoughtSignature="s")],
            (
                AudioContent(data=b"a", media_type="audio/a"),
                AudioContent(data=b"b", media_type="audio/b"),
                TextContent("x"),
                AudioContent(data=b"c", media_type="audio/b"),
                UnknownContent({"type": "part_fields", "thoughtSignature": "s"}),
            ),
        ),
        (
            [{"inlineData": {"mimeType": "image/png", "data": b64(b"a"), "displayName": "n"}}],
            (
                ImageContent(data=b"a", media_type="image/png"),
                UnknownContent({"type": "part_fields", "inlineData": {"displayName": "n"}}),
            ),
        ),
        (
            [blob("image/png", b"a", thought=True)],
            (UnknownContent({"type": "inlineData", **blob("image/png", b"a", thought=True)}),),
        ),
    ],
)
def test_media(given: list[Any], content: tuple[Any, ...]) -> None:
    assert parts(*([part] for part in given)).message.content == content
    assert whole(*given).message.content == content


@pytest.mark.parametrize("field", ["text", "inlineData", "functionCall", "thought", "novel", "thoughtSignature"])
def test_null_is_as_good_as_left_out(field: str) -> None:
    """A server that writes all of a part's fields says no more than one that writes a single one."""
    nothing = "" if field == "thoughtSignature" else None
    given: list[dict[str, Any]] = [
        {"text": "a"},
        {"text": "b"},
        {"text": "t", "thought": True},
        {"text": "u", "thought": True},
        blob("audio/a", b"a"),
        blob("audio/a", b"b"),
        call("f", args={"a": 1}),
    ]
    nulls = [{field: nothing, **part} for part in given]
    assert parts(*([part] for part in nulls)).message == parts(*([part] for part in given)).message
    assert whole(*nulls).message == whole(*given).message


@pytest.mark.parametrize("other", [call("f"), blob("audio/a", b"a"), {"novel": 1}])
def test_an_empty_text_beside_something_else_is_nothing(other: dict[str, Any]) -> None:
    assert parts([{"text": "", **other}]).message == parts([other]).message


# -- calls -------------------------------------------------------------------------------------------------------------


def test_a_call_without_id_or_arguments() -> None:
    reading = parts([call("f")], [call("f"), call("g", args=None, id="")])
    assert reading.message.tool_calls == tuple(
        ToolCall(f"call_r-1_0_{number}", name, "{}", generated_id=True) for number, name in enumerate("ffg")
    )


def test_a_call_of_an_answer_without_id() -> None:
    reading = read([data({"candidates": [candidate(call("f"), finish="STOP")]})])
    assert reading.message.tool_calls[0].id == "call_without_id_0_0"


def test_what_else_a_call_says_is_kept() -> None:
    part = {**call("f", args={"a": 1}, novel=2, none=None), "thoughtSignature": "s"}
    reading = parts([part])
    assert reading.message.tool_calls[0].extra == {"thoughtSignature": "s", "functionCall": {"novel": 2}}


def test_a_call_keeps_its_place_among_the_parts() -> None:
    reading = parts([{"text": "a"}], [call("f")], [call("g")], [{"text": "b"}, call("h"), {"text": ""}])
    assert reading.message.content == (TextContent("a"), TextContent("b"))
    assert [(found.name, found.extra) for found in reading.message.tool_calls] == [
        ("f", {"parts_before": 1}),
        ("g", {"parts_before": 1}),
        ("h", {}),
    ]


def streamed(*pieces: dict[str, Any], finish: str = "STOP") -> Any:
    return parts(*([piece] for piece in pieces), [{"text": ""}], finish=finish)


def partial(path: str, **value: Any) -> dict[str, Any]:
    return call(partialArgs=[{"jsonPath": path, **value}], willContinue=True)


def test_a_call_in_pieces() -> None:
    reading = streamed(
        {**call("f", willContinue=True), "thoughtSignature": "s"},
        partial("$.a", stringValue="x", willContinue=True),
        partial("$.a", stringValue="y"),
        partial("$.n", numberValue=5),
        partial("$['b c'][0].d", boolValue=False),
        partial("$['b c'][1]", nullValue="NULL_VALUE"),
        call(partialArgs=[{"jsonPath": "$.novel"}], willContinue=True),
        call(),
        call("g"),
    )
    first, second = reading.message.tool_calls
    assert first.parsed() == {"a": "xy", "n": 5, "b c": [{"d": False}, None]}
    assert first.extra == {"thoughtSignature": "s"}
    assert (second.name, second.arguments) == ("g", "{}")
    assert [event.arguments for event in reading.of(ToolCallDelta)] == ["{", first.arguments[1:], "{}"]


def test_a_call_in_pieces_may_repeat_its_id_and_have_signatures_late() -> None:
    reading = streamed(
        call("f", id="i", args={"c": 3}, willContinue=True),
        {
            **call("f", id="i", partialArgs=[{"jsonPath": "$.a", "numberValue": 1}], willContinue=True),
            "thoughtSignature": "s",
        },
        call("f", id="i", args={"b": 2}),
        call("f", id="j"),
    )
    assert [(found.id, found.arguments, found.extra) for found in reading.message.tool_calls] == [
        ("i", '{"c":3,"b":2,"a":1}', {"thoughtSignature": "s"}),
        ("j", "{}", {}),
    ]


def test_a_call_that_another_follows_is_whole() -> None:
    reading = streamed(call("f", willContinue=True), partial("$.a", numberValue=1), call("g", willContinue=True))
    assert [found.arguments for found in reading.message.tool_calls] == ['{"a":1}', "{}"]


def test_a_call_that_was_cut_short_is_not() -> None:
    pieces = call("f", willContinue=True), partial("$.a", stringValue="x")
    for reading in (streamed(*pieces, finish="MAX_TOKENS"), stream(*(chunk(candidate(piece)) for piece in pieces))):
        [found] = reading.message.tool_calls
        with pytest.raises(DecodeError):
            found.parsed()


# -- what is said beside the parts -------------------------------------------------------------------------------------


def test_start_and_what_else_stands_at_the_top() -> None:
    reading = stream(
        chunk(candidate({"text": "a"}), createTime="t", novel=None),
        chunk(candidate({"text": "b"}, finish="STOP"), createTime="t", modelStatus={"a": 1}),
    )
    assert reading.events[0] == Start("r-1", "m-1", "gemini", {"createTime": "t"})
    assert reading.of(Unknown) == [Unknown({"modelStatus": {"a": 1}})]
    assert reading.response.extra == {"createTime": "t", "modelStatus": {"a": 1}}


def test_an_id_that_comes_late_is_kept() -> None:
    reading = stream({"candidates": [candidate({"text": "a"})]}, chunk(candidate(finish="STOP")))
    assert (reading.response.id, reading.response.model) == ("r-1", "m-1")
    assert reading.response.extra == {"responseId": "r-1", "modelVersion": "m-1"}


@pytest.mark.parametrize("value", [5, {"a": 1}, [], True])
def test_what_is_no_id_is_kept_beside_it(value: Any) -> None:
    reading = stream({"candidates": [candidate({"text": "a"})]}, chunk(candidate(finish="STOP"), id=value, model=value))
    assert (reading.response.id, reading.response.model) == ("r-1", "m-1")
    assert (reading.response.extra["id"], reading.response.extra["model"]) == (value, value)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("novel", [{"novel": {"a": 1}}, {"type": "novel", "novel": {"a": 1}}])
def test_a_chunk_of_a_new_kind_is_kept(place: int, novel: dict[str, Any]) -> None:
    chunks = [chunk(candidate({"text": "a"})), chunk(candidate({"text": "b"}, finish="STOP"))]
    chunks.insert(place, novel)
    reading = stream(*chunks)
    assert (reading.response.text, reading.response.id, reading.done.finish_reason) == ("ab", "r-1", "stop")
    assert reading.of(Unknown) == [Unknown(novel)]


def test_the_end_marker_of_others_is_none() -> None:
    """Some gateways end every stream with the line that ends OpenAI's."""
    begun, ended = (data(chunk(candidate({"text": "a"}, finish=finish))) for finish in (None, "STOP"))
    assert read([ended, b"data: [DONE]\n\n"]).response.text == "a"
    assert isinstance(read([begun, b"data: [DONE]\n\n"]).error, StreamTruncated)


def test_several_candidates() -> None:
    reading = stream(
        chunk(candidate({"text": "a"}), candidate({"text": "b"})),
        chunk(candidate(call("f"), index=1), candidate({"text": "c"}, index=0, finish="MAX_TOKENS")),
        chunk(candidate(index=1, finish="SAFETY", finishMessage="m", novel=None)),
    )
    zero, one = reading.response.choices
    assert (zero.message.text, zero.finish_reason, zero.raw_finish_reason) == ("ac", "length", "MAX_TOKENS")
    assert (one.message.text, one.finish_reason, one.extra) == ("b", "content_filter", {"finishMessage": "m"})
    assert one.message.tool_calls[0].id == "call_r-1_1_0"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("RECITATION", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("OTHER", "unknown"),
        ("NOVEL", "unknown"),
    ],
)
def test_finish_reasons(word: str, reason: str) -> None:
    done = parts([{"text": "a"}], finish=word).done
    assert (done.finish_reason, done.raw_finish_reason) == (reason, word)


def test_a_finish_reason_in_every_chunk() -> None:
    """Older models of Vertex AI say STOP all along; the last word holds."""
    each = [chunk(candidate({"text": text}, finish="STOP", safetyRatings=[{"blocked": False}])) for text in "ab"]
    reading = stream(*each, chunk({"finishReason": "RECITATION", "index": 0}))
    assert (reading.response.text, reading.done.raw_finish_reason) == ("ab", "RECITATION")
    assert len(reading.of(Unknown)) == 1


@pytest.mark.parametrize("word", [None, "", "FINISH_REASON_UNSPECIFIED"])
def test_no_reason_is_no_end(word: str | None) -> None:
    assert isinstance(parts([{"text": "a"}], finish=word).error, StreamTruncated)
    array = read([dumped([chunk(candidate({"text": "a"}, finish=word))])], headers=JSON)
    assert isinstance(array.error, StreamTruncated)
    assert whole({"text": "a"}, finish=word).done.finish_reason == "unknown"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"[{}]"])
def test_an_answer_that_says_nothing_is_none(body: bytes) -> None:
    assert isinstance(read([body], headers=JSON, stream=False).error, StreamTruncated)


def test_a_blocked_prompt() -> None:
    feedback = {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []}
    body = {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 3}, "modelVersion": "m-1"}
    for reading in (stream(body), read([dumped(body)], headers=JSON, stream=False)):
        assert (reading.done.finish_reason, reading.done.raw_finish_reason) == ("content_filter", "PROHIBITED_CONTENT")
        assert reading.response.extra == {"promptFeedback": feedback}
        assert (reading.response.text, reading.response.usage.total_tokens) == ("", 3)


@pytest.mark.parametrize("word", [None, "", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"])
def test_a_prompt_that_was_not_blocked(word: str | None) -> None:
    feedback = {"blockReason": word, "safetyRatings": [{"blocked": False}]}
    done = stream(chunk(candidate({"text": "a"}, finish="STOP"), promptFeedback=feedback)).done
    assert (done.finish_reason, done.raw_finish_reason) == ("stop", "STOP")
    assert isinstance(stream({"promptFeedback": feedback}).error, StreamTruncated)


def test_what_else_a_candidate_says() -> None:
    reading = stream(
        chunk(candidate({"text": "a"}, groundingMetadata={"a": 1}, logprobsResult={"chosenCandidates": [1]}, novel=1)),
        chunk(candidate({"text": "b"}, groundingMetadata={"b": 2}, logprobsResult={"chosenCandidates": [1]}, novel=1)),
        chunk({"content": {"role": "model", "odd": 1}, "finishReason": "STOP", "groundingMetadata": {"b": 2}}),
    )
    assert reading.response.choices[0].extra == {
        "groundingMetadata": {"a": 1, "b": 2},
        "logprobsResult": {"chosenCandidates": [1, 1]},
        "novel": 1,
        "content": {"odd": 1},
    }


# -- usage -------------------------------------------------------------------------------------------------------------


def test_usage_of_the_last_chunk_holds_with_what_only_an_earlier_one_says() -> None:
    early = {"promptTokenCount": 3, "candidatesTokenCount": 9, "trafficType": "ON_DEMAND"}
    late = {
        "promptTokenCount": 5,
        "thoughtsTokenCount": 2,
        "cachedContentTokenCount": 1,
        "totalTokenCount": 20,
    }
    reading = stream(
        chunk(candidate({"text": "a"}), usageMetadata={"trafficType": "ON_DEMAND"}),
        chunk(candidate({"text": "a"}), usageMetadata=early),
        chunk(candidate({"text": "b"}), usageMetadata=late),
        chunk(candidate(finish="STOP"), usageMetadata=late),
    )
    assert [event.usage for event in reading.of(UsageUpdate)] == [
        Usage(raw={"trafficType": "ON_DEMAND"}),
        Usage(3, 9, 12, source="reported", raw=early),
        Usage(5, 9, 20, 1, 2, "reported", {**early, **late}),
    ]


def test_usage_without_a_total() -> None:
    """The total is of all four: https://ai.google.dev/api/generate-content#UsageMetadata"""
    counts = {
        "promptTokenCount": 1,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 4,
        "toolUsePromptTokenCount": 8,
        "totalTokenCount": None,
    }
    usage = stream(chunk(candidate(finish="STOP"), usageMetadata=counts)).response.usage
    assert usage == Usage(1, 2, 15, 0, 4, "reported", counts)


def test_a_count_that_is_null_later_holds_from_before() -> None:
    early, late = {"promptTokenCount": 3, "totalTokenCount": 3}, {"promptTokenCount": None, "totalTokenCount": 9}
    reading = stream(chunk(usageMetadata=early), chunk(candidate(finish="STOP"), usageMetadata=late))
    assert (reading.response.usage.input_tokens, reading.response.usage.total_tokens) == (3, 9)


# -- sources -----------------------------------------------------------------------------------------------------------

WEB = {"web": {"uri": "u", "title": "t"}}
FILE = {"retrievedContext": {"title": "f", "text": "words"}}


def grounding(text: str, **metadata: Any) -> list[CitationContent]:
    reading = whole({"text": text}, groundingMetadata=metadata)
    return [part for part in reading.message.content if isinstance(part, CitationContent)]


def test_sources_of_stretches_and_of_the_whole() -> None:
    support = {"segment": {"startIndex": 3, "endIndex": 9, "text": "würde"}, "groundingChunkIndices": [0, 5, "x"]}
    novel = {"novel": {"uri": "?"}}
    found = grounding("ü würde", groundingChunks=[WEB, FILE, novel], groundingSupports=[support, {}])
    assert found == [
        CitationContent("u", "t", "würde", 2, 7, {"groundingChunk": WEB, "groundingSupport": support}),
        CitationContent(None, "f", "words", raw={"groundingChunk": FILE}),
        CitationContent(raw={"groundingChunk": novel}),
    ]


@pytest.mark.parametrize(
    ("text", "segment", "start", "end"),
    [
        ("abc", {"endIndex": 2}, 0, 2),
        ("abc", {"startIndex": 1, "endIndex": 3}, 1, 3),
        ("abc", {"startIndex": 1, "endIndex": 4}, None, None),
        ("abc", {"startIndex": 2, "endIndex": 1}, None, None),
        ("abc", {"startIndex": -1, "endIndex": 1}, None, None),
        ("abc", {"startIndex": 1}, None, None),
        ("abc", None, None, None),
        ("äbc", {"endIndex": 4}, 0, 3),
        ("äbc", {"startIndex": 1, "endIndex": 4}, None, None),
        ("äbc", {"startIndex": 2, "endIndex": 5}, None, None),
        ("\ud800bc", {"startIndex": 1, "endIndex": 2}, 1, 2),
    ],
)
def test_places_are_counted_in_bytes(text: str, segment: Any, start: int | None, end: int | None) -> None:
    supports = [{"segment": segment, "groundingChunkIndices": [0]}]
    [found] = grounding(text, groundingChunks=[WEB], groundingSupports=supports)
    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    ("text", "words", "start", "end"),
    [
        ("First. Second.", "Second.", 7, 14),
        ("First. Gone.", "Second.", None, None),
        ("Second. Second.", "cond", None, None),
        ("Second.", "", 0, 7),
    ],
)
def test_places_in_a_part_are_found_by_its_words(text: str, words: str, start: int | None, end: int | None) -> None:
    """They are counted from the beginning of a part, and `partIndex`, which says of which one, is not reliable:
    https://github.com/googleapis/python-genai/issues/961"""
    supports = [{"segment": {"endIndex": 7, "text": words}, "groundingChunkIndices": [0]}]
    [found] = grounding(text, groundingChunks=[WEB], groundingSupports=supports)
    assert (found.start, found.end, found.text) == (start, end, words)


@pytest.mark.parametrize("indexes", [5, 1.5, True, "0", {"0": 0}, None, [True], [None], ["0"]])
def test_what_is_no_list_of_indexes_is_passed_over(indexes: Any) -> None:
    supports = [{"segment": {"endIndex": 1}, "groundingChunkIndices": indexes}]
    assert grounding("abc", groundingChunks=[WEB, FILE], groundingSupports=supports) == [
        CitationContent("u", "t", raw={"groundingChunk": WEB}),
        CitationContent(None, "f", "words", raw={"groundingChunk": FILE}),
    ]


def test_stretches_told_after_the_end_are_of_the_sources_before_it() -> None:
    supports = [{"segment": {"endIndex": 1}, "groundingChunkIndices": [0]}]
    reading = stream(
        chunk(candidate({"text": "a"}, finish="STOP", groundingMetadata={"groundingChunks": [WEB]})),
        chunk(candidate(groundingMetadata={"groundingSupports": supports})),
        chunk(usageMetadata={"promptTokenCount": 1}),
    )
    found = [part for part in reading.message.content if isinstance(part, CitationContent)]
    assert [(part.url, part.start, part.end) for part in found] == [("u", None, None), ("u", 0, 1)]


def test_sources_told_before_their_stretches_are_told_once() -> None:
    supports = [{"segment": {"endIndex": 1}, "groundingChunkIndices": [0]}]
    streamed = stream(
        chunk(candidate({"text": "a"}, groundingMetadata={"groundingChunks": [WEB]})),
        chunk(candidate({"text": "b"}, groundingMetadata={"groundingChunks": [WEB], "groundingSupports": supports})),
        chunk(candidate(finish="STOP")),
    )
    one = whole({"text": "ab"}, groundingMetadata={"groundingChunks": [WEB], "groundingSupports": supports})
    assert streamed.response.choices == one.response.choices
    assert [type(part) for part in streamed.message.content] == [TextContent, CitationContent]


def test_citations_stand_after_the_text_and_once() -> None:
    notes = [{"startIndex": 0, "endIndex": 1, "uri": "u", "title": "t", "license": "l"}]
    reading = stream(
        chunk(candidate({"text": "a"}, citationMetadata={"citations": notes})),
        chunk(candidate({"text": "b"}, finish="STOP", citationMetadata={"citationSources": [*notes, {"uri": "v"}]})),
    )
    assert reading.message.content == (
        TextContent("ab"),
        CitationContent("u", "t", start=0, end=1, raw=notes[0]),
        CitationContent("v", raw={"uri": "v"}),
    )


def test_citations_of_places_that_are_none_of_the_text_are_still_several() -> None:
    notes = [{"startIndex": start, "endIndex": start + 9, "uri": "u"} for start in (5, 50)]
    reading = parts([{"text": "a"}], citationMetadata={"citationSources": [*notes, notes[0]]})
    assert reading.message.content[1:] == tuple(CitationContent("u", raw=note) for note in notes)


# -- errors ------------------------------------------------------------------------------------------------------------

CANCELLED = {"error": {"code": 499, "message": "The operation was cancelled.", "status": "CANCELLED"}}
OVERLOADED = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    ("error", "cls"),
    [
        (OVERLOADED, OverloadedError),
        (CANCELLED, ServerError),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, RateLimitError),
        (
            {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
            AuthenticationError,
        ),
        ({"error": "text"}, APIError),
    ],
)
@pytest.mark.parametrize("in_array", [False, True])
def test_an_error_in_the_stream(error: Any, cls: type[APIError], in_array: bool) -> None:
    payload = [error] if in_array else error
    for pieces, text in (([data(payload)], ""), ([data(chunk(candidate({"text": "a"}))), data(payload)], "a")):
        reading = read(pieces)
        assert type(reading.error) is cls
        assert reading.response.text == text
        assert len(reading.of(Start)) == bool(text)


def test_an_error_beside_a_chunk_keeps_what_came_with_it() -> None:
    reading = stream(chunk(candidate({"text": "a"}), **OVERLOADED))
    assert isinstance(reading.error, OverloadedError)
    assert reading.response.text == "a"


def unframed(error: Any, finish: str | None = None) -> list[bytes]:
    return [data(chunk(candidate({"text": "a"}, finish=finish))), json.dumps(error, indent=2).encode() + b"\n"]


@pytest.mark.parametrize("error", [CANCELLED, [CANCELLED]])
@pytest.mark.parametrize("finish", [None, "STOP"])
def test_bare_json_after_the_events_is_an_error(error: Any, finish: str | None) -> None:
    body = b"".join(unframed(error, finish))
    for size in (1, 7, len(body)):
        reading = read([body[place : place + size] for place in range(0, len(body), size)])
        assert isinstance(reading.error, ServerError)
        assert (str(reading.error.code), reading.error.type) == ("499", "CANCELLED")
        assert reading.response.text == "a"


def test_bare_json_that_was_cut_is_a_cut() -> None:
    first, error = unframed(CANCELLED, "STOP")
    for place in range(1, len(error) - 2):
        assert isinstance(read([first, error[:place]]).error, StreamTruncated), place


@pytest.mark.parametrize("stray", [{"novel": 1}, [], [1], {"error": None}, 5])
def test_other_stray_lines_change_nothing(stray: Any) -> None:
    assert isinstance(read(unframed(stray, "STOP")).done, Done)
    assert isinstance(read(unframed(stray)).error, StreamTruncated)


def test_bare_json_in_place_of_events() -> None:
    assert isinstance(read([dumped(OVERLOADED)]).error, OverloadedError)
    assert read([dumped(chunk(candidate({"text": "a"}, finish="STOP")))]).response.text == "a"


def test_how_long_to_wait() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "48.5s"}]
    body = dumped([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}])
    error = read([body], status=429, headers=JSON).error
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 48.5
    error = read([body], status=429, headers={**JSON, "retry-after": "3"}).error
    assert isinstance(error, APIError)
    assert error.retry_after == 3


@pytest.mark.parametrize("delay", ["soon", "1", "-1s", "1e3s", 5, None, "9" * 400 + "s"])
def test_no_telling_how_long_to_wait(delay: Any) -> None:
    body = dumped({"error": {"code": 429, "details": [{"retryDelay": delay}, "?"]}})
    error = read([body], status=429, headers=JSON).error
    assert isinstance(error, APIError)
    assert error.retry_after is None


# -- wrong shapes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (5, "the answer: expected an object, got int"),
        ([5], "the answer: expected an object, got int"),
        ({"choices": []}, "no Gemini answer: it has neither `candidates` nor `error`, but 'choices'"),
        ({"candidates": 5}, "candidates: expected an array, got int"),
        ({"candidates": [5]}, r"candidates\[0\]: expected an object"),
        (chunk({"content": 5}), r"candidates\[0\].content: expected an object"),
        (chunk({"content": {"parts": 5}}), r"candidates\[0\].content.parts: expected an array"),
        (chunk(candidate(5)), r"candidates\[0\].content.parts\[\]: expected an object"),
        (chunk(candidate({"text": 5})), r"parts\[\].text: expected a string"),
        (chunk(candidate({"text": "", "thought": True, "thoughtSignature": 5})), "thoughtSignature: expected a string"),
        (chunk(candidate({"inlineData": 5})), r"parts\[\].inlineData: expected an object"),
        (chunk(candidate({"inlineData": {"data": "?"}})), r"parts\[\].inlineData.data is not Base64"),
        (chunk(candidate({"inlineData": {"data": 5}})), r"parts\[\].inlineData.data: expected a string"),
        (chunk(candidate({"inlineData": {"data": "ä"}})), r"parts\[\].inlineData.data is not Base64"),
        (chunk(candidate({"functionCall": 5})), r"parts\[\].functionCall: expected an object"),
        (chunk(candidate(call("f", id=5))), r"functionCall.id: expected a string"),
        (chunk(candidate(call(5, id="5"))), r"functionCall.name: expected a string"),  # type: ignore[arg-type]
        (chunk(candidate(call("f", args=5))), r"functionCall.args: expected an object"),
        (chunk(candidate(call("f", args={"a": float("inf")}))), "not JSON: a number is too large"),
        (chunk(candidate(call("f", partialArgs=5))), r"functionCall.partialArgs: expected an array"),
        (chunk(candidate(call("f", partialArgs=[5]))), r"functionCall.partialArgs\[\]: expected an object"),
        (chunk(candidate(finish=5)), r"candidates\[0\].finishReason: expected a string"),  # type: ignore[arg-type]
        (chunk(candidate(citationMetadata=5)), r"candidates\[0\].citationMetadata: expected an object"),
        (chunk(candidate(groundingMetadata=5)), r"candidates\[0\].groundingMetadata: expected an object"),
        (chunk(usageMetadata=5), "usageMetadata: expected an object"),
        (chunk(usageMetadata={"promptTokenCount": "5"}), "usage.promptTokenCount: expected a number"),
        (chunk(promptFeedback=5), "promptFeedback: expected an object"),
        (chunk(promptFeedback={"blockReason": 5}), "promptFeedback.blockReason: expected a string"),
        ({"candidates": [], "responseId": 5}, "responseId: expected a string"),
        ({"candidates": [], "modelVersion": 5}, "modelVersion: expected a string"),
    ],
)
def test_wrong_shapes(payload: Any, words: str) -> None:
    for reading in (read([data(payload)]), read([dumped(payload)], headers=JSON, stream=False)):
        with pytest.raises(ProtocolError, match=words):
            raise reading.error  # type: ignore[misc]  # there is one


def test_arguments_that_no_json_can_say() -> None:
    """They were read further up the stack than they are written."""
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(DecodeError, match=r"parts\[\].functionCall.args: nested too deeply"):
        list(Calls(0, None).add({}, {"name": "f", "args": {"a": deep}}))


@pytest.mark.parametrize("payload", [{"novel": 1}, [{"novel": 1}, {}]])
def test_a_whole_answer_without_a_word_that_is_known_is_none(payload: Any) -> None:
    with pytest.raises(DecodeError, match="no Gemini answer: it has neither `candidates` nor `error`, but 'novel'"):
        raise read([dumped(payload)], headers=JSON, stream=False).error  # type: ignore[misc]  # there is one


@pytest.mark.parametrize("payload", [{"message": "m"}, {"detail": "m"}, {"code": 5, "message": "m"}])
def test_errors_of_others(payload: Any) -> None:
    error = read([data(payload)]).error
    assert isinstance(error, APIError)
    assert error.message == "m"


def test_events_of_every_kind_are_tried() -> None:
    assert {type(event) for event in parts(*([part] for part in GIVEN)).events} == {
        Start,
        TextDelta,
        ReasoningDelta,
        ContentDelta,
        ToolCallDelta,
        Done,
    }
