"""Ollama's chat, from a request to a JSON body."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from duologue._dialects.ollama.encode import FIELDS, UNSUPPORTED, encode
from duologue._json import dumps
from duologue._tables import PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import (
    AudioContent,
    ChatRequest,
    CitationContent,
    ContentPart,
    FileContent,
    ImageContent,
    Message,
    Reasoning,
    ReasoningContent,
    RefusalContent,
    ResponseFormat,
    TextContent,
    Tool,
    ToolCall,
    UnknownContent,
)
from tests.dialects.ollama.test_decode import CALL, last, line, stream

OLLAMA = PROVIDERS["ollama"]
HI = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": False}


def body(*messages: Any, stream: bool = False, **fields: Any) -> dict[str, Any]:
    return encode(ChatRequest(messages or "hi", **fields), OLLAMA, model="m", stream=stream).body


def wires(*messages: Any) -> list[dict[str, Any]]:
    return list(body(*messages)["messages"])


# -- fields ------------------------------------------------------------------------------------------------------------

# What `encode` writes itself.
FRAME = {"messages", "model", "extra"}


def test_every_field_of_a_request_has_a_place() -> None:
    tables = [FRAME, FIELDS.keys(), UNSUPPORTED.keys()]
    assert sorted(field for table in tables for field in table) == sorted(
        field.name for field in attrs.fields(ChatRequest)
    )


EMPTY = {"type": "object", "properties": {}}
FIELD_CASES: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "tools",
        [Tool("f", "does f", {"type": "object"})],
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "f", "description": "does f", "parameters": {"type": "object"}},
                }
            ]
        },
    ),
    (
        "tools",
        [Tool("f", strict=False)],
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": EMPTY}}]},
    ),
    ("tools", [], {}),
    ("tool_choice", "auto", {}),
    ("temperature", 0, {"options": {"temperature": 0}}),
    ("top_p", 0.5, {"options": {"top_p": 0.5}}),
    ("max_tokens", 5, {"options": {"num_predict": 5}}),
    ("stop", ["a", "b"], {"options": {"stop": ["a", "b"]}}),
    ("stop", None, {}),
    ("seed", 0, {"options": {"seed": 0}}),
    ("response_format", "text", {}),
    ("response_format", "json_object", {"format": "json"}),
    ("response_format", {"type": "object"}, {"format": {"type": "object"}}),
    ("response_format", ResponseFormat("json_schema", {"a": 1}, "n", strict=True), {"format": {"a": 1}}),
    ("reasoning", "high", {"think": "high"}),
    ("reasoning", "true", {"think": True}),
    ("reasoning", "false", {"think": False}),
    ("reasoning", "none", {"think": False}),
    ("reasoning", Reasoning(), {"think": True}),
    ("reasoning", 0, {"think": False}),
    ("n", 1, {}),
    ("parallel_tool_calls", True, {}),
    ("frequency_penalty", -1, {"options": {"frequency_penalty": -1}}),
    ("presence_penalty", 0, {"options": {"presence_penalty": 0}}),
    ("logprobs", True, {"logprobs": True}),
    ("top_logprobs", 3, {"top_logprobs": 3, "logprobs": True}),
    ("top_logprobs", 0, {"top_logprobs": 0}),
    ("user", None, {}),
    ("metadata", {}, {}),
    ("extra", {"keep_alive": "5m"}, {"keep_alive": "5m"}),
    ("extra", {}, {}),
]


@pytest.mark.parametrize(("field", "value", "expected"), FIELD_CASES)
def test_fields(field: str, value: Any, expected: dict[str, Any]) -> None:
    found = body(**{field: value})
    assert found == {**HI, **expected}
    assert json.loads(dumps(found)) == found


def test_every_field_is_tried() -> None:
    assert {field for field, _, _ in FIELD_CASES} | {"messages", "model"} == FRAME | FIELDS.keys() | UNSUPPORTED.keys()


REFUSED: list[tuple[str, Any, str]] = [
    ("tool_choice", "none", "no tool_choice: .*leave the tools out"),
    ("tool_choice", "required", "no tool_choice"),
    ("tool_choice", "f", "no tool_choice"),
    ("n", 2, "no n: it gives one answer"),
    ("parallel_tool_calls", False, "no parallel_tool_calls"),
    ("user", "u", "no user"),
    ("metadata", {"a": "b"}, "no metadata"),
    ("reasoning", 5, "not as a budget"),
    ("reasoning", Reasoning("low", 5), "not as a budget"),
    ("tools", [Tool("f", strict=True)], "'f' is strict"),
]


@pytest.mark.parametrize(("field", "value", "match"), REFUSED)
def test_what_is_refused(field: str, value: Any, match: str) -> None:
    with pytest.raises(UnsupportedError, match=match):
        body(**{field: value})


def test_every_unsupported_field_is_refused() -> None:
    assert UNSUPPORTED.keys() <= {field for field, _, _ in REFUSED}


def test_streaming() -> None:
    assert encode(ChatRequest("hi"), OLLAMA, model="m", stream=True) == (
        "/api/chat",
        {**HI, "stream": True},
        {"accept": "application/x-ndjson"},
    )
    assert encode(ChatRequest("hi"), OLLAMA, model="m", stream=False) == ("/api/chat", HI, {})


def test_options_stand_together() -> None:
    assert body(temperature=1, seed=2)["options"] == {"temperature": 1, "seed": 2}


def test_extra_wins() -> None:
    extra = {"model": "x", "stream": None, "format": "json"}
    assert body(response_format={"a": 1}, extra=extra) == {**HI, **extra}


def test_extra_options_join_the_others_and_win() -> None:
    extra = {"options": {"num_ctx": 8192, "seed": 3}}
    assert body(temperature=1, seed=2, extra=extra)["options"] == {"temperature": 1, "seed": 3, "num_ctx": 8192}
    assert extra == {"options": {"num_ctx": 8192, "seed": 3}}
    assert body(extra=extra)["options"] == extra["options"]
    assert body(seed=2, extra={"options": None})["options"] is None


# -- messages ----------------------------------------------------------------------------------------------------------


def test_roles() -> None:
    assert wires(Message.system("s"), Message.user("u"), Message.assistant("a")) == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
    ]


def test_pieces_of_text_are_one_string() -> None:
    assert wires(Message.user(["a", "b"])) == [{"role": "user", "content": "ab"}]


MEDIA: list[tuple[ContentPart, str]] = [
    (ImageContent.from_bytes(b"\xff\xd8\xff"), "/9j/"),
    (ImageContent(data=b"\xff"), "/w=="),
    (AudioContent(data=b"\xff", media_type="audio/wav"), "/w=="),
    (AudioContent(data=b"\xff", media_type="audio/mpeg"), "/w=="),
]


@pytest.mark.parametrize(("part", "expected"), MEDIA)
def test_images_and_sound(part: ContentPart, expected: str) -> None:
    assert wires(Message.user(["look", part])) == [{"role": "user", "content": "look", "images": [expected]}]


def test_addresses_that_are_the_data_go_as_data() -> None:
    said: list[Any] = [
        ImageContent.from_url("data:image/png;base64,YQ=="),
        AudioContent.from_url("data:audio/wav;base64,Yg=="),
    ]
    assert wires(Message.user(said)) == [{"role": "user", "content": "", "images": ["YQ==", "Yg=="]}]


def test_a_result_with_an_image() -> None:
    image = ImageContent(data=b"\xff")
    [_, result] = wires(
        Message.assistant(tool_calls=[ToolCall("c", "f")]), Message.tool("c", [TextContent("t"), image])
    )
    assert result == {"role": "tool", "content": "t", "images": ["/w=="], "tool_name": "f", "tool_call_id": "c"}


UNFIT: list[tuple[Message, str]] = [
    (Message.user(ImageContent.from_url("https://example.com/x.png")), "fetches nothing by URL"),
    (Message.user(ImageContent(data=b"x", detail="low")), "no detail for images"),
    (Message.user(AudioContent(data=b"x", media_type="audio/ogg")), "WAV or MP3 data; got audio/ogg"),
    (Message.user(AudioContent(url="https://example.com/x.wav")), "WAV or MP3 data; got no data"),
    (Message.user(AudioContent(url="https://example.com/x.wav", media_type="audio/wav")), "fetches nothing by URL"),
    (Message.user(FileContent(data=b"x")), "a user message cannot hold file content"),
    (Message.user(ReasoningContent("x")), "a user message cannot hold reasoning content"),
    (Message.system(RefusalContent("x")), "a system message cannot hold refusal content"),
    (Message.tool("c", CitationContent()), "a tool message cannot hold citation content"),
    (Message.assistant(FileContent(data=b"x")), "an? assistant message cannot hold file content"),
    (Message.user(UnknownContent({"type": "novel"})), "a user message cannot hold novel content"),
    (Message.user(UnknownContent({"type": "content", "content": "x"})), "cannot hold content content"),
    (Message.user("x", name="n"), "no name for a user message"),
    (Message("tool", "x"), "needs tool_call_id"),
    (Message.assistant(tool_calls=[ToolCall("c", "f", "x", type="custom")]), "no custom tool calls"),
]


@pytest.mark.parametrize(("message", "match"), UNFIT)
def test_what_a_message_cannot_hold(message: Message, match: str) -> None:
    with pytest.raises(UnsupportedError, match=match):
        wires(message)


def test_an_answer_on_its_way_back() -> None:
    content: list[ContentPart] = [
        ReasoningContent("why", "sig"),
        TextContent("a"),
        RefusalContent("b"),
        CitationContent(url="u"),
    ]
    foreign = UnknownContent({"type": "redacted_thinking", "data": "x"})
    assert wires(Message.assistant([*content, foreign, ImageContent(data=b"\xff")])) == [
        {"role": "assistant", "content": "ab", "thinking": "why", "images": ["/w=="]}
    ]


def test_fields_that_the_decoder_did_not_know_go_back() -> None:
    message = stream(line(content="a", novel={"b": 1}), last()).message
    assert wires(message) == [{"role": "assistant", "content": "a", "novel": {"b": 1}}]


# -- tools -------------------------------------------------------------------------------------------------------------


def test_calls_with_ids() -> None:
    function = {"index": 0, **CALL["function"]}
    answer = stream(line(tool_calls=[{"id": "a", "novel": 1, "function": function}]), last()).message
    [back, result] = wires(answer, Message.tool("a", "r"))
    assert back["tool_calls"] == [{"id": "a", "novel": 1, "function": function}]
    assert result == {"role": "tool", "content": "r", "tool_name": "f", "tool_call_id": "a"}


def test_calls_without_ids() -> None:
    """An id that was made up here is nothing to the server: the tool's name is what it goes by."""
    answer = stream(line(tool_calls=[CALL, {"function": {"name": "g"}}]), last()).message
    first, second = answer.tool_calls
    [back, *results] = wires(answer, Message.tool(first.id, "r"), Message.tool(second.id, "s"))
    assert back["tool_calls"] == [CALL, {"function": {"name": "g", "arguments": {}}}]
    assert results == [
        {"role": "tool", "content": "r", "tool_name": "f"},
        {"role": "tool", "content": "s", "tool_name": "g"},
    ]


def test_a_result_whose_call_is_not_there() -> None:
    assert wires(Message.tool("a", "r")) == [{"role": "tool", "content": "r", "tool_call_id": "a"}]
    assert wires(Message.tool("a", "r", name="f")) == [
        {"role": "tool", "content": "r", "tool_name": "f", "tool_call_id": "a"}
    ]
    assert wires(Message("tool", "r", name="f")) == [{"role": "tool", "content": "r", "tool_name": "f"}]
