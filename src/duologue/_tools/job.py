"""One call that runs: what is called, and what is told of it. Whoever runs it asks; nothing here waits.

`Task` is what a crew runs (`_waiting/crew.py`); `Job` is a tool's call as one, `Source` a stream that is merged with
others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from duologue._check import shown
from duologue._tools.context import ToolContext
from duologue.events import ToolResult
from duologue.models import ContentPart, Message, ToolCall

if TYPE_CHECKING:
    from duologue._tools.function import FunctionTool

_SHOWN = 1000  # characters of an exception's text that the model gets


class News(NamedTuple):
    """Something that a task tells: an event, and with its last word what goes to the model, or what it raised."""

    event: Any
    message: Message | None = None
    error: BaseException | None = None
    last: bool = False


class Task(Protocol):
    """What a crew runs."""

    timeout: float | None
    is_async: bool

    def begin(self, tell: Callable[[News], bool], is_over: Callable[[], bool]) -> News | None:
        """It begins; the first thing to tell."""

    def call(self) -> Any:
        """Run it; gives its result, an iterator of pieces, or something to await or to iterate over in a loop."""

    def piece(self, value: Any) -> News:
        """A piece of the result."""

    def end(self, value: Any) -> News:
        """The result; None after pieces."""

    def fail(self, reason: BaseException | str) -> News:
        """It failed, or its time was up."""


class Job:
    """A tool's call."""

    def __init__(self, call: ToolCall, tool: FunctionTool[..., Any], arguments: dict[str, Any], timeout: float | None):
        self.id = call.id
        self.timeout = timeout if tool.timeout is None else tool.timeout
        self.is_async = tool.is_async
        self._tool = tool
        self._arguments = arguments
        self._pieces: list[Any] = []

    def begin(self, tell: Callable[[News], bool], is_over: Callable[[], bool]) -> News:
        """Tell that the tool has begun."""
        if self._tool.context is not None:
            self._arguments[self._tool.context] = ToolContext(self._tool.name, self.id, tell, is_over)
        return News(ToolResult(self._tool.name, self.id, "start"))

    def call(self) -> Any:
        """Call the function."""
        return self._tool.call(self._arguments)

    def piece(self, value: Any) -> News:
        """A piece of the result."""
        from duologue._schema import plain

        content = plain(value)
        self._pieces.append(content)
        return News(ToolResult(self._tool.name, self.id, "data", content=content))

    def end(self, value: Any) -> News:
        """The result: what the function returned, or else all its pieces, as one text if all of them are text."""
        pieces = self._pieces
        if value is None and pieces:
            value = "".join(pieces) if all(isinstance(piece, str) for piece in pieces) else pieces
        try:
            content, said = _said(value)
        except TypeError as reason:
            return self.fail(f"the result cannot be sent: {reason}")
        message = Message.tool(self.id, said)
        return News(ToolResult(self._tool.name, self.id, "done", content=content), message, last=True)

    def fail(self, reason: BaseException | str) -> News:
        """It failed."""
        return failure(self._tool.name, self.id, reason)


def _said(value: Any) -> tuple[Any, Any]:
    """A result as JSON data, and as what a message takes."""
    from duologue._schema import plain

    if isinstance(value, ContentPart):
        return plain_part(value), value
    if isinstance(value, (list, tuple)) and any(isinstance(part, ContentPart) for part in value):
        return [plain_part(part) if isinstance(part, ContentPart) else plain(part) for part in value], value
    content = plain(value)
    return content, content


def plain_part(part: ContentPart) -> Any:
    """A content part as data."""
    from duologue._serde import to_dict

    return to_dict(part)


def failure(name: str, call_id: str, reason: BaseException | str) -> News:
    """What is told of a call that gave no result: the same to the reader of the events and to the model."""
    text = reason if isinstance(reason, str) else _described(reason)
    message = Message.tool(call_id, f"Error: {text}", is_error=True)
    return News(ToolResult(name, call_id, "error", error=text), message, last=True)


def _described(reason: BaseException) -> str:
    try:
        text = str(reason)
    except Exception:  # noqa: BLE001 - it is the caller's; a call without a last word would keep the loop for ever
        text = ""
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
    return f"{type(reason).__name__}: {text}" if text else type(reason).__name__


class Source:
    """A stream that is merged with others."""

    def __init__(self, stream: Any) -> None:
        self.timeout: float | None = None
        self.stream = stream
        self.is_async = hasattr(stream, "__aiter__")
        if not self.is_async and not isinstance(stream, Iterable):
            raise TypeError(f"merge_streams takes streams and other iterables, got {shown(stream)}")

    def begin(self, _tell: Callable[[News], bool], _is_over: Callable[[], bool]) -> None:
        """There is nothing to tell of it."""

    def call(self) -> Any:
        """Begin to iterate."""
        return self.stream.__aiter__() if self.is_async else iter(self.stream)

    def piece(self, value: Any) -> News:
        """One of its items."""
        return News(value)

    def end(self, _value: Any) -> News:
        """There are no more."""
        return News(None, last=True)

    def fail(self, reason: BaseException | str) -> News:
        """It raised something."""
        error = RuntimeError(f"a stream ended: {reason}") if isinstance(reason, str) else reason
        return News(None, error=error, last=True)
