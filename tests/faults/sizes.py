"""Table A2, sizes: what is very long, or has no end."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from duologue import LimitExceeded, OverloadedError, ProtocolError, StreamTruncated
from tests.dialects.reading import SSE, open_exchange
from tests.faults.leaving import client_for, on_its_loop
from tests.faults.row import TWINS, Act, Row, limits
from tests.faults.transport import BEGUN, CHUNKED
from tests.kit.server import ScriptedServer, chunk, head, over_and_over, reply
from tests.kit.wire import DONE, delta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.faults.row import Promise
    from tests.kit.twins import Twin

MIB = 1024 * 1024


def _too_much(fault: str, limit: str, most: int, *steps: Any, kept: str = "Hel") -> Row:
    def holds(error: Any) -> None:
        assert error.limit == limit

    return Row(
        fault=fault,
        server=[[*BEGUN, *steps]],
        client={"limits": limits(**{limit: most})},
        gives=LimitExceeded,
        phase="stream",
        kept=kept,
        holds=holds,
        note=f"`{limit}`",
    )


@cache
def _squeezed() -> bytes:
    return gzip.compress(b"data: " + bytes(64 * MIB), 9)


def _bomb(status: int = 200) -> list[Any]:
    """64 MiB of one event, in a thousandth of that."""
    assert len(_squeezed()) * 1000 < 64 * MIB
    return reply(_squeezed(), status, content_encoding="gzip")


def _nested(encoding: str) -> list[Any]:
    """The same in a thousandth of a thousandth, as far as that goes."""
    return reply(gzip.compress(_squeezed(), 9), content_encoding=encoding)


def _kept_short(error: Any) -> None:
    assert len(error.body) <= 4096
    assert len(str(error)) < 2000


LINE = b"x" * 65536
# Short lines take the most memory, as objects.
ENDLESS = {
    "a line without an end": LINE,
    "an event without an end": b"data: ab\n" * 7281,
    "an event of empty lines without an end": b"data:\n" * 10922,
}

LIMITS = [
    *(_too_much(fault, "max_event_bytes", MIB, over_and_over(chunk(data))) for fault, data in ENDLESS.items()),
    _too_much("more bytes than allowed", "max_bytes", MIB, over_and_over(chunk(b": ping\n\n" * 8192))),
    _too_much("more events than allowed", "max_events", 5, over_and_over(chunk(delta("l"))), kept="Hellll"),
    Row(
        fault="a bomb: few bytes of gzip that stand for very many",
        server=[lambda _: _bomb()],
        client={"limits": limits(max_event_bytes=MIB)},
        gives=LimitExceeded,
        phase="stream",
        note="`max_event_bytes`; no more is unpacked than that",
    ),
    Row(
        fault="a bomb inside a bomb: gzip, and gzip again",
        server=[lambda _: _nested("gzip, gzip")],
        gives=ProtocolError,
        phase="stream",
        note="an encoding that was not asked for is not unpacked at all",
    ),
    Row(
        fault="a bomb inside a bomb, of which the head names one",
        server=[lambda _: _nested("gzip")],
        client={"limits": limits(max_event_bytes=MIB)},
        gives=StreamTruncated,
        phase="stream",
        again=True,
        note="it is unpacked once",
    ),
    Row(
        fault="a bomb in place of an error's body",
        server=[lambda _: _bomb(503)],
        gives=OverloadedError,
        phase="response",
        again=True,
        note="4 KiB of it are kept",
        holds=_kept_short,
    ),
]

# -- memory -----------------------------------------------------------------------------------------------------------


_IN_HAND = MIB // 2  # for the client, and the lines of what has just been read


def _peak(work: Callable[[], None]) -> int:
    """The most bytes that some work has in hand, once all that it loads is loaded."""
    work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _endless(data: bytes) -> Callable[[Twin], None]:
    """The memory for what is never an event is bounded, through the whole client."""
    limit = MIB

    def act(twin: Twin) -> None:
        with ScriptedServer([*BEGUN[:2], over_and_over(chunk(data))]) as server:

            async def ask() -> None:
                async with client_for(twin, server, limits=limits(max_event_bytes=limit)) as client:
                    async for event in client.stream("hi", raise_errors=False):
                        assert not event.is_done

            assert _peak(lambda: twin.run(ask)) < 2 * limit + _IN_HAND

    return act


def bomb(twin: Twin) -> None:
    """Nor is more unpacked than that."""
    limit = MIB
    with ScriptedServer(_bomb()) as server:

        async def ask() -> None:
            async with client_for(twin, server, limits=limits(max_event_bytes=limit)) as client:
                [event] = [event async for event in client.stream("hi", raise_errors=False)]
                assert isinstance(event.error, LimitExceeded)

        assert _peak(lambda: twin.run(ask)) < 2 * limit + _IN_HAND


_BOUNDED = "no more than twice `max_event_bytes` is held"
MEMORY = [
    *(
        Act(
            fault=f"{fault}: the memory for it",
            do=_endless(data),
            twins=TWINS if data is LINE else ("sync",),  # the reader of lines is the same for all
            gives=LimitExceeded,
            kept="Hel",
            note=_BOUNDED,
        )
        for fault, data in list(ENDLESS.items())[:2]
    ),
    Act(fault="a bomb: the memory for it", do=bomb, gives=LimitExceeded, note=_BOUNDED),
]

# -- time, counted in operations --------------------------------------------------------------------------------------


def _operations(work: Callable[[], None]) -> int:
    """How many calls some work makes, of Python's own functions too."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event.endswith("call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def _long_event(size: int, pieces: int) -> Iterator[bytes]:
    event = delta("x" * size)
    step = len(event) // pieces + 1
    yield from (event[place : place + step] for place in range(0, len(event), step))


def _read(size: int, pieces: int) -> None:
    exchange = open_exchange()
    exchange.begin(200, SSE)
    events = [event for piece in _long_event(size, pieces) for event in exchange.feed(piece)]
    assert [len(event.text) for event in events] == [0, size]


def in_linear_time(_: Twin) -> None:
    """Twice as many pieces take twice as many operations, and none of them goes over what has come before."""
    few, many = (_operations(partial(_read, MIB, pieces)) for pieces in (10_000, 20_000))
    assert many < 2.1 * few


@on_its_loop
async def very_long(twin: Twin) -> None:
    """An image, say."""
    size = 64 * MIB - 1000
    body = [head(200, CHUNKED), chunk(delta("x" * size)), chunk(delta(finish="stop")), chunk(DONE), chunk(b"")]
    with ScriptedServer(body) as server:
        async with client_for(twin, server) as client:
            assert len((await client.stream("hi").result()).text) == size


LONG = [
    Act(fault="an event of 64 MiB", do=very_long, note="taken, as long as `max_event_bytes` allows it"),
    Act(
        fault="an event in 20,000 pieces",
        do=in_linear_time,
        twins=("sync",),
        note="the work grows with its length, not with its square",
    ),
]

TABLE: Mapping[str, list[Promise]] = {"Sizes": [*LIMITS, *MEMORY, *LONG]}
