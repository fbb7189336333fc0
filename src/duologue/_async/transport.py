"""Connections that know how far a request is, and until when they may be read: more than one timeout can say.

httpx fixes the read timeout before the first byte comes, so it cannot tell idle from no progress, nor end at a total.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf
from selectors import EVENT_READ, EVENT_WRITE
from time import monotonic
from typing import TYPE_CHECKING, Any

from duologue._core.deadlines import Timed, opening
from duologue._core.headers import is_final
from duologue._core.line import ReadTimeout, WriteError, WriteTimeout
from duologue._waiting.loops import AsyncNetwork, async_connect
from duologue._waiting.network import async_ready

if TYPE_CHECKING:
    import ssl

# So much goes out at once. Then it is asked anew how much time is left, and whether the server has answered already.
_PIECE = 16384
# So much may come before: more interim answers than anybody has a use for.
_MOST_EARLY = 65536
# How long to look for an answer where something has come: TLS has messages of its own.
_GLANCE = 0.001


def _connecting(stage: str) -> float | None:
    """The seconds that are left for a step of connecting, which begins now."""
    request = opening.get()
    if request is None:
        return None
    request.stage = stage
    return request.deadlines.connect(monotonic())


class AsyncTimedStream(Timed):
    """A connection. Its `deadline` counts at every read and write."""

    def __init__(self, network: AsyncNetwork) -> None:
        self._network = network
        self._early = b""

    async def read(self, max_bytes: int) -> bytes:
        """What has come, as soon as something has; nothing where the other side is done."""
        if self._early:
            data, self._early = self._early[:max_bytes], self._early[max_bytes:]
            return data
        return await self._network.read(max_bytes, self._left(ReadTimeout))

    def _left(self, over: type[Exception]) -> float | None:
        """The seconds that are left; where there are none, that is an error even if the socket is ready: what it has
        to give may be without an end."""
        if self.deadline is None or self.deadline == inf:
            return None
        left = self.deadline - monotonic()
        if left <= 0:
            raise over
        return left

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        if (request := opening.get()) is not None:
            request.goes_out(self, data[:_PIECE], monotonic())
        for start in range(0, len(data), _PIECE):
            if start:
                await self._make_way()
            await self._network.write(data[start : start + _PIECE], self._left(WriteTimeout))

    async def _make_way(self) -> None:
        """Wait until more of a long request can go out.

        Raises:
            WriteError: there is no need, since the answer is there, or too much else. It is read then, and the server
                may well close before it has read all of the request (RFC 9112, section 9.6).
            WriteTimeout: it cannot.
        """
        can = 0
        while not can & EVENT_WRITE:
            can = await async_ready(self, self._left(WriteTimeout))
            if not can:
                raise WriteTimeout
            if can & EVENT_READ:
                await self._look_for_answer()

    async def _look_for_answer(self) -> None:
        with suppress(ReadTimeout):
            data = await self._network.read(_PIECE, _GLANCE)
            self._early += data
            if not data or is_final(self._early) or len(self._early) > _MOST_EARLY:
                raise WriteError

    @property
    def unread(self) -> bool:
        """Whether more has come than was read, where the socket does not show it."""
        return bool(self._early) or self._network.unread

    async def aclose(self) -> None:
        """Close it."""
        await self._network.aclose()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> AsyncTimedStream:
        """The same, encrypted."""
        left = _connecting("tls")
        return AsyncTimedStream(await self._network.start_tls(context, host, left))

    def get_extra_info(self, info: str) -> Any:
        """Its `socket`, to look at. Under the name that httpx's connections have for it."""
        return self._network.socket if info == "socket" else None


async def open_stream(host: str, port: int, stage: str) -> AsyncTimedStream:
    """A connection to a server, or where `stage` is `proxy` to one of those."""
    return AsyncTimedStream(await async_connect(host, port, _connecting(stage)))
