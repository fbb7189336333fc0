"""Cohere's Chat, from a request to a JSON body."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from duologue._dialects.cohere.encode import FIELDS, UNSUPPORTED, encode
from duologue._json import dumps
from duologue._tables import PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import (
    ROLE_VALUES,
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
from tests.dialects.cohere.test_decode import PLAN, begin, call, end, event, more, stream

COHERE = PROVIDERS["cohere"]
HI = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": False}


def body(*messages: Any, stream: bool = False, **fields: Any) -> dict[str, Any]:
    return encode(ChatRequest(messages or "hi", **fields), COHERE, model="m", stream=stream).body


def wire(message: Message) -> dict[str, Any]:
    [found] = body(message)["messages"]
    return dict(found)


# -- fields ------------------------------------------------------------------------------------------------------------

# What `encode` writes itself.
FRAME = {"messages", "model", "extra"}


def test_every_field_of_a_request_has_a_place() -> None:
    tables = [FRAME, FIELDS.keys(), UNSUPPORTED.keys()]
    assert sorted(field for table in tables for field in table) == sorted(
        field.name for field in attrs.fields(ChatRequest)
    )


EMPTY = {"type": "object", "properties": {}}
BARE = {"type": "function", "function": {"name": "f", "parameters": EMPTY}}
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
    ("tools", [Tool("f", strict=True)], {"tools": [BARE], "strict_tools": True}),
    ("tools", [Tool("f", strict=False), Tool("f")], {"tools": [BARE, BARE], "strict_tools": False}),
    ("tools", [], {}),
    ("tool_choice", "auto", {}),
    ("tool_choice", "required", {"tool_choice": "REQUIRED"}),
    ("tool_choice", "none", {"tool_choice": "NONE"}),
    ("temperature", 0, {"temperature": 0}),
    ("top_p", 0.5, {"p": 0.5}),
    ("max_tokens", 5, {"max_tokens": 5}),
    ("stop", ["a", "b"], {"stop_sequences": ["a", "b"]}),
    ("stop", None, {}),
    ("seed", 0, {"seed": 0}),
    ("response_format", "text", {"response_format": {"type": "text"}}),
    ("response_format", "json_object", {"response_format": {"type": "json_object"}}),
    (
        "response_format",
        ResponseFormat("json_schema", {"a": 1}, "n", strict=True),
        {"response_format": {"type": "json_object", "json_schema": {"a": 1}}},
    ),
    ("reasoning", 512, {"thinking": {"type": "enabled", "token_budget": 512}}),
    ("reasoning", 0, {"thinking": {"type": "disabled"}}),
    ("reasoning", "none", {"thinking": {"type": "disabled"}}),
    ("reasoning", "disabled", {"thinking": {"type": "disabled"}}),
    ("reasoning", "enabled", {"thinking": {"type": "enabled"}}),
    ("reasoning", Reasoning(), {"thinking": {"type": "enabled"}}),
    ("n", 1, {}),
    ("parallel_tool_calls", True, {}),
    ("frequency_penalty", 0.5, {"frequency_penalty": 0.5}),
    ("presence_penalty", 0, {"presence_penalty": 0}),
    ("logprobs", True, {"logprobs": True}),
    ("top_logprobs", None, {}),
    ("user", None, {}),
    ("metadata", {}, {}),
    ("extra", {"documents": ["d"], "k": 3}, {"documents": ["d"], "k": 3}),
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
    ("tool_choice", "f", "not of one tool: 'f'"),
    ("tools", [Tool("f", strict=True), Tool("g")], "no mix of them"),
    ("tools", [Tool("f", strict=True), Tool("g", strict=False)], "no mix of them"),
    ("reasoning", "high", "one of enabled, disabled, none; got 'high'"),
    ("reasoning", Reasoning("enabled", 5), "as a budget of tokens"),
    ("n", 2, "no n: it gives one answer"),
    ("parallel_tool_calls", False, "no parallel_tool_calls"),
    ("top_logprobs", 1, "no top_logprobs"),
    ("user", "u", "no user"),
    ("metadata", {"a": "b"}, "no metadata"),
]


@pytest.mark.parametrize(("field", "value", "match"), REFUSED)
def test_what_is_refused(field: str, value: Any, match: str) -> None:
    with pytest.raises(UnsupportedError, match=match):
        body(**{field: value})


def test_every_unsupported_field_is_refused() -> None:
    assert UNSUPPORTED.keys() <= {field for field, _, _ in REFUSED}


def test_the_wire() -> None:
    assert encode(ChatRequest("hi"), COHERE, model="m", stream=False) == ("/v2/chat", HI, {})
    assert body(stream=True) == {**HI, "stream": True}


def test_extra_wins() -> None:
    extra = {"model": "x", "stream": None, "p": 0.1}
    assert body(top_p=0.5, extra=extra) == {**HI, **extra}


# -- messages ----------------------------------------------------------------------------------------------------------

URL = "https://example.com/cat.png"
DOCUMENT = {"type": "document", "document": {"id": "d", "data": {"text": "t"}}}
TEXT = {"type": "text", "text": "t"}


@pytest.mark.parametrize("role", ["system", "user"])
def test_text_alone_is_a_string(role: Any) -> None:
    assert wire(Message(role, ["a", "b"])) == {"role": role, "content": "ab"}


def test_a_tools_result() -> None:
    assert wire(Message.tool("c", {"a": 1}, name="f")) == {"role": "tool", "content": '{"a": 1}', "tool_call_id": "c"}


PARTS: list[tuple[str, ContentPart, dict[str, Any]]] = [
    ("user", ImageContent.from_url(URL), {"type": "image_url", "image_url": {"url": URL}}),
    (
        "user",
        ImageContent.from_url(URL, detail="low"),
        {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
    ),
    (
        "user",
        ImageContent.from_bytes(b"\xff\xd8\xff"),
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/"}},
    ),
    (
        "user",
        ImageContent(data=b"\xff"),
        {"type": "image_url", "image_url": {"url": "data:application/octet-stream;base64,/w=="}},
    ),
    ("tool", UnknownContent(DOCUMENT), DOCUMENT),
    ("user", UnknownContent(DOCUMENT), DOCUMENT),
    ("system", UnknownContent(DOCUMENT), DOCUMENT),
]


@pytest.mark.parametrize(("role", "part", "expected"), PARTS)
def test_content(role: Any, part: ContentPart, expected: dict[str, Any]) -> None:
    assert wire(Message(role, ["t", part], tool_call_id="c"))["content"] == [TEXT, expected]


_CAN_HOLD: dict[str, tuple[type, ...]] = {
    "system": (TextContent, UnknownContent),
    "user": (TextContent, UnknownContent, ImageContent),
    "assistant": (TextContent, UnknownContent, ReasoningContent, RefusalContent, CitationContent),
    "tool": (TextContent, UnknownContent),
}
EVERY_PART = [
    TextContent("t"),
    UnknownContent(DOCUMENT),
    ImageContent(url=URL),
    FileContent(data=b"x"),
    AudioContent(data=b"x"),
    ReasoningContent("r"),
    RefusalContent("r"),
    CitationContent(),
]


@pytest.mark.parametrize("role", ROLE_VALUES)
@pytest.mark.parametrize("part", EVERY_PART, ids=lambda part: part.type)
def test_what_a_message_can_hold(role: Any, part: ContentPart) -> None:
    message = Message(role, part, tool_call_id="c")
    if isinstance(part, _CAN_HOLD[role]):
        wire(message)
        return
    with pytest.raises(UnsupportedError, match=f"an? {role} message cannot hold {part.type} content"):
        wire(message)


@pytest.mark.parametrize(
    ("message", "match"),
    [
        (Message("tool", "x"), "needs tool_call_id"),
        (Message.user("x", name="n"), "no name for a user message"),
        (Message.user(ImageContent()), "image content needs url or data"),
        (Message.assistant(tool_calls=[ToolCall("c", "f", "x", type="custom")]), "no custom tool calls"),
    ],
)
def test_what_a_message_cannot_say(message: Message, match: str) -> None:
    with pytest.raises(UnsupportedError, match=match):
        wire(message)


# -- an answer on its way back -----------------------------------------------------------------------------------------


def test_every_part_of_an_answer() -> None:
    note = {"text": "t", "sources": [{"type": "tool", "id": "x"}]}
    answer = stream(
        begin(novel_field=[1]),
        event("tool-plan-delta", tool_plan="plan"),
        event("content-delta", 0, content={"thinking": "why"}),
        event("content-delta", 1, content={"text": "a"}),
        event("content-start", 2, content={"type": "novel", "odd": 1}),
        event("content-delta", 3, content={"text": "b"}),
        event("citation-start", 0, citations={**note, "content_index": 1}),
        call(0, "c", "f"),
        more(0, '{"x": 1}', novel=1),
        end("TOOL_CALL"),
    ).message
    assert wire(answer) == {
        "role": "assistant",
        "tool_plan": "plan",
        "novel_field": [1],
        "content": [
            {"type": "thinking", "thinking": "why"},
            {"type": "text", "text": "a"},
            {"type": "novel", "odd": 1},
            {"type": "text", "text": "b"},
        ],
        "tool_calls": [{"id": "c", "type": "function", "novel": 1, "function": {"name": "f", "arguments": '{"x": 1}'}}],
        "citations": [{**note, "content_index": 1}],
    }


def test_an_answer_of_another_provider() -> None:
    content: list[ContentPart] = [
        ReasoningContent("why", "sig"),
        TextContent("a"),
        RefusalContent("b"),
        CitationContent(url="u", raw={"u": 1}),
    ]
    assert wire(Message.assistant(content)) == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "why"},
            {"type": "text", "text": "a"},
            {"type": "text", "text": "b"},
        ],
    }


def test_a_plan_that_lost_its_twin() -> None:
    assert wire(Message.assistant([PLAN])) == {"role": "assistant", "tool_plan": "plan"}


def test_a_call_without_arguments() -> None:
    calls = [ToolCall("c", "f", extra={"function": {"index": 0}})]
    assert wire(Message.assistant(tool_calls=calls)) == {
        "role": "assistant",
        "tool_calls": [{"id": "c", "type": "function", "function": {"index": 0, "name": "f", "arguments": "{}"}}],
    }


def test_what_is_empty_is_left_out() -> None:
    """Unless there is nothing else."""
    call = ToolCall("c", "f")
    found = wire(Message("assistant", "", tool_calls=[call]))
    assert found == wire(Message.assistant(tool_calls=[call]))
    assert wire(Message.assistant(["", "a", RefusalContent("")]))["content"] == [{"type": "text", "text": "a"}]
    assert wire(Message.assistant(""))["content"] == [{"type": "text", "text": ""}]
    image = ImageContent.from_url("https://x/y")
    assert wire(Message.user(["", image])) == wire(Message.user([image]))
    assert wire(Message.user(""))["content"] == ""
