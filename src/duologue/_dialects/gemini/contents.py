"""Messages as Gemini's `contents`, and the system's as `systemInstruction`.

https://ai.google.dev/api/caching#Content. Roles are `user` and `model`. A tool's result is a `functionResponse` part of
a user's turn; results that follow each other are one turn, since there have to be as many of them in it as there were
calls in the turn before. What the model said goes back part by part, just as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.gemini.candidate import PART_FIELDS
from duologue._dialects.request import arguments_object, is_empty, merged, said_parts, to_base64, with_data
from duologue._json import dumps, loads
from duologue.errors import DecodeError, UnsupportedError
from duologue.models import (
    AudioContent,
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

    from duologue.models import ContentPart, Message, ToolCall

    Part = dict[str, Any]

_FILES = "https://generativelanguage.googleapis.com/v1beta/"


def encode_system(messages: Iterable[Message]) -> list[Part]:
    """The parts of the system's messages; the format has one place for all of them, before the conversation."""
    parts: list[Part] = []
    for message in messages:
        _refuse_name(message)
        for part in said_parts(message):
            if not isinstance(part, TextContent):
                raise UnsupportedError(f"a system message cannot hold {part.type} content in the gemini format")
            parts.append({"text": part.text})
    return parts


def encode_contents(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The turns of the conversation.

    Raises:
        UnsupportedError: a message holds what the format cannot say.
    """
    contents: list[dict[str, Any]] = []
    calls: dict[str, tuple[int, ToolCall]] = {}
    results: list[tuple[int, Part]] = []
    for message in messages:
        if message.role == "tool":
            number, call = calls.get(message.tool_call_id or "", (len(calls), None))
            if not results:
                contents.append({"role": "user", "parts": []})
            results.append((number, _result(message, call)))
            # Where calls have no ids, the model can tell their results only by their order.
            contents[-1]["parts"] = [part for _, part in sorted(results, key=lambda result: result[0])]
            continue
        results = []
        if message.role == "assistant":
            calls |= {call.id: (len(calls) + place, call) for place, call in enumerate(message.tool_calls)}
        contents.append(_turn(message))
    return contents


def _turn(message: Message) -> dict[str, Any]:
    _refuse_name(message)
    if message.role == "assistant":
        return {"role": "model", "parts": _model_parts(message) or [{"text": ""}]}
    return {"role": "user", "parts": [_part(part, message.role) for part in said_parts(message)] or [{"text": ""}]}


def _refuse_name(message: Message) -> None:
    if message.name is not None:
        raise UnsupportedError(f"the gemini format has no place for the name of a {message.role} message")


def _part(part: ContentPart, role: str) -> Part:
    encode = _PARTS.get(type(part))
    if encode is None:
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in the gemini format")
    return encode(part)


# -- what the model said -----------------------------------------------------------------------------------------------


def _model_parts(message: Message) -> list[Part]:
    """Content and calls in the order they came in. Citations stay out: a request has no place for them."""
    parts: list[Part] = []
    waiting = [(call.extra.get("parts_before", len(message.content)), _call(call)) for call in message.tool_calls]
    for number, part in enumerate(message.content):
        parts += [call for place, call in waiting if place == number]
        fields = _fields_beside(part)
        if fields is not None:
            _put_back(parts, fields)
        elif not isinstance(part, CitationContent) and not _is_needless(message.content[number : number + 2]):
            parts.append(_part(part, message.role))
    return parts + [call for place, call in waiting if place not in range(len(message.content))]


def _fields_beside(part: ContentPart) -> Part | None:
    """What was said beside the part before, where that is what it keeps."""
    if isinstance(part, UnknownContent) and part.raw.get("type") == PART_FIELDS:
        return _without_type(part)
    return None


def _is_needless(parts: Sequence[ContentPart]) -> bool:
    """Whether the first of two says nothing, and has nothing beside it."""
    return is_empty(parts[0]) and not any(map(_fields_beside, parts[1:]))


def _put_back(parts: list[Part], fields: dict[str, Any]) -> None:
    """Give a part what was said beside it."""
    if parts:
        parts[-1] = merged(parts[-1], fields)
    else:
        parts.append({"text": "", **fields})


def _call(call: ToolCall) -> Part:
    body: dict[str, Any] = {"name": call.name, "args": arguments_object(call, where="the gemini format")}
    if not call.generated_id:
        body["id"] = call.id
    extra = {key: value for key, value in call.extra.items() if key != "parts_before"}
    part: Part = merged({"functionCall": body}, extra)
    return part


# -- what a tool said --------------------------------------------------------------------------------------------------


def _result(message: Message, call: ToolCall | None) -> Part:
    name = message.name or (call.name if call else None)
    if name is None:
        raise UnsupportedError(
            "a tool message needs the name of its tool, or a call of that tool_call_id before it: "
            "make it with Message.tool(call.id, result)"
        )
    body: dict[str, Any] = {"name": name, "response": _response(message)}
    if message.tool_call_id and not (call and call.generated_id):
        body["id"] = message.tool_call_id
    media = [_blob(part) for part in message.content if not isinstance(part, TextContent)]
    if media:
        body["parts"] = media
    return {"functionResponse": body}


def _response(message: Message) -> dict[str, Any]:
    """The result as an object: under `output` or `error`, the keys that the format knows, where it is none.

    https://ai.google.dev/api/caching#FunctionResponse
    """
    value = _data(message.text)
    if message.is_error:
        return {"error": value}
    return value if isinstance(value, dict) else {"output": value}


def _data(text: str) -> Any:
    """The object or array that a text stands for, or the text."""
    try:
        value = loads(text) if text.lstrip()[:1] in ("{", "[") else text
        dumps(value)
    except (DecodeError, ValueError):
        return text
    return value


def _blob(part: ContentPart) -> Part:
    """Media in a result: https://ai.google.dev/gemini-api/docs/function-calling#multimodal"""
    if not isinstance(part, (ImageContent, FileContent, AudioContent)):
        raise UnsupportedError(f"a tool message cannot hold {part.type} content in the gemini format")
    found = _media(part)
    if "inlineData" not in found:
        raise UnsupportedError("the gemini format takes media in a tool's result as data, not by URL")
    return found


# -- parts -------------------------------------------------------------------------------------------------------------


def _media(part: ImageContent | FileContent | AudioContent) -> Part:
    """Media as data, or by the URI of an uploaded file or another that Google can fetch. A file's name has no place."""
    part = with_data(part)
    uri = part.url
    if isinstance(part, FileContent) and part.file_id is not None:
        uri = _FILES + part.file_id if part.file_id.startswith("files/") else part.file_id
    if uri is not None:
        kind = {} if part.media_type is None else {"mimeType": part.media_type}
        return {"fileData": {**kind, "fileUri": uri}}
    if part.data is None or part.media_type is None:
        raise UnsupportedError(f"the gemini format takes {part.type} content by URL, or as data with its media_type")
    return {"inlineData": {"mimeType": part.media_type, "data": to_base64(part.data)}}


def _image(part: ImageContent) -> Part:
    if part.detail not in (None, "auto"):
        raise UnsupportedError(
            "the gemini format has no detail of a single image: it is generationConfig's "
            "mediaResolution, by way of extra"
        )
    return _media(part)


def _thought(part: ReasoningContent) -> Part:
    thought: Part = {"text": part.text, "thought": True}
    return thought if part.signature is None else {**thought, "thoughtSignature": part.signature}


def _without_type(part: UnknownContent) -> Part:
    """A part as it came, or the caller's own words for what this version does not know."""
    return {key: value for key, value in part.raw.items() if key != "type"}


_PARTS: dict[type, Callable[[Any], Part]] = {
    TextContent: lambda part: {"text": part.text},
    RefusalContent: lambda part: {"text": part.text},  # another model's: the format has no other place for it
    ReasoningContent: _thought,
    ImageContent: _image,
    FileContent: _media,
    AudioContent: _media,
    UnknownContent: _without_type,
}
