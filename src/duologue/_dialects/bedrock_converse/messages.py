"""The messages of a request.

Converse has two roles, which take turns: system messages go beside the conversation, results of tools are the user's,
and neighbours of one role become one message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.bedrock_converse.media import Names, encode_audio, encode_file, encode_image
from duologue._dialects.bedrock_converse.places import PLACE
from duologue._dialects.request import arguments_object, said_parts
from duologue._dialects.shape import an_index
from duologue.errors import UnsupportedError
from duologue.models import (
    AudioContent,
    CachePoint,
    CitationContent,
    FileContent,
    ImageContent,
    ReasoningContent,
    TextContent,
    UnknownContent,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duologue.models import ContentPart, Message, ToolCall

_Blocks = list[dict[str, Any]]
_ROLES = {"user": "user", "tool": "user", "assistant": "assistant"}
_TAKEN: dict[str, tuple[type, ...]] = {
    "system": (TextContent, CachePoint, UnknownContent),
    "user": (TextContent, ImageContent, FileContent, AudioContent, CachePoint, UnknownContent),
    "tool": (TextContent, ImageContent, FileContent, CachePoint, UnknownContent),
    "assistant": (
        TextContent,
        ImageContent,
        FileContent,
        AudioContent,
        ReasoningContent,
        CitationContent,
        CachePoint,
        UnknownContent,
    ),
}


def encode_messages(messages: Iterable[Message]) -> tuple[_Blocks, _Blocks]:
    """The system's blocks, and the messages.

    Raises:
        UnsupportedError: something in a message has no place.
    """
    system: _Blocks = []
    turns: _Blocks = []
    names = Names()
    for message in messages:
        blocks = _blocks(message, names)
        if message.role == "system":
            system += blocks
        elif turns and turns[-1]["role"] == _ROLES[message.role]:
            turns[-1]["content"] += blocks
        elif blocks or message.role != "assistant":  # an answer of nothing would be refused
            turns.append({"role": _ROLES[message.role], "content": blocks})
    return system, turns


def has_tool_blocks(messages: _Blocks) -> bool:
    """Whether tools were called."""
    return any(block.keys() & {"toolUse", "toolResult"} for message in messages for block in message["content"])


def _blocks(message: Message, names: Names) -> _Blocks:
    for part in message.content:
        if not isinstance(part, _TAKEN[message.role]):
            article = "an" if message.role == "assistant" else "a"
            raise UnsupportedError(
                f"{article} {message.role} message cannot hold {part.type} content in the bedrock-converse format"
            )
    if message.role == "tool":  # the call's id says more than a name
        return _result(message, names)
    if message.name is not None:
        raise UnsupportedError("the bedrock-converse format has no names in messages")
    if message.role == "assistant":
        return _said(message, names)
    return [_part(part, names) for part in said_parts(message)]


def _result(message: Message, names: Names) -> _Blocks:
    """A tool's result, and after it the cache points that stand in it, for which it has no place."""
    if not message.tool_call_id:
        raise UnsupportedError("a tool message needs tool_call_id: make it with Message.tool(call.id, result)")
    blocks = [_part(part, names) for part in message.content if part != TextContent("")]
    content = [block for block in blocks if "cachePoint" not in block]
    result: dict[str, Any] = {"toolUseId": message.tool_call_id, "content": content}
    if message.is_error:
        # Only what goes well may be left without words.
        result |= {"content": content or [{"text": "error"}], "status": "error"}
    return [{"toolResult": result}, *(block for block in blocks if "cachePoint" in block)]


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = arguments_object(call, where="the bedrock-converse format")
    extra = {key: value for key, value in call.extra.items() if key != PLACE}
    return {"toolUse": {"toolUseId": call.id, "name": call.name, "input": arguments, **extra}}


def _said(message: Message, names: Names) -> _Blocks:
    """An answer on its way back, each call where it stood."""
    blocks: _Blocks = []
    calls = list(message.tool_calls)
    place = 0
    span: tuple[int, int] | None = None  # of the text before, in the whole text
    for number, part in enumerate(message.content):
        while calls and _stands_before(calls[0], number):
            blocks.append(_call(calls.pop(0)))
        if isinstance(part, CitationContent):
            _cite(blocks, part, cited=part.start is not None and (part.start, part.end) == span)
            continue
        span = None
        if isinstance(part, TextContent):
            begin, place = place, place + len(part.text)
            span = (begin, place) if part.text.strip() else None
        if not _would_be_refused(part):
            blocks.append(_part(part, names))
    return blocks + [_call(call) for call in calls]


def _stands_before(call: ToolCall, number: int) -> bool:
    place = an_index(call.extra.get(PLACE))
    return place is not None and place <= number


def _would_be_refused(part: ContentPart) -> bool:
    """Whether a part of an answer has no place in a request: a text of blanks, or thoughts without a signature, which
    Nova and DeepSeek refuse though they are their own: https://github.com/langchain-ai/langchain-aws/issues/401
    """
    if isinstance(part, ReasoningContent):
        return not part.signature
    return isinstance(part, TextContent) and not part.text.strip()


def _cite(blocks: _Blocks, part: CitationContent, *, cited: bool) -> None:
    """A citation belongs to the text before it where it says so by its place (`cited`), else (Nova) it stands for
    itself.

    Those of search results stay: Bedrock hands them to Claude in a form that Claude refuses.
    https://github.com/langchain-ai/langchain-aws/pull/1175
    """
    location = part.raw.get("location")
    if isinstance(location, dict) and "searchResultLocation" in location:
        return
    if cited and "text" in blocks[-1]:
        blocks[-1] = {"citationsContent": {"content": [blocks[-1]], "citations": []}}
    elif not blocks or blocks[-1].get("citationsContent", {}).keys() != (_CITED if cited else _ALONE):
        blocks.append({"citationsContent": {"citations": []}})
    blocks[-1]["citationsContent"]["citations"].append(_citation(part))


_ALONE = {"citations"}
_CITED = {"citations", "content"}


def _citation(part: CitationContent) -> dict[str, Any]:
    if part.raw:
        return dict(part.raw)
    citation: dict[str, Any] = {}
    if part.title is not None:
        citation["title"] = part.title
    if part.url is not None:
        citation["location"] = {"web": {"url": part.url}}
    if part.text:
        citation["sourceContent"] = [{"text": part.text}]
    return citation


def _part(part: ContentPart, names: Names) -> dict[str, Any]:
    match part:
        case TextContent(text):
            return {"text": text}
        case ImageContent():
            return encode_image(part)
        case FileContent():
            return encode_file(part, names)
        case AudioContent():
            return encode_audio(part)
        case CachePoint(ttl):
            return {"cachePoint": {"type": "default"} if ttl is None else {"type": "default", "ttl": ttl}}
        case ReasoningContent(text, signature):
            return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}
    # The caller's own words, or the provider's, for what this version does not know: a block without its kind, which
    # is named beside it.
    raw: dict[str, Any] = getattr(part, "raw", {})
    return {key: value for key, value in raw.items() if key != "type"}
