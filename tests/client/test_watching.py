"""Watching a stream from another task or thread: how long its reader has waited, and how long nothing has come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from duologue import RetryPolicy
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, head, pause, reply, wait_for
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from tests.kit.twins import Twin

BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json")


async def test_nobody_waits(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            assert (stream.waiting_for, stream.silent_for) == (0, 0)
            async for _ in stream:
                assert (stream.waiting_for, stream.silent_for) == (0, 0)
            assert (stream.waiting_for, stream.silent_for) == (0, 0)


# What the server does, until the test has seen enough, and whether it is heard of in between.
WAITS: dict[str, tuple[list[Any], bool]] = {
    "before the head": ([], False),
    "before the first event": ([head(200, CHUNKED)], False),
    "between events": ([head(200, CHUNKED), chunk(delta("a"))], False),
    "with signs of life": (
        [head(200, CHUNKED), chunk(delta("a")), *[chunk(b": ping\n\n"), pause(0.02)] * 25],
        True,
    ),
}


@pytest.mark.parametrize("case", WAITS)
async def test_somebody_waits(twin: Twin, case: str) -> None:
    script, heard = WAITS[case]
    seen_enough = threading.Event()
    rest = [*map(chunk, answer("b")), chunk(b"")]
    script = [*script, wait_for(seen_enough), *([] if script else [head(200, CHUNKED)]), *rest]
    with ScriptedServer(script) as server:
        async with client_for(twin, server) as client:
            stream, figures = client.stream("hi"), []

            async def read() -> None:
                assert (await stream.result()).text.endswith("b")

            async def watch() -> None:
                while stream.waiting_for < 0.3:
                    await twin.sleep(0.01)
                    figures.append((stream.silent_for, stream.waiting_for))
                seen_enough.set()

            await twin.gather(read, watch)
            silent, waited = figures[-1]
            assert 0 < silent <= waited
            assert (silent < 0.2) is heard
            assert (stream.waiting_for, stream.silent_for) == (0, 0)


async def test_waiting_for_another_try_is_waiting(twin: Twin) -> None:
    with ScriptedServer(BUSY, reply(answer("b"))) as server:
        async with client_for(twin, server, retry=RetryPolicy(base_delay=0.5, jitter=False)) as client:
            stream, most = client.stream("hi"), [0.0]

            async def read() -> None:
                assert (await stream.result()).text == "b"

            async def watch() -> None:
                while not stream.response.complete:
                    most.append(stream.waiting_for)
                    await twin.sleep(0.01)

            await twin.gather(read, watch)
            assert max(most) > 0.4
