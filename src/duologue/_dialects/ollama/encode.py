"""Ollama's chat, from a request to a JSON body.

https://docs.ollama.com/api/chat
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.request import arguments_object, encode_fields, merged, named, to_base64, with_data
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
    from collections.abc import Iterable, Mapping

    from duologue._dialects.request import Convert
    from duologue._json import Base64
    from duologue.models import ChatRequest, ContentPart, Message, Provider, Reasoning, ResponseFormat, Tool, ToolCall

_FORMAT = "the ollama format"
_PATH = "/api/chat"
_ACCEPT = MappingProxyType({"accept": "application/x-ndjson"})
# Which of them the model hears the server finds out by itself, from the first bytes.
_AUDIO_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp3"})
_MESSAGE_KEYS = frozenset({"role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"})
# Words for Ollama's `true` and `false`; its levels are the model's own words.
_THINK = {"true": True, "false": False, "none": False}


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:  # noqa: ARG001
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    fields = encode_fields(request, FIELDS, UNSUPPORTED, where=_FORMAT)
    body = {"model": model, "messages": _messages(request.messages), "stream": stream, **fields}
    return Wire(_PATH, merged(body, dict(request.extra)), _ACCEPT if stream else {})


# -- messages ----------------------------------------------------------------------------------------------------------


def _messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The messages. A tool's result is known by the tool's name, so the calls before it are kept in mind."""
    calls: dict[str, ToolCall] = {}
    wires = []
    for message in messages:
        if message.name is not None and message.role != "tool":
            raise UnsupportedError(f"{_FORMAT} has no name for a {message.role} message")
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
    arguments = arguments_object(call, where=_FORMAT)
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


def _media(part: ContentPart, role: str) -> Base64:
    """An image, or sound, which goes the same way: the server looks at the first bytes (`llm/llama_server.go`)."""
    if isinstance(part, (ImageContent, AudioContent)):
        part = with_data(part)
    if isinstance(part, ImageContent):
        if part.detail is not None:
            raise UnsupportedError("the ollama format has no detail for images")
    elif not isinstance(part, AudioContent):
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in {_FORMAT}")
    elif part.media_type not in _AUDIO_TYPES:
        raise UnsupportedError(f"{_FORMAT} takes sound as WAV or MP3 data; got {part.media_type or 'no data'}")
    if part.data is None:
        raise UnsupportedError(
            f"{_FORMAT} takes {part.type} content as data only: it fetches nothing by URL, client.fetch does"
        )
    return to_base64(part.data)


def _field(part: UnknownContent, role: str) -> dict[str, Any]:
    """A field of a message that the decoder did not know. What another provider said in an answer stays out."""
    key = part.raw.get("type")
    if isinstance(key, str) and key in part.raw and key not in _MESSAGE_KEYS:
        return {key: part.raw[key]}
    if role == "assistant":
        return {}
    raise UnsupportedError(f"a {role} message cannot hold {key} content in {_FORMAT}")


# -- fields ------------------------------------------------------------------------------------------------------------


def _tool(tool: Tool) -> dict[str, Any]:
    if tool.strict:
        raise UnsupportedError(f"{_FORMAT} cannot hold a model to a tool's schema: {tool.name!r} is strict")
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
        raise UnsupportedError(f"{_FORMAT} takes reasoning as an effort, such as 'low', not as a budget")
    if reasoning.effort is None:
        return {"think": reasoning.budget_tokens is None}
    return {"think": _THINK.get(reasoning.effort, reasoning.effort)}


def _top_logprobs(count: int) -> dict[str, Any]:
    """The server passes over the count where it is not asked for log probabilities at all."""
    return {"top_logprobs": count, **({"logprobs": True} if count else {})}


# https://docs.ollama.com/modelfile lists the options.
FIELDS: dict[str, Convert] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "temperature": named("options", "temperature"),
    "top_p": named("options", "top_p"),
    "max_tokens": named("options", "num_predict"),
    "stop": named("options", "stop"),
    "seed": named("options", "seed"),
    "response_format": _format,
    "reasoning": _think,
    "frequency_penalty": named("options", "frequency_penalty"),
    "presence_penalty": named("options", "presence_penalty"),
    "logprobs": named("logprobs"),
    "top_logprobs": _top_logprobs,
}
# What the format has no place for, and what that means for who asked.
UNSUPPORTED = {
    "tool_choice": "the model is free to choose; leave the tools out where it must call none",
    "n": "it gives one answer at a time",
    "parallel_tool_calls": "the model may call as many tools as it likes",
    "user": "a request carries no id of the end user",
    "metadata": "nothing is stored with a request",
}
