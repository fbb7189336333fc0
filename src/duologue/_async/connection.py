"""One connection to a server, and HTTP/1.1 on it: a request, and the head and the body of the answer.

h11 writes and reads the heads; `duologue._frames.http1` reads the bodies.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

import h11

from duologue._core.headers import Headers
from duologue._core.line import LocalProtocolError, RemoteProtocolError, WriteError
from duologue._frames.http1 import framing
from duologue._waiting.network import readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._async.transport import AsyncTimedStream
    from duologue._core.network import Address
    from duologue._frames.http1 import Framing

_READ_BYTES = 65536
# The most that a head may have. httpcore's limit, too.
_HEAD_BYTES = 102400


class AsyncConnection:
    """A connection that takes one request after another.

    Attributes:
        origin: the server.
        network: the bytes' way there and back.
    """

    def __init__(self, origin: Address, network: AsyncTimedStream) -> None:
        self.origin = origin
        self.network = network
        self._idle_until = inf

    async def ask(
        self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], content: bytes
    ) -> tuple[h11.Response, Framing, bytes]:
        """Send a request, and give the head of the answer, how to read its body, and what has come of it already.

        Raises:
            LineError: the line failed, the server does not speak HTTP/1.1, or a header cannot be said in it.
        """
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        try:
            request = h11.Request(method=method, target=target, headers=headers)
            with suppress(WriteError):  # the server may have answered before it closed
                await self.network.write(_written(talk, request, content))
            head = await self._head(talk)
        except h11.LocalProtocolError as reason:
            raise LocalProtocolError(str(reason)) from None
        except h11.RemoteProtocolError as reason:
            raise RemoteProtocolError(str(reason)) from None
        body = framing(head.status_code, head.headers)
        early = talk.trailing_data[0]
        return head, body, early

    async def _head(self, talk: h11.Connection) -> h11.Response:
        while True:
            event = talk.next_event()
            if isinstance(event, h11.Response):
                return event
            if event is not h11.NEED_DATA:  # an interim answer: 100, 103
                continue
            data = await self.network.read(_READ_BYTES)
            if not data:
                raise RemoteProtocolError("Server disconnected without sending a response.")
            talk.receive_data(data)

    def rests(self, seconds: float) -> None:
        """No request is under way, and it is not to be used for another after so many seconds."""
        self._idle_until = monotonic() + seconds

    def is_good(self) -> bool:
        """Whether another request may go out: its time is not over, and the server has not closed it, as far as one
        can tell."""
        return monotonic() < self._idle_until and not (self.network.unread or readable(self.network))

    async def aclose(self) -> None:
        """Close it."""
        await self.network.aclose()


class AsyncAnswer:
    """An answer's head, and its body to be read; for a stream, the same as a response of httpx's."""

    is_closed = False

    def __init__(self, head: h11.Response, stream: AsyncBody, network: AsyncTimedStream) -> None:
        self.status_code = head.status_code
        self.headers = Headers(head.headers)
        self.stream = stream
        self.extensions = {"network_stream": network}


class AsyncBody:
    """The bytes of an answer's body as they come; its connection is lent until it is closed.

    Every piece is all that one read has brought. An iterator and no generator: there is nothing to unwind where it is
    left.
    """

    def __init__(self, network: AsyncTimedStream, body: Framing, early: bytes, close: Callable[[bool], Any]) -> None:
        self._network = network
        self._body = body
        self._early = early
        self._close: Callable[[bool], Any] | None = close

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        body = self._body
        while not body.ended:
            if body.broken is not None:
                raise body.broken
            data, self._early = self._early or await self._network.read(_READ_BYTES), b""
            if not data:
                body.close()
            elif piece := body.feed(data):
                return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give the connection back; it can be used again where the body was read to its end."""
        close, self._close = self._close, None
        if close is not None:
            await close(self._body.ended and self._body.clean and not self._early)


def _written(talk: h11.Connection, request: h11.Request, content: bytes) -> bytes:
    """A request's bytes."""
    parts = (talk.send(request), talk.send(h11.Data(content)) if content else None, talk.send(h11.EndOfMessage()))
    return b"".join(filter(None, parts))
