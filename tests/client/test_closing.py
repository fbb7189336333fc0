"""Closing a stream or a client from another task or thread, and using one in two places."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import Any

import anyio
import httpx
import pytest
import trio

import duologue
from duologue import ClosedError, Limits, PoolTimeout, RetryPolicy, StreamBusyError, Timeouts
from tests.client.test_client import close, http_client_for
from tests.client.test_stream import CHUNKED, SSE, client_for
from tests.kit.server import ScriptedServer, chunk, head, pause, reply, until_closed
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer, delta

BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json")
SILENT = [head(200, CHUNKED), chunk(delta("x")), until_closed]

# Where the reader waits when somebody closes what it reads; the server never says anything more.
WAITS: dict[str, list[Any]] = {
    "before the head": [until_closed],
    "before the first event": [head(200, CHUNKED), until_closed],
    "between events": SILENT,
    "between events, to the end of the connection": [head(200, SSE), delta("x"), until_closed],
    "before another try": BUSY,
}


@pytest.mark.parametrize("what", ["stream", "client"])
@pytest.mark.parametrize("where", WAITS)
async def test_closing_wakes_whoever_waits(twin: Twin, where: str, what: str) -> None:
    with ScriptedServer(WAITS[where]) as server:
        retry = RetryPolicy(base_delay=60, jitter=False)
        async with client_for(twin, server, retry=retry) as client:
            stream = client.stream("hi", raise_errors=False)
            seen: list[Any] = []

            async def read() -> None:
                seen.extend([event async for event in stream])

            async def close() -> None:
                await twin.sleep(0.1)
                await (stream if what == "stream" else client).aclose()

            await twin.gather(read, close)
            assert isinstance(seen[-1].error, ClosedError)
            if where.startswith("between events"):
                assert seen[-1].error.partial is not None
                assert seen[-1].error.partial.text == "x"
            assert await collect(stream) == []
            assert server.wait_until(lambda found: found.open == 0)
            assert len(server.requests) == 1


async def test_closing_the_client_ends_streams_between_two_events(twin: Twin) -> None:
    with ScriptedServer(SILENT) as server:
        client = client_for(twin, server)
        streams = [client.stream("hi", raise_errors=False) for _ in range(10)]
        for stream in streams:
            async for event in stream:
                if event.is_delta:
                    break
        await client.aclose()
        assert server.wait_until(lambda found: found.open == 0)
        for stream in streams:
            [event] = await collect(stream)
            assert isinstance(event.error, ClosedError)
            assert event.error.partial is not None
            assert event.error.partial.text == "x"
        with pytest.raises(ClosedError, match="the client is closed"):
            client.stream("hi")


async def test_closing_the_client_leaves_finished_streams_as_they_are(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        client = client_for(twin, server)
        done, fresh = client.stream("hi"), client.stream("hi", raise_errors=False)
        await done.result()
        await client.aclose()
        assert (await done.result()).text == "x"
        [event] = await collect(fresh)
        assert isinstance(event.error, ClosedError)
        assert len(server.requests) == 1


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


async def test_one_reader_at_a_time(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), pause(0.2), *map(chunk, answer("x")), chunk(b"")]) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            texts: list[str] = []

            async def first() -> None:
                texts.append((await stream.result()).text)

            async def second() -> None:
                await twin.sleep(0.05)
                with pytest.raises(StreamBusyError, match="give each a stream of its own"):
                    await anext(aiter(stream))

            await twin.gather(first, second)
            assert texts == ["x"]


async def test_a_place_is_given_to_who_came_first(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), pause(0.06), *map(chunk, answer("x")), chunk(b"")]) as server:
        async with client_for(twin, server, limits=Limits(max_concurrent=1)) as client:
            # What is loaded for the first one holds the event loop up, and then several come at once.
            await client.stream("").result()

            def asker(number: int) -> Any:
                async def ask() -> None:
                    await twin.sleep(number * 0.03)
                    await client.stream(str(number)).result()

                return ask

            await twin.gather(*[asker(number) for number in range(8)])
            asked = [request.json()["messages"][0]["content"] for request in server.requests]
            assert asked == sorted(asked)


async def test_a_full_pool_tells_who_is_in_the_way(twin: Twin) -> None:
    for limits in (Limits(max_connections=2), Limits(max_concurrent=2)):
        with ScriptedServer(SILENT) as server:
            timeouts = Timeouts(connect=0.2)
            async with (
                client_for(twin, server, limits=limits, timeouts=timeouts) as client,
                contextlib.AsyncExitStack() as stack,
            ):
                for _ in range(2):
                    stream = await stack.enter_async_context(client.stream("hi"))
                    await anext(aiter(stream))
                with pytest.raises(PoolTimeout, match=r"=2.*: 2 streams are open, the oldest for 0\.\d s") as caught:
                    await client.stream("hi").result()
                assert caught.value.attempts in (0, 1)
                assert not caught.value.retryable


async def test_a_stream_that_waits_before_it_is_read_has_all_its_time(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server, timeouts=Timeouts(connect=0.1, total=0.15)) as client:
            stream = client.stream("hi")
            await twin.sleep(0.3)
            assert (await stream.result()).text == "x"


# -- another event loop, another process ------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [asyncio.run, trio.run], ids=["asyncio", "trio"])
def test_a_client_in_a_second_event_loop(run: Any) -> None:
    """Each has its own connections, which end with it."""
    with ScriptedServer(reply(answer("x"))) as server:
        client = duologue.AsyncClient("llamacpp:m", base_url=server.base_url, limits=Limits(max_concurrent=1))

        async def ask() -> str:
            texts = [(await client.stream("hi").result()).text for _ in range(2)]
            return "".join(texts)

        async def ask_or_call() -> str:
            return await ask()

        for number in (1, 2, 3):
            answered = run(ask_or_call) if run is trio.run else run(ask_or_call())
            assert answered == "xx"
            assert server.connections == number
            assert server.wait_until(lambda seen: seen.open == 0)


def test_a_client_in_two_event_loops_at_once() -> None:
    with ScriptedServer([head(200, CHUNKED), pause(0.05), *map(chunk, answer("x")), chunk(b"")]) as server:
        client = duologue.AsyncClient("llamacpp:m", base_url=server.base_url)
        texts: list[str] = []

        async def ask() -> None:
            for _ in range(3):
                texts.append((await client.stream("hi").result()).text)  # noqa: PERF401 - one after the other

        threads = [
            threading.Thread(target=anyio.run, args=(ask,), kwargs={"backend": kind}) for kind in ("asyncio", "trio")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert texts == ["x"] * 6
        assert server.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no forking on this system")
@pytest.mark.filterwarnings(
    "ignore:.*use of fork.*:DeprecationWarning"
)  # Python 3.12 warns of threads; that is the test
def test_a_forked_child_has_its_own_connections() -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        client = duologue.Client("llamacpp:m", base_url=server.base_url, limits=Limits(max_concurrent=1))
        with client.stream("hi") as stream:
            next(stream)  # the only place is taken when the child comes to be
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    code = 0 if client.stream("child").result().text == "x" else 2
                finally:
                    os._exit(code)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            assert stream.result().text == "x"
        assert client.stream("parent").result().text == "x"
        client.close()
        asked = {request.json()["messages"][0]["content"]: request.connection for request in server.requests}
        assert asked["child"] != asked["hi"] == asked["parent"]
