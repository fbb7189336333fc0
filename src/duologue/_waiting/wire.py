"""How bytes go through a socket of an event loop. The HTTP library's own way serves the blocking twin."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import ByteStream, SocketAttribute

from duologue._waiting.network import second_handle

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping


class _Wire(ByteStream):
    """A connection whose bytes go to the socket itself, and whose reads tell what became of them.

    A server may answer before it has all of a long request, and close (RFC 9112, section 9.6). Its answer can still be
    read then, but not through asyncio, which drops a connection at the first write that fails, and neither through TLS,
    which takes it for broken.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def send(self, item: bytes) -> None:
        with self._handle() as handle:
            if handle is None:
                await self._stream.send(item)
                return
            await anyio.lowlevel.checkpoint()
            rest = memoryview(item)
            while rest:
                try:
                    rest = rest[handle.send(rest) :]
                except BlockingIOError:
                    await _until_writable(handle)
                except OSError:
                    return

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._stream.extra_attributes

    @contextmanager
    def _handle(self) -> Iterator[socket.socket | None]:
        """Another handle of the socket, since the loop lets nobody else watch its own; None where it is closed, or can
        have no other (Windows)."""
        handle = None
        with suppress(OSError, ValueError):
            handle = second_handle(self._stream.extra(SocketAttribute.raw_socket))  # noqa: S610 - no query of Django's
        if handle is None:
            yield None
            return
        with handle:
            handle.setblocking(False)
            yield handle


class _LoopWire(_Wire):
    """The same on asyncio, which by itself reads on, some 500 KiB, while nobody asks for more."""

    _waited = True

    async def receive(self, max_bytes: int = 65536) -> bytes:
        with self._handle() as handle:
            if handle is None:
                return await self._stream.receive(max_bytes)
            if not self._waited:  # others have their turn, too
                await asyncio.sleep(0)
            self._waited = False
            while True:
                try:
                    data = handle.recv(max_bytes)
                except BlockingIOError:
                    await _until_readable(handle)
                    self._waited = True
                except OSError as reason:
                    raise anyio.BrokenResourceError from reason
                else:
                    if not data:
                        raise anyio.EndOfStream
                    return data


async def _until_readable(handle: socket.socket) -> None:
    """Wait on asyncio."""
    loop = asyncio.get_running_loop()
    await _called(lambda call: loop.add_reader(handle, call), lambda: loop.remove_reader(handle))


async def _until_writable(handle: socket.socket) -> None:
    """Wait on either loop."""
    if _on_trio():
        import trio

        await trio.lowlevel.wait_writable(handle)
        return
    loop = asyncio.get_running_loop()
    await _called(lambda call: loop.add_writer(handle, call), lambda: loop.remove_writer(handle))


async def _called(begin: Callable[[Callable[[], None]], object], end: Callable[[], object]) -> None:
    """Wait until what `begin` was given is called."""
    event = asyncio.Event()
    begin(event.set)
    try:
        await event.wait()
    finally:
        end()


def _on_trio() -> bool:
    """Whether trio runs this."""
    if "trio" in sys.modules:
        import trio

        with suppress(RuntimeError):
            return trio.lowlevel.current_trio_token() is not None
    return False


def async_wire(connection: Any) -> Any:
    """A connection of the HTTP library's that reads no more than is asked for, and keeps what it has not read whatever
    becomes of a write."""
    kind = _Wire if _on_trio() else _LoopWire
    connection._stream = kind(connection._stream)
    return connection


def wire(connection: Any) -> Any:
    """A connection of the HTTP library's as it is: sockets do so by themselves."""
    return connection
