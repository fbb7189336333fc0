"""Closing a client with a time of grace: what is open may come to its end, and nothing new begins."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import duologue
from duologue import ClosedError, Limits, RetryPolicy
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, head, reply, until_closed, wait_for
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer, delta

BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json")
LONG = 60.0  # far more than these tests take


def held(go_on: threading.Event) -> list[Any]:
    """An answer whose end waits."""
    return [head(200, CHUNKED), chunk(delta("a")), wait_for(go_on), *map(chunk, answer("b")), chunk(b"")]


async def begun(stream: Any) -> Any:
    async for event in stream:
        if event.text == "a":
            break
    return stream


async def test_what_is_open_comes_to_its_end(twin: Twin) -> None:
    go_on = threading.Event()
    with ScriptedServer(held(go_on)) as server:
        client = client_for(twin, server)
        streams = [await begun(client.stream("hi")) for _ in range(3)]
        order: list[str] = []

        async def read(stream: Any) -> None:
            order.append((await stream.result()).text)

        async def close() -> None:
            await client.aclose(grace=LONG)
            order.append("closed")

        async def meanwhile() -> None:
            await twin.sleep(0.1)
            with pytest.raises(ClosedError, match="the client is closed"):
                client.stream("hi")
            with pytest.raises(ClosedError, match="the client is closed"):
                await client.chat("hi")
            go_on.set()

        await twin.gather(close, meanwhile, *[lambda stream=stream: read(stream) for stream in streams])
        assert order == ["ab", "ab", "ab", "closed"]
        assert len(server.requests) == 3
        assert server.wait_until(lambda seen: seen.open == 0)


async def test_what_takes_longer_is_ended(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), chunk(delta("a")), until_closed]) as server:
        client = client_for(twin, server)
        stream = await begun(client.stream("hi", raise_errors=False))
        seen: list[Any] = []

        async def read() -> None:
            seen.extend(await collect(stream))

        async def close() -> None:
            await client.aclose(grace=0.1)
            assert server.wait_until(lambda there: there.open == 0)

        await twin.gather(read, close)
        [event] = seen
        assert isinstance(event.error, ClosedError)
        assert event.error.partial is not None
        assert event.error.partial.text == "a"


async def test_one_that_is_tried_again_may_go_on(twin: Twin) -> None:
    """But not one that waits for its place, or was made before and not begun."""
    go_on = threading.Event()
    with ScriptedServer([wait_for(go_on), *BUSY], reply(answer("x"))) as server:
        client = client_for(twin, server, limits=Limits(max_concurrent=1), retry=RetryPolicy(base_delay=0.01))
        first, second, third = [client.stream("hi", raise_errors=False) for _ in range(3)]
        ends: list[Any] = []

        async def read(stream: Any, delay: float) -> None:
            await twin.sleep(delay)
            ends.append((await collect(stream))[-1])

        async def close() -> None:
            await twin.sleep(0.2)
            await client.aclose(grace=LONG)

        async def finish() -> None:
            await twin.sleep(0.3)
            go_on.set()

        await twin.gather(lambda: read(first, 0), lambda: read(second, 0.1), close, finish)
        await read(third, 0)
        assert {type(event).__name__ for event in ends[:2]} == {"Done", "Error"}
        assert [type(event.error) for event in ends if event.is_error] == [ClosedError] * 2
        assert len(server.requests) == 2


async def test_without_open_streams_there_is_nothing_to_wait_for(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        client = client_for(twin, server)
        done = client.stream("hi")
        await done.result()
        await client.aclose(grace=LONG)
        await client.aclose(grace=LONG)
        assert (await done.result()).text == "x"


async def test_one_that_is_left_has_ended(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), chunk(delta("a")), until_closed]) as server:
        client = client_for(twin, server)
        stream = await begun(client.stream("hi"))

        async def leave() -> None:
            await twin.sleep(0.05)
            await stream.aclose()

        await twin.gather(lambda: client.aclose(grace=LONG), leave)
        assert server.wait_until(lambda there: there.open == 0)


async def test_closing_once_more_is_closing_now(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), chunk(delta("a")), until_closed]) as server:
        client = client_for(twin, server)
        stream = await begun(client.stream("hi", raise_errors=False))

        async def hurry() -> None:
            await twin.sleep(0.05)
            await client.aclose()

        await twin.gather(lambda: client.aclose(grace=LONG), hurry)
        assert [type(event.error) for event in await collect(stream)] == [ClosedError]


def test_the_streams_of_another_event_loop_are_not_waited_for() -> None:
    """Nor ended: their connections cannot be closed from here."""
    go_on = threading.Event()
    with ScriptedServer(held(go_on), reply(answer("x"))) as server:
        client = duologue.AsyncClient("llamacpp", base_url=server.base_url, model="m")

        async def elsewhere() -> str:
            return (await client.stream("hi").result()).text

        texts: list[str] = []
        thread = threading.Thread(target=lambda: texts.append(asyncio.run(elsewhere())))
        thread.start()
        assert server.wait_until(lambda seen: len(seen.requests) == 1)
        asyncio.run(client.aclose(grace=LONG))
        go_on.set()
        thread.join()
        assert texts == ["ab"]
