"""Closing a stream or a client from another task or thread, and using one in two places."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from duologue import ClosedError, Limits, RetryPolicy
from tests.client.test_client import close, http_client_for
from tests.client.test_stream import client_for
from tests.kit.server import ScriptedServer, reply
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer

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
