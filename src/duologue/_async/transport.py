"""An httpx transport whose connections can be given a deadline while a response is being read.

httpx fixes the read timeout before the first byte comes, so it cannot tell idle from no progress, nor end at a total.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from duologue._core.deadlines import Timed

if TYPE_CHECKING:
    import ssl


class AsyncTimedStream(httpcore.AsyncNetworkStream, Timed):
    """A connection, `response.extensions["network_stream"]`. Its `deadline` counts at every read."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.deadline is not None:
            # Not 0, which would make a socket non-blocking instead of impatient.
            timeout = None if self.deadline == inf else max(0.001, self.deadline - monotonic())
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.deadline = None  # another request begins
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return AsyncTimedStream(await self._stream.start_tls(*args, **options))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class AsyncTimedBackend(httpcore.AnyIOBackend):
    """Opens such connections."""

    async def connect_tcp(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return AsyncTimedStream(await super().connect_tcp(*args, **options))


class AsyncTransport(httpx.AsyncBaseTransport):
    """A pool of such connections. Its exceptions are httpcore's own."""

    def __init__(self, ssl_context: ssl.SSLContext | None, max_connections: int | None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            # The pool looks through all idle connections at every request, so it is not to keep very many.
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=AsyncTimedBackend(),
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
