"""What ends the waits of other tasks and threads, and by the clock."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from duologue._waiting import watchdog
from duologue._waiting.interrupt import AsyncInterrupt, Interrupt
from duologue._waiting.network import async_unwind, unwind
from duologue._waiting.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Network:
    """A connection of httpcore's."""

    def __init__(self, connection: socket.socket | None) -> None:
        self.connection = connection

    def get_extra_info(self, _: str) -> socket.socket | None:
        return self.connection


def soon(seconds: float = 0.05) -> float:
    return time.monotonic() + seconds


def fail_when_shut(connection: socket.socket) -> None:
    """As the HTTP library does."""
    connection.recv(10)
    raise OSError("shut")


def test_a_read_that_is_ended_by_the_clock() -> None:
    near, far = socket.socketpair()
    with near, far:
        interrupt = Interrupt()
        with interrupt.guard(soon(), Network(near)):
            assert near.recv(10) == b""
        assert interrupt.late
        with interrupt.guard(soon(10), Network(near)):
            near.recv(10)
        assert not interrupt.late


def test_a_read_whose_end_is_moved() -> None:
    near, far = socket.socketpair()
    with near, far:
        interrupt = Interrupt()
        with interrupt.guard(soon(10)):
            interrupt.until(soon(0.01), None)
            interrupt.until(soon(20), Network(near))
            interrupt.until(soon(), Network(near))
            assert near.recv(10) == b""
        assert interrupt.late


def test_only_the_guard_that_was_late_keeps_an_error() -> None:
    near, far = socket.socketpair()
    interrupt, seen = Interrupt(), []

    def read() -> None:
        with interrupt.guard(soon(), Network(near)):
            fail_when_shut(near)
        seen.append(interrupt.late)
        raise TimeoutError

    with near, far, pytest.raises(TimeoutError), interrupt.guard(soon(20)):
        read()
    assert [*seen, interrupt.late] == [True, False]


def test_what_a_read_raises_comes_through() -> None:
    interrupt = Interrupt()
    with pytest.raises(KeyboardInterrupt), interrupt.guard(soon(10), Network(None)):
        raise KeyboardInterrupt
    with pytest.raises(ZeroDivisionError), interrupt.guard(soon(10), Network(None)):
        raise ZeroDivisionError
    assert not interrupt.late
    near, far = socket.socketpair()
    with near, far, interrupt.guard(soon(), Network(near)):
        fail_when_shut(near)
    assert interrupt.late


def test_a_connection_without_a_socket_cannot_be_ended() -> None:
    interrupt = Interrupt()
    with interrupt.guard(soon(0.01), Network(None)):
        time.sleep(0.1)
    assert interrupt.late  # but that it should have been is known


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_wait_that_is_ended_by_the_clock(backend: str) -> None:
    async def main() -> None:
        interrupt, late = AsyncInterrupt(), []
        with interrupt.guard(soon()):
            await anyio.sleep(30)
        late.append(interrupt.late)
        with interrupt.guard(soon(30)):
            await anyio.lowlevel.checkpoint()
        late.append(interrupt.late)
        with interrupt.guard(soon(30)):
            interrupt.until(soon(), None)
            await anyio.sleep(30)
        late.append(interrupt.late)
        with pytest.raises(ZeroDivisionError), interrupt.guard():
            raise ZeroDivisionError
        with interrupt.guard(soon(30)):
            with interrupt.guard(soon()):
                await anyio.sleep(30)
            late.append(interrupt.late)
        late.append(interrupt.late)
        interrupt.set()
        with interrupt.guard(soon(30)):
            await anyio.sleep(30)
        late.append(interrupt.late)
        assert late == [True, False, True, True, False, False]

    anyio.run(main, backend=backend)


def test_the_watchdog() -> None:
    found = Watchdog()
    seen: list[str] = []
    done = threading.Event()
    late, early, never = soon(0.15), soon(0.05), soon(60)
    keys = [
        found.watch(never, lambda: seen.append("never")),
        found.watch(late, lambda: [seen.append("late"), done.set()]),  # type: ignore[func-returns-value]
        found.watch(early, lambda: seen.append("early")),
        found.watch(early, lambda: seen.append("released")),
    ]
    assert found.release(keys[3])
    assert done.wait(10)
    assert seen == ["early", "late"]
    assert [found.release(key) for key in keys] == [True, False, False, False]


def test_the_watchdog_leaves_when_there_is_nothing_to_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_LINGER", 0.01)
    found = Watchdog()
    for _ in range(2):  # and comes again
        assert found.release(found.watch(soon(0.02), bool))
        thread = found._thread
        assert thread is not None
        thread.join(10)
        assert not thread.is_alive()
        assert found._thread is None


def test_a_body_that_is_let_go_of() -> None:
    left: list[str] = []

    def body() -> Iterator[bytes]:
        try:
            yield b"x"
            yield b"y"
        finally:
            left.append("generator")

    pieces = body()
    next(pieces)
    unwind(pieces)
    unwind(iter([b"x"]))  # which has nothing to be left
    assert left == ["generator"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_body_of_generators_that_is_let_go_of(backend: str) -> None:
    left: list[str] = []

    async def inner() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x"
                await anyio.sleep(30)
        finally:
            left.append("inner")

    async def outer() -> AsyncIterator[bytes]:
        try:
            async for piece in inner():
                yield piece
        finally:
            left.append("outer")

    async def short() -> AsyncIterator[bytes]:
        yield b"x"

    async def main() -> None:
        for body in (outer(), short()):
            await anext(body)
            await async_unwind(body)

    anyio.run(main, backend=backend)
    assert left == ["inner", "outer"]
