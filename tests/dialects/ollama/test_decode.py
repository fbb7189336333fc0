"""Ollama's chat, from JSON lines to events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.errors import APIError, AuthenticationError, DecodeError, StreamTruncated
from duologue.events import ContentDelta, ReasoningDelta, Start, TextDelta, ToolCallDelta, Unknown, UsageUpdate
from duologue.models import ImageContent, ReasoningContent, TextContent, ToolCall, UnknownContent, Usage
from tests.dialects.reading import JSON, Reading, dumped, read

LINES = {"content-type": "application/x-ndjson"}
TIME = "2026-05-04T22:48:31.6Z"


def line(done: bool = False, **fields: Any) -> dict[str, Any]:
    """A line whose message has these fields."""
    message = {"role": "assistant", "content": "", **fields}
    return {"model": "m", "created_at": TIME, "message": message, "done": done}


def last(reason: str | None = "stop", **top: Any) -> dict[str, Any]:
    return {**line(done=True), "done_reason": reason, **top}


def stream(*given: Any) -> Reading:
    pieces = [piece if isinstance(piece, bytes) else dumped(piece) + b"\n" for piece in given]
    return read(pieces, provider="ollama", headers=LINES)


def whole(answer: Any) -> Reading:
    return read([dumped(answer)], provider="ollama", headers=JSON, stream=False)


CALL = {"function": {"name": "f", "arguments": {"ü": [1, 2.5]}}}


# -- what is read ------------------------------------------------------------------------------------------------------


def test_a_stream_and_the_whole_answer_are_the_same() -> None:
    counts: dict[str, Any] = {"prompt_eval_count": 3, "eval_count": 4, "total_duration": 9, "eval_duration": 8}
    calls = [{"id": "a", **CALL}, {"id": "b", **CALL}]
    streamed = stream(
        line(thinking="th"),
        line(thinking="ink"),
        line(content="te"),
        line(content="xt"),
        line(tool_calls=calls[:1]),
        line(tool_calls=calls[1:]),
        last(**counts),
    )
    answer = line(done=True, thinking="think", content="text", tool_calls=calls)
    at_once = whole({**answer, "done_reason": "stop", **counts})
    assert streamed.response == at_once.response
    assert streamed.message.content == (ReasoningContent("think"), TextContent("text"))
    assert streamed.response.extra == {"created_at": TIME, "total_duration": 9, "eval_duration": 8}


def test_the_events_of_a_stream() -> None:
    reading = stream(line(thinking="t"), line(content="x"), line(), last("length", prompt_eval_count=1, eval_count=2))
    usage = Usage(1, 2, 3, source="reported", raw={"prompt_eval_count": 1, "eval_count": 2})
    assert reading.events[:-1] == [
        Start(None, "m", "ollama", {"created_at": TIME}),
        ReasoningDelta("t"),
        TextDelta("x"),
        UsageUpdate(usage),
    ]
    assert (reading.done.finish_reason, reading.done.raw_finish_reason) == ("length", "length")


@pytest.mark.parametrize(
    ("word", "reason"),
    [("stop", "stop"), ("length", "length"), ("load", "stop"), ("unload", "stop"), ("novel", "unknown")],
)
def test_why_it_ends(word: str, reason: str) -> None:
    done = stream(last(word)).done
    assert (done.finish_reason, done.raw_finish_reason) == (reason, word)


def test_a_connection_lost_behind_the_server_gives_no_reason() -> None:
    done = stream(line(content="x"), last(None)).done
    assert (done.finish_reason, done.raw_finish_reason) == ("unknown", None)


def test_calls_for_tools_change_the_reason() -> None:
    assert stream(line(tool_calls=[CALL]), last()).done.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, Usage()),
        ({"eval_count": 2}, Usage(0, 2, 2, source="reported", raw={"prompt_eval_count": None, "eval_count": 2})),
        (
            {"prompt_eval_count": 5, "prompt_eval_cached_count": 4, "eval_count": 1},
            Usage(
                5,
                1,
                6,
                4,
                source="reported",
                raw={"prompt_eval_count": 5, "eval_count": 1, "prompt_eval_cached_count": 4},
            ),
        ),
    ],
)
def test_counts(counts: dict[str, Any], usage: Usage) -> None:
    assert stream(last(**counts)).response.usage == usage


# -- calls -------------------------------------------------------------------------------------------------------------


def test_a_call() -> None:
    call = {"id": "c", "novel": 1, "function": {"index": 0, **CALL["function"]}}
    [event] = stream(line(tool_calls=[call]), last()).of(ToolCallDelta)
    extra = {"novel": 1, "function": {"index": 0}}
    assert event == ToolCallDelta(0, "c", "f", '{"ü": [1, 2.5]}', extra=extra)


def test_calls_without_ids_get_the_same_ones_at_every_replay() -> None:
    lines = [line(tool_calls=[CALL, CALL]), line(tool_calls=[CALL]), last()]
    calls = stream(*lines).message.tool_calls
    assert [call.id for call in calls] == [f"call_20260504T2248316Z_{number}" for number in range(3)]
    assert all(call.generated_id for call in calls)
    assert stream(*lines).message.tool_calls == calls


def test_calls_without_ids_in_an_answer_without_a_time() -> None:
    [call] = stream({"message": {"tool_calls": [CALL]}}, {"done": True}).message.tool_calls
    assert call.id == "call_without_time_0"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [({"name": "f"}, ""), ({"name": "f", "arguments": None}, ""), ({"name": "f", "arguments": '{"a":1}'}, '{"a":1}')],
)
def test_arguments_that_are_no_object(function: dict[str, Any], arguments: str) -> None:
    [call] = stream(line(tool_calls=[{"id": "c", "function": function}]), last()).message.tool_calls
    assert call == ToolCall("c", "f", arguments)


# -- what is not known -------------------------------------------------------------------------------------------------


def test_log_probabilities_are_joined() -> None:
    lines = [{**line(content=token), "logprobs": [{"token": token, "logprob": -1}]} for token in "ab"]
    streamed = stream(*lines, last())
    both = [{"token": "a", "logprob": -1}, {"token": "b", "logprob": -1}]
    assert streamed.of(Unknown) == [Unknown({"logprobs": both[:1]}, 0), Unknown({"logprobs": both[1:]}, 0)]
    assert streamed.response.choices[0].extra == {"logprobs": both}
    at_once = {**line(done=True, content="ab"), "done_reason": "stop", "logprobs": both}
    assert whole(at_once).response.choices == streamed.response.choices


def test_what_stands_beside_the_message_is_kept() -> None:
    reading = stream({**line(), "remote_host": "h", "gone": None}, {**line(), "created_at": "later"}, last(novel=1))
    assert reading.events[0] == Start(None, "m", "ollama", {"created_at": TIME, "remote_host": "h"})
    assert reading.of(Unknown) == [Unknown({"novel": 1})]
    assert reading.response.extra == {"created_at": TIME, "remote_host": "h", "novel": 1}


def test_what_every_line_repeats_is_told_once() -> None:
    """As the lines of a model do that runs elsewhere."""
    cloud = {"remote_model": "gpt-oss:120b", "remote_host": "https://ollama.com:443"}
    reading = stream(*({**line(content="x"), **cloud} for _ in range(3)), {**last(), **cloud})
    assert reading.events[0] == Start(None, "m", "ollama", {"created_at": TIME, **cloud})
    assert reading.of(Unknown) == []
    changed = stream({**line(), **cloud}, {**line(), "remote_model": "b"}, {**last(), "remote_model": "b"})
    assert changed.of(Unknown) == [Unknown({"remote_model": "b"})]
    assert changed.response.extra == {"created_at": TIME, **cloud, "remote_model": "b"}


def test_a_model_that_is_named_later() -> None:
    reading = stream({**line(content="x"), "model": ""}, line(content="y"), {**last(), "model": None})
    assert (reading.response.model, reading.response.text) == ("m", "xy")
    assert reading.of(Unknown) == [Unknown({"model": "m"})]


def test_what_stands_in_the_message_is_kept() -> None:
    reading = stream(line(novel={"a": 1}, gone=None), last())
    assert reading.of(ContentDelta) == [ContentDelta(UnknownContent({"type": "novel", "novel": {"a": 1}}))]


@pytest.mark.parametrize("novel", [{"zork": 1}, {"status": "loading model"}, {"error": None}, {}])
def test_a_line_of_an_unknown_kind_is_kept(novel: dict[str, Any]) -> None:
    """Wherever it comes, and under every content type."""
    given = [line(content="x"), last()]
    for place in range(2):
        lines = [*given[:place], novel, *given[place:]]
        for reading in (stream(*lines), as_type(JSON, *lines)):
            assert reading.of(Unknown) == [Unknown(novel)]
            assert reading.done.response.text == "x"
            assert reading.response.extra == {**novel, "created_at": TIME}


@pytest.mark.parametrize(("novel", "words"), [({"zork": 1}, "'zork'"), ({}, "nothing")])
def test_unknown_lines_alone_are_no_answer(novel: dict[str, Any], words: str) -> None:
    assert isinstance(stream(novel, novel).error, StreamTruncated)
    reading = whole(novel)
    assert reading.of(Unknown) == [Unknown(novel)]
    with pytest.raises(DecodeError, match=f"neither `message` nor `done` nor `error`, but {words}"):
        raise reading.error or AssertionError


def test_chunks_of_another_format_are_refused_at_once() -> None:
    chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "x"}}]}
    for reading in (stream(chunk, chunk), whole(chunk)):
        assert isinstance(reading.error, DecodeError)
        assert len(reading.events) == 1


def test_images() -> None:
    assert stream(line(images=["/9j/"]), last()).message.content == (ImageContent(data=b"\xff\xd8\xff"),)


# -- the end -----------------------------------------------------------------------------------------------------------


def test_an_end_without_its_line_feed() -> None:
    assert stream(line(content="x"), dumped(last())).done.response.text == "x"


@pytest.mark.parametrize("end", [b"", b'{"done', b'{"done":tru'])
def test_no_end(end: bytes) -> None:
    reading = stream(line(content="x"), end)
    assert isinstance(reading.error, StreamTruncated)
    assert reading.response.text == "x"


def test_a_whole_answer_that_is_not_done() -> None:
    assert isinstance(whole(line(content="x")).error, StreamTruncated)


def test_what_comes_after_the_end_is_not_read() -> None:
    for headers in (LINES, JSON):
        assert as_type(headers, last(), line(content="more")).done.response.text == ""


def as_type(headers: dict[str, str], *given: Any, end: bytes = b"\n") -> Reading:
    """A stream of these lines, under a content type that may not tell so."""
    return read([b"\n".join(map(dumped, given)) + end], provider="ollama", headers=headers)


def test_lines_that_call_themselves_json() -> None:
    """As servers send them that only look like Ollama."""
    given = [line(thinking="t"), line(content="x"), line(content="y", tool_calls=[CALL]), last(eval_count=1)]
    assert as_type(JSON, *given).events == as_type(LINES, *given).events
    failed = as_type(JSON, *given[:2], {"error": "broken"})
    assert isinstance(failed.error, APIError)
    assert (failed.error.message, failed.response.text) == ("broken", "x")


@pytest.mark.parametrize("end", [b"", b"\n", b'\n{"done', b'\n{"done":tru'])
def test_no_end_of_lines_that_call_themselves_json(end: bytes) -> None:
    reading = as_type(JSON, line(content="x"), line(content="y"), end=end)
    assert isinstance(reading.error, StreamTruncated)
    assert reading.response.text == "xy"


def test_an_answer_over_several_lines() -> None:
    body = json.dumps({**line(content="x"), "done": True}, indent=1).encode()
    for end in (b"", b"\n"):
        assert read([body + end], provider="ollama", headers=JSON).done.response.text == "x"
    assert isinstance(read([body[:-2]], provider="ollama", headers=JSON).error, StreamTruncated)


# -- errors ------------------------------------------------------------------------------------------------------------


def test_an_error_after_text() -> None:
    reading = stream(line(content="x"), {"error": "an error was encountered"})
    assert type(reading.error) is APIError
    assert reading.error.message == "an error was encountered"
    assert reading.error.partial is not None
    assert reading.error.partial.text == "x"


def test_an_error_beside_text() -> None:
    reading = stream({**line(content="x", done=True), "error": "late"})
    assert isinstance(reading.error, APIError)
    assert reading.response.text == "x"


@pytest.mark.parametrize("answer", [{"error": "no"}, {"detail": "no"}, {"code": 1, "detail": "no"}])
def test_an_error_in_place_of_an_answer(answer: dict[str, Any]) -> None:
    for reading in (stream(answer), whole(answer)):
        assert isinstance(reading.error, APIError)
        assert reading.error.message == "no"


def test_an_error_without_a_word() -> None:
    for reading in (stream(line(content="x"), {"error": ""}), whole({"error": ""})):
        assert isinstance(reading.error, APIError)
        assert reading.error.message == "an error, without a message"
    assert stream({**last(), "error": ""}).done.finish_reason == "stop"


def test_an_error_status() -> None:
    body = {"error": "unauthorized", "signin_url": "https://ollama.com/connect"}
    reading = read([dumped(body)], provider="ollama", headers=JSON, status=401)
    assert isinstance(reading.error, AuthenticationError)
    assert reading.error.body == body


WRONG: list[tuple[Any, str]] = [
    ([], "expected a JSON object, got list"),
    (None, "expected a JSON object, got null"),
    (b"{]\n", "not JSON"),
    ({"id": "x", "choices": []}, "neither `message` nor `done` nor `error`, but 'choices', 'id'"),
    ({"candidates": []}, "but 'candidates'"),
    (line() | {"message": "text"}, "message: expected an object, got str"),
    (line() | {"done": "yes"}, "done: expected true or false, got str"),
    (line() | {"done": 1}, "done: expected true or false, got int"),
    (line() | {"logprobs": {}}, "logprobs: expected an array, got dict"),
    (last(1), "done_reason: expected a string, got int"),  # type: ignore[arg-type]
    (last(eval_count="1"), "usage.eval_count: expected a number, got str"),
    (last(prompt_eval_count=[]), "usage.prompt_eval_count: expected a number, got list"),
    (line(content=["x"]), "message.content: expected a string, got list"),
    (line(thinking=1), "message.thinking: expected a string, got int"),
    (line(images="x"), "message.images: expected an array, got str"),
    (line(images=[1]), r"message.images\[\]: expected a string, got int"),
    (line(images=["%"]), r"message.images\[\] is not Base64"),
    (line(images=["ü"]), r"message.images\[\] is not Base64"),
    (line(tool_calls={}), "message.tool_calls: expected an array, got dict"),
    (line(tool_calls=["x"]), r"message.tool_calls\[\]: expected an object, got str"),
    (line(tool_calls=[{"id": "x"}]), "function: expected an object, got null"),
    (line(tool_calls=[{"id": 1, **CALL}]), "id: expected a string, got int"),
    (line(tool_calls=[{"function": {"name": 1}}]), "name: expected a string, got int"),
    (line(tool_calls=[{"function": {"arguments": [1]}}]), "arguments: expected a string, got list"),
]


@pytest.mark.parametrize(("wrong", "match"), WRONG)
def test_wrong_types(wrong: Any, match: str) -> None:
    reading = stream(line(content="x"), wrong, last())
    assert isinstance(reading.error, DecodeError)
    with pytest.raises(DecodeError, match=match):
        raise reading.error
    assert reading.response.text == "x"


def test_a_model_that_is_no_name() -> None:
    for before in ([], [line()], [line() | {"model": None}]):
        with pytest.raises(DecodeError, match="model: expected a string, got int"):
            raise stream(*before, line() | {"model": 1}).error or AssertionError


def test_null_counts_as_left_out() -> None:
    nothing: dict[str, Any] = dict.fromkeys(("content", "thinking", "images", "tool_calls", "novel"))
    reading = stream(
        {**line(**nothing), "model": None, "logprobs": None, "error": None}, {"message": None, "done": True}
    )
    assert reading.done.response.choices == ()
    assert json.loads(dumped(reading.response.extra)) == {"created_at": TIME}
