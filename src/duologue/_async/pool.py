"""The connections of a client: made, lent to one request at a time, and then kept or closed.

An httpx transport of our own, since httpcore's pool loses a place for ever where it is cancelled at an unlucky moment
or where a tunnel through a proxy fails, and looks through all its connections at each request. Here every place is
given back in a `finally`. Exceptions are httpcore's, ours, or the operating system's.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from duologue._async.connection import AsyncBody, AsyncConnection
from duologue._async.proxies import ask_http, ask_socks, authorization
from duologue._async.transport import AsyncTimedBackend
from duologue._core.deadlines import opening
from duologue._core.network import port_of
from duologue._frames.http1 import keeps_alive
from duologue._waiting.queue import AsyncGate

if TYPE_CHECKING:
    import ssl

    from duologue._core.network import Proxy

# So many are kept for later, for so many seconds.
_KEPT = 20
_KEPT_SECONDS = 30


class AsyncPool(httpx.AsyncBaseTransport):
    """Lends at most `max_connections` at once; who waits for one is served in turn."""

    def __init__(
        self, ssl_context: ssl.SSLContext | None, max_connections: int | None, proxy: Proxy | None = None
    ) -> None:
        if ssl_context is not None:
            ssl_context.set_alpn_protocols(["http/1.1"])
        self.backend = AsyncTimedBackend("connect" if proxy is None else "proxy")
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._gate = AsyncGate(max_connections)
        self._all: set[AsyncConnection] = set()
        self._idle: list[AsyncConnection] = []
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the connection is lent until the response's stream is closed.

        Raises:
            httpcore.PoolTimeout: all were busy.
        """
        if not await self._gate.enter(request.extensions["timeout"]["pool"]):
            raise httpcore.PoolTimeout
        connection = None
        try:
            connection = await self._kept(_origin(request.url)) or await self._new(request)
            head, body, early = await connection.ask(*self._addressed(request), request.content)
        except BaseException:
            await self._give_back(connection)
            raise
        kept = keeps_alive(head.http_version, head.headers)
        stream: Any = AsyncBody(connection.network, body, early, partial(self._give_back, connection, kept))
        extensions = {"network_stream": connection.network, "http_version": b"HTTP/" + head.http_version}
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=stream, extensions=extensions)

    async def aclose(self) -> None:
        """Close them all, those that are lent too."""
        self._closed = True
        self._idle.clear()
        for connection in list(self._all):
            await self._close(connection)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _give_back(
        self, connection: AsyncConnection | None, stays_open: bool = False, was_read: bool = False
    ) -> None:
        """A request is over, however it ended."""
        try:
            if connection is None:
                return
            if stays_open and was_read and len(self._idle) < _KEPT and not self._closed:
                connection.rests(_KEPT_SECONDS)
                self._idle.append(connection)
            else:
                await self._close(connection)
        finally:
            self._gate.leave()

    async def _close(self, connection: AsyncConnection) -> None:
        self._all.discard(connection)
        await connection.aclose()

    async def _kept(self, origin: tuple[bytes, bytes, int | None]) -> AsyncConnection | None:
        """The one that was used last, unless the server has closed it."""
        with suppress(IndexError):  # another thread may take the last one
            while True:
                connection = self._idle.pop()
                if connection.origin == origin and connection.is_good():
                    return connection
                await self._close(connection)
        return None

    async def _new(self, request: httpx.Request) -> AsyncConnection:
        url, proxy, way = request.url, self._proxy, opening.get()
        assert way is not None
        first = url if proxy is None else httpx.URL(proxy.url)
        stream: Any = await self.backend.connect_tcp(first.raw_host.decode("ascii"), port_of(first))
        try:
            way.uses(stream)
            if proxy is not None and first.scheme == "https":
                stream = await self._encrypted(stream, first)
            if proxy is not None and proxy.is_socks:
                await ask_socks(stream, url, proxy)
            elif proxy is not None and url.scheme == "https":
                await ask_http(stream, url, proxy, request.extensions)
            if url.scheme == "https":
                stream = await self._encrypted(stream, url)
        except BaseException:
            await stream.aclose()
            raise
        connection = AsyncConnection(_origin(url), stream)
        self._all.add(connection)
        return connection

    async def _encrypted(self, stream: httpcore.AsyncNetworkStream, url: httpx.URL) -> httpcore.AsyncNetworkStream:
        assert self._ssl_context is not None
        return await stream.start_tls(self._ssl_context, url.raw_host.decode("ascii"))

    def _addressed(self, request: httpx.Request) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """The target and the headers; a proxy without a tunnel is told the whole address."""
        url, proxy, headers = request.url, self._proxy, request.headers.raw
        if proxy is None or proxy.is_socks or url.scheme == "https":
            return url.raw_path, headers
        return str(url).encode("ascii"), [*headers, *authorization(proxy)]


def _origin(url: httpx.URL) -> tuple[bytes, bytes, int | None]:
    return url.raw_scheme, url.raw_host, url.port
