"""How bytes go out on a socket of an event loop. The HTTP library's own way serves the blocking twin."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import ByteStream, SocketAttribute

from duologue._waiting.network import second_handle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOOK_AGAIN = 0.005


class _Wire(ByteStream):
    """A connection whose bytes go to the socket itself, and whose reads tell what became of them.

    A server may answer before it has all of a long request, and close (RFC 9112, section 9.6). Its answer can still be
    read then, but not through asyncio, which drops a connection at the first write that fails, and neither through TLS,
    which takes it for broken.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def send(self, item: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        connection = self.extra(SocketAttribute.raw_socket)  # noqa: S610 - no query of Django's
        with suppress(OSError, ValueError), second_handle(connection) as handle:
            handle.setblocking(False)
            rest = memoryview(item)
            while rest:
                try:
                    rest = rest[handle.send(rest) :]
                except BlockingIOError:
                    # Only where a server takes a long request slowly: loops let nobody else watch their sockets.
                    await anyio.sleep(_LOOK_AGAIN)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._stream.extra_attributes


def async_wire(connection: Any) -> Any:
    """A connection of the HTTP library's that keeps what it has not read, whatever becomes of a write."""
    connection._stream = _Wire(connection._stream)
    return connection


def wire(connection: Any) -> Any:
    """A connection of the HTTP library's as it is: sockets do so by themselves."""
    return connection
