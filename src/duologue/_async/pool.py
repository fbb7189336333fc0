"""The connections of a client: made, lent to one request at a time, and then kept or closed.

A pool of our own, since httpcore's loses a place for ever where it is cancelled at an unlucky moment or where a tunnel
through a proxy fails, and looks through all its connections at each request. Here every place is given back in a
`finally`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakSet

from duologue._async.closing import close_all
from duologue._async.connection import AsyncAnswer, AsyncBody, AsyncConnection, request_head
from duologue._async.proxies import ask_http, ask_socks, authorization
from duologue._async.transport import open_stream
from duologue._core.deadlines import opening
from duologue._core.line import PoolTimeout
from duologue._core.network import Address, address_of
from duologue._frames.http1 import keeps_alive
from duologue._waiting.queue import AsyncGate

if TYPE_CHECKING:
    import ssl

    from duologue._async.transport import AsyncTimedStream
    from duologue._core.network import Proxy

# So many are kept for later, for so many seconds.
_KEPT = 20
_KEPT_SECONDS = 30


class AsyncPool:
    """Lends at most `max_connections` at once; who waits for one is served in turn.

    Attributes:
        closed: whether it is, at the end of its event loop at the latest.
    """

    def __init__(
        self, ssl_context: ssl.SSLContext | None, max_connections: int | None, proxy: Proxy | None = None
    ) -> None:
        self.streams: WeakSet[AsyncTimedStream] = WeakSet()
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._gate = AsyncGate(max_connections)
        self._all: set[AsyncConnection] = set()
        self._idle: list[AsyncConnection] = []
        self.closed = False
        # What the head of the last request was made of, and that; in one, since other threads come by.
        self._last: tuple[tuple[str, Address, str, dict[str, str]] | None, bytes] = (None, b"")

    async def send(
        self,
        to: Address,
        path: str,
        headers: dict[str, str],
        content: bytes,
        seconds: float | None,
        method: str = "POST",
    ) -> AsyncAnswer:
        """Send a request; the connection is lent until the answer's stream is closed.

        Raises:
            PoolTimeout: all were busy for so many seconds.
            LineError: it cannot be sent, or there is no answer to it.
        """
        if not await self._gate.enter(seconds):
            raise PoolTimeout
        connection = None
        try:
            connection = await self._kept(to) or await self._new(to)
            head, body, early = await connection.ask(self._head(method, to, path, headers), content)
            kept = keeps_alive(head.version, head.headers)
            stream = AsyncBody(connection.network, body, early, partial(self._give_back, connection, kept))
            return AsyncAnswer(head, stream, connection.network)
        except BaseException:
            await self._give_back(connection)
            raise

    async def aclose(self) -> None:
        """Close them all, those that are lent too."""
        self.closed = True
        self._idle.clear()
        await close_all([partial(self._close, connection) for connection in list(self._all)])

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _give_back(
        self, connection: AsyncConnection | None, stays_open: bool = False, was_read: bool = False
    ) -> None:
        """A request is over, however it ended."""
        try:
            if connection is None:
                return
            if stays_open and was_read and len(self._idle) < _KEPT and not self.closed:
                connection.rests(_KEPT_SECONDS)
                self._idle.append(connection)
            else:
                await self._close(connection)
        finally:
            self._gate.leave()

    async def _close(self, connection: AsyncConnection) -> None:
        self._all.discard(connection)
        await connection.aclose()

    async def _kept(self, origin: Address) -> AsyncConnection | None:
        """The one that was used last, unless the server has closed it."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:  # and no look before: another thread may take the last one
                return None
            if connection.origin == origin and connection.is_good():
                return connection
            await self._close(connection)

    async def _new(self, to: Address) -> AsyncConnection:
        proxy, way = self._proxy, opening.get()
        assert way is not None
        first = to if proxy is None else address_of(proxy.url)
        stream = await open_stream(first.host.decode("ascii"), first.port, "connect" if proxy is None else "proxy")
        try:
            self.streams.add(stream)
            way.uses(stream)
            if proxy is not None and first.scheme == "https":
                stream = await self._encrypted(stream, first)
            if proxy is not None and proxy.is_socks:
                await ask_socks(stream, to, proxy)
            elif proxy is not None and to.scheme == "https":
                await ask_http(stream, to, proxy)
            if to.scheme == "https":
                stream = await self._encrypted(stream, to)
        except BaseException:
            await stream.aclose()
            raise
        self.streams.add(stream)  # what is encrypted is another one
        connection = AsyncConnection(to, stream)
        self._all.add(connection)
        return connection

    async def _encrypted(self, stream: AsyncTimedStream, to: Address) -> AsyncTimedStream:
        assert self._ssl_context is not None
        return await stream.start_tls(self._ssl_context, to.host.decode("ascii"))

    def _head(self, method: str, to: Address, path: str, headers: dict[str, str]) -> bytes:
        """The request's head, which mostly is the one before but for the length.

        Raises:
            LocalProtocolError: something in it cannot be said in HTTP.
        """
        length = headers.pop("content-length", None)
        said = method, to, path, headers
        before, head = self._last
        if said != before:
            target, first = self._addressed(to, path)
            raw = [*first, *((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items())]
            head = request_head(method.encode("ascii"), target, raw)
            self._last = said, head
        return head if length is None else b"%bcontent-length: %b\r\n\r\n" % (head[:-2], length.encode("ascii"))

    def _addressed(self, to: Address, path: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """The target and the first headers; a proxy without a tunnel is told the whole address."""
        target, headers = f"{to.path}{path}".encode("ascii"), [(b"host", to.netloc)]
        proxy = self._proxy
        if proxy is None or proxy.is_socks or to.scheme == "https":
            return target, headers
        return b"http://%b%b" % (to.netloc, target), [*headers, *authorization(proxy)]
