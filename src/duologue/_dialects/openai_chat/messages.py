"""Messages of a Chat Completions request.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.openai_chat.media import AUDIO, FILES, encode_image
from duologue._dialects.openai_chat.reasoning import History
from duologue._dialects.request import mark_cache_point
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
    from collections.abc import Callable, Iterable

    from duologue.models import ContentPart, Message, Provider, ToolCall

# What servers put into an answer beside the content and want back in the next turn, unchanged: OpenRouter's
# https://openrouter.ai/docs/guides/best-practices/reasoning-tokens and images that a model made, and Gemini's
# OpenAI-compatible `extra_content` (thought signatures).
_GIVEN_BACK = frozenset({"reasoning_details", "images", "extra_content"})


def encode_messages(messages: Iterable[Message], provider: Provider, *, model: str) -> list[dict[str, Any]]:
    """Each message as the provider takes it.

    Raises:
        UnsupportedError: it cannot hold what the message holds.
    """
    history = History(provider, model)
    return [_message(message, provider, history) for message in messages]


def _message(message: Message, provider: Provider, history: History) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role}
    if message.name is not None:
        wire["name"] = message.name
    if message.role == "assistant":
        return wire | _assistant(message) | history.fields(message)
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
            parts.append(_part(part, message.role, provider))
        elif provider.cache_points:
            mark_cache_point(parts, part, where=provider.title)
        else:
            raise UnsupportedError(f"{provider.title} takes no cache points: leave them out")
    return parts


def _part(part: ContentPart, role: str, provider: Provider) -> dict[str, Any]:
    encode_part = _PARTS.get(type(part))
    if encode_part is None:
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in the openai-chat format")
    return encode_part(part, provider)


_PARTS: dict[type, Callable[[Any, Provider], dict[str, Any]]] = {
    TextContent: lambda part, _: {"type": "text", "text": part.text},
    ImageContent: lambda part, _: encode_image(part),
    FileContent: lambda part, provider: FILES[provider.file_input](part),
    AudioContent: lambda part, provider: AUDIO[provider.audio_input](part),
    UnknownContent: lambda part, _: dict(part.raw),  # the caller's own words for what this version does not know
}


# -- an answer on its way back -----------------------------------------------------------------------------------------


def _assistant(message: Message) -> dict[str, Any]:
    """All but its reasoning. Citations stay out: the format has no place for them in a request."""
    wire: dict[str, Any] = {"content": message.text or None}
    if message.refusal:
        wire["refusal"] = message.refusal
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
