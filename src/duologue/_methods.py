"""What the generated models can do: mixins named under `methods` in spec/, and the constructors' converters.

Every mixin has empty slots, but for what an object knows besides what it says: no part of its value, and gone in a copy
that is made of it. The models import this module, hence the imports inside functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, TypeVar, cast, get_origin, overload

from duologue._check import as_tuple
from duologue._json import loads
from duologue._view import ChoiceView, DeltaView, ToolCallView
from duologue.errors import DecodeError, DuologueError, error_fields

if TYPE_CHECKING:
    import os

    from duologue._partial_json import Pieces
    from duologue.models import (
        Choice,
        ContentPart,
        FinishReason,
        Message,
        Reasoning,
        ResponseFormat,
        Tool,
        ToolCall,
    )

    Content: TypeAlias = str | ContentPart | Iterable[str | ContentPart]
    Prompt: TypeAlias = str | Message | Mapping[str, Any] | Iterable[str | Message | Mapping[str, Any]]

T = TypeVar("T")


# -- converters --------------------------------------------------------------------------------------------------------


def content_parts(content: Content) -> tuple[ContentPart, ...]:
    """A message's content: a string, a part, or several of either.

    Raises:
        TypeError: something in it is neither.
    """
    from duologue.models import ContentPart, TextContent

    if isinstance(content, str):
        return (TextContent(content),)
    if isinstance(content, ContentPart):
        return (content,)
    if isinstance(content, (bytes, Mapping)) or not hasattr(content, "__iter__"):
        raise TypeError(
            f"content must be a string, a content part, or a sequence of them; got {type(content).__name__}"
        )
    parts = tuple(TextContent(part) if isinstance(part, str) else part for part in content)
    for part in parts:
        if not isinstance(part, ContentPart):
            raise TypeError(f"content must hold strings and content parts; got {type(part).__name__}")
    return parts


def messages(prompt: Prompt) -> tuple[Message, ...]:
    """A conversation: a string (what the user says), a message, or several. A mapping gives a message's fields.

    Raises:
        TypeError: something in it is none of these.
    """
    from duologue.models import Message

    def message(item: str | Message | Mapping[str, Any]) -> Message:
        if isinstance(item, Message):
            return item
        if isinstance(item, str):
            return Message("user", item)
        if isinstance(item, Mapping):
            return Message(**item)
        raise TypeError(f"messages must hold strings, messages or mappings; got {type(item).__name__}")

    if isinstance(prompt, (str, Message, Mapping)):
        return (message(prompt),)
    if not hasattr(prompt, "__iter__"):
        raise TypeError(f"messages must be a string, a message, or a sequence of them; got {type(prompt).__name__}")
    return tuple(message(item) for item in prompt)


def tools(given: Iterable[Tool | Mapping[str, Any] | Callable[..., Any]] | None) -> tuple[Tool, ...]:
    """Tools, None for none; a mapping is a tool's fields, or OpenAI's `{"type": "function", "function": {...}}`, and a
    function is what `duologue.tool` makes of it.

    What is no sequence is left as it is, for the class to refuse by name.
    """
    items: Any = as_tuple(() if given is None else given)
    if not items or not isinstance(items, tuple):
        return cast("tuple[Tool, ...]", items)

    from duologue.models import Tool

    def tool(item: Tool | Mapping[str, Any] | Callable[..., Any]) -> Tool:
        if isinstance(item, Mapping):
            return Tool(**item.get("function", item))
        if callable(item) and not isinstance(item, Tool):
            from duologue._tools.function import tool as as_tool

            return as_tool(item)
        return item

    return tuple(map(tool, items))


def strings(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """One string, several, or None for none; what is none of them is left as it is, for the class to refuse by name."""
    return (given,) if isinstance(given, str) else as_tuple(() if given is None else given)


def response_format(given: ResponseFormat | Mapping[str, Any] | type | str | None) -> ResponseFormat | None:
    """A response format: its type, OpenAI's `{"type": ...}` form (nested or flat), a JSON Schema, or a type of Python's
    that has one.

    Raises:
        TypeError, ValueError: it is none of these.
    """
    if given is None:
        return None

    from duologue.models import ResponseFormat

    if isinstance(given, str):
        return ResponseFormat(given)  # type: ignore[arg-type]  # checked by the class
    if isinstance(given, type) or get_origin(given) is not None:
        from duologue._schema import schema_of

        form = ResponseFormat("json_schema", schema=schema_of(given), name=_name_of(given))
        form.want(given)
        return form
    if not isinstance(given, Mapping):
        return given
    if given.get("type") == "json_schema":
        body = given.get("json_schema", given)
        if not isinstance(body, Mapping) or not body.get("schema"):
            raise ValueError("a response_format of type json_schema needs a schema")
        return ResponseFormat(**{**body, "type": "json_schema"})
    if given.get("type") in ("text", "json_object"):
        return ResponseFormat(given["type"])
    form = ResponseFormat("json_schema", schema=given)
    form.want(None)
    return form


def _name_of(hint: Any) -> str:
    """A name for a type, of the letters that names may have."""
    name = getattr(hint, "__name__", "") if isinstance(hint, type) and get_origin(hint) is None else ""
    return re.sub("[^a-zA-Z0-9_-]", "_", name)[:64] or "response"


def reasoning(given: Reasoning | str | int | None) -> Reasoning | None:
    """How much to think: a string is an effort, a number a budget of tokens."""
    if given is None:
        return None

    from duologue.models import Reasoning

    if isinstance(given, str):
        return Reasoning(effort=given)
    if isinstance(given, int):
        return Reasoning(budget_tokens=given)
    return given


def error_key(error: DuologueError) -> object:
    """What makes two errors equal: all that they say."""
    return error_fields(error)


# -- mixins ------------------------------------------------------------------------------------------------------------


class EventMethods:
    """What every event answers besides its fields."""

    __slots__ = ()

    type: ClassVar[str]

    @property
    def choice(self) -> ChoiceView | None:
        """The nested view of a delta or of the end; None for other events."""
        return _CHOICE[self.type](self) if self.type in _CHOICE else None


class ResponseFormatMethods:
    """What the answer is to be made into, once it is there."""

    __slots__ = ("_wanted",)

    if TYPE_CHECKING:
        _wanted: tuple[Any]

    def want(self, hint: Any) -> None:
        """Not for callers: an instance of a type is wanted, or where it is None, data that fit the schema."""
        object.__setattr__(self, "_wanted", (hint,))

    @property
    def wanted(self) -> tuple[Any] | None:
        """Not for callers: the type that is wanted, in a tuple; None where the answer is to be left as it is."""
        return getattr(self, "_wanted", None)


class ToolCallDeltaMethods(EventMethods):
    """The arguments so far."""

    __slots__ = ("_heard",)

    if TYPE_CHECKING:
        _heard: tuple[Pieces, int]

    def hear(self, pieces: Pieces, count: int) -> None:
        """Not for callers: this is the last of so many pieces of the arguments. No part of what the event says."""
        object.__setattr__(self, "_heard", (pieces, count))

    def hear_like(self, other: Self) -> None:
        """Not for callers: this ends where another piece ends."""
        heard = getattr(other, "_heard", None)
        if heard is not None:
            self.hear(*heard)

    @property
    def partial(self) -> Any:
        """The arguments up to this piece as Python data, as far as they can be read: the last string may be cut short,
        and the last key left out. None where nothing can be read yet, and in an event that came out of no stream.

        Costs nothing unless it is asked for, and then a time in proportion to what is new. It may be kept but not
        changed. From 32,768 characters on it is the same object each time, which grows.
        """
        heard = getattr(self, "_heard", None)
        return None if heard is None else heard[0].value(heard[1])


class ToolResultMethods(EventMethods):
    """Flags for each status of a running tool."""

    __slots__ = ()

    if TYPE_CHECKING:
        status: str

    @property
    def is_tool_start(self) -> bool:
        """Whether the tool has just begun."""
        return self.status == "start"

    @property
    def is_tool_progress(self) -> bool:
        """Whether this tells how far the tool is."""
        return self.status == "progress"

    @property
    def is_tool_data(self) -> bool:
        """Whether this is a piece of the result."""
        return self.status == "data"

    @property
    def is_tool_done(self) -> bool:
        """Whether the tool is done."""
        return self.status == "done"

    @property
    def is_tool_error(self) -> bool:
        """Whether the tool failed."""
        return self.status == "error"


def _text_choice(event: Any) -> ChoiceView:
    from duologue import models

    part = {
        "text_delta": models.TextContent,
        "reasoning_delta": models.ReasoningContent,
        "refusal_delta": models.RefusalContent,
    }[event.type]
    return ChoiceView(event.index, DeltaView(content=(part(event.text),)))


def _call_choice(event: Any) -> ChoiceView:
    call = ToolCallView(event.call_index, event.id, event.name, event.arguments)
    return ChoiceView(event.index, DeltaView(tool_calls=(call,)))


_CHOICE: dict[str, Any] = {
    "text_delta": _text_choice,
    "reasoning_delta": _text_choice,
    "refusal_delta": _text_choice,
    "tool_call_delta": _call_choice,
    "content_delta": lambda event: ChoiceView(event.index, DeltaView(content=(event.content,))),
    "done": lambda event: ChoiceView(finish_reason=event.finish_reason),
}


class MediaMethods:
    """How images, files and sound are made."""

    __slots__ = ()

    @classmethod
    def from_url(cls, url: str, **fields: Any) -> Self:
        """One that the provider fetches from `url` itself. Without `media_type`, the ending of the address tells it, as
        far as it does."""
        from duologue._media import media_type_of_url

        fields.setdefault("media_type", media_type_of_url(url))
        return cls(url=url, **fields)  # type: ignore[call-arg]  # the mixin's classes have the field

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview, media_type: str | None = None, **fields: Any) -> Self:
        """One out of its bytes; without `media_type`, it is told from the first of them.

        Raises:
            TypeError: they are no bytes.
            ValueError: no media type is given, and the bytes do not tell it; or an image or sound is said to be what it
                is not.
        """
        from duologue._media import CHECKS, media_type_of

        data = data if isinstance(data, bytes) else bytes(memoryview(data))
        media_type = media_type or media_type_of(data)
        if check := CHECKS.get(cls.__name__):
            check(data, media_type)
        return cls(data=data, media_type=media_type, **fields)  # type: ignore[call-arg]  # as above

    @classmethod
    def from_path(
        cls,
        path: str | os.PathLike[str],
        media_type: str | None = None,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        **fields: Any,
    ) -> Self:
        """One out of a file, which is read now. Only its base name is told to the model.

        Raises:
            OSError: the file cannot be read, or is no regular file.
            ValueError: it has more than `max_bytes`; no media type is given, and neither the bytes nor the name tell
                it; or an image is said to be what it is not.
        """
        from duologue._media import check_image_name, read_file

        data, guessed, name = read_file(path, media_type, max_bytes)
        if cls.__name__ == "ImageContent":
            check_image_name(data, name)
        if hasattr(cls, "filename"):
            fields.setdefault("filename", name)
        return cls.from_bytes(data, guessed, **fields)

    @classmethod
    def from_file(
        cls,
        file: IO[bytes],
        media_type: str | None = None,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        **fields: Any,
    ) -> Self:
        """One out of a file that is open for bytes, or anything with `read`: what it has from its place on is read now,
        and it is not closed. Only its base name is told to the model.

        Raises:
            OSError: it cannot be read.
            TypeError: it gives text.
            ValueError: as for `from_path`.
        """
        from duologue._media import check_image_name, media_type_of, read_object

        data, name = read_object(file, max_bytes)
        if cls.__name__ == "ImageContent":
            check_image_name(data, name)
        if name and hasattr(cls, "filename"):
            fields.setdefault("filename", name)
        return cls.from_bytes(data, media_type or media_type_of(data, name), **fields)


class ToolCallMethods:
    """What a tool call can do."""

    __slots__ = ()

    if TYPE_CHECKING:
        name: str
        arguments: str

    @property
    def partial(self) -> Any:
        """The arguments as Python data, as far as they can be read where the answer was cut short; None for nothing."""
        from duologue._partial_json import partial_value

        return partial_value(self.arguments)

    def parsed(self) -> Any:
        """The arguments as Python data; `{}` where the model gave none.

        Raises:
            DecodeError: they are not JSON, as where the answer was cut short.
        """
        try:
            return loads(self.arguments) if self.arguments.strip() else {}
        except DecodeError as reason:
            raise DecodeError(f"the arguments of the call to {self.name!r} are {reason.message}") from None


class MessageMethods:
    """How messages are made and read."""

    __slots__ = ()

    if TYPE_CHECKING:
        content: tuple[ContentPart, ...]

    @classmethod
    def system(cls, content: Content, **fields: Any) -> Self:
        """Instructions for the whole conversation."""
        return cls("system", content, **fields)  # type: ignore[call-arg]  # the mixin's class has the fields

    @classmethod
    def user(cls, content: Content, **fields: Any) -> Self:
        """What the person says."""
        return cls("user", content, **fields)  # type: ignore[call-arg]  # as above

    @classmethod
    def assistant(cls, content: Content = (), **fields: Any) -> Self:
        """What the model said."""
        return cls("assistant", content, **fields)  # type: ignore[call-arg]  # as above

    @classmethod
    def tool(cls, call_id: str, result: Any, **fields: Any) -> Self:
        """A tool's result for the call `call_id`: text, content parts, or anything that JSON can say.

        Raises:
            TypeError: JSON cannot say it.
        """
        return cls("tool", _result_content(result), tool_call_id=call_id, **fields)  # type: ignore[call-arg]  # as above

    @property
    def text(self) -> str:
        """All its text, joined."""
        return _joined(self.content, "text")

    @property
    def reasoning(self) -> str:
        """All its reasoning, joined."""
        return _joined(self.content, "reasoning")

    @property
    def refusal(self) -> str:
        """All its refusal, joined."""
        return _joined(self.content, "refusal")


def _joined(content: tuple[ContentPart, ...], kind: str) -> str:
    return "".join(getattr(part, "text", "") for part in content if part.type == kind)


def _result_content(result: Any) -> Content:
    from duologue.models import ContentPart

    if isinstance(result, (str, ContentPart)):
        return result
    if isinstance(result, (list, tuple)) and any(isinstance(part, ContentPart) for part in result):
        return result  # some may be plain strings; of anything else, the message says what is wrong
    try:
        return json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError) as reason:
        raise TypeError(f"a tool's result must be text, content parts or JSON data: {reason}") from None


class ResponseMethods:
    """The first choice, at hand."""

    __slots__ = ()

    if TYPE_CHECKING:
        choices: tuple[Choice, ...]

    @property
    def message(self) -> Message:
        """The first choice's message; an empty one where there is none."""
        from duologue.models import Message

        return self.choices[0].message if self.choices else Message("assistant")

    @property
    def text(self) -> str:
        """The first choice's text."""
        return self.message.text

    @overload
    def json(self, kind: type[T]) -> T: ...

    @overload
    def json(self, kind: Mapping[str, Any] | None = None) -> Any: ...

    def json(self, kind: Any = None) -> Any:
        """The JSON in the text, as `duologue.extract_json` finds it: of a class, an instance.

        Raises:
            OutputValidationError: there is none that fits.
        """
        from duologue._extract import extract_json

        source: Any = self
        return extract_json(source, kind)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that the first choice wants run."""
        return self.message.tool_calls

    @property
    def finish_reason(self) -> FinishReason:
        """Why the first choice ends."""
        return self.choices[0].finish_reason if self.choices else "unknown"
