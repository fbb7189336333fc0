"""What seldom happens on the road, each held once: races, odd transports, and a process that was forked."""

from __future__ import annotations

import logging
import sys
from math import inf
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from duologue import AuthenticationError, ClosedError, RetryPolicy
from duologue._async.transport import AsyncTimedStream, _connecting
from duologue._core.headers import is_final
from duologue._core.line import WriteError
from duologue._core.log import listener
from duologue._core.theirs import body_at_hand, without_encoding
from duologue._sync.transport import TimedStream
from duologue._sync.transport import _connecting as connecting
from duologue._waiting import places
from duologue._waiting.interrupt import AsyncInterrupt, Interrupt
from tests.client.test_stream import client_for
from tests.core.test_call import call
from tests.kit.server import ScriptedServer, hang_up, reply
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer

if TYPE_CHECKING:
    from collections.abc import Iterator


async def test_a_fork_leaves_nothing_of_the_parent_s(twin: Twin) -> None:
    """What is done in the child, done here: connections are let go of, and new ones are made."""
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            await client.stream("hi").result()
            road = (client.client if twin.name == "sync" else client)._road
            [parents] = road._places.values()
            places._forked()
            assert (await client.stream("hi").result()).text == "x"
            assert server.connections == 2
            if twin.name == "sync":
                parents.keeper.close()
            else:
                await parents.keeper.aclose()


async def test_a_stream_that_never_had_a_place_gives_none_back(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            road = (client.client if twin.name == "sync" else client)._road
            stream = client.stream("hi")
            road.leave(stream.stream if twin.name == "sync" else stream)
            assert (await stream.result()).text == "x"


async def test_a_request_that_is_not_wanted_any_more_is_not_sent(twin: Twin) -> None:
    """Closed while the embedded model was being started, say."""
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            if twin.name == "sync":
                stopped = Interrupt()
                stopped.set()
                assert client.client._road.send(stream.stream._call, stopped) is None
            else:
                waiting = AsyncInterrupt()
                waiting.set()
                assert await client._road.send(stream._call, waiting) is None
        assert server.requests == []


@pytest.mark.parametrize("at_once", [True, False])
async def test_closed_in_the_moment_that_the_response_comes(
    twin: Twin, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", raise_errors=False)
            own = stream.stream if twin.name == "sync" else stream
            road, reason = own._road, ClosedError("closed just now")
            send = road.send

            def close(*_: Any) -> None:
                own._closed = reason

            async def async_send(*given: Any) -> Any:
                close()
                return None if at_once else await send(*given)

            def blocking_send(*given: Any) -> Any:
                close()
                return None if at_once else send(*given)

            monkeypatch.setattr(road, "send", blocking_send if twin.name == "sync" else async_send)
            [event] = await collect(stream)
            assert event.error is reason


async def test_why_it_failed_where_the_client_is_closed(twin: Twin) -> None:
    http: Any = httpx.Client() if twin.name == "sync" else httpx.AsyncClient()
    client = twin.Client("llamacpp:m", http_client=http)
    road = (client.client if twin.name == "sync" else client)._road
    reason = OSError("x")
    assert road.why(reason) is reason
    await client.aclose()
    assert str(road.why(reason)) == "the client is closed"
    if twin.name == "sync":
        http.close()
    else:
        await http.aclose()


async def test_a_hook_of_the_caller_s_that_raises_for_the_status(twin: Twin) -> None:
    """The status counts, though the hook's exception has closed the body that explains it."""

    def raise_for_status(response: httpx.Response) -> None:
        response.raise_for_status()

    async def async_raise_for_status(response: httpx.Response) -> None:
        response.raise_for_status()

    http: Any
    if twin.name == "sync":
        http = httpx.Client(event_hooks={"response": [raise_for_status]})
    else:
        http = httpx.AsyncClient(event_hooks={"response": [async_raise_for_status]})
    refused = reply(b'{"error": {"message": "no"}}', 401, "application/json")
    with ScriptedServer(refused) as server:
        async with client_for(twin, server, http_client=http) as client:
            with pytest.raises(AuthenticationError) as caught:
                await client.stream("hi").result()
    assert caught.value.status_code == 401
    if twin.name == "sync":
        http.close()
    else:
        await http.aclose()


# -- connections -------------------------------------------------------------------------------------------------------


class Wire:
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[Any] = []


class BlockingWire(Wire):
    def write(self, buffer: bytes, timeout: float | None) -> None:
        self.written.append((buffer, timeout))


class WaitingWire(Wire):
    async def write(self, buffer: bytes, timeout: float | None) -> None:  # noqa: ASYNC109
        self.written.append((buffer, timeout))


async def test_a_connection_outside_of_a_request_has_no_end(twin: Twin) -> None:
    wire: Any = BlockingWire() if twin.name == "sync" else WaitingWire()
    stream: Any = (TimedStream if twin.name == "sync" else AsyncTimedStream)(wire)
    for deadline in (None, inf):
        stream.deadline = deadline
        written = stream.write(b"x")
        if twin.name != "sync":
            await written
        assert wire.written.pop() == (b"x", None)
    assert (connecting if twin.name == "sync" else _connecting)("tls") is None
    assert stream.get_extra_info("peer") is None


async def test_a_long_request_goes_on_where_the_server_says_nothing_yet(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pieces of it, only an answer is looked for."""

    async def async_ready(*_: Any) -> int:
        return EVENT_WRITE

    monkeypatch.setattr("duologue._sync.transport.ready", lambda *_: EVENT_WRITE)
    monkeypatch.setattr("duologue._async.transport.async_ready", async_ready)
    wire: Any = BlockingWire() if twin.name == "sync" else WaitingWire()
    stream: Any = (TimedStream if twin.name == "sync" else AsyncTimedStream)(wire)
    written = stream.write(b"x" * 200_000)
    if twin.name != "sync":
        await written
    assert b"".join(piece for piece, _ in wire.written) == b"x" * 200_000
    assert len(wire.written) > 1


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


def interim_stream(twin: Twin, monkeypatch: pytest.MonkeyPatch, can: int) -> tuple[Any, Any]:
    """A connection on which interim responses come and come, and what was written to it."""

    class Blocking(BlockingWire):
        def read(self, *_: Any) -> bytes:
            return INTERIM

    class Waiting(WaitingWire):
        async def read(self, *_: Any) -> bytes:
            return INTERIM

    async def async_ready(*_: Any) -> int:
        return can

    monkeypatch.setattr("duologue._sync.transport.ready", lambda *_: can)
    monkeypatch.setattr("duologue._async.transport.async_ready", async_ready)
    wire: Any = Blocking() if twin.name == "sync" else Waiting()
    return (TimedStream if twin.name == "sync" else AsyncTimedStream)(wire), wire


async def test_an_interim_response_is_no_reason_to_stop_sending(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it lost: it is the first that is read then."""
    stream, wire = interim_stream(twin, monkeypatch, EVENT_READ | EVENT_WRITE)
    if twin.name == "sync":
        stream.write(b"x" * 20_000)
        data = stream.read(100)
    else:
        await stream.write(b"x" * 20_000)
        data = await stream.read(100)
    assert sum(len(piece) for piece, _ in wire.written) == 20_000
    assert data == INTERIM


async def test_interim_responses_without_an_end_take_no_room_without_an_end(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come while no more of the request is taken."""
    stream, _ = interim_stream(twin, monkeypatch, EVENT_READ)

    async def write() -> None:
        if twin.name == "sync":
            stream.write(b"x" * 20_000)
        else:
            await stream.write(b"x" * 20_000)

    with pytest.raises(WriteError):
        await write()
    data = stream.read(1_000_000) if twin.name == "sync" else await stream.read(1_000_000)
    assert len(data) <= 65536 + len(INTERIM)


async def test_a_connection_that_the_server_had_closed_costs_no_try(twin: Twin) -> None:
    script: list[Any] = [reply(answer("x")), [hang_up], reply(answer("y"))]
    with ScriptedServer(*script) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=0)) as client:
            assert (await client.stream("hi").result()).text == "x"
            assert (await client.stream("hi").result()).text == "y"
        assert len(server.requests) == 3
        assert server.connections == 2


# -- the half that does not wait ---------------------------------------------------------------------------------------


def test_a_head_before_any_request() -> None:
    asked = call()
    asked.head_came(5.0)
    assert asked.attempts == 0


@pytest.mark.parametrize(
    ("head", "final"),
    [
        (b"", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Too Large\r\n", True),
        (b"HTTP/1.1 200", True),
    ],
)
def test_what_is_more_than_an_interim_response(head: bytes, final: bool) -> None:
    assert is_final(head) is final


def test_nobody_listens_where_logging_was_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    logging.getLogger("duologue").setLevel(logging.DEBUG)
    try:
        assert listener() is not None
        monkeypatch.delitem(sys.modules, "logging")
        assert listener() is None
    finally:
        logging.getLogger("duologue").setLevel(logging.NOTSET)


def test_a_body_that_is_at_hand() -> None:
    assert body_at_hand(httpx.Response(200, content=b"x")) == b"x"

    def pieces() -> Iterator[bytes]:
        yield b"x"

    fresh = httpx.Response(200, content=pieces())
    assert body_at_hand(fresh) is None
    fresh.close()
    assert body_at_hand(fresh) == b""
    assert without_encoding({"Content-Encoding": "gzip", "a": "b"}) == {"a": "b"}
