"""Closing a stream or a client from another task or thread, and using one in two places."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import anyio
import httpx
import pytest

from duologue import ClosedError, Limits, RetryPolicy, Timeouts
from duologue._async.closing import close_all
from duologue._sync.closing import close_all as blocking_close_all
from tests.client.test_client import close, http_client_for
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, head, pause, reply, until_closed
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer, delta

GOOD = reply(answer("x"))
BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json")


async def test_closed_just_as_the_head_comes(twin: Twin) -> None:
    """Too late to stop it, and in time not to read on."""
    held: list[Any] = []

    def respond(_: httpx.Request) -> httpx.Response:
        with pytest.raises(StopIteration):  # closing what waits in another place waits for nothing itself
            held[0].aclose().send(None)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=b"".join(answer("x")))

    http_client = http_client_for(twin, transport=httpx.MockTransport(respond))
    async with twin.Client("llamacpp", http_client=http_client) as client:
        held.append(client.stream("hi", raise_errors=False))
        [event] = await collect(held[0])
        assert isinstance(event.error, ClosedError)
        assert held[0].status_code is None
    await close(http_client)


async def test_closed_by_the_hook_before_another_try(twin: Twin) -> None:
    """The wait that is about to begin ends at once."""
    held: list[Any] = []

    def on_retry(*_: object) -> None:
        with pytest.raises(StopIteration):
            held[0].aclose().send(None)

    with ScriptedServer(BUSY) as server:
        retry = RetryPolicy(base_delay=60, jitter=False, on_retry=on_retry)
        async with client_for(twin, server, retry=retry) as client:
            held.append(client.stream("hi", raise_errors=False))
            [event] = await collect(held[0])
            assert isinstance(event.error, ClosedError)
            assert len(server.requests) == 1


# -- another event loop, another process ------------------------------------------------------------------------------


async def test_closing_wakes_who_waits_for_its_turn(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server, limits=Limits(requests_per_minute=1)) as client:
            await client.stream("hi").result()
            stream = client.stream("hi", raise_errors=False)
            seen: list[Any] = []

            async def read() -> None:
                seen.extend(await collect(stream))

            async def close() -> None:
                await twin.sleep(0.1)
                await stream.aclose()

            await twin.gather(read, close)
            assert [type(event.error) for event in seen] == [ClosedError]
        assert len(server.requests) == 1


# -- dropped, and closed in unlucky moments ----------------------------------------------------------------------------

OPEN = [head(200, CHUNKED), chunk(delta("x")), until_closed]
LIMITS = [Limits(max_concurrent=1), Limits(max_connections=1)]


class Ring:
    """What only the garbage collector frees."""

    def __init__(self, held: Any) -> None:
        self.held = held
        self.itself = self


@pytest.mark.parametrize("limits", LIMITS)
async def test_a_stream_dropped_in_a_cycle_gives_its_place_back(limits: Limits, twin: Twin) -> None:
    with ScriptedServer(OPEN, GOOD) as server:
        async with client_for(twin, server, limits=limits, timeouts=Timeouts(connect=2)) as client:
            stream = client.stream("hi")
            await anext(aiter(stream))
            Ring(stream)
            del stream
            gc.collect()
            await twin.sleep(0.01)
            assert (await client.stream("hi").result()).text == "x"


@pytest.mark.parametrize("runs", [True, False], ids=["where another loop runs", "where none does"])
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("twin", ["asyncio", "trio"], indirect=True)
async def test_a_stream_dropped_in_another_thread_is_closed_in_its_loop(limits: Limits, runs: bool, twin: Twin) -> None:
    with ScriptedServer(OPEN, GOOD) as server:
        async with client_for(twin, server, limits=limits, timeouts=Timeouts(connect=2)) as client:
            held = [client.stream("hi")]
            await anext(aiter(held[0]))

            async def drop() -> None:
                held.clear()
                await asyncio.sleep(0.05)

            drop_it = (lambda: asyncio.run(drop())) if runs else held.clear
            thread = threading.Thread(target=drop_it)
            thread.start()
            while thread.is_alive():
                await twin.sleep(0.01)
            assert (await client.stream("hi").result()).text == "x"


@pytest.mark.parametrize("twin", ["asyncio", "trio"], indirect=True)
async def test_a_client_that_is_cancelled_while_it_closes_closes_all(twin: Twin) -> None:
    with ScriptedServer(OPEN) as server:
        with anyio.move_on_after(60) as scope:
            async with client_for(twin, server) as client:
                streams = [client.stream("hi") for _ in range(3)]
                for stream in streams:
                    await anext(aiter(stream))
                scope.cancel()
        assert server.connections == 3
        assert server.wait_until(lambda seen: seen.open == 0)


@pytest.mark.parametrize("twin", ["asyncio", "trio"], indirect=True)
def test_the_end_of_a_loop_closes_all_that_is_kept(twin: Twin) -> None:
    with ScriptedServer([pause(0.1), *GOOD]) as server:

        async def main() -> Any:
            client = client_for(twin, server)
            await twin.gather(*[partial(ask, client)] * 3)
            return client

        async def ask(client: Any) -> None:
            await client.stream("hi").result()

        client = twin.run(main)
        assert server.connections == 3
        assert server.wait_until(lambda seen: seen.open == 0)
        del client


@pytest.mark.parametrize("twin", ["asyncio", "trio"], indirect=True)
def test_nothing_is_kept_of_loops_that_are_over(twin: Twin) -> None:
    with ScriptedServer(GOOD) as server:
        client = client_for(twin, server)

        async def ask() -> str:
            text: str = (await client.stream("hi").result()).text
            return text

        assert [twin.run(ask) for _ in range(3)] == ["x"] * 3
        assert len(client._road._places) == 1


async def test_closing_ends_a_handshake(twin: Twin) -> None:
    with ScriptedServer(GOOD, greeting=[until_closed]) as server:
        address = server.base_url.replace("http:", "https:")
        async with twin.Client("llamacpp", base_url=address, timeouts=Timeouts(connect=30)) as client:
            stream = client.stream("hi", model="m", raise_errors=False)
            seen: list[Any] = []
            began = time.monotonic()

            async def read() -> None:
                seen.extend(await collect(stream))
                seen.append(time.monotonic() - began)

            async def close() -> None:
                await twin.sleep(0.2)
                await stream.aclose()

            await twin.gather(read, close)
            assert isinstance(seen[0].error, ClosedError)
            assert seen[1] < 5


async def test_one_that_cannot_be_closed_is_in_no_other_s_way(twin: Twin) -> None:
    closed: list[int] = []

    def close(number: int) -> None:
        closed.append(number)
        if number:
            raise ZeroDivisionError(number)

    async def wait_and_close(number: int) -> None:
        close(number)

    async def close_them() -> None:
        if twin.name == "sync":
            blocking_close_all([partial(close, number) for number in (1, 2, 0)])
        else:
            await close_all([partial(wait_and_close, number) for number in (1, 2, 0)])

    with pytest.raises(ZeroDivisionError, match="1"):
        await close_them()
    assert closed == [1, 2, 0]


async def test_interrupted_while_the_place_is_given_back(twin: Twin) -> None:
    class Interrupted(WeakKeyDictionary[Any, Any]):
        def pop(self, *_: Any) -> Any:
            road._open = WeakKeyDictionary()
            raise KeyboardInterrupt

    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, limits=LIMITS[0], timeouts=Timeouts(connect=2)) as client:
            road = (client.client if twin.name == "sync" else client)._road
            road._open = Interrupted()
            with pytest.raises(KeyboardInterrupt):
                await client.stream("hi").result()
            assert (await client.stream("hi").result()).text == "x"


async def test_places_whose_connections_are_closed_are_dropped(twin: Twin) -> None:
    """Those of event loops that are over; the blocking twin has but one, and yet the same code."""
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            await client.stream("hi").result()
            road = (client.client if twin.name == "sync" else client)._road
            [(key, place)] = road._places.items()
            road._drop_those_that_are_over()
            assert road._places == {key: place}
            place.pool.closed = True
            road._drop_those_that_are_over()
            assert road._places == {}
            place.pool.closed = False
            road._places[key] = place
