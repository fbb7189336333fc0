"""Connections that can be given a deadline while a response is being read.

httpx fixes the read timeout before the first byte comes, so it cannot tell idle from no progress, nor end at a total.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf
from selectors import EVENT_READ
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import httpcore

from duologue._core.deadlines import Timed, opening
from duologue._core.headers import is_final
from duologue._waiting.network import async_connect, async_ready
from duologue._waiting.wire import async_wire

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


# So much goes out at once. Then it is asked anew how much time is left, and whether the server has answered already.
_PIECE = 16384
# How long to look for an answer where something has come: TLS has messages of its own.
_GLANCE = 0.001


def _connecting(timeout: float | None, stage: str) -> float | None:
    """The seconds that are left for a step of connecting, which begins now."""
    request = opening.get()
    if request is None:
        return timeout
    request.stage = stage
    return request.deadlines.connect(monotonic())


class AsyncTimedStream(httpcore.AsyncNetworkStream, Timed):
    """A connection, `response.extensions["network_stream"]`. Its `deadline` counts at every read."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._early = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._early:
            data, self._early = self._early[:max_bytes], self._early[max_bytes:]
            return data
        return await self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def _left(self, timeout: float | None, over: type[Exception]) -> float | None:
        """The seconds that are left; where there are none, that is an error even if the socket is ready: what it has
        to give may be without an end."""
        if self.deadline is None:
            return timeout
        if self.deadline == inf:
            return None
        left = self.deadline - monotonic()
        if left <= 0:
            raise over
        return left

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if (request := opening.get()) is not None:
            request.goes_out(self, buffer[:_PIECE], monotonic())
        for start in range(0, len(buffer), _PIECE):
            if start:
                await self._make_way(timeout)
            await self._stream.write(buffer[start : start + _PIECE], self._left(timeout, httpcore.WriteTimeout))

    async def _make_way(self, timeout: float | None) -> None:
        """Wait until more of a long request can go out.

        Raises:
            httpcore.WriteError: there is no need, since the answer is there. httpcore goes on to read it then, and the
                server may well close before it has read all of the request (RFC 9112, section 9.6).
            httpcore.WriteTimeout: it cannot.
        """
        left = self._left(timeout, httpcore.WriteTimeout)
        can = await async_ready(self, left)
        if not can:
            raise httpcore.WriteTimeout
        if can & EVENT_READ:
            with suppress(httpcore.ReadTimeout):
                data = await self._stream.read(_PIECE, _GLANCE)
                self._early += data
                if not data or is_final(self._early):
                    raise httpcore.WriteError

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        timeout = _connecting(timeout, "tls")
        return AsyncTimedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class AsyncTimedBackend(httpcore.AnyIOBackend):
    """Opens such connections, and knows those that are still there."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage
        self.sockets: WeakSet[httpcore.AsyncNetworkStream] = WeakSet()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        left = _connecting(timeout, self._stage)
        stream = await async_connect(super().connect_tcp, host, port, left, local_address, socket_options)
        self.sockets.add(stream)
        return AsyncTimedStream(async_wire(stream))
