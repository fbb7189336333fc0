"""What each twin waits with, where a stream through a socket does not reach it."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from selectors import EVENT_READ
from typing import Any

import pytest
from anyio.abc import SocketAttribute

from duologue._waiting import network
from duologue._waiting.places import async_abandon, async_here
from duologue._waiting.queue import Gate
from duologue._waiting.wire import _Wire


def test_abandoned_where_trio_was_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "trio")
    closed = []

    async def close() -> None:
        closed.append(True)

    async def main() -> None:
        async_abandon(close)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert closed == [True]


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


def test_a_name_has_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_resolve", lambda *_: [])
    with pytest.raises(AssertionError, match="has an address"):
        network.connect(lambda *_: None, "host", 80, None)


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


def test_a_server_that_takes_a_long_request_slowly_gets_all_of_it() -> None:
    ours, theirs = socket.socketpair()
    taken = bytearray()

    def take() -> None:
        time.sleep(0.05)
        while piece := theirs.recv(65536):
            taken.extend(piece)

    reader = threading.Thread(target=take)
    reader.start()
    ended = []

    class Stream:
        extra_attributes = {SocketAttribute.raw_socket: lambda: ours}  # noqa: RUF012 - as anyio has it

        async def send_eof(self) -> None:
            ended.append(True)

    async def main() -> None:
        wire = _Wire(Stream())  # type: ignore[arg-type]  # as much of one as it takes
        await wire.send(b"x" * 4_000_000)
        await wire.send_eof()

    asyncio.run(main())
    ours.close()
    reader.join(10)
    theirs.close()
    assert len(taken) == 4_000_000
    assert ended == [True]
