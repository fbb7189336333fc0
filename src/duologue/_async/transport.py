"""An httpx transport whose connections can be given a deadline while a response is being read.

httpx fixes the read timeout before the first byte comes, so it cannot tell idle from no progress, nor end at a total.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import httpcore
import httpx

from duologue._core.deadlines import Timed, opening
from duologue._waiting.network import async_connect

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


# So much goes out at once, and then it is asked anew how much time is left.
_PIECE = 65536


def _connecting(timeout: float | None) -> float | None:
    """The seconds that are left for a step of connecting."""
    request = opening.get()
    return timeout if request is None else request.deadlines.connect(monotonic())


class AsyncTimedStream(httpcore.AsyncNetworkStream, Timed):
    """A connection, `response.extensions["network_stream"]`. Its `deadline` counts at every read."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, self._left(timeout))

    def _left(self, timeout: float | None) -> float | None:
        if self.deadline is None:
            return timeout
        # Not 0, which would make a socket non-blocking instead of impatient.
        return None if self.deadline == inf else max(0.001, self.deadline - monotonic())

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if (request := opening.get()) is not None:
            request.goes_out(self)
        for start in range(0, len(buffer), _PIECE):
            await self._stream.write(buffer[start : start + _PIECE], self._left(timeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        timeout = _connecting(timeout)
        return AsyncTimedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class AsyncTimedBackend(httpcore.AnyIOBackend):
    """Opens such connections, and knows those that are still there."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: WeakSet[httpcore.AsyncNetworkStream] = WeakSet()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await async_connect(
            super().connect_tcp, host, port, _connecting(timeout), local_address, socket_options
        )
        self.sockets.add(stream)
        return AsyncTimedStream(stream)


class AsyncTransport(httpx.AsyncBaseTransport):
    """A pool of such connections. Its exceptions are httpcore's own, or the operating system's."""

    def __init__(self, ssl_context: ssl.SSLContext | None, max_connections: int | None) -> None:
        self.backend = AsyncTimedBackend()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            # The pool looks through all idle connections at every request, so it is not to keep very many.
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=self.backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        response = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        stream: Any = response.stream
        return httpx.Response(response.status, headers=response.headers, stream=stream, extensions=response.extensions)

    async def aclose(self) -> None:
        await self._pool.aclose()
