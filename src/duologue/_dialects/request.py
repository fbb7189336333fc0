"""What the encoders share: a request's fields as parts of a JSON body, media as Base64, arguments as an object.

A dialect has two tables of the fields of `ChatRequest`. `FIELDS` gives for each the function that makes the part of the
body it stands for; `UNSUPPORTED` says of each why the format has no place for it. The few in neither are the frame that
`encode` writes itself: the messages, the model, and what depends on more than its own value.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote_to_bytes

import attrs

from duologue._json import Base64
from duologue.errors import DecodeError, UnsupportedError
from duologue.models import ChatRequest, RefusalContent, TextContent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from duologue.models import (
        AudioContent,
        CachePoint,
        ContentPart,
        FileContent,
        ImageContent,
        Message,
        ToolCall,
    )

    Convert = Callable[[Any], dict[str, Any]]

Media = TypeVar("Media", bound="ImageContent | FileContent | AudioContent")

# What a request may ask for, besides what it always has and what goes into the body as it is.
FIELDS = frozenset(field.name for field in attrs.fields(ChatRequest)) - {"messages", "model", "extra"}
# What is the case anyway: asking for it asks for nothing, so it is no reason to refuse a request.
_AS_IT_IS = {
    "tool_choice": "auto",
    "n": 1,
    "parallel_tool_calls": True,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logprobs": False,
    "top_logprobs": 0,
}
_EMPTY = (TextContent(""), RefusalContent(""))


def encode_fields(
    request: ChatRequest,
    fields: Mapping[str, Convert],
    unsupported: Mapping[str, str],
    *,
    where: str,
    frame: Collection[str] = (),
) -> dict[str, Any]:
    """The parts of the body that the fields stand for, laid together.

    `where` names the format in errors, and `frame` the fields that the caller writes itself, besides the messages, the
    model and `extra`. So no field can be forgotten: one in none of the three is refused where it is given.

    Raises:
        UnsupportedError: a field is given that has no place.
    """
    for field in given(request, FIELDS.difference(fields, frame)):
        raise UnsupportedError(f"{where} has no {field}" + (f": {unsupported[field]}" if field in unsupported else ""))
    body: dict[str, Any] = {}
    for field, value in _set(request, fields):
        body = merged(body, fields[field](value))
    return body


def given(request: ChatRequest, fields: Iterable[str]) -> Iterator[str]:
    """Those of the fields that ask for something."""
    return (field for field, value in _set(request, fields) if value != _AS_IT_IS.get(field))


def _set(request: ChatRequest, fields: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for field in fields:
        value = getattr(request, field)
        if value is not None and value != () and value != {}:
            yield field, value


def merged(under: Any, over: Any) -> Any:
    """Two JSON values as one: objects key by key, and of anything else the second. So a caller's `extra` adds to an
    object of ours, such as the options of a stream, instead of taking its place."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    return {**under, **{key: merged(under[key], value) if key in under else value for key, value in over.items()}}


def named(*path: str) -> Convert:
    """A field that goes as it is, under this name, or the last of these names within the others."""

    def convert(value: Any) -> dict[str, Any]:
        value = list(value) if isinstance(value, tuple) else value
        for name in reversed(path):
            value = {name: value}
        return dict(value)

    return convert


def mark_cache_point(blocks: list[dict[str, Any]], point: CachePoint, *, where: str) -> None:
    """Mark the last block in Anthropic's words, which others have taken over.

    https://platform.claude.com/docs/en/build-with-claude/prompt-caching

    Raises:
        UnsupportedError: there is none that could be marked.
    """
    if not blocks or blocks[-1].get("type") in ("thinking", "redacted_thinking"):
        raise UnsupportedError(
            f"{where} takes a cache point only after content of the same message, not after thoughts"
        )
    mark = {"type": "ephemeral"} if point.ttl is None else {"type": "ephemeral", "ttl": point.ttl}
    blocks[-1] = {**blocks[-1], "cache_control": mark}


def said_parts(message: Message) -> list[ContentPart]:
    """A message's parts without empty texts, which some providers refuse, unless there is nothing else."""
    parts = [part for part in message.content if not is_empty(part)]
    return parts if parts or message.tool_calls else list(message.content)


def is_empty(part: ContentPart) -> bool:
    """Whether a part is a text of nothing."""
    return part in _EMPTY


def to_base64(data: bytes) -> Base64:
    """Standard Base64, without line breaks; it is made when the request is written."""
    return Base64(data)


def data_url(part: ImageContent | FileContent | AudioContent) -> Base64:
    """The part's data as an address (RFC 2397).

    Raises:
        UnsupportedError: it has none.
    """
    if part.data is None:
        raise UnsupportedError(f"{part.type} content needs url or data")
    return Base64(part.data, f"data:{part.media_type or 'application/octet-stream'};base64,")


def with_data(part: Media) -> Media:
    """The part with the bytes that its `data:` address holds, for a format that takes those as data; any other part as
    it is.

    Raises:
        UnsupportedError: the address holds none.
    """
    scheme, _, rest = (part.url or "").partition(":")
    if scheme.lower() != "data":
        return part
    try:
        media_type, data = _read_data_url(rest)
    except ValueError:  # the address is not shown
        raise UnsupportedError(f"the data: address of {part.type} content is not in the form of RFC 2397") from None
    return attrs.evolve(part, url=None, data=data, media_type=media_type or part.media_type or "text/plain")


def _read_data_url(rest: str) -> tuple[str, bytes]:
    """The media type and the data: https://www.rfc-editor.org/rfc/rfc2397"""
    head, comma, text = rest.partition(",")
    if not comma:
        raise ValueError("no data")
    media_type, *parameters = head.lower().split(";")
    data = unquote_to_bytes(text)
    return media_type, base64.b64decode(data, validate=True) if parameters[-1:] == ["base64"] else data


def arguments_object(call: ToolCall, *, where: str) -> dict[str, Any]:
    """A call's arguments, for a format that takes them parsed. What is no JSON object, since `max_tokens` cut it off or
    nobody checked it, goes back wrapped, so that the call can be answered:
    https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming

    Raises:
        UnsupportedError: the call is one with free text.
    """
    if call.type != "function":
        raise UnsupportedError(f"{where} has no {call.type} tool calls")
    try:
        arguments = call.parsed() if call.arguments.strip() else {}
    except DecodeError:
        arguments = None
    return arguments if isinstance(arguments, dict) else {"INVALID_JSON": call.arguments}
