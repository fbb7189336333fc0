"""What each twin waits with, where a stream through a socket does not reach it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
import time
from selectors import EVENT_READ
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from duologue._core.line import ConnectError, ReadError, WriteError, WriteTimeout
from duologue._waiting import blocking, network
from duologue._waiting.loops import AsyncNetwork, _has_more, _LoopWire, _on_trio, async_connect
from duologue._waiting.places import async_abandon, async_here
from duologue._waiting.queue import Gate
from tests.kit.tls import client_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from anyio.abc import ByteStream

    from tests.kit.twins import Twin


def test_abandoned_where_trio_was_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "trio")
    closed = []

    async def close() -> None:
        closed.append(True)

    async def main() -> None:
        async_abandon(close, async_here())
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert closed == [True]


def test_at_the_end_of_the_program_there_is_nobody_left_to_close_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """How Python goes then, the rows of tests/faults/soaking.py have."""
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)

    async def close() -> None:
        raise AssertionError("closed in no loop")

    async def main() -> None:
        async_abandon(close, async_here())
        await asyncio.sleep(0.01)

    asyncio.run(main())
    async_abandon(close, None)


def test_the_event_loop_is_the_place_where_trio_was_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "trio")

    async def main() -> bool:
        return async_here() is asyncio.get_running_loop()

    assert asyncio.run(main())


def test_a_connection_that_was_closed_is_ready_to_tell() -> None:
    class Closed:
        def get_extra_info(self, _: str) -> socket.socket:
            gone = socket.socket()
            gone.close()
            return gone

    assert network.ready(Closed(), 5) == EVENT_READ
    assert network.readable(Closed())


def test_a_server_that_sends_on_is_told_that_nobody_reads() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    with far:
        network.stop_reading(SimpleNamespace(get_extra_info=lambda _: near))
        assert near.recv(10) == b""
        near.close()
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            far.send(b"x")


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "addresses", lambda *_: [])
    with pytest.raises(ConnectError, match="host has no address"):
        blocking.connect("host", 80, None)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_what_no_name_can_be_is_the_name_of_nothing(host: str) -> None:
    with pytest.raises(socket.gaierror):
        network.addresses(host, 80, 5)


def test_encryption_that_broke_is_not_used_again() -> None:
    came = ssl.MemoryBIO()
    layer = client_context().wrap_bio(came, ssl.MemoryBIO(), server_hostname="provider.test")
    inner: Any = object.__new__(blocking._Inner)
    inner._tls, inner._more = layer, ssl.SSLWantReadError
    assert not _has_more(layer)
    assert not inner.unread
    came.write(b"no TLS, and nothing that could pass for it")
    assert inner.unread
    assert _has_more(layer)


# -- the queue ---------------------------------------------------------------------------------------------------------


class Ticket:
    """A lock that somebody waits for: what happens then, the test says."""

    def __init__(self, then: Any) -> None:
        self._then = then
        self._held = False

    def acquire(self, timeout: float | None = None) -> bool:
        if timeout is None:
            self._held = True
            return True
        result: bool = self._then()
        return result

    def release(self) -> None:
        self._held = False


@pytest.mark.parametrize("comes", [True, False])
def test_a_wait_for_a_place_that_is_interrupted(comes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while waiting: a place that comes in this very moment goes to the next one, and none is lost."""
    gate = Gate(1)
    assert gate.enter(None)

    def interrupted() -> bool:
        if comes:
            gate.leave()
        raise KeyboardInterrupt

    monkeypatch.setattr("duologue._waiting.queue.threading.Lock", lambda: Ticket(interrupted))
    with pytest.raises(KeyboardInterrupt):
        gate.enter(5)
    if not comes:
        gate.leave()
    assert gate.enter(0)
    assert not gate._queue


def test_a_place_that_comes_back_in_the_midst_of_it() -> None:
    """The garbage collector closes a stream while the same thread asks for its place."""
    gate = Gate(1)
    assert gate.enter(None)

    def in_the_midst() -> None:
        with gate._lock:
            gate.leave()

    thread = threading.Thread(target=in_the_midst, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert gate.enter(0)


def test_interrupted_just_as_the_place_is_there() -> None:
    class Interrupted:
        times = 1

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            self.times -= 1
            if not self.times:
                raise KeyboardInterrupt

    gate = Gate(1)
    gate._lock = Interrupted()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        gate.enter(None)
    assert gate.enter(0)


@pytest.mark.parametrize("comes", [True, False])
def test_a_place_that_comes_when_the_time_is_up(comes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(1)
    assert gate.enter(None)

    def late() -> bool:
        if comes:
            gate.leave()
        return False

    monkeypatch.setattr("duologue._waiting.queue.threading.Lock", lambda: Ticket(late))
    assert gate.enter(5) is comes
    assert not gate._queue


# -- the wire ----------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def wired(handle: Callable[[socket.socket], object]) -> AsyncIterator[ByteStream]:
    """The stream under a connection to a server that handles it so, in a thread."""
    async with networked(handle) as network:
        yield network._bytes


@contextlib.asynccontextmanager
async def networked(handle: Callable[[socket.socket], object]) -> AsyncIterator[AsyncNetwork]:
    """A connection to such a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                handle(connection)

        server = threading.Thread(target=serve)
        server.start()
        host, port = listener.getsockname()
        network = await async_connect(host, port, None)
        try:
            yield network
        finally:
            await network.aclose()
        server.join(10)


def take_slowly(connection: socket.socket) -> None:
    """Say how much came, when all of it is there."""
    time.sleep(0.05)
    taken = 0
    while piece := connection.recv(65536):
        taken += len(piece)
    connection.sendall(str(taken).encode())


@pytest.mark.parametrize("second_handles", [True, False])
async def test_a_server_that_takes_a_long_request_slowly(
    async_twin: Twin, second_handles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another handle of the socket, and without one, as on Windows."""

    def none(_: object) -> socket.socket:
        raise OSError

    if not second_handles:
        monkeypatch.setattr("duologue._waiting.loops.second_handle", none)
    async with wired(take_slowly) as wire:
        await wire.send(b"x" * 8_000_000)
        await wire.send_eof()
        assert await wire.receive() == b"8000000"
        with pytest.raises(anyio.EndOfStream):
            await wire.receive()


def answer_and_go(connection: socket.socket) -> None:
    """Close with something unread, which resets the connection."""
    connection.recv(1)
    connection.sendall(b"no")


async def test_what_a_server_says_before_it_goes_can_be_read(async_twin: Twin) -> None:
    async with wired(answer_and_go) as wire:
        await wire.send(b"x" * 100_000)
        await anyio.sleep(0.1)
        await wire.send(b"x" * 100_000)
        await wire.send(b"x" * 100_000)
        assert await wire.receive() == b"no"
        with pytest.raises(anyio.EndOfStream):  # the system has told of the reset already, when more was sent
            await wire.receive()


async def test_whoever_reads_without_waiting_lets_others_have_their_turn(async_twin: Twin) -> None:
    async with wired(lambda connection: connection.sendall(b"x" * 50)) as wire:
        await anyio.sleep(0.1)
        turns: list[int] = []

        async def other() -> None:
            for turn in range(5):
                await anyio.lowlevel.checkpoint()
                turns.append(turn)

        async with anyio.create_task_group() as group:
            group.start_soon(other)
            for _ in range(50):
                assert await wire.receive(1) == b"x"
            assert len(turns) == 5


def test_a_program_without_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with wired(lambda connection: connection.sendall(b"x")) as wire:
            monkeypatch.delitem(sys.modules, "trio")
            assert _on_trio() is False
            assert type(wire) is _LoopWire
            assert await wire.receive() == b"x"

    asyncio.run(main())


def test_bytes_that_came_while_the_waiter_was_cancelled_are_kept() -> None:
    """The loop had read them already."""

    async def main() -> None:
        told = threading.Event()

        def handle(connection: socket.socket) -> None:
            told.wait(10)
            connection.sendall(b"x")
            connection.recv(1)

        async with wired(handle) as wire:
            task = asyncio.create_task(wire.receive())
            await asyncio.sleep(0)
            told.set()
            seen: Any = wire
            while seen._data is None:  # noqa: ASYNC110 - the loop itself sets it
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await wire.receive() == b"x"

    asyncio.run(main())


async def test_writing_has_its_end(async_twin: Twin) -> None:
    async with networked(lambda _: time.sleep(0.3)) as network:
        with pytest.raises(WriteTimeout):
            await network.write(b"x" * 20_000_000, 0.05)


@pytest.mark.parametrize("name", ["read", "write"])
async def test_a_connection_that_was_closed(async_twin: Twin, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sockets have no other handles."""

    def none(_: object) -> socket.socket:
        raise OSError

    monkeypatch.setattr("duologue._waiting.loops.second_handle", none)
    async with networked(lambda _: None) as network:
        await network.aclose()
        with pytest.raises(WriteError if name == "write" else ReadError):
            await (network.write(b"x", 1) if name == "write" else network.read(1, 1))


def test_woken_for_nothing() -> None:
    """As the system may do."""

    async def main() -> None:
        async with wired(lambda connection: connection.recv(1)) as wire:
            seen: Any = wire
            task = asyncio.create_task(wire.receive())
            await asyncio.sleep(0)
            seen._readable()
            assert seen._data is None
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            seen._ring()  # nobody waits any more
            assert seen._timer is None

    asyncio.run(main())
