"""Ollama's chat, from a request to a JSON body.

https://docs.ollama.com/api/chat
"""

from __future__ import annotations

import base64
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue.errors import UnsupportedError
from duologue.models import (
    AudioContent,
    CitationContent,
    ImageContent,
    ReasoningContent,
    RefusalContent,
    TextContent,
    UnknownContent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from duologue.models import ChatRequest, ContentPart, Message, Provider, Reasoning, ResponseFormat, Tool, ToolCall

_PATH = "/api/chat"
_ACCEPT = MappingProxyType({"accept": "application/x-ndjson"})
# Which of them the model hears the server finds out by itself, from the first bytes.
_AUDIO_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp3"})
_MESSAGE_KEYS = frozenset({"role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"})
# Words for Ollama's `true` and `false`; its levels are the model's own words.
_THINK = {"true": True, "false": False, "none": False}
# What a model does anyway: asking for it asks for nothing.
_DEFAULTS: dict[str, Any] = {"tool_choice": "auto", "n": 1, "parallel_tool_calls": True}


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:  # noqa: ARG001
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    body: dict[str, Any] = {"model": model, "messages": _messages(request.messages), "stream": stream}
    options: dict[str, Any] = {}
    for field, value in _given(request):
        if field in FIELDS:
            part = FIELDS[field](value)
            options |= part.pop("options", {})
            body |= part
        elif value != _DEFAULTS.get(field):
            raise UnsupportedError(f"the ollama format has no {field}: {UNSUPPORTED[field]}")
    extra = dict(request.extra)
    if isinstance(extra.get("options"), dict):
        # An option of the caller's own, such as `num_ctx`, must not cost the request its temperature.
        options |= extra.pop("options")
    if options:
        body["options"] = options
    return Wire(_PATH, body | extra, _ACCEPT if stream else {})


def _given(request: ChatRequest) -> Iterable[tuple[str, Any]]:
    """The fields that were given, in the order of the tables."""
    for field in (*FIELDS, *UNSUPPORTED):
        value = getattr(request, field)
        if value is not None and value != () and value != {}:
            yield field, value


# -- messages ----------------------------------------------------------------------------------------------------------


def _messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The messages. A tool's result is known by the tool's name, so the calls before it are kept in mind."""
    calls: dict[str, ToolCall] = {}
    wires = []
    for message in messages:
        if message.name is not None and message.role != "tool":
            raise UnsupportedError(f"the ollama format has no name for a {message.role} message")
        wire: dict[str, Any] = {"role": message.role, "content": _text(message)}
        wire |= _beside_text(message)
        if message.role == "assistant":
            wire |= _assistant(message)
            calls |= {call.id: call for call in message.tool_calls}
        elif message.role == "tool":
            wire |= _result(message, calls)
        wires.append(wire)
    return wires


def _text(message: Message) -> str:
    """All that is said, as one string: there is no other form. A refusal is what the assistant said, too."""
    return "".join(part.text for part in message.content if isinstance(part, (TextContent, RefusalContent)))


def _beside_text(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {}
    in_words = _IN_ANSWERS if message.role == "assistant" else _IN_WORDS
    media = [_media(part, message.role) for part in message.content if not isinstance(part, in_words)]
    if media:
        wire["images"] = media
    for part in message.content:
        if isinstance(part, UnknownContent):
            wire |= _field(part, message.role)
    return wire


def _assistant(message: Message) -> dict[str, Any]:
    """An answer on its way back. Citations stay out: the format has no place for them."""
    wire: dict[str, Any] = {}
    if message.reasoning:
        wire["thinking"] = message.reasoning
    if message.tool_calls:
        wire["tool_calls"] = [_call(call) for call in message.tool_calls]
    return wire


def _call(call: ToolCall) -> dict[str, Any]:
    if call.type != "function":
        raise UnsupportedError(f"the ollama format has no {call.type} tool calls")
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise UnsupportedError(
            f"the ollama format takes a call's arguments as a JSON object, and those of the call to {call.name!r} are "
            "none"
        )
    extra = dict(call.extra)
    function = {**extra.pop("function", {}), "name": call.name, "arguments": arguments}
    named = {} if call.generated_id else {"id": call.id}
    return {**named, **extra, "function": function}


def _result(message: Message, calls: Mapping[str, ToolCall]) -> dict[str, Any]:
    """Whose result it is: by the tool's name, and by the call's id where the server gave it one."""
    call = calls.get(message.tool_call_id or "")
    name = message.name or (call.name if call else None)
    wire: dict[str, Any] = {"tool_name": name} if name else {}
    if message.tool_call_id and not (call and call.generated_id):
        wire["tool_call_id"] = message.tool_call_id
    if not wire:
        raise UnsupportedError("a tool message needs tool_call_id: make it with Message.tool(call.id, result)")
    return wire


# -- content -----------------------------------------------------------------------------------------------------------

_IN_WORDS = (TextContent, UnknownContent)
_IN_ANSWERS = (*_IN_WORDS, RefusalContent, ReasoningContent, CitationContent)


def _media(part: ContentPart, role: str) -> str:
    """An image, or sound, which goes the same way: the server looks at the first bytes (`llm/llama_server.go`)."""
    if isinstance(part, ImageContent):
        if part.detail is not None:
            raise UnsupportedError("the ollama format has no detail for images")
    elif not isinstance(part, AudioContent):
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in the ollama format")
    elif part.media_type not in _AUDIO_TYPES:
        raise UnsupportedError(f"the ollama format takes sound as WAV or MP3 data; got {part.media_type or 'no data'}")
    if part.data is None:
        raise UnsupportedError(f"the ollama format takes {part.type} content as data only: it fetches nothing by URL")
    return base64.b64encode(part.data).decode()


def _field(part: UnknownContent, role: str) -> dict[str, Any]:
    """A field of a message that the decoder did not know. What another provider said in an answer stays out."""
    key = part.raw.get("type")
    if isinstance(key, str) and key in part.raw and key not in _MESSAGE_KEYS:
        return {key: part.raw[key]}
    if role == "assistant":
        return {}
    raise UnsupportedError(f"a {role} message cannot hold {key} content in the ollama format")


# -- fields ------------------------------------------------------------------------------------------------------------


def _tool(tool: Tool) -> dict[str, Any]:
    if tool.strict:
        raise UnsupportedError(f"the ollama format cannot hold a model to a tool's schema: {tool.name!r} is strict")
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _format(form: ResponseFormat) -> dict[str, Any]:
    """Text is what comes where no format is asked for. A schema is always enforced, and needs no name."""
    if form.type == "text":
        return {}
    return {"format": "json" if form.type == "json_object" else form.schema}


def _think(reasoning: Reasoning) -> dict[str, Any]:
    if reasoning.budget_tokens:
        raise UnsupportedError("the ollama format takes reasoning as an effort, such as 'low', not as a budget")
    if reasoning.effort is None:
        return {"think": reasoning.budget_tokens is None}
    return {"think": _THINK.get(reasoning.effort, reasoning.effort)}


def _option(name: str) -> Callable[[Any], dict[str, Any]]:
    """A field that stands in the body's `options`: https://docs.ollama.com/modelfile"""
    return lambda value: {"options": {name: list(value) if isinstance(value, tuple) else value}}


# Every field of ChatRequest that has a place of its own in the body; the rest are the frame that `encode` writes
# itself.
FIELDS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "temperature": _option("temperature"),
    "top_p": _option("top_p"),
    "max_tokens": _option("num_predict"),
    "stop": _option("stop"),
    "seed": _option("seed"),
    "response_format": _format,
    "reasoning": _think,
    "frequency_penalty": _option("frequency_penalty"),
    "presence_penalty": _option("presence_penalty"),
    "logprobs": lambda value: {"logprobs": value},
    "top_logprobs": lambda value: {"top_logprobs": value},
}
# What the format has no place for, and what that means for who asked.
UNSUPPORTED = {
    "tool_choice": "the model is free to choose; leave the tools out where it must call none",
    "n": "it gives one answer at a time",
    "parallel_tool_calls": "the model may call as many tools as it likes",
    "user": "a request carries no id of the end user",
    "metadata": "nothing is stored with a request",
}
