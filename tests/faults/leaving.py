"""Table A3: leaving a stream, and closing it from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

import duologue
from duologue import ClosedError, Limits, RetryPolicy, StreamBusyError
from tests.faults.row import Act, limits
from tests.faults.transport import CHUNKED, SSE
from tests.kit.server import ScriptedServer, chunk, head, pause, reply, until_closed
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from tests.faults.row import Promise

ASYNC = ("asyncio", "trio")
GOOD = reply(answer("Hel", "lo"))
SILENT = [head(200, CHUNKED), chunk(delta("Hel")), until_closed]
ONE = limits()


def client_for(twin: Twin, server: ScriptedServer, **fields: Any) -> Any:
    """A client with one place for all: what keeps it makes the next request fail."""
    fields = {"limits": ONE, "base_url": server.base_url, "api_key": "sk-test", **fields}
    return twin.Client("llamacpp:m-1", **fields)


def only(limit: str, most: int) -> Limits:
    """This limit, and no other of the two."""
    given: dict[str, Any] = {limit: most}
    return Limits(**given)


def on_its_loop(test: Callable[[Twin], Coroutine[Any, Any, None]]) -> Callable[[Twin], None]:
    """Let the twin run a coroutine function."""

    @wraps(test)
    def run(twin: Twin) -> None:
        twin.run(lambda: test(twin))

    return run


async def assert_free(server: ScriptedServer, client: Any) -> None:
    """The connection is closed, and its place free."""
    assert server.wait_until(lambda seen: seen.open == 0)
    server.script = [GOOD]
    assert (await client.stream("hi").result()).text == "Hello"


# -- leaving ----------------------------------------------------------------------------------------------------------


def _leaving(how: str) -> Callable[[Twin], None]:
    async def act(twin: Twin) -> None:
        with ScriptedServer(SILENT) as server:
            async with client_for(twin, server) as client:
                with pytest.raises(ZeroDivisionError) if how == "raise" else contextlib.nullcontext():
                    async with client.stream("hi") as stream:
                        async for event in stream:
                            if event.is_delta and how == "break":
                                break
                            if event.is_delta and how == "raise":
                                raise ZeroDivisionError
                            if event.is_delta:
                                await stream.aclose()
                assert await collect(stream) == []
                assert len(server.requests) == 1
                await assert_free(server, client)

    return on_its_loop(act)


@on_its_loop
async def break_and_drop(twin: Twin) -> None:
    """Nobody holds the stream."""
    with ScriptedServer(SILENT) as server:
        async with client_for(twin, server) as client:
            async for event in client.stream("hi"):
                if event.is_delta:
                    break
            gc.collect()
            await twin.sleep(0.01)
            await assert_free(server, client)


@on_its_loop
async def break_and_keep(twin: Twin) -> None:
    """Somebody holds the stream."""
    with ScriptedServer(SILENT) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            async for event in stream:
                if event.is_delta:
                    break
            assert server.open == 1
            await stream.aclose()
            await assert_free(server, client)


def dropped_outside_its_loop(_: Twin) -> None:
    """There is no loop to close it in."""
    with ScriptedServer(SILENT) as server:
        client = duologue.AsyncClient("llamacpp", base_url=server.base_url, model="m")
        held: list[Any] = []

        async def begin() -> None:
            stream = client.stream("hi")
            await anext(aiter(stream))
            held.append(stream)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin())
        with pytest.warns(ResourceWarning, match="without being closed"):
            held.clear()
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@on_its_loop
async def iterate_again(twin: Twin) -> None:
    """There is nothing more."""
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            assert (await collect(stream))[-1].is_done
            assert await collect(stream) == []
            assert (await stream.result()).text == "Hello"
            assert len(server.requests) == 1


# -- closing from elsewhere -------------------------------------------------------------------------------------------

# Where the reader waits when somebody closes what it reads; the server never says anything more.
WAITS: dict[str, list[Any]] = {
    "the head": [until_closed],
    "the first event": [head(200, CHUNKED), until_closed],
    "the next event": SILENT,
    "more of a body that ends with its connection": [head(200, SSE), delta("Hel"), until_closed],
    "another try": reply(b'{"error": {"message": "busy"}}', 503, "application/json"),
}


SAID = {where: "" if where in ("the head", "the first event", "another try") else "Hel" for where in WAITS}


def _closing(what: str, waits_for: str) -> Callable[[Twin], None]:
    async def act(twin: Twin) -> None:
        with ScriptedServer(WAITS[waits_for]) as server:
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
                if SAID[waits_for]:
                    assert seen[-1].error.partial is not None
                    assert seen[-1].error.partial.text == "Hel"
                assert await collect(stream) == []
                assert server.wait_until(lambda found: found.open == 0)
                assert len(server.requests) == 1

    return on_its_loop(act)


@on_its_loop
async def close_client_between_events(twin: Twin) -> None:
    """Nobody reads at that time; who reads on is told."""
    with ScriptedServer(SILENT) as server:
        client = client_for(twin, server, limits=Limits())
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
            assert event.error.partial.text == "Hel"


@on_its_loop
async def use_after_close(twin: Twin) -> None:
    """A closed client asks for nothing more."""
    with ScriptedServer(GOOD) as server:
        client = client_for(twin, server)
        done, before = client.stream("hi"), client.stream("hi")
        await done.result()
        await client.aclose()
        await client.aclose()
        with pytest.raises(ClosedError):
            await before.result()
        with pytest.raises(ClosedError):
            client.stream("hi")
        with pytest.raises(ClosedError):
            await client.chat("hi")
        assert (await done.result()).text == "Hello"
        assert server.wait_until(lambda seen: seen.open == 0)
        assert len(server.requests) == 1


@on_its_loop
async def two_readers(twin: Twin) -> None:
    """The second is refused, and the first reads on."""
    with ScriptedServer([head(200, CHUNKED), pause(0.2), *map(chunk, answer("Hel", "lo")), chunk(b"")]) as server:
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
            assert texts == ["Hello"]


LEAVING = [
    Act(fault="`break` inside `with`", do=_leaving("break"), note="its connection is closed"),
    Act(fault="an exception of the caller's", do=_leaving("raise"), note="it goes on unchanged; closed"),
    Act(fault="`close()` inside the loop", do=_leaving("close"), note="the loop ends; closed"),
    Act(fault="`break` without `with`, and nobody holds the stream", do=break_and_drop, note="closed"),
    Act(
        fault="`break` without `with`, and the stream is kept",
        do=break_and_keep,
        note="it holds its place until `close()`",
    ),
    Act(
        fault="a stream is dropped outside its event loop",
        do=dropped_outside_its_loop,
        twins=("asyncio",),
        note="a `ResourceWarning`",
    ),
    Act(fault="a second loop over a stream", do=iterate_again, note="nothing more comes, and nothing is asked"),
]

CLOSING = [
    *(
        Act(
            fault=f"the {what} is closed while another task or thread waits for {waits_for}",
            do=_closing(what, waits_for),
            gives=ClosedError,
            kept=SAID[waits_for],
        )
        for what in ("stream", "client")
        for waits_for in WAITS
    ),
    Act(
        fault="the client is closed between two events",
        do=close_client_between_events,
        gives=ClosedError,
        kept="Hel",
    ),
    Act(fault="a closed client is used", do=use_after_close, gives=ClosedError),
    Act(
        fault="a second task or thread reads the same stream",
        do=two_readers,
        gives=StreamBusyError,
        note="the first reads on",
    ),
]

TABLE: Mapping[str, list[Promise]] = {"Leaving a stream": [*LEAVING], "Closing it from elsewhere": [*CLOSING]}
