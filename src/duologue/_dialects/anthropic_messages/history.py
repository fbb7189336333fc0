"""A conversation, from messages to the `system` and `messages` of a Messages request.

- What the system says first becomes `system`. What it says later stays in its place, as a message of the role that
  newer models take (https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages); an older
  one refuses it by itself.
- Tools' results are the user's to give, all those of one turn in one message:
  https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
- An answer goes back block by block as it came, but for texts that would be refused. Thoughts without a signature are
  not Anthropic's own (or were cut off) and stay behind, since they would be refused as well; a provider whose row names
  a `reasoning_field` does take them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.anthropic_messages.parts import PLACE
from duologue._dialects.request import arguments_object, mark_cache_point, said_parts, to_base64, with_data
from duologue.errors import UnsupportedError
from duologue.models import (
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
    from collections.abc import Callable, Iterable, Sequence

    from duologue.models import ContentPart, Message, Provider, ToolCall

_FORMAT = "the anthropic-messages format"
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_Blocks = list[dict[str, Any]]


def encode_messages(messages: Iterable[Message], provider: Provider) -> tuple[str | _Blocks, _Blocks]:
    """The system prompt, empty where there is none, and the messages.

    Raises:
        UnsupportedError: something in a message has no place in the format.
    """
    # Runs of results, or of the system's words, are one message each.
    turns: list[tuple[str, _Blocks]] = []
    for message in messages:
        _check_name(message)
        blocks = _ROLES[message.role](message, provider)
        if turns and turns[-1][0] == message.role and message.role in ("tool", "system"):
            turns[-1][1].extend(blocks)
        elif blocks:
            turns.append((message.role, blocks))
    system = turns.pop(0)[1] if turns and turns[0][0] == "system" else []
    return _short(system) if system else "", [
        {"role": "user" if role == "tool" else role, "content": _short(blocks)} for role, blocks in turns
    ]


def uploaded(messages: Iterable[Message]) -> bool:
    """Whether a message names a file that was uploaded before."""
    return any(isinstance(part, FileContent) and part.file_id for message in messages for part in message.content)


def _check_name(message: Message) -> None:
    # A result's call says which tool it was.
    if message.name is not None and message.role != "tool":
        raise UnsupportedError(f"{_FORMAT} has no place for a message's name ({message.name!r})")


def _short(blocks: _Blocks) -> str | _Blocks:
    """One text alone is put as a string."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return str(blocks[0]["text"])
    return blocks


# -- roles -------------------------------------------------------------------------------------------------------------


def _system(message: Message, _provider: Provider) -> _Blocks:
    for part in message.content:
        if not isinstance(part, (TextContent, CachePoint, UnknownContent)):
            raise UnsupportedError(f"a system message cannot hold {part.type} content in {_FORMAT}")
    return _user(message, _provider)


def _user(message: Message, _provider: Provider) -> _Blocks:
    blocks: _Blocks = []
    for part in said_parts(message):
        _add(blocks, part, message.role)
    return blocks


def _tool(message: Message, _provider: Provider) -> _Blocks:
    if not message.tool_call_id:
        raise UnsupportedError("a tool message needs tool_call_id: make it with Message.tool(call.id, result)")
    # The result is marked as a whole: what stands in it cannot be kept without it.
    points = [part for part in message.content if isinstance(part, CachePoint)]
    blocks = [_part(part, message.role) for part in said_parts(message) if part not in points]
    result: dict[str, Any] = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": _short(blocks)}
    if message.is_error:
        result["is_error"] = True
    results = [result]
    for point in points:
        mark_cache_point(results, point, where=_FORMAT)
    return results


def _assistant(message: Message, provider: Provider) -> _Blocks:
    """An answer on its way back, each call where it stood."""
    blocks: _Blocks = []
    calls = list(message.tool_calls)
    refused = _refused_texts(message.content)
    for place, part in enumerate(message.content):
        while calls and calls[0].extra.get(PLACE, place + 1) <= place:
            blocks.append(_call(calls.pop(0)))
        if place in refused:
            continue
        if isinstance(part, ReasoningContent):
            blocks += _thinking(part, provider)
        elif isinstance(part, CitationContent):
            _cite(part, blocks)
        elif isinstance(part, RefusalContent):
            blocks.append({"type": "text", "text": part.text})
        elif isinstance(part, (TextContent, CachePoint, UnknownContent)):
            _add(blocks, part, message.role)
        else:
            raise UnsupportedError(f"an assistant message cannot hold {part.type} content in {_FORMAT}")
    return blocks + [_call(call) for call in calls]


_ROLES: dict[str, Callable[[Message, Provider], _Blocks]] = {
    "system": _system,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
}


# -- an answer's parts -------------------------------------------------------------------------------------------------


def _refused_texts(parts: Sequence[ContentPart]) -> set[int]:
    """The places of texts that would be refused: empty ones anywhere, and those of blanks with no word after them in
    the message, since one with no word at all is refused, as is a conversation that ends in blanks.

    https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response,
    https://github.com/LibreChat-AI/agents/pull/124
    """
    refused: set[int] = set()
    words = False
    for place, part in reversed(list(enumerate(parts))):
        if isinstance(part, (TextContent, RefusalContent)):
            words = words or bool(part.text.strip())
            if not (words and part.text):
                refused.add(place)
    return refused


def _thinking(part: ReasoningContent, provider: Provider) -> _Blocks:
    if part.signature is None and provider.reasoning_field is None:
        return []
    return [{"type": "thinking", "thinking": part.text, "signature": part.signature or ""}]


def _cite(part: CitationContent, blocks: _Blocks) -> None:
    """Put a citation back into its text. Another provider's has no place there, and stays out."""
    if not str(part.raw.get("type")).endswith("_location"):
        return
    if not blocks or blocks[-1]["type"] != "text":
        raise UnsupportedError(f"{_FORMAT} takes a citation only after the text that it belongs to")
    blocks[-1]["citations"] = [*blocks[-1].get("citations", ()), part.raw]


def _call(call: ToolCall) -> dict[str, Any]:
    given = arguments_object(call, where=_FORMAT)
    extra = {key: value for key, value in call.extra.items() if key != PLACE}
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": given, **extra}


# -- the user's parts --------------------------------------------------------------------------------------------------


def _add(blocks: _Blocks, part: ContentPart, role: str) -> None:
    if isinstance(part, CachePoint):
        mark_cache_point(blocks, part, where=_FORMAT)
    else:
        blocks.append(_part(part, role))


def _part(part: ContentPart, role: str) -> dict[str, Any]:
    encode_part = _PARTS.get(type(part))
    if encode_part is None:
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in {_FORMAT}")
    return encode_part(part)


def _base64(media_type: str | None, data: bytes) -> dict[str, Any]:
    return {"type": "base64", "media_type": media_type, "data": to_base64(data)}


def _image(part: ImageContent) -> dict[str, Any]:
    if part.detail not in (None, "auto"):
        raise UnsupportedError(f"{_FORMAT} has no detail setting for images")
    part = with_data(part)
    if part.url is not None:
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    if part.data is None or part.media_type not in _IMAGES:
        raise UnsupportedError(f"{_FORMAT} takes images by url, or as data of {', '.join(sorted(_IMAGES))}")
    return {"type": "image", "source": _base64(part.media_type, part.data)}


def _file(part: FileContent) -> dict[str, Any]:
    wire = {"type": "document", "source": _file_source(part)}
    return wire if part.filename is None else {**wire, "title": part.filename}


def _file_source(part: FileContent) -> dict[str, Any]:
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    part = with_data(part)
    if part.url is not None:
        return {"type": "url", "url": part.url}
    media_type = part.media_type or ""
    if part.data is not None and media_type == "application/pdf":
        return _base64(media_type, part.data)
    if part.data is not None and media_type.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": _decoded(part.data)}
    raise UnsupportedError(f"{_FORMAT} takes PDF and text as files; got {media_type or 'no data of a known type'}")


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as reason:
        raise UnsupportedError(f"{_FORMAT} takes text files in UTF-8") from reason


_PARTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    TextContent: lambda part: {"type": "text", "text": part.text},
    ImageContent: _image,
    FileContent: _file,
    UnknownContent: lambda part: dict(part.raw),  # the caller's own words for what this version does not know
}
