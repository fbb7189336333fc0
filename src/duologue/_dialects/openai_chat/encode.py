"""Chat Completions, from a request to a JSON body.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.request import data_url, encode_fields, mark_cache_point, merged, named, to_base64
from duologue.errors import UnsupportedError
from duologue.models import (
    AudioContent,
    CachePoint,
    CitationContent,
    FileContent,
    ImageContent,
    ReasoningContent,
    RefusalContent,
    TextContent,
    UnknownContent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._dialects.request import Convert
    from duologue.models import ChatRequest, ContentPart, Message, Provider, Reasoning, ResponseFormat, Tool, ToolCall

_PATH = "/chat/completions"
# What servers put into an answer beside the content and want back in the next turn, unchanged:
# https://openrouter.ai/docs/use-cases/reasoning-tokens and Gemini's OpenAI-compatible `extra_content` (thought
# signatures).
_GIVEN_BACK = frozenset({"reasoning_details", "extra_content"})
_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}
_CHOICES = frozenset({"auto", "none", "required"})


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    body: dict[str, Any] = {"model": model, "messages": [_message(m, provider) for m in request.messages]}
    body |= encode_fields(request, FIELDS, {}, where="the openai-chat format")
    if request.max_tokens is not None:
        body[provider.max_tokens_field] = request.max_tokens
    if stream:
        body["stream"] = True
        if provider.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return Wire(_PATH, merged(body, dict(request.extra)))


# -- messages ----------------------------------------------------------------------------------------------------------


def _message(message: Message, provider: Provider) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role}
    if message.name is not None:
        wire["name"] = message.name
    if message.role == "assistant":
        return wire | _assistant(message, provider)
    if message.role == "tool":
        if not message.tool_call_id:
            raise UnsupportedError("a tool message needs tool_call_id: make it with Message.tool(call.id, result)")
        wire["tool_call_id"] = message.tool_call_id
    return wire | {"content": _content(message, provider)}


def _content(message: Message, provider: Provider) -> str | list[dict[str, Any]]:
    """One string where it is all text, since not every server takes a list."""
    if all(isinstance(part, TextContent) for part in message.content):
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.content:
        if not isinstance(part, CachePoint):
            parts.append(_part(part, message.role))
        elif provider.cache_points:
            mark_cache_point(parts, part, where=provider.title)
        else:
            raise UnsupportedError(f"{provider.title} takes no cache points: leave them out")
    return parts


def _assistant(message: Message, provider: Provider) -> dict[str, Any]:
    """An answer on its way back. Citations stay out: the format has no place for them in a request."""
    wire: dict[str, Any] = {"content": message.text or None}
    if message.refusal:
        wire["refusal"] = message.refusal
    if message.reasoning and provider.reasoning_field:
        wire[provider.reasoning_field] = message.reasoning
    if message.tool_calls:
        wire["tool_calls"] = [_call(call) for call in message.tool_calls]
    for part in message.content:
        if isinstance(part, UnknownContent):
            wire |= {key: value for key, value in part.raw.items() if key in _GIVEN_BACK}
        elif isinstance(part, AudioContent):
            wire |= _own_audio(part)
        elif not isinstance(part, (TextContent, ReasoningContent, RefusalContent, CitationContent)):
            raise UnsupportedError(f"an assistant message cannot hold {part.type} content in the openai-chat format")
    return wire


def _own_audio(part: AudioContent) -> dict[str, Any]:
    if part.id is not None:
        return {"audio": {"id": part.id}}
    if part.data or part.transcript:
        raise UnsupportedError("the openai-chat format takes the assistant's own sound only by its id")
    return {}  # Snowflake says so, at length, where there is no sound


def _call(call: ToolCall) -> dict[str, Any]:
    if call.type == "custom":
        kind, body = "custom", {"name": call.name, "input": call.arguments}
    else:
        kind, body = "function", {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": call.type, **call.extra, kind: {**body, **call.extra.get(kind, {})}}


def _part(part: ContentPart, role: str) -> dict[str, Any]:
    encode_part = _PARTS.get(type(part))
    if encode_part is None:
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in the openai-chat format")
    return encode_part(part)


def _image(part: ImageContent) -> dict[str, Any]:
    image = {"url": part.url or data_url(part)}
    if part.detail is not None:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


def _file(part: FileContent) -> dict[str, Any]:
    if part.file_id is not None:
        return {"type": "file", "file": {"file_id": part.file_id}}
    if part.data is None:
        raise UnsupportedError("the openai-chat format takes files as data or by file_id, not by URL")
    file = {"filename": part.filename or "file", "file_data": data_url(part)}
    return {"type": "file", "file": file}


def _audio(part: AudioContent) -> dict[str, Any]:
    kind = _AUDIO_FORMATS.get(part.media_type or "")
    if part.data is None or kind is None:
        raise UnsupportedError(
            f"the openai-chat format takes sound as WAV or MP3 data; got {part.media_type or 'no data'}"
        )
    return {"type": "input_audio", "input_audio": {"data": to_base64(part.data), "format": kind}}


_PARTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    TextContent: lambda part: {"type": "text", "text": part.text},
    ImageContent: _image,
    FileContent: _file,
    AudioContent: _audio,
    UnknownContent: lambda part: dict(part.raw),  # the caller's own words for what this version does not know
}


# -- fields ------------------------------------------------------------------------------------------------------------


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> dict[str, Any]:
    return {"tool_choice": choice if choice in _CHOICES else {"type": "function", "function": {"name": choice}}}


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    if form.type != "json_schema":
        return {"response_format": {"type": form.type}}
    schema: dict[str, Any] = {"name": form.name, "schema": form.schema}
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _reasoning(reasoning: Reasoning) -> dict[str, Any]:
    if reasoning.effort is None or reasoning.budget_tokens is not None:
        raise UnsupportedError(
            "the openai-chat format takes reasoning as an effort, such as 'low', not as a budget of tokens"
        )
    return {"reasoning_effort": reasoning.effort}


# Every field of ChatRequest that has a place of its own in the body; the rest are the frame that `encode` writes
# itself.
FIELDS: dict[str, Convert] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "tool_choice": _tool_choice,
    "temperature": named("temperature"),
    "top_p": named("top_p"),
    "stop": named("stop"),
    "seed": named("seed"),
    "response_format": _response_format,
    "reasoning": _reasoning,
    "n": named("n"),
    "parallel_tool_calls": named("parallel_tool_calls"),
    "frequency_penalty": named("frequency_penalty"),
    "presence_penalty": named("presence_penalty"),
    "logprobs": named("logprobs"),
    "top_logprobs": named("top_logprobs"),
    "user": named("user"),
    "metadata": named("metadata"),
}
