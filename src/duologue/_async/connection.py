"""One connection to a server, and HTTP/1.1 on it: a request, and the head and the body of the answer.

What the bytes mean is known to `duologue._frames.http1_head` and `duologue._frames.http1`; here they are waited for.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from duologue._core.headers import Headers
from duologue._core.line import LocalProtocolError, RemoteProtocolError, WriteError
from duologue._frames.http1 import framing
from duologue._frames.http1_head import BadHead, HeadReader, written
from duologue._waiting.network import readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._async.transport import AsyncTimedStream
    from duologue._core.network import Address
    from duologue._frames.http1 import Framing
    from duologue._frames.http1_head import Head

_READ_BYTES = 65536
# What is below is an interim answer: 100, 103.
_FINAL = 200


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

    async def ask(self, head: bytes, content: bytes = b"") -> tuple[Head, Framing, bytes]:
        """Send a request, its head and its content, and give the head of the answer, how to read its body, and what has
        come of it already.

        Raises:
            LineError: the line failed, or the server does not speak HTTP/1.1.
        """
        try:
            for data in _pieces(head, content):
                await self.network.write(data)
        except WriteError:
            pass  # the server may have answered before it closed
        reader = HeadReader()
        try:
            answer = await self._head(reader)
        except BadHead as reason:
            raise RemoteProtocolError(str(reason)) from None
        return answer, framing(answer.status, answer.headers), reader.rest

    async def _head(self, reader: HeadReader) -> Head:
        while True:
            head = reader.next()
            if head is None:
                data = await self.network.read(_READ_BYTES)
                if not data:
                    raise RemoteProtocolError("Server disconnected without sending a response.")
                reader.feed(data)
            elif head.status >= _FINAL:
                return head

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

    def __init__(self, head: Head, stream: AsyncBody, network: AsyncTimedStream) -> None:
        self.status_code = head.status
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


def request_head(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """A request's head.

    Raises:
        LocalProtocolError: something in it cannot be said in HTTP.
    """
    try:
        return written(method, target, headers)
    except BadHead as reason:
        raise LocalProtocolError(str(reason)) from None


def _pieces(head: bytes, content: bytes) -> list[bytes]:
    """A request's bytes, in one piece unless that would copy a large body."""
    return [head, content] if len(content) > _READ_BYTES else [head + content]
