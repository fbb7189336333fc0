"""Connections of an event loop: how bytes go through its sockets. For those of the blocking twin see `blocking.py`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import ByteStream, SocketAttribute

from duologue._core.line import ConnectError, ConnectTimeout, ReadError, ReadTimeout, WriteError, WriteTimeout
from duologue._waiting.network import second_handle

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping


class _Wire(ByteStream):
    """A connection whose bytes go to the socket itself, and whose reads tell what became of them.

    A server may answer before it has all of a long request, and close (RFC 9112, section 9.6). Its answer can still be
    read then, but not through the loop's own way of writing, which takes the connection for broken.
    """

    def __init__(self, stream: ByteStream, handle: socket.socket) -> None:
        self._stream = stream
        # Another handle of the socket, since the loop lets nobody else watch its own.
        self._handle = handle

    async def send(self, item: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        rest = memoryview(item)
        while rest:
            try:
                rest = rest[self._handle.send(rest) :]
            except BlockingIOError:
                await self._until_writable()
            except OSError:
                return

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        self._handle.close()
        await self._stream.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._stream.extra_attributes

    async def _until_writable(self) -> None:
        import trio

        await trio.lowlevel.wait_writable(self._handle)


class _Late(Exception):  # noqa: N818 - it is the time that is over
    """Nothing has come. No OSError, by which the layer for TLS would take the connection for broken."""


class _LoopWire(_Wire):
    """The same on asyncio, whose own way of reading goes on, some 500 KiB, while nobody asks for more.

    Attributes:
        until: when, on the monotonic clock, a wait for bytes ends in `_Late`. There is but one timer: an earlier
            one finds that its time has not come, since nearly none of them ever has to ring.
    """

    def __init__(self, stream: ByteStream, handle: socket.socket) -> None:
        super().__init__(stream, handle)
        self.until = inf
        self._loop = asyncio.get_running_loop()
        self._watched = False
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._most = 0
        self._data: bytes | None = None
        self._failed: OSError | None = None

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if self._data is None and self._failed is None:
            await self._wait(max_bytes)
        if self._failed is not None:
            raise anyio.BrokenResourceError from self._failed
        data, self._data = self._data, None
        if data is None:
            raise _Late
        if not data:
            raise anyio.EndOfStream
        return data

    async def aclose(self) -> None:
        self._unwatch()
        if self._timer is not None:
            self._timer.cancel()
        self._data = self._data or b""  # whoever waits is told that there is no more
        self._wake()
        await super().aclose()

    async def _wait(self, most: int) -> None:
        """Until something has come, or it is time. What comes is kept in here, whether or not the waiter is there to
        take it: it may have been cancelled just now."""
        self._most = most
        self._waiter = self._loop.create_future()
        try:
            if not self._watched:
                self._loop.add_reader(self._handle.fileno(), self._readable)
                self._watched = True
            self._set_timer()
            await self._waiter
        finally:
            self._waiter = None

    def _readable(self) -> None:
        """Something has come. Where nobody waits for it, it stays where it is."""
        if self._waiter is None or self._data is not None:
            self._unwatch()
            return
        try:
            self._data = self._handle.recv(self._most)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as reason:
            self._failed = reason
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._handle.fileno())

    def _set_timer(self) -> None:
        left = self.until - monotonic()
        if left == inf:
            return
        end = self._loop.time() + left
        if self._timer is not None:
            if self._timer.when() <= end:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(end, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if monotonic() < self.until:
            self._set_timer()
        else:
            self._wake()

    async def _until_writable(self) -> None:
        event = asyncio.Event()
        self._loop.add_writer(self._handle.fileno(), event.set)
        try:
            await event.wait()
        finally:
            self._loop.remove_writer(self._handle.fileno())


class AsyncNetwork:
    """A connection on an event loop; `layers` are what it is encrypted with, from the outermost one on."""

    def __init__(self, stream: ByteStream, *layers: ssl.SSLObject) -> None:
        self._bytes = stream
        self._layers = layers

    @property
    def unread(self) -> bool:
        """Whether more has come than was read, where the socket does not show it: a read from that takes all that is
        there, and encryption gives one record of it."""
        return any(_has_more(layer) for layer in self._layers)

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:
        """What has come, as soon as something has; nothing where the other side is done."""
        try:
            with anyio.fail_after(timeout):
                return await self._bytes.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except TimeoutError:
            raise ReadTimeout from None
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as reason:
            raise ReadError(str(reason.__cause__ or "")) from reason

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send all of it."""
        try:
            with anyio.fail_after(timeout):
                await self._bytes.send(data)
        except TimeoutError:
            raise WriteTimeout from None
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as reason:
            raise WriteError(str(reason.__cause__ or "")) from reason

    async def aclose(self) -> None:
        """Close it."""
        await self._bytes.aclose()

    async def start_tls(self, context: ssl.SSLContext, host: str, timeout: float | None) -> AsyncNetwork:
        """The same, encrypted."""
        from anyio.streams.tls import TLSAttribute, TLSStream

        try:
            with anyio.fail_after(timeout):
                stream = await TLSStream.wrap(
                    self._bytes, ssl_context=context, hostname=host, standard_compatible=False, server_side=False
                )
        except TimeoutError:
            raise ConnectTimeout from None
        except (OSError, anyio.BrokenResourceError, anyio.EndOfStream) as reason:
            raise ConnectError(str(reason)) from reason
        return self._over(stream, *self._layers, stream.extra(TLSAttribute.ssl_object))  # noqa: S610 - as below

    def _over(self, stream: ByteStream, *layers: ssl.SSLObject) -> AsyncNetwork:
        return AsyncNetwork(stream, *layers)

    @property
    def socket(self) -> Any:
        """Its socket, to look at."""
        return self._bytes.extra(SocketAttribute.raw_socket)  # noqa: S610 - no query of Django's


class _LoopNetwork(AsyncNetwork):
    """The same on asyncio: reading takes no scope for its time-out, and so a fraction of the time."""

    def __init__(self, stream: ByteStream, wire: _LoopWire, *layers: ssl.SSLObject) -> None:
        super().__init__(stream, *layers)
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:
        self._wire.until = inf if timeout is None else monotonic() + timeout
        try:
            return await self._bytes.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except _Late:
            raise ReadTimeout from None
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as reason:
            raise ReadError(str(reason.__cause__ or "")) from reason

    async def start_tls(self, context: ssl.SSLContext, host: str, timeout: float | None) -> AsyncNetwork:
        self._wire.until = inf
        return await super().start_tls(context, host, timeout)

    def _over(self, stream: ByteStream, *layers: ssl.SSLObject) -> AsyncNetwork:
        return _LoopNetwork(stream, self._wire, *layers)


def _has_more(layer: ssl.SSLObject) -> bool:
    from ssl import SSLWantReadError

    try:
        layer.read(1)
    except SSLWantReadError:
        return False
    except OSError:  # it is no good any more
        return True
    return True


def _on_trio() -> bool:
    """Whether trio runs this."""
    if "trio" in sys.modules:
        import trio

        with suppress(RuntimeError):
            return trio.lowlevel.current_trio_token() is not None
    return False


async def async_connect(host: str, port: int, timeout: float | None) -> AsyncNetwork:
    """A connection that reads no more than is asked for, and keeps what it has not read whatever becomes of a write.
    A name's addresses are tried side by side."""
    try:
        with anyio.fail_after(timeout):
            stream = await anyio.connect_tcp(host, port)
    except TimeoutError:
        raise ConnectTimeout from None
    except OSError as reason:
        raise ConnectError(str(reason)) from reason
    return _network(stream)


def _network(stream: ByteStream) -> AsyncNetwork:
    """A connection over what the loop opened."""
    try:
        handle = second_handle(stream.extra(SocketAttribute.raw_socket))  # noqa: S610 - no query of Django's
        handle.setblocking(False)
    except OSError:  # Windows has no other handles
        return AsyncNetwork(stream)
    if _on_trio():
        return AsyncNetwork(_Wire(stream, handle))
    wire = _LoopWire(stream, handle)
    return _LoopNetwork(wire, wire)
