"""What middlewares do with one request and with what comes back for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._middleware import Middleware, OutgoingRequest, RequestInfo, ResponseHead
from duologue.events import Done, Error, StreamEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Hooks:
    """Those methods of a client's middlewares that are overridden, bound to one request."""

    def __init__(self, middleware: Sequence[Middleware], info: RequestInfo) -> None:
        self._info = info
        self.attempt = info.attempt
        self._on_request = _overridden(middleware, "on_request")
        self._on_response = _overridden(middleware[::-1], "on_response")
        self._on_event = _overridden(middleware[::-1], "on_event")

    @property
    def sees_events(self) -> bool:
        """Whether anything is done with events."""
        return bool(self._on_event)

    def request(self, request: OutgoingRequest) -> OutgoingRequest:
        """The request as it goes out."""
        for method in self._on_request:
            request = _of(OutgoingRequest, method(request, self._info), request)
        return request

    def response(self, status: int, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str]]:
        """The head as it is read."""
        if not self._on_response:
            return status, headers
        head = ResponseHead(status, headers)
        for method in self._on_response:
            head = _of(ResponseHead, method(head, self._info), head)
        return head.status_code, head.headers

    def events(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """The events as they become part of the response."""
        for method in self._on_event:
            events = [given for event in events for given in self._given(method, event)]
        return events

    def last(self, event: Any) -> Any:
        """The last event as it is given."""
        for method in self._on_event:
            event = _of(type(event), method(event, self._info), event)
        return event

    def _given(self, method: Callable[..., Any], event: StreamEvent) -> list[StreamEvent]:
        given = method(event, self._info)
        if given is None:
            return [event]
        events = [given] if isinstance(given, StreamEvent) else list(given)
        for one in events:
            if not isinstance(one, StreamEvent) or isinstance(one, (Done, Error)):
                raise TypeError(f"on_event gave a {type(one).__name__} in place of a {type(event).__name__}")
        return events


def _overridden(middleware: Sequence[Middleware], name: str) -> list[Callable[..., Any]]:
    own = getattr(Middleware, name)
    return [getattr(one, name) for one in middleware if getattr(type(one), name) is not own]


def _of(kind: type, given: Any, before: Any) -> Any:
    """What a method gave in place of what was there before."""
    if given is None:
        return before
    if not isinstance(given, kind):
        raise TypeError(f"a middleware gave a {type(given).__name__} in place of a {kind.__name__}")
    return given
