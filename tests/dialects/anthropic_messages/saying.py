"""Saying a recorded request in our words."""

from __future__ import annotations

import base64
import json
from typing import Any

from duologue.models import (
    ChatRequest,
    ContentPart,
    FileContent,
    ImageContent,
    Message,
    Reasoning,
    ReasoningContent,
    ResponseFormat,
    TextContent,
    Tool,
    ToolCall,
    UnknownContent,
)


def say(sent: dict[str, Any]) -> tuple[ChatRequest, bool]:
    """The request that encodes to `sent`, and whether it asks for a stream."""
    sent = dict(sent)
    stream = bool(sent.pop("stream", False))
    messages = []
    if "system" in sent:
        messages.append(Message.system([_part(block) for block in _blocks(sent.pop("system"))]))
    for turn in sent.pop("messages"):
        messages += _messages(turn["role"], _blocks(turn["content"]))
    given: dict[str, Any] = {"max_tokens": sent.pop("max_tokens")}
    for name in ("temperature", "top_p"):
        if name in sent:
            given[name] = sent.pop(name)
    if "stop_sequences" in sent:
        given["stop"] = sent.pop("stop_sequences")
    if all("type" not in tool and "cache_control" not in tool for tool in sent.get("tools", ())):
        given["tools"] = [_tool(tool) for tool in sent.pop("tools", ())]
    if "tool_choice" in sent:
        choice = sent.pop("tool_choice")
        given["tool_choice"] = choice["type"]
        if "disable_parallel_tool_use" in choice:
            given["parallel_tool_calls"] = not choice["disable_parallel_tool_use"]
    if "output_config" in sent:
        given["response_format"] = ResponseFormat("json_schema", sent.pop("output_config")["format"]["schema"])
    thinking = sent.get("thinking", {"type": None})
    if thinking == {"type": "disabled"}:
        given["reasoning"] = 0
        del sent["thinking"]
    elif thinking["type"] == "enabled" and "display" not in thinking:
        given["reasoning"] = Reasoning(budget_tokens=sent.pop("thinking")["budget_tokens"])
    return ChatRequest(messages, model=sent.pop("model"), **given, extra=sent), stream


def meaning(sent: dict[str, Any]) -> dict[str, Any]:
    """A request without what is as good as left out, and with every content as blocks."""
    found = {key: value for key, value in sent.items() if (key, value) != ("stream", False)}
    found["messages"] = [{"role": turn["role"], "content": _meaning(turn["content"])} for turn in sent["messages"]]
    if "system" in found:
        found["system"] = _blocks(found["system"])
    return found


def _meaning(content: Any) -> list[Any]:
    return [
        {**block, "content": _meaning(block["content"])} if block["type"] == "tool_result" else block
        for block in _blocks(content)
    ]


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _messages(role: str, blocks: list[dict[str, Any]]) -> list[Message]:
    if role == "user" and any(block["type"] == "tool_result" and block.keys() <= _RESULT for block in blocks):
        return [
            Message.tool(
                block["tool_use_id"],
                [_part(inner) for inner in _blocks(block["content"])],
                is_error=block.get("is_error", False),
            )
            for block in blocks
        ]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    parts = [_part(block) for block in blocks if block not in calls]
    return [Message(role, parts, tool_calls=[_call(call) for call in calls])]  # type: ignore[arg-type]  # a role


_RESULT = {"type", "tool_use_id", "content", "is_error"}


def _call(block: dict[str, Any]) -> ToolCall:
    return ToolCall(block["id"], block["name"], json.dumps(block["input"]))


def _tool(tool: dict[str, Any]) -> Tool:
    return Tool(tool["name"], tool.get("description", ""), tool["input_schema"], strict=tool.get("strict"))


def _part(block: dict[str, Any]) -> ContentPart:
    match block:
        case {"type": "text", "text": text} if len(block) == 2:
            return TextContent(text)
        case {"type": "thinking", "thinking": text, "signature": signature}:
            return ReasoningContent(text, signature)
        case {"type": "image", "source": {"type": "base64", "data": data, "media_type": kind}} if len(block) == 2:
            return ImageContent(data=base64.b64decode(data), media_type=kind)
        case {"type": "document", "source": {"type": "url", "url": url}} if len(block) == 2:
            return FileContent(url=url)
    return UnknownContent(block)
