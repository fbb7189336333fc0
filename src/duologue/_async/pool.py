"""The connections of a client: made, lent to one request at a time, and then kept or closed.

httpcore speaks HTTP on each of them. Its own pool is not used: it loses a place for ever where it is cancelled at an
unlucky moment, or where a tunnel through a proxy fails. Here every place is given back in a `finally`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpcore

from duologue._async.proxies import ask_http, ask_socks, authorization
from duologue._core.deadlines import opening
from duologue._core.network import has_more
from duologue._waiting.queue import AsyncGate

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from duologue._async.transport import AsyncTimedBackend
    from duologue._core.network import Proxy

# So many are kept for later, for so many seconds.
_KEPT = 20
_KEPT_SECONDS = 30


class AsyncPool:
    """Lends at most `max_connections` at once; who waits for one is served in turn."""

    def __init__(
        self,
        backend: AsyncTimedBackend,
        ssl_context: ssl.SSLContext | None,
        max_connections: int | None,
        proxy: Proxy | None,
    ) -> None:
        self._backend = backend
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._gate = AsyncGate(max_connections)
        self._all: set[httpcore.AsyncHTTP11Connection] = set()
        self._idle: list[httpcore.AsyncHTTP11Connection] = []
        self._closed = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; the connection is lent until the response is closed.

        Raises:
            httpcore.PoolTimeout: all were busy.
        """
        if not await self._gate.enter(request.extensions["timeout"]["pool"]):
            raise httpcore.PoolTimeout
        connection = None
        try:
            connection = await self._kept(request.url.origin) or await self._new(request)
            response = await connection.handle_async_request(self._addressed(request))
        except BaseException:
            await self.give_back(connection)
            raise
        lent: Any = AsyncLent(self, connection, response.stream)
        headers, extensions = response.headers, response.extensions
        return httpcore.Response(response.status, headers=headers, content=lent, extensions=extensions)

    async def give_back(self, connection: httpcore.AsyncHTTP11Connection | None) -> None:
        """A request is over, however it ended."""
        try:
            if connection is not None and self._is_good(connection):
                self._idle.append(connection)
            elif connection is not None:
                self._all.discard(connection)
                await connection.aclose()
        finally:
            self._gate.leave()

    async def aclose(self) -> None:
        """Close them all, those that are lent too."""
        self._closed = True
        self._idle.clear()
        for connection in list(self._all):
            self._all.discard(connection)
            await connection.aclose()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _is_good(self, connection: httpcore.AsyncHTTP11Connection) -> bool:
        """Whether another request can use it."""
        return connection.is_idle() and not has_more(connection) and len(self._idle) < _KEPT and not self._closed

    async def _kept(self, origin: httpcore.Origin) -> httpcore.AsyncHTTP11Connection | None:
        """The one that was used last, unless the server has closed it."""
        with suppress(IndexError):  # another thread may take the last one
            while True:
                connection = self._idle.pop()
                if connection.can_handle_request(origin) and not connection.has_expired():
                    return connection
                self._all.discard(connection)
                await connection.aclose()
        return None

    async def _new(self, request: httpcore.Request) -> httpcore.AsyncHTTP11Connection:
        url, proxy, way = request.url, self._proxy, opening.get()
        assert way is not None
        first = url if proxy is None else httpcore.URL(proxy.url)
        stream: Any = await self._backend.connect_tcp(first.host.decode("ascii"), first.origin.port)
        try:
            way.uses(stream)
            if proxy is not None and first.scheme == b"https":
                stream = await self._encrypted(stream, first)
            if proxy is not None and proxy.is_socks:
                await ask_socks(stream, url, proxy)
            elif proxy is not None and url.scheme == b"https":
                await ask_http(stream, url, proxy, request.extensions)
            if url.scheme == b"https":
                stream = await self._encrypted(stream, url)
        except BaseException:
            await stream.aclose()
            raise
        connection = httpcore.AsyncHTTP11Connection(url.origin, stream, _KEPT_SECONDS)
        self._all.add(connection)
        return connection

    async def _encrypted(self, stream: httpcore.AsyncNetworkStream, url: httpcore.URL) -> httpcore.AsyncNetworkStream:
        assert self._ssl_context is not None
        return await stream.start_tls(self._ssl_context, url.host.decode("ascii"))

    def _addressed(self, request: httpcore.Request) -> httpcore.Request:
        """A proxy without a tunnel is told the whole address."""
        url, proxy = request.url, self._proxy
        if proxy is None or proxy.is_socks or url.scheme == b"https":
            return request
        return httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=bytes(url)),
            headers=[*request.headers, *authorization(proxy)],
            content=request.stream,
            extensions=request.extensions,
        )


class AsyncLent:
    """A response's body; while it is open, its connection is lent."""

    def __init__(self, pool: AsyncPool, connection: httpcore.AsyncHTTP11Connection, stream: Any) -> None:
        self._pool = pool
        self._connection: httpcore.AsyncHTTP11Connection | None = connection
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await self._stream.aclose()
            finally:
                await self._pool.give_back(connection)
