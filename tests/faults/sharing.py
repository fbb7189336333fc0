"""Table A3: one client in many places, and readers that are slower or faster than what they read."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

import duologue
from duologue import Limits, PoolTimeout, Timeouts
from tests.faults.cancelling import ASYNC
from tests.faults.leaving import GOOD, SILENT, client_for, on_its_loop, only
from tests.faults.row import Act, Figure
from tests.faults.transport import CHUNKED
from tests.kit.server import Request, ScriptedServer, chunk, head, over_and_over, pause, reply, when_told
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.row import Promise
    from tests.kit.twins import Twin

SLOW = [head(200, CHUNKED), pause(0.02), *map(chunk, answer("Hel", "lo")), chunk(b"")]


def echo(request: Request) -> list[Any]:
    """What was asked, in two pieces, and under an id that is the same."""
    asked = request.json()["messages"][0]["content"]
    return reply(answer(asked[:3], asked[3:]), x_request_id=asked)


# -- many at once -----------------------------------------------------------------------------------------------------

WORKERS = 16


async def many_at_once(twin: Twin, streams: int) -> list[Figure]:
    """Each gets the answer to what it asked."""
    with ScriptedServer(echo) as server:
        async with client_for(twin, server, limits=Limits()) as client:
            wrong: list[str] = []

            def worker(number: int) -> Any:
                async def ask() -> None:
                    for turn in range(streams):
                        nonce = f"nonce-{number}-{turn}"
                        text = (await client.stream(nonce).result()).text
                        wrong.extend([text] if text != nonce else [])

                return ask

            await twin.gather(*map(worker, range(WORKERS)))
            assert len(server.requests) == WORKERS * streams
            return [Figure("wrong answers", len(wrong), 0), Figure("connections", server.connections, WORKERS)]


@on_its_loop
async def one_after_the_other(twin: Twin) -> None:
    """Nobody has to connect again."""
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server) as client:
            for _ in range(5):
                assert (await client.stream("hi").result()).text == "Hello"
        assert (server.connections, len(server.requests)) == (1, 5)


def _no_more_than(limit: str) -> Callable[[Twin], None]:
    async def act(twin: Twin) -> None:
        with ScriptedServer(SLOW) as server:
            async with client_for(twin, server, limits=only(limit, 2)) as client:
                open_at_once: list[int] = []

                async def one() -> None:
                    open_at_once.extend([server.open async for _ in client.stream("hi")])

                await twin.gather(*[one] * 6)
                assert max(open_at_once) == 2
                assert len(server.requests) == 6

    return on_its_loop(act)


def _in_turn(limit: str) -> Callable[[Twin], None]:
    """Nobody is answered before all are in the queue, where each goes when the one before has been for a while."""

    async def act(twin: Twin) -> None:
        with ScriptedServer([when_told, *GOOD], GOOD) as server:
            async with client_for(twin, server, limits=only(limit, 1)) as client:
                streams = [client.stream(str(number)) for number in range(8)]

                async def waits(number: int) -> None:
                    while streams[number].waiting_for < 0.02:
                        await twin.sleep(0.001)

                def asker(number: int) -> Any:
                    async def ask() -> None:
                        if number:
                            await waits(number - 1)
                        await streams[number].result()

                    return ask

                async def tell() -> None:
                    await waits(7)
                    server.told.set()

                await twin.gather(*map(asker, range(8)), tell)
                asked = [request.json()["messages"][0]["content"] for request in server.requests]
                assert asked == sorted(asked)

    return on_its_loop(act)


def _all_taken(limit: str) -> Callable[[Twin], None]:
    async def act(twin: Twin) -> None:
        limits, timeouts = only(limit, 2), Timeouts(connect=0.1)
        with ScriptedServer(SILENT) as server:
            async with (
                client_for(twin, server, limits=limits, timeouts=timeouts) as client,
                contextlib.AsyncExitStack() as stack,
            ):
                for _ in range(2):
                    stream = await stack.enter_async_context(client.stream("hi"))
                    await anext(aiter(stream))
                words = rf"{limit}=2.*: 2 streams are open, the oldest for \d\.\d s"
                with pytest.raises(PoolTimeout, match=words) as caught:
                    await client.stream("hi").result()
                assert caught.value.phase == "connect"
                assert not caught.value.retryable
                await stream.aclose()
                server.script = [GOOD]
                assert (await client.stream("hi").result()).text == "Hello"

    return on_its_loop(act)


# -- other loops, other processes -------------------------------------------------------------------------------------


def in_one_loop_after_the_other(twin: Twin) -> None:
    """Each has its own connections, which end with it."""
    with ScriptedServer(GOOD) as server:
        client = duologue.AsyncClient("llamacpp:m", base_url=server.base_url, limits=Limits(max_concurrent=1))

        async def ask() -> str:
            return "".join([(await client.stream("hi").result()).text for _ in range(2)])

        for loops in (1, 2, 3):
            assert twin.run(ask) == "HelloHello"
            assert server.connections == loops
            assert server.wait_until(lambda seen: seen.open == 0)


def in_two_loops_at_once(_: Twin) -> None:
    """One of each kind."""
    with ScriptedServer(SLOW) as server:
        client = duologue.AsyncClient("llamacpp:m", base_url=server.base_url)
        texts: list[str] = []

        async def ask() -> None:
            for _ in range(3):
                texts.append((await client.stream("hi").result()).text)  # noqa: PERF401 - one after the other

        threads = [threading.Thread(target=anyio.run, args=(ask,), kwargs={"backend": kind}) for kind in ASYNC]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert texts == ["Hello"] * 6
        assert server.connections == 2


# -- slow and fast ----------------------------------------------------------------------------------------------------

_FRAME = chunk(delta("x" * 300_000))
_FIRST = len(head(200, CHUNKED)) + len(_FRAME)


# Where Linux's `struct tcp_info` has `tcpi_bytes_received`.
_RECEIVED = slice(128, 136)


def taken_off(connection: Any) -> int:
    """How many bytes were read from a socket: all that came, without what still lies in the system's buffer. What the
    sender gets rid of says less, since that buffer is not of one size."""
    import fcntl
    import termios

    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    unread = fcntl.ioctl(connection.fileno(), termios.FIONREAD, bytes(4))
    return int.from_bytes(info[_RECEIVED], sys.byteorder) - int.from_bytes(unread, sys.byteorder)


@on_its_loop
async def slow_reader(twin: Twin) -> None:
    """While the caller takes its time, no more is read than is in hand."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells how much was read from a socket")
    with ScriptedServer([head(200, CHUNKED), over_and_over(_FRAME)]) as server:
        async with client_for(twin, server) as client, client.stream("hi") as stream:
            async for event in stream:
                if event.is_delta:
                    break
            await twin.sleep(0.1)
            network = getattr(stream, "stream", stream)._network
            # The counts are not taken at one moment, and more keeps coming: the least is nearest.
            taken = min(taken_off(network.get_extra_info("socket")) for _ in range(50))
            assert _FIRST <= taken <= _FIRST + 65536


@on_its_loop
async def slow_reader_in_time(twin: Twin) -> None:
    """The time that the caller takes is not the provider's."""
    body = [head(200, CHUNKED), chunk(delta("Hel")), *map(chunk, answer("lo")), chunk(b"")]
    with ScriptedServer(body) as server:
        async with client_for(twin, server, timeouts=Timeouts(idle=0.2, progress=0.2)) as client:
            seen = []
            async for event in client.stream("hi"):
                seen.append(event.text)
                if event.text == "Hel":
                    await twin.sleep(0.4)
            assert "".join(seen) == "Hello"


@on_its_loop
async def late_reader(twin: Twin) -> None:
    """Nor is the time before the first step."""
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, timeouts=Timeouts(connect=0.2, total=0.3)) as client:
            stream = client.stream("hi")
            await twin.sleep(0.5)
            assert (await stream.result()).text == "Hello"


@on_its_loop
async def fast_reader(twin: Twin) -> None:
    """It waits without working. Only this thread's own time is counted, so a busy machine makes no difference."""
    with ScriptedServer([head(200, CHUNKED), chunk(delta("Hel")), pause(0.5), *map(chunk, answer("lo"))]) as server:
        async with client_for(twin, server) as client, client.stream("hi") as stream:
            async for event in stream:
                if event.is_delta:
                    break
            wall, work = time.monotonic(), time.thread_time()
            assert (await anext(aiter(stream))).text == "lo"
            assert time.thread_time() - work < 0.05 * (time.monotonic() - wall)


@on_its_loop
async def clock_jumps(twin: Twin) -> None:
    """The wall's clock does not count."""
    with pytest.MonkeyPatch.context() as patch, ScriptedServer(SLOW) as server:
        timeouts = Timeouts(first_event=60, idle=60, progress=60, total=60)
        async with client_for(twin, server, timeouts=timeouts) as client:
            now = time.time
            for jump in (-7200, 7200, 1e9):
                patch.setattr(time, "time", lambda jump=jump: now() + jump)
                assert (await client.stream("hi").result()).text == "Hello"
        assert server.connections == 1


MANY = [
    Act(fault="one stream after the other", do=one_after_the_other, note="one connection for all"),
    *(
        promise
        for limit in ("max_concurrent", "max_connections")
        for promise in (
            Act(fault=f"more at once than `{limit}`", do=_no_more_than(limit), note="the others wait"),
            Act(fault=f"many wait in the queue of `{limit}`", do=_in_turn(limit), note="who came first is first"),
            Act(
                fault=f"`{limit}` are open for longer than `connect`",
                do=_all_taken(limit),
                gives=PoolTimeout,
                phase="connect",
                note="it says how many are open, and for how long the oldest has been",
            ),
        )
    ),
]

ELSEWHERE = [
    Act(
        fault="a client is used in one event loop after the other",
        do=in_one_loop_after_the_other,
        twins=ASYNC,
        note="each has connections of its own",
    ),
    Act(
        fault="a client is used in two event loops at once",
        do=in_two_loops_at_once,
        twins=("asyncio",),
        note="likewise",
    ),
]

PACE = [
    Act(fault="the caller is slower than the events", do=slow_reader, note="no more than 64 KiB are read ahead"),
    Act(fault="the caller takes longer over an event than `idle`", do=slow_reader_in_time, note="its time is its own"),
    Act(fault="the caller begins to read long after `total`", do=late_reader, note="its time is its own"),
    Act(fault="the events are slower than the caller", do=fast_reader, note="it waits without working"),
    Act(fault="the system's clock jumps", do=clock_jumps, note="no time-out notices"),
]

TABLE: Mapping[str, list[Promise]] = {
    "Many at once": [*MANY],
    "In other event loops and processes": [*ELSEWHERE],
    "Slow and fast": [*PACE],
}
