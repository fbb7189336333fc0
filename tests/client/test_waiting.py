"""What bounds the waiting, what is tried again, and what an interruption leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import anyio
import pytest
import trio

import duologue
from duologue import (
    APIError,
    ConnectError,
    ConnectionLost,
    LimitExceeded,
    Limits,
    OverloadedError,
    PoolTimeout,
    RetryPolicy,
    ServerError,
    StreamTimeout,
    Timeouts,
)
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, hang_up, head, pause, reply, reset, until_closed
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer, data, delta

ONCE = RetryPolicy(max_retries=0)
QUICK = RetryPolicy(max_retries=3, base_delay=0.001)
OVERLOADED = data({"error": {"message": "busy", "type": "overloaded_error"}})


def pings(number: int, every: float) -> list[Any]:
    """Comments, and nothing else."""
    return [chunk(b": ping\n\n"), pause(every)] * number


TIMEOUTS: dict[str, tuple[dict[str, float], list[Any]]] = {
    "first_event": ({"first_event": 0.2}, [until_closed]),
    "first_event after the head": ({"first_event": 0.2}, [head(200, CHUNKED), until_closed]),
    "first_event among pings": ({"first_event": 0.2}, [head(200, CHUNKED), *pings(300, 0.01)]),
    "idle": ({"idle": 0.2}, [head(200, CHUNKED), chunk(delta("x")), until_closed]),
    "progress": ({"progress": 0.2}, [head(200, CHUNKED), chunk(delta("x")), *pings(300, 0.01)]),
    "total": (
        {"total": 0.2},
        [head(200, CHUNKED), *[step for _ in range(300) for step in (chunk(delta("x")), pause(0.01))]],
    ),
    "total before the head": ({"total": 0.2}, [until_closed]),
    "total in the silence": ({"total": 0.2}, [head(200, CHUNKED), chunk(delta("x")), until_closed]),
}


@pytest.mark.parametrize("case", TIMEOUTS)
async def test_each_wait_has_its_end(twin: Twin, case: str) -> None:
    limits, script = TIMEOUTS[case]
    with ScriptedServer(script) as server:
        async with client_for(twin, server, timeouts=Timeouts(**limits), retry=ONCE) as client:
            with pytest.raises(StreamTimeout) as caught:
                await client.stream("hi").result()
            assert caught.value.phase == case.split(maxsplit=1)[0]
            assert server.wait_until(lambda seen: seen.open == 0), "the connection was not closed"


async def test_a_slow_reader_is_not_a_slow_provider(twin: Twin) -> None:
    body = [head(200, CHUNKED), chunk(delta("a")), *map(chunk, answer("b")), chunk(b"")]
    with ScriptedServer(body) as server:
        async with client_for(twin, server, timeouts=Timeouts(idle=0.1, progress=0.1)) as client:
            seen = []
            async for event in client.stream("hi"):
                seen.append(event.text)
                if event.text == "a":
                    await twin.sleep(0.3)
            assert "".join(seen) == "ab"


async def test_connecting_has_its_end(twin: Twin) -> None:
    limits = Limits(max_connections=1)
    with ScriptedServer([head(200, CHUNKED), chunk(delta("x")), until_closed]) as server:
        client = client_for(twin, server, timeouts=Timeouts(connect=0.1), limits=limits, retry=ONCE)
        async with client, client.stream("hi") as stream:
            assert (await anext(aiter(stream))).type == "start"
            with pytest.raises(PoolTimeout, match="max_connections"):
                await client.stream("hi").result()


async def test_no_more_streams_than_allowed(twin: Twin) -> None:
    slow = [head(200, CHUNKED), chunk(delta("x")), pause(0.1), *map(chunk, answer("y")), chunk(b"")]
    with ScriptedServer(slow) as server:
        async with client_for(twin, server, limits=Limits(max_concurrent=2)) as client:
            open_at_once: list[int] = []

            async def one() -> None:
                open_at_once.extend([server.open async for _ in client.stream("hi")])

            await twin.gather(*[one] * 6)
            assert max(open_at_once) == 2
            assert len(server.requests) == 6


async def test_a_place_that_does_not_come_free(twin: Twin) -> None:
    limits = Limits(max_concurrent=1)
    with ScriptedServer([head(200, CHUNKED), chunk(delta("x")), until_closed]) as server:
        async with client_for(twin, server, limits=limits, timeouts=Timeouts(connect=0.05), retry=ONCE) as client:
            async with client.stream("hi") as stream:
                assert (await anext(aiter(stream))).type == "start"
                with pytest.raises(PoolTimeout, match="max_concurrent=1"):
                    await client.stream("hi").result()
            server.script = [reply(answer("y"))]
            assert (await client.stream("hi").result()).text == "y"


async def test_requests_a_minute(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def async_sleep(_: object, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("duologue._waiting.interrupt.AsyncInterrupt.sleep", async_sleep)
    monkeypatch.setattr("duologue._waiting.interrupt.Interrupt.sleep", lambda _, seconds: waits.append(seconds))
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server, limits=Limits(requests_per_minute=2)) as client:
            for _ in range(3):
                await client.stream("hi").result()
    assert len(waits) == 1
    assert 59 < waits[0] <= 60


RETRIED: dict[str, list[Any]] = {
    "503": reply(b'{"error": {"message": "busy"}}', 503, "application/json"),
    "429": reply(b'{"error": {"message": "busy"}}', 429, "application/json", retry_after="0"),
    "overloaded in the stream": reply([OVERLOADED]),
    "fin before the head": [hang_up],
    "rst before the head": [reset],
    "fin after the head": [head(200, CHUNKED), hang_up],
}


@pytest.mark.parametrize("fault", RETRIED)
async def test_tried_again_before_the_first_event(twin: Twin, fault: str) -> None:
    with ScriptedServer(RETRIED[fault], RETRIED[fault], reply(answer("x"))) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            events = await collect(client.stream("hi"))
            assert [event.type for event in events] == ["start", "text_delta", "usage_update", "done"]
            assert len(server.requests) == 3
            assert len({request.body for request in server.requests}) == 1


async def test_given_up_after_enough_tries(twin: Twin) -> None:
    with ScriptedServer(RETRIED["503"]) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            with pytest.raises(OverloadedError) as caught:
                await client.stream("hi").result()
            assert caught.value.attempts == len(server.requests) == 4


async def test_never_tried_again_after_an_event(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), chunk(delta("x")), pause(0.05), chunk(OVERLOADED), chunk(b"")]) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            with pytest.raises(OverloadedError) as caught:
                async for _ in client.stream("hi"):
                    pass
            assert len(server.requests) == 1
            assert caught.value.partial is not None
            assert caught.value.partial.text == "x"


async def test_not_tried_again_when_it_cannot_help(twin: Twin) -> None:
    quota = reply(b'{"error": {"message": "no money", "code": "insufficient_quota"}}', 429, "application/json")
    with ScriptedServer(quota) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            with pytest.raises(duologue.QuotaExceededError):
                await client.chat("hi")
            assert len(server.requests) == 1


async def test_no_time_left_to_try_again(twin: Twin) -> None:
    with ScriptedServer(reply(b"{}", 500, "application/json", retry_after="30")) as server:
        async with client_for(twin, server, timeouts=Timeouts(total=5)) as client:
            with pytest.raises(ServerError) as caught:
                await client.stream("hi").result()
            assert caught.value.retry_after == 30
            assert len(server.requests) == 1


async def test_nobody_listens(twin: Twin) -> None:
    with ScriptedServer() as server:
        pass
    async with client_for(twin, server, retry=QUICK) as client:
        with pytest.raises(ConnectError) as caught:
            await client.stream("hi").result()
        assert caught.value.attempts == 4
        assert caught.value.partial is None
        assert isinstance(caught.value.__cause__, Exception)


async def test_connection_lost_before_an_answer(twin: Twin) -> None:
    with ScriptedServer([hang_up]) as server:
        async with client_for(twin, server, retry=ONCE) as client:
            with pytest.raises(ConnectionLost):
                await client.chat("hi")


async def test_garbage_instead_of_http(twin: Twin) -> None:
    with ScriptedServer([b"SSH-2.0-OpenSSH_9.2\r\n\r\n", hang_up]) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            with pytest.raises(duologue.ProtocolError):
                await client.stream("hi").result()
            assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(max_events=2), "max_events"),
        (Limits(max_bytes=200), "max_bytes"),
        (Limits(max_event_bytes=20), "max_event_bytes"),
    ],
)
async def test_limits_end_a_stream(twin: Twin, limits: Limits, name: str) -> None:
    endless = [head(200, CHUNKED), *[chunk(delta("x"))] * 50, until_closed]
    with ScriptedServer(endless) as server:
        async with client_for(twin, server, limits=limits) as client:
            with pytest.raises(LimitExceeded) as caught:
                await client.stream("hi").result()
            assert caught.value.limit == name
            assert server.wait_until(lambda seen: seen.open == 0)


async def test_what_is_no_failure_of_the_line_is_not_hidden(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([head(200, CHUNKED), chunk(delta("x")), until_closed]) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")

            def broken(*_: object) -> None:
                raise ZeroDivisionError

            monkeypatch.setattr("duologue._core.exchange.Exchange.feed", broken)
            with pytest.raises(ZeroDivisionError):
                await stream.result()
            assert server.wait_until(lambda seen: seen.open == 0)


# -- cancellation ------------------------------------------------------------------------------------------------------

SILENCES: dict[str, list[Any]] = {
    "before the head": [until_closed],
    "before the first event": [head(200, CHUNKED), until_closed],
    "between events": [head(200, CHUNKED), chunk(delta("x")), until_closed],
    "after the end marker": [head(200, CHUNKED), *map(chunk, answer("x")), until_closed],
    "while backing off": reply(b"{}", 503, "application/json", retry_after="20"),
}


@pytest.mark.parametrize("phase", SILENCES)
async def test_cancelled_in_asyncio_or_trio(async_twin: Twin, phase: str) -> None:
    with ScriptedServer(SILENCES[phase]) as server:
        async with client_for(async_twin, server) as client:
            stream = client.stream("hi")
            if async_twin.name == "asyncio":
                task = asyncio.create_task(stream.result())
                await asyncio.sleep(0.05)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                with trio.move_on_after(0.05) as scope:
                    await stream.result()
                assert scope.cancelled_caught
            assert server.wait_until(lambda seen: seen.open == 0 or phase == "while backing off")
            # What had arrived is not lost: here that is the end itself.
            left = [event.type for event in await collect(stream)]
            assert left == (["done"] if phase == "after the end marker" else [])
            server.script = [reply(answer("y"))]
            assert (await client.stream("hi").result()).text == "y"


async def test_a_place_is_given_back_when_cancelled(async_twin: Twin) -> None:
    with ScriptedServer(SILENCES["between events"]) as server:
        async with client_for(async_twin, server, limits=Limits(max_concurrent=1)) as client:
            for _ in range(3):
                with anyio.move_on_after(0.1) as scope:
                    async with client.stream("hi") as stream:
                        assert [event.text async for event in stream if event.text] == []
                assert scope.cancelled_caught
            server.script = [reply(answer("y"))]
            assert (await client.stream("hi").result()).text == "y"


async def test_the_pace_is_held_to_the_total(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server, limits=Limits(requests_per_minute=1), timeouts=Timeouts(total=5)) as client:
            await client.stream("hi").result()
            with pytest.raises(StreamTimeout, match="requests_per_minute") as caught:
                await client.stream("hi").result()
            assert caught.value.phase == "total"


async def test_the_caller_s_own_timeout_is_the_caller_s(async_twin: Twin) -> None:
    with ScriptedServer(SILENCES["between events"]) as server:
        async with client_for(async_twin, server) as client:
            if async_twin.name == "asyncio":
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await client.stream("hi").result()
            else:
                with pytest.raises(trio.TooSlowError), trio.fail_after(0.05):
                    await client.stream("hi").result()
            assert server.wait_until(lambda seen: seen.open == 0)


def test_ctrl_c_stops_the_blocking_stream() -> None:
    with (
        ScriptedServer(SILENCES["between events"]) as server,
        duologue.Client("llamacpp", base_url=server.base_url, model="m") as client,
    ):
        main = threading.main_thread().ident
        assert main is not None

        def interrupt() -> None:
            server.wait_until(lambda seen: len(seen.requests) == 1)
            time.sleep(0.05)
            signal.pthread_kill(main, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            client.stream("hi").result()
        thread.join()
        assert server.wait_until(lambda seen: seen.open == 0)


def test_a_stream_dropped_outside_its_loop_warns() -> None:
    with ScriptedServer(SILENCES["between events"]) as server:
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
        # Each of httpcore's generators is closed by the loop when the one around it is gone.
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_a_program_that_ends_in_a_stream_ends_quietly() -> None:
    with ScriptedServer(SILENCES["between events"]) as server:
        script = (
            "import asyncio, sys, duologue\n"
            f"new = dict(base_url={server.base_url!r}, model='m')\n"
            "kept = duologue.Client('llamacpp', **new).stream('hi'); next(kept); next(kept)\n"
            "async def main():\n"
            "    async for event in duologue.AsyncClient('llamacpp', **new).stream('hi'):\n"
            "        if event.is_delta: break\n"
            "asyncio.run(main())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, env={**os.environ}
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_api_error_shows_what_matters() -> None:
    error = APIError("no", status_code=418, provider="openai", request_id="req_3")
    assert str(error) == "openai answered 418: no (request req_3)"
