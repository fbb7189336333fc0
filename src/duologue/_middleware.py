"""Looking at, and changing, what goes to a provider and what comes back.

A `Middleware` is given to a client. Its methods are called within the retries, once for each request that goes out, so
they see those that fail as well. They are plain functions that do not wait, the same for both twins. One that is not
overridden costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from duologue._json import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from duologue.events import StreamEvent

__all__ = ["Middleware", "OutgoingRequest", "RequestInfo", "ResponseHead"]


@attrs.frozen(eq=False)
class RequestInfo:
    """Which request it is about: the same object from its `on_request` to its last event.

    Args:
        provider: the provider's name.
        model: the model's name.
        attempt: how many requests this call has made, with this one.
        stream: whether the answer is asked for piece by piece.
        path: where it goes, below the base URL.
        state: for the middleware's own notes.
    """

    provider: str
    model: str
    attempt: int
    stream: bool
    path: str
    state: dict[Any, Any] = attrs.field(factory=dict, repr=False)


@attrs.frozen
class OutgoingRequest:
    """A request before the key is put in and before it is signed.

    Args:
        headers: HTTP headers, by lower-case names.
        body: the JSON text.
    """

    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    def json(self) -> Any:
        """The body as data."""
        return loads(self.body.decode())


@attrs.frozen
class ResponseHead:
    """The beginning of a response, whatever its status.

    Args:
        status_code: the HTTP status.
        headers: its headers, by lower-case names.
    """

    status_code: int
    headers: Mapping[str, str] = attrs.field(repr=False)


class Middleware:
    """To inherit from; what is not overridden is not called.

    The middlewares of a client see a request in their order, and what comes back in the reverse one. An error of this
    package's that a method raises ends the attempt with it, any other comes through as it is.
    """

    def on_request(self, request: OutgoingRequest, info: RequestInfo) -> OutgoingRequest | None:
        """A request is about to go out. Gives it changed, or None to leave it as it is."""

    def on_response(self, response: ResponseHead, info: RequestInfo) -> ResponseHead | None:
        """A response has begun. Gives its head changed, as it is to be read, or None to leave it as it is."""

    def on_event(self, event: StreamEvent, info: RequestInfo) -> StreamEvent | Iterable[StreamEvent] | None:
        """An event has come, and is no part of the response yet. Gives another one, several, none (`()`), or None to
        leave it as it is. In place of a `Done` or an `Error`, the last event of an attempt, only another one of those
        can be given."""
