"""Table A3: being cancelled, or interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio

import duologue
from duologue import PoolTimeout, RetryPolicy, Timeouts
from tests.faults import places
from tests.faults.leaving import GOOD, ONE, SILENT, assert_free, client_for, on_its_loop, only
from tests.faults.row import Act, Place, Row, scripted
from tests.faults.transport import BEGUN, CHUNKED
from tests.kit.server import ScriptedServer, chunk, head, reply, until_closed
from tests.kit.twins import collect
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping

    from tests.faults.row import Promise
    from tests.kit.twins import Twin

ASYNC = ("asyncio", "trio")
BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json")


class Steps:
    """Awaits something, and calls `cancel` at its step `at`."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], at: int, cancel: Callable[[], object]) -> None:
        self._inner = coroutine.__await__()
        self._at = at
        self._cancel = cancel
        self.taken = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        go, given = self._inner.send, None
        while True:
            try:
                waits_for = go(given)
            except StopIteration as end:
                return end.value
            self.taken += 1
            if self.taken == self._at:
                self._cancel()
            try:
                go, given = self._inner.send, (yield waits_for)
            except BaseException as reason:  # noqa: BLE001 - handed on to where it belongs
                go, given = self._inner.throw, reason


async def cancelled_at(twin: Twin, step: int, call: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
    """Cancel a call at one of its steps; whether it took as many."""
    if twin.name == "trio":
        with trio.CancelScope() as scope:
            await Steps(call(), step, scope.cancel)
        return scope.cancel_called
    taken = 0

    async def run() -> None:
        nonlocal taken
        task = asyncio.current_task()
        assert task is not None
        steps = Steps(call(), step, task.cancel)
        try:
            await steps
        finally:
            taken = steps.taken

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    if taken < step:
        await task
        return False
    assert task.cancelled(), "a cancellation was swallowed"
    return True


# -- at every step ----------------------------------------------------------------------------------------------------

NOTHING = Row(fault="none")
_MOST = 200


@contextlib.contextmanager
def _by_name(_: Row) -> Iterator[Place]:
    """A server with a name."""
    with scripted(NOTHING) as place, places.resolver({"127.0.0.1"}):
        assert place.server is not None
        yield Place(place.server, {"base_url": f"http://{places.NAME}:{place.server.port}/v1", **places.NAMED})


def _at_every_step(
    where: Callable[[Row], contextlib.AbstractContextManager[Place]], most: int = 200
) -> Callable[[Twin], None]:
    """Cancel at the first step, at the second, and so on until the answer is there before. Each on a new connection,
    and each time the next call gets its answer in the same place."""

    async def act(twin: Twin) -> None:
        with where(NOTHING) as place:
            assert place.server is not None
            for step in range(1, _MOST):
                async with client_for(twin, place.server, **place.client) as client:
                    stream = client.stream("hi")
                    cancelled = await cancelled_at(twin, step, stream.result)
                    assert (await client.stream("hi").result()).text == "Hello"
                assert place.server.wait_until(lambda seen: seen.open == 0)
                if not cancelled:
                    assert stream.response.text == "Hello"
                    return
            raise AssertionError(f"more than {_MOST} steps")

    return on_its_loop(act)


@on_its_loop
async def between_tries(twin: Twin) -> None:
    """Two tries and the wait between them."""
    retry = RetryPolicy(base_delay=0.001, jitter=False)
    cancelled, step = True, 0
    with ScriptedServer(GOOD) as server:
        while cancelled:
            step += 1
            server.restart(BUSY, GOOD)
            async with client_for(twin, server, retry=retry) as client:
                cancelled = await cancelled_at(twin, step, client.stream("hi").result)
                assert (await client.stream("hi").result()).text == "Hello"
    assert step > 5


def _in_a_queue(limit: str) -> Callable[[Twin], None]:
    """Another stream has the only place, until the time for connecting is over."""

    async def act(twin: Twin) -> None:
        limits = only(limit, 1)
        with ScriptedServer(SILENT) as server:
            async with client_for(twin, server, limits=limits, timeouts=Timeouts(connect=0.2)) as client:
                async with client.stream("hold") as held:
                    await anext(aiter(held))
                    cancelled, step = True, 0
                    while cancelled:
                        step += 1
                        with contextlib.suppress(PoolTimeout):
                            cancelled = False
                            cancelled = await cancelled_at(twin, step, client.stream("hi").result)
                assert step > 1
                await assert_free(server, client)

    return on_its_loop(act)


# -- by the caller's own timeout --------------------------------------------------------------------------------------

SILENCES: dict[str, list[Any]] = {
    "the head": [until_closed],
    "the first event": [head(200, CHUNKED), until_closed],
    "the next event": SILENT,
    "the last chunk": [head(200, CHUNKED), *map(chunk, answer("Hel", "lo")), until_closed],
    "another try": reply(b"{}", 503, "application/json", retry_after="20"),
}


def _out_of_time(waits_for: str) -> Callable[[Twin], None]:
    async def act(twin: Twin) -> None:
        with ScriptedServer(SILENCES[waits_for]) as server:
            async with client_for(twin, server) as client:
                stream = client.stream("hi")
                if twin.name == "asyncio":
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await stream.result()
                else:
                    with pytest.raises(trio.TooSlowError), trio.fail_after(0.05):
                        await stream.result()
                # What had arrived is not lost: here that is the end itself.
                left = [event.type for event in await collect(stream)]
                assert left == (["done"] if waits_for == "the last chunk" else [])
                server.script = [SILENT]
                with anyio.CancelScope() as scope:
                    async with client.stream("hi") as stream:
                        async for event in stream:
                            if event.is_delta:  # it is there; now for the next
                                scope.deadline = anyio.current_time() + 0.05
                assert scope.cancelled_caught
                assert stream.response.text == "Hel"
                await assert_free(server, client)

    return on_its_loop(act)


# -- by Ctrl-C --------------------------------------------------------------------------------------------------------


class Interrupter:
    """Sends SIGINT to the main thread, a moment after it is told to."""

    def __init__(self) -> None:
        self.now = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        main = threading.main_thread().ident
        assert main is not None
        assert self.now.wait(10)
        time.sleep(0.05)
        signal.pthread_kill(main, signal.SIGINT)

    def join(self) -> None:
        """It has been sent."""
        self._thread.join(10)


def _ctrl_c_after(events: int) -> Callable[[Twin], None]:
    def act(_: Twin) -> None:
        script = [head(200, CHUNKED), *[chunk(delta("x"))] * (events - 1), until_closed]
        with (
            ScriptedServer(script if events else [until_closed]) as server,
            duologue.Client("llamacpp:m-1", base_url=server.base_url, limits=ONE) as client,
        ):
            interrupter, stream, seen = Interrupter(), client.stream("hi"), 0
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the signal is to come in here
                while True:
                    if seen == events:
                        interrupter.now.set()
                    next(stream)
                    seen += 1
            interrupter.join()
            assert seen == events
            assert list(stream) == []
            assert server.wait_until(lambda found: found.open == 0)
            server.script = [GOOD]
            assert client.stream("hi").result().text == "Hello"

    return act


def ctrl_c_between_tries(_: Twin) -> None:
    """It waits for another try."""
    interrupter = Interrupter()
    retry = RetryPolicy(base_delay=60, jitter=False, on_retry=lambda *_: interrupter.now.set())
    with (
        ScriptedServer(BUSY) as server,
        duologue.Client("llamacpp:m-1", base_url=server.base_url, limits=ONE, retry=retry) as client,
    ):
        with pytest.raises(KeyboardInterrupt):
            client.stream("hi").result()
        interrupter.join()
        server.script = [GOOD]
        assert client.stream("hi").result().text == "Hello"


def _ctrl_c_in_a_queue(limit: str) -> Callable[[Twin], None]:
    def act(_: Twin) -> None:
        with (
            ScriptedServer(SILENT) as server,
            duologue.Client("llamacpp:m-1", base_url=server.base_url, limits=only(limit, 1)) as client,
        ):
            interrupter = Interrupter()
            with client.stream("hold") as held:
                next(held)
                interrupter.now.set()
                with pytest.raises(KeyboardInterrupt):
                    client.stream("hi").result()
            interrupter.join()
            assert server.wait_until(lambda found: found.open == 0)
            server.script = [GOOD]
            assert client.stream("hi").result().text == "Hello"

    return act


def ctrl_c_in_a_loop(twin: Twin) -> None:
    """The loop makes it a cancellation, and then an interruption again."""
    with ScriptedServer([*BEGUN, until_closed]) as server:
        interrupter = Interrupter()

        async def main() -> None:
            async with client_for(twin, server) as client:
                async for event in client.stream("hi"):
                    if event.is_delta:
                        server.told.set()
                        interrupter.now.set()

        with pytest.raises(KeyboardInterrupt):
            twin.run(main)
        interrupter.join()
        assert server.wait_until(lambda found: found.open == 0)


UNCHANGED = "it goes on unchanged; closed, and its place is free"

CANCELLED = [
    Act(fault="at any step, to a server with a name", do=_at_every_step(_by_name), twins=ASYNC, note=UNCHANGED),
    Act(fault="at any step, over TLS", do=_at_every_step(places.certified()), twins=ASYNC, note=UNCHANGED),
    Act(fault="at any step, through a proxy", do=_at_every_step(places.through_tunnel), twins=ASYNC, note=UNCHANGED),
    Act(fault="at any step of two tries", do=between_tries, twins=ASYNC, note=UNCHANGED),
    *(
        Act(fault=f"while it waits in the queue of `{limit}`", do=_in_a_queue(limit), twins=ASYNC, note=UNCHANGED)
        for limit in ("max_concurrent", "max_connections")
    ),
    *(
        Act(
            fault=f"`asyncio.timeout`, `trio.fail_after` or `anyio.move_on_after` end while it waits for {waits_for}",
            do=_out_of_time(waits_for),
            twins=ASYNC,
            note="the caller's own error; closed, and its place is free",
        )
        for waits_for in SILENCES
    ),
]

INTERRUPTED = [
    *(
        Act(fault=f"Ctrl-C after {events} events", do=_ctrl_c_after(events), twins=("sync",), note=UNCHANGED)
        for events in (0, 2, 3, 4)
    ),
    Act(fault="Ctrl-C before another try", do=ctrl_c_between_tries, twins=("sync",), note=UNCHANGED),
    *(
        Act(fault=f"Ctrl-C in the queue of `{limit}`", do=_ctrl_c_in_a_queue(limit), twins=("sync",), note=UNCHANGED)
        for limit in ("max_concurrent", "max_connections")
    ),
    Act(fault="Ctrl-C in an event loop", do=ctrl_c_in_a_loop, twins=ASYNC, note=UNCHANGED),
]

TABLE: Mapping[str, list[Promise]] = {"Being cancelled": [*CANCELLED], "Being interrupted": [*INTERRUPTED]}
