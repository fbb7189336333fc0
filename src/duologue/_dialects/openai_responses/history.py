"""Messages as input items.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input

An answer on its way back becomes the items that it came as; see the package for how a message holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.request import data_url, to_base64
from duologue._dialects.shape import an_index
from duologue.errors import UnsupportedError
from duologue.models import (
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

    from duologue.models import ContentPart, Message, ToolCall

_CALLS = {"function": ("function_call", "arguments"), "custom": ("custom_tool_call", "input")}


def input_items(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The items that a conversation stands for.

    Raises:
        UnsupportedError: a content part or a name that the format cannot carry.
    """
    items: list[dict[str, Any]] = []
    custom: set[str] = set()
    for message in messages:
        if message.role == "assistant":
            items += _answer(message)
            custom.update(call.id for call in message.tool_calls if call.type == "custom")
        elif message.role == "tool":
            kind = "custom_tool_call_output" if message.tool_call_id in custom else "function_call_output"
            items += _result(message, kind)
        else:
            items += _message(message)
    return items


def _message(message: Message) -> list[dict[str, Any]]:
    _refuse_name(message)
    parts, items = _sorted(message)
    if parts or not items:
        content = _content(parts, message.role)
        items.insert(0, {"type": "message", "role": message.role, "content": content})
    return items


def _result(message: Message, kind: str) -> list[dict[str, Any]]:
    """A tool's result; its `name` stays out, since the call that it answers has it."""
    parts, items = _sorted(message)
    if parts or not items:
        if not message.tool_call_id:
            raise UnsupportedError("a tool message needs tool_call_id: make it with Message.tool(call.id, result)")
        output = _content(parts, message.role)
        items.insert(0, {"type": kind, "call_id": message.tool_call_id, "output": output})
    return items


def _refuse_name(message: Message) -> None:
    if message.name is not None:
        raise UnsupportedError(f"the openai-responses format has no name for who speaks in a {message.role} message")


def _sorted(message: Message) -> tuple[list[ContentPart], list[dict[str, Any]]]:
    """A message's parts, and the items that the caller put among them: an `mcp_approval_response`, say."""
    parts: list[ContentPart] = []
    items: list[dict[str, Any]] = []
    for part in message.content:
        if isinstance(part, UnknownContent) and not str(part.raw.get("type")).startswith("input_"):
            items.append(dict(part.raw))
        else:
            parts.append(part)
    return parts, items


# -- parts -------------------------------------------------------------------------------------------------------------


def _content(parts: list[ContentPart], role: str) -> str | list[dict[str, Any]]:
    """One string where it is all text, since not every server takes a list."""
    if all(isinstance(part, TextContent) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, TextContent))
    return [_part(part, role) for part in parts]


def _part(part: ContentPart, role: str) -> dict[str, Any]:
    encode_part = _PARTS.get(type(part))
    if encode_part is None:
        raise UnsupportedError(f"a {role} message cannot hold {part.type} content in the openai-responses format")
    return encode_part(part)


def _image(part: ImageContent) -> dict[str, Any]:
    image = {"type": "input_image", "image_url": part.url or data_url(part)}
    if part.detail is not None:
        image["detail"] = part.detail
    return image


def _file(part: FileContent) -> dict[str, Any]:
    file = {"type": "input_file"}
    if part.file_id is not None:
        return file | {"file_id": part.file_id}
    if part.data is not None:
        return file | {"filename": part.filename or "file", "file_data": data_url(part)}
    if part.url is None:
        raise UnsupportedError("a file needs url, data or file_id")
    return file | {"file_url": part.url}


_PARTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    TextContent: lambda part: {"type": "input_text", "text": part.text},
    ImageContent: _image,
    FileContent: _file,
    UnknownContent: lambda part: dict(part.raw),  # the caller's own words for what this version does not know
}


# -- answers -----------------------------------------------------------------------------------------------------------


class _Answer:
    """An answer's items as far as they are put together, and the parts whose item is still to come."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.parts: list[dict[str, Any]] = []
        self.images: list[ImageContent] = []

    def close_message(self) -> None:
        """Parts without an item of their own: written by hand, from another provider, or from a stream cut short."""
        plain = all(part["type"] == "output_text" for part in self.parts)
        content = "".join(part["text"] for part in self.parts) if plain else self.parts
        if content:
            self.items.append({"type": "message", "role": "assistant", "content": content})
        self.parts = []

    def item(self, part: UnknownContent) -> None:
        item = dict(part.raw)
        if item.get("type") == "message" and isinstance(item.get("content", []), list):
            item["content"] = [*self.parts, *item.get("content", [])]
            self.parts = []
        else:
            self.close_message()
            if item.get("type") == "image_generation_call" and "result" not in item and self.images:
                item["result"] = to_base64(self.images.pop(0).data or b"")
        self.items.append(item)

    def text(self, part: TextContent) -> None:
        self.parts.append({"type": "output_text", "text": part.text, "annotations": []})

    def refusal(self, part: RefusalContent) -> None:
        self.parts.append({"type": "refusal", "refusal": part.text})

    def citation(self, part: CitationContent) -> None:
        if self.parts and "annotations" in self.parts[-1]:
            self.parts[-1]["annotations"].append(dict(part.raw))

    def image(self, part: ImageContent) -> None:
        self.images.append(part)

    def reasoning(self, part: ReasoningContent) -> None:
        """Its item has it whole. Another provider's thoughts stay out: the format has no place for them."""


_TAKE: dict[type, Callable[[_Answer, Any], None]] = {
    TextContent: _Answer.text,
    RefusalContent: _Answer.refusal,
    CitationContent: _Answer.citation,
    ImageContent: _Answer.image,
    ReasoningContent: _Answer.reasoning,
    UnknownContent: _Answer.item,
}


def _answer(message: Message) -> list[dict[str, Any]]:
    _refuse_name(message)
    answer = _Answer()
    for part in message.content:
        take = _TAKE.get(type(part))
        if take is None:
            raise _unfit(part)
        take(answer, part)
    answer.close_message()
    for image in answer.images:
        raise _unfit(image)
    for call in message.tool_calls:
        place = an_index(call.extra.get("output_index"))
        last = len(answer.items)
        answer.items.insert(last if place is None else max(0, min(place, last)), _call(call))
    return answer.items


def _unfit(part: ContentPart) -> UnsupportedError:
    return UnsupportedError(f"an assistant message cannot hold {part.type} content in the openai-responses format")


def _call(call: ToolCall) -> dict[str, Any]:
    kind, field = _CALLS.get(call.type, _CALLS["function"])
    arguments = call.arguments or ("" if kind == "custom_tool_call" else "{}")
    return {**call.extra.get("item", {}), "type": kind, "call_id": call.id, "name": call.name, field: arguments}
