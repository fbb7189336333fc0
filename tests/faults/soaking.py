"""Promises that show only over time: very many streams, cancellations, threads, and what is left when a program ends.

Each function takes how often, and gives what it counted. As rows of the matrix they run a few times; `make soak`
(`tools/soak.py`) runs them as often as the page says.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import random
import subprocess
import sys
import threading
import tracemalloc
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import trio

import duologue
from duologue import StreamInterrupted
from tests.faults.leaving import ASYNC, GOOD, SILENT, client_for
from tests.faults.row import TWINS, Act, Figure
from tests.faults.sharing import WORKERS, echo, many_at_once
from tests.faults.transport import CHUNKED
from tests.kit.server import ScriptedServer, chunk, hang_up, head, pause, wait_for
from tests.kit.wire import DONE, delta

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence

    from tests.faults.row import Promise
    from tests.kit.twins import Twin

KIB = 1024
SEED = 20_240_229  # of the tests; `make soak` takes another one each time
_WARM = 50  # what is loaded, cached and kept by so many is no growth


@attrs.frozen(kw_only=True)
class Soak:
    """A promise that is held for long.

    Args:
        what: what happens over and over, in the words of the page.
        do: does it so often, with this seed, and gives the figures.
        many, few: how often in `make soak`, and in the tests.
        note: what holds.
    """

    what: str
    do: Callable[[Twin, int, int], list[Figure]]
    many: int
    few: int
    note: str
    twins: Sequence[str] = TWINS

    def run(self, twin: Twin, times: int, seed: int) -> list[Figure]:
        """The figures, and what Python and the event loops had to complain about."""
        with _complaints() as heard:
            figures = self.do(twin, times, seed)
            gc.collect()
        return [*figures, Figure(f"complaints{''.join(f' ({words})' for words in heard[:1])}", len(heard), 0)]

    def act(self) -> Act:
        """A row of the matrix."""

        def do(twin: Twin) -> None:
            broken = [figure for figure in self.run(twin, self.few, SEED) if not figure.kept]
            assert not broken, broken

        return Act(fault=self.what, do=do, twins=self.twins, note=self.note)


@contextlib.contextmanager
def _complaints() -> Iterator[list[str]]:
    """What is said in here by warnings, by destructors and threads that fail, and by asyncio."""
    heard: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("asyncio")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("always")
        # From Python 3.12 on, of every fork beside threads, which is what some of these are about.
        warnings.filterwarnings("ignore", ".*use of fork.*may lead to deadlocks", DeprecationWarning)
        patch.setattr(warnings, "showwarning", lambda message, *_, **__: heard.append(str(message)))
        for hook in ((sys, "unraisablehook"), (threading, "excepthook")):
            patch.setattr(*hook, lambda about: heard.append(repr(about.exc_value)))
        log.addHandler(handler)
        try:
            yield heard
        finally:
            log.removeHandler(handler)


# -- one stream after the other ---------------------------------------------------------------------------------------


async def _to_its_end(client: Any) -> None:
    assert (await client.stream("hi").result()).text == "Hello"


async def _left_by_break(client: Any) -> None:
    async for event in client.stream("hi"):
        if event.is_delta:
            break


async def _cut(client: Any) -> None:
    with pytest.raises(StreamInterrupted):
        await client.stream("hi").result()


_CUT = [head(200, CHUNKED), chunk(delta("Hel")), hang_up]
_WAYS: dict[str, tuple[list[Any], Callable[[Any], Awaitable[None]]]] = {
    "read to its end": (GOOD, _to_its_end),
    "left by `break`": (SILENT, _left_by_break),
    "cut": (_CUT, _cut),
}


def _files() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def _streams(way: str) -> Callable[[Twin, int, int], list[Figure]]:
    """So many streams on one client, which has one connection at a time."""
    script, stream = _WAYS[way]

    async def ask(twin: Twin, times: int) -> list[Figure]:
        with ScriptedServer(script) as server:
            counts = await _growth(twin, server, stream, times)
            # The first ones were asked by another client.
            return [*counts, Figure("connections", server.connections, 2)] if script is GOOD else counts

    return lambda twin, times, _: twin.run(lambda: ask(twin, times))


async def _growth(
    twin: Twin, server: ScriptedServer, stream: Callable[[Any], Awaitable[None]], times: int
) -> list[Figure]:
    """What more there is after so many on a client than after a few on another one, each of them closed: memory that
    Python gave out (tracemalloc), and files."""

    async def repeat(count: int) -> int:
        async with client_for(twin, server) as client:
            for _ in range(count):
                await stream(client)
                server.forget()
        return await _settled(twin, server)

    before = await repeat(_WARM)
    tracemalloc.start()
    try:
        files = await repeat(times) - before
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    return [
        Figure("KiB more memory", grown // KIB, min(4095, 256 + times)),
        Figure("more files", files, 0),
        Figure("connections left open", server.open, 0),
    ]


async def _settled(twin: Twin, server: ScriptedServer) -> int:
    """The files that are open when all that was left is closed, on the server's side too."""
    gc.collect()
    await twin.sleep(0.05)
    server.wait_until(lambda seen: seen.open == 0)
    return _files()


# -- cancelled at any moment ------------------------------------------------------------------------------------------

_SLOWLY = [
    part
    for piece in (head(200, CHUNKED), *map(chunk, (delta("Hel"), delta("lo"), delta(finish="stop"), DONE)), chunk(b""))
    for part in (pause(0.001), piece)
]
_LONGEST = 0.02  # seconds; so long do some four of these answers take
_AT_ONCE = 4


async def _in_time(twin: Twin, seconds: float, call: Callable[[], Coroutine[Any, Any, object]]) -> bool:
    """Whether it came to its end before it was cancelled, in the event loop's own way."""
    if twin.name == "trio":
        with trio.move_on_after(seconds) as scope:
            await call()
        return not scope.cancelled_caught
    try:
        async with asyncio.timeout(seconds):
            await call()
    except TimeoutError:
        return False
    return True


async def _cancelled(twin: Twin, times: int, seed: int) -> list[Figure]:
    """So many, some at once in one place: they are cancelled in the queue too."""
    chosen, finished = random.Random(seed), 0
    with ScriptedServer(_SLOWLY) as server:

        async def some(client: Any) -> None:
            async def one() -> None:
                nonlocal finished
                finished += await _in_time(twin, chosen.uniform(0, _LONGEST), client.stream("hi").result)

            await twin.gather(*[one] * _AT_ONCE)
            assert (await client.stream("hi").result()).text == "Hello"  # the place is free each time

        counts = await _growth(twin, server, some, times // _AT_ONCE)
        return [*counts, Figure("not cancelled", finished, (times + _AT_ONCE * _WARM) // 2)]


# -- shared -----------------------------------------------------------------------------------------------------------


def _shared(twin: Twin, times: int, _: int) -> list[Figure]:
    return twin.run(lambda: many_at_once(twin, times))


def _forked(_: Twin, times: int, __: int) -> list[Figure]:
    """The only place is taken when the child comes to be; then both go on at once."""
    if not hasattr(os, "fork"):
        pytest.skip("there is no forking on this system")
    with ScriptedServer(echo) as server:
        with _client_for_both(server) as client, client.stream("parent") as stream:
            next(stream)
            child = os.fork()
            if child == 0:
                wrong = 1
                try:
                    wrong = _ask(client, "child", times)
                finally:
                    os._exit(min(wrong, 255))
            wrong = stream.result().text != "parent"
            wrong += _ask(client, "parent", times)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        used = {who: {one.connection for one in server.requests if who in one.body.decode()} for who in _BOTH}
        return [
            Figure("wrong answers to the parent", wrong, 0),
            Figure("wrong answers to the child", abs(status), 0),
            Figure("connections", len(used["parent"] | used["child"]), 2),
            Figure("connections of both", len(used["parent"] & used["child"]), 0),
        ]


_BOTH = ("parent", "child")


def _client_for_both(server: ScriptedServer) -> duologue.Client:
    """A client with one place for all."""
    limits = duologue.Limits(max_concurrent=1, max_connections=1)
    return duologue.Client("llamacpp:m-1", base_url=server.base_url, limits=limits)


def _ask(client: duologue.Client, who: str, times: int) -> int:
    """Ask so often; how many answers, or ids of them, were somebody else's."""
    wrong = 0
    for number in range(times):
        nonce = f"{who}-{number}"
        with client.stream(nonce) as stream:
            wrong += (stream.result().text, stream.request_id) != (nonce, nonce)
    return wrong


# -- the end of a program ---------------------------------------------------------------------------------------------

# What is registered first runs last: after all that is to be done at the end, other threads have time to go on.
_PROGRAM = """
import atexit, time; atexit.register(time.sleep, 0.1)
import sys, threading, asyncio, trio, duologue
new = dict(base_url=sys.argv[1], model="m")
reading = threading.Event()
kept = []
{read}
{leave}
"""
_READ = {
    "sync": """
def run():
    client = duologue.Client("llamacpp", **new)
    stream = client.stream("hi")
    kept.extend([client, stream])
    for event in stream:
        if event.is_delta:
            reading.set()
            if stop: break
    if close: stream.close(); client.close()
""",
    "async": """
async def main():
    client = duologue.AsyncClient("llamacpp", **new)
    stream = client.stream("hi")
    kept.extend([client, stream])
    async for event in stream:
        if event.is_delta:
            reading.set()
            if stop: break
    if close: await stream.aclose(); await client.aclose()
def run():
    {run}
""",
}
_RUN = {"asyncio": "asyncio.run(main())", "trio": "trio.run(main)"}
_LEAVE = {
    "when a stream is closed": "stop = close = True; run()",
    "when a stream is open": "stop, close = True, False; run()",
    "while a daemon thread reads": (
        "stop = close = False; threading.Thread(target=run, daemon=True).start(); reading.wait()"
    ),
}


def _ended(leave: str) -> Callable[[Twin, int, int], list[Figure]]:
    """The server says nothing more before the program has ended, so it has to end by itself."""

    def do(twin: Twin, times: int, _: int) -> list[Figure]:
        over = threading.Event()
        read = _READ["sync"] if twin.name == "sync" else _READ["async"].format(run=_RUN[twin.name])
        program = _PROGRAM.format(read=read, leave=_LEAVE[leave])
        with ScriptedServer([head(200, CHUNKED), chunk(delta("Hel")), wait_for(over, 120)]) as server:
            try:
                done = [_run(program, server.base_url) for _ in range(times)]
            finally:
                over.set()
        return [
            Figure("exit codes that are not 0", sum(one.returncode != 0 for one in done), 0),
            Figure("lines that are no ResourceWarning", sum(len(_foreign(one.stderr)) for one in done), 0),
        ]

    return do


def _run(program: str, base_url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "default", "-c", program, base_url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ})


def _foreign(said: str) -> list[str]:
    """The lines that are no warning of something that was left open, nor what Python shows with one."""
    return [line for line in said.splitlines() if "ResourceWarning" not in line and not line.startswith("  ")]


SOAKS = [
    *(
        Soak(
            what=f"10,000 streams one after the other, each {way}",
            do=_streams(way),
            many=10_000,
            few=100,
            note=f"less than 4 MiB more memory, no socket left{', one connection for all' if script is GOOD else ''}",
        )
        for way, (script, _) in _WAYS.items()
    ),
    Soak(
        what="1,000 streams, each cancelled at some moment",
        do=lambda twin, times, seed: twin.run(lambda: _cancelled(twin, times, seed)),
        many=1_000,
        few=100,
        twins=ASYNC,
        note="the only place is free again, no socket left, and nobody complains",
    ),
    Soak(
        what=f"{WORKERS} threads or tasks share a client, for 200 streams each",
        do=_shared,
        many=200,
        few=50,
        note="each gets the answer to what it asked",
    ),
    Soak(
        what="a forked child and its parent go on with a client at once, for 200 streams each",
        do=_forked,
        many=200,
        few=5,
        twins=("sync",),
        note="each has its own connection, and the answers to what it asked",
    ),
    *(
        Soak(
            what=f"a program ends {leave}",
            do=_ended(leave),
            many=10,
            few=1,
            note="at once, with exit code 0, and silent but for a `ResourceWarning`",
        )
        for leave in _LEAVE
    ),
]

TABLE: Mapping[str, list[Promise]] = {"Over and over": [soak.act() for soak in SOAKS]}
