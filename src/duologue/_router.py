"""Content to whom it concerns: `MessageRouter` gives each part of a message to the handler of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, overload

from duologue._check import one_of
from duologue.errors import UnsupportedError
from duologue.models import ROLE_VALUES, ChatResponse, ContentPart, Message, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from duologue.models import Role

__all__ = ["MessageRouter"]

R = TypeVar("R")
P = TypeVar("P")

_Handler = Any  # of one kind of part, and gives an R
_KINDS = {*get_args(ContentPart), ToolCall}
_check_role = one_of(ROLE_VALUES)


class MessageRouter(Generic[R]):
    """Handlers by the class of what they take: a content part's, or `ToolCall`.

    Handlers are plain functions; one that is a coroutine function gives a coroutine, for the caller to await.
    """

    def __init__(self) -> None:
        self._handlers: dict[tuple[type, str | None], _Handler] = {}
        self._other: _Handler = None

    @overload
    def on(self, kind: type[P], handler: Callable[[P], R], *, role: Role | None = None) -> Callable[[P], R]: ...

    @overload
    def on(self, kind: type[P], *, role: Role | None = None) -> Callable[[Callable[[P], R]], Callable[[P], R]]: ...

    def on(self, kind: type[Any], handler: _Handler = None, *, role: Role | None = None) -> Any:
        """Register the handler of a class, or decorate it.

        Args:
            kind: the class of a content part, or `ToolCall`.
            handler: what takes one; left out in a decorator.
            role: whose messages it is for; such a handler goes before one for all.

        Raises:
            TypeError: it is no such class.
            ValueError: there is no such role.
        """
        if kind not in _KINDS:
            raise TypeError(f"a handler is for the class of a content part, or ToolCall; got {kind!r}")
        if role is not None:
            _check_role("role", role)
        if handler is None:
            return lambda function: self.on(kind, function, role=role)
        self._handlers[kind, role] = handler
        return handler

    def otherwise(self, handler: Callable[[Any], R]) -> Callable[[Any], R]:
        """Register the handler of what has none, or decorate it. Without it, such content raises."""
        self._other = handler
        return handler

    def route(self, message: Message | ChatResponse) -> list[R]:
        """What the handlers give, in the order of the content, tool calls last.

        Raises:
            UnsupportedError: there is no handler for a part; none was called then.
        """
        if isinstance(message, ChatResponse):
            message = message.message
        calls = [(self._handler(part, message.role), part) for part in _parts(message)]
        return [handler(part) for handler, part in calls]

    def _handler(self, part: Any, role: Role) -> _Handler:
        kind = type(part)
        found = self._handlers.get((kind, role)) or self._handlers.get((kind, None)) or self._other
        if found is None:
            raise UnsupportedError(f"there is no handler for a {kind.__name__} in a {role} message")
        return found


def _parts(message: Message) -> Iterator[ContentPart | ToolCall]:
    yield from message.content
    yield from message.tool_calls
