"""Parts of messages to the handlers of their kind."""

from __future__ import annotations

from typing import Any

import pytest

from duologue import (
    ChatResponse,
    Choice,
    ImageContent,
    Message,
    MessageRouter,
    ReasoningContent,
    TextContent,
    ToolCall,
    UnsupportedError,
    Usage,
)

IMAGE = ImageContent.from_bytes(b"GIF89a")
CALL = ToolCall("c", "f", "{}")


def router() -> MessageRouter[str]:
    made: MessageRouter[str] = MessageRouter()

    @made.on(TextContent)
    def text(part: TextContent) -> str:
        return f"text {part.text}"

    @made.on(TextContent, role="system")
    def rule(part: TextContent) -> str:
        return f"rule {part.text}"

    assert text(TextContent("a")) == "text a"  # they stay functions
    assert rule(TextContent("a")) == "rule a"
    made.on(ImageContent, lambda part: f"image {part.media_type}")
    made.on(ToolCall, lambda call: f"call {call.name}")
    return made


def test_by_kind() -> None:
    message = Message.assistant(["a", IMAGE, "b"], tool_calls=[CALL])
    assert router().route(message) == ["text a", "image image/gif", "text b", "call f"]
    assert router().route(Message.system("s")) == ["rule s"]
    assert router().route(Message.user([])) == []


def test_of_a_response() -> None:
    response = ChatResponse("1", "m", "p", [Choice(0, Message.assistant("a"), "stop")], Usage(), complete=True)
    assert router().route(response) == ["text a"]


def test_what_has_no_handler() -> None:
    called: list[Any] = []
    made: MessageRouter[None] = MessageRouter()
    made.on(TextContent, called.append)
    message = Message.assistant(["a", ReasoningContent("hm")])
    with pytest.raises(UnsupportedError, match="no handler for a ReasoningContent in a assistant message"):
        made.route(message)
    assert called == []
    made.otherwise(called.append)
    made.route(message)
    assert called == [TextContent("a"), ReasoningContent("hm")]


@pytest.mark.parametrize("kind", [str, Message, "text", TextContent("a"), object])
def test_what_is_no_kind(kind: Any) -> None:
    with pytest.raises(TypeError, match="the class of a content part, or ToolCall"):
        MessageRouter[str]().on(kind, str)


def test_no_role() -> None:
    role: Any = "boss"
    with pytest.raises(ValueError, match="role must be one of 'system'"):
        MessageRouter[str]().on(TextContent, str, role=role)
