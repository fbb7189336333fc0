"""Cohere's Chat, from a request to a JSON body.

https://docs.cohere.com/reference/chat
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.request import data_url, encode_fields, merged, named, said_parts
from duologue.errors import UnsupportedError
from duologue.models import (
    CitationContent,
    ImageContent,
    ReasoningContent,
    RefusalContent,
    TextContent,
    UnknownContent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from duologue._dialects.request import Convert
    from duologue.models import ChatRequest, ContentPart, Message, Provider, Reasoning, ResponseFormat, Tool, ToolCall

_PATH = "/v2/chat"
_MESSAGE_KEYS = frozenset({"role", "content", "tool_calls", "citations", "tool_call_id"})


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:  # noqa: ARG001
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    fields = encode_fields(request, FIELDS, UNSUPPORTED, where="the cohere format")
    messages = [_message(message) for message in request.messages]
    body = {"model": model, "messages": messages, "stream": stream, **fields}
    return Wire(_PATH, merged(body, dict(request.extra)))


# -- messages ----------------------------------------------------------------------------------------------------------


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role}
    if message.role == "assistant":
        wire |= _assistant(message)
    else:
        wire["content"] = _content(message)
    if message.role == "tool":
        # Its name is the call's, which the id leads to.
        if not message.tool_call_id:
            raise UnsupportedError("a tool message needs tool_call_id: make it with Message.tool(call.id, result)")
        wire["tool_call_id"] = message.tool_call_id
    elif message.name is not None:
        raise UnsupportedError(f"the cohere format has no name for a {message.role} message")
    return wire


def _content(message: Message) -> str | list[dict[str, Any]]:
    if all(isinstance(part, TextContent) for part in message.content):
        return message.text
    return [_part(part, message.role) for part in said_parts(message)]


def _assistant(message: Message) -> dict[str, Any]:
    """An answer on its way back: its plan, content, calls and citations. A citation of another provider's stays out."""
    fields = _fields_of(message)
    wire: dict[str, Any] = dict(fields)
    content = [
        _part(part, "assistant")
        for part in said_parts(message)
        if not (isinstance(part, CitationContent) or _is_field(part) or _is_plan(part, fields))
    ]
    if content:
        wire["content"] = content
    if message.tool_calls:
        wire["tool_calls"] = [_call(call) for call in message.tool_calls]
    citations = [
        dict(part.raw) for part in message.content if isinstance(part, CitationContent) and "sources" in part.raw
    ]
    if citations:
        wire["citations"] = citations
    return wire


def _is_field(part: ContentPart) -> bool:
    """Whether the decoder kept a field of the message in it."""
    if not isinstance(part, UnknownContent):
        return False
    key = part.raw.get("type")
    return isinstance(key, str) and key in part.raw and key not in _MESSAGE_KEYS


def _fields_of(message: Message) -> dict[str, Any]:
    return {
        part.raw["type"]: part.raw[part.raw["type"]]
        for part in message.content
        if isinstance(part, UnknownContent) and _is_field(part)
    }


def _is_plan(part: ContentPart, fields: dict[str, Any]) -> bool:
    """Whether it is the plan once more, as the reader sees it."""
    return isinstance(part, ReasoningContent) and part.text == fields.get("tool_plan")


def _call(call: ToolCall) -> dict[str, Any]:
    if call.type != "function":
        raise UnsupportedError(f"the cohere format has no {call.type} tool calls")
    extra = dict(call.extra)
    function = {**extra.pop("function", {}), "name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", **extra, "function": function}


def _part(part: ContentPart, role: str) -> dict[str, Any]:
    encode_part = _PARTS[role].get(type(part))
    if encode_part is None:
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in the cohere format")
    return encode_part(part)


def _text(part: TextContent | RefusalContent) -> dict[str, Any]:
    return {"type": "text", "text": part.text}


def _image(part: ImageContent) -> dict[str, Any]:
    image = {"url": part.url or data_url(part)}
    if part.detail is not None:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


def _raw(part: UnknownContent) -> dict[str, Any]:
    """The caller's own words, such as a tool's result as a `document`; or what the decoder did not know."""
    return dict(part.raw)


_PARTS: dict[str, dict[type, Callable[[Any], dict[str, Any]]]] = {
    "system": {TextContent: _text, UnknownContent: _raw},
    "user": {TextContent: _text, ImageContent: _image, UnknownContent: _raw},
    "assistant": {
        TextContent: _text,
        RefusalContent: _text,  # the format has no refusals, but it is what the assistant said
        ReasoningContent: lambda part: {"type": "thinking", "thinking": part.text},
        UnknownContent: _raw,
    },
    "tool": {TextContent: _text, UnknownContent: _raw},
}


# -- fields ------------------------------------------------------------------------------------------------------------


def _tools(tools: Iterable[Tool]) -> dict[str, Any]:
    """The tools; whether they are strict is said once for all of them."""
    wire: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    strict = {tool.strict for tool in tools} - {None}
    if True in strict and any(not tool.strict for tool in tools):
        raise UnsupportedError("the cohere format has strict tools, or tools that are not, but no mix of them")
    if strict:
        wire["strict_tools"] = True in strict
    return wire


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> dict[str, Any]:
    """Leaving it out is how `auto` is said."""
    if choice not in _CHOICES:
        raise UnsupportedError(f"the cohere format can force a tool call, but not of one tool: {choice!r}")
    return _CHOICES[choice]


_CHOICES: dict[str, dict[str, Any]] = {
    "auto": {},
    "required": {"tool_choice": "REQUIRED"},
    "none": {"tool_choice": "NONE"},
}


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    """A schema goes with `json_object`, is always enforced, and needs no name."""
    if form.type == "json_schema":
        return {"response_format": {"type": "json_object", "json_schema": form.schema}}
    return {"response_format": {"type": form.type}}


def _thinking(reasoning: Reasoning) -> dict[str, Any]:
    """https://docs.cohere.com/docs/reasoning: on or off, and a budget that is above 0."""
    effort, budget = reasoning.effort, reasoning.budget_tokens
    if effort is not None and (budget is not None or effort not in _EFFORTS):
        raise UnsupportedError(
            f"the cohere format takes reasoning as a budget of tokens or one of {', '.join(_EFFORTS)}; got {effort!r}"
        )
    thinking: dict[str, Any] = {"type": _EFFORTS[effort or "enabled"] if budget != 0 else "disabled"}
    if budget:
        thinking["token_budget"] = budget
    return {"thinking": thinking}


_EFFORTS = {"enabled": "enabled", "disabled": "disabled", "none": "disabled"}


# Every field of ChatRequest that has a place of its own in the body; the rest are the frame that `encode` writes
# itself.
FIELDS: dict[str, Convert] = {
    "tools": _tools,
    "tool_choice": _tool_choice,
    "temperature": named("temperature"),
    "top_p": named("p"),
    "max_tokens": named("max_tokens"),
    "stop": named("stop_sequences"),
    "seed": named("seed"),
    "response_format": _response_format,
    "reasoning": _thinking,
    "frequency_penalty": named("frequency_penalty"),
    "presence_penalty": named("presence_penalty"),
    "logprobs": named("logprobs"),
}
# What the format has no place for, and what that means for who asked.
UNSUPPORTED = {
    "n": "it gives one answer at a time",
    "parallel_tool_calls": "the model may call as many tools as it likes",
    "top_logprobs": "it tells the log probabilities of the tokens that were chosen, and of no others",
    "user": "a request carries no id of the end user",
    "metadata": "nothing is stored with a request",
}
