"""Waiting, where tests/faults has no row for it: the pace of requests, the last try, the end of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from duologue import (
    APIError,
    ClosedError,
    Limits,
    OverloadedError,
    RetryPolicy,
    StreamTimeout,
    Timeouts,
)
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, head, reply, until_closed
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from tests.kit.twins import Twin

BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json")
QUICK = RetryPolicy(max_retries=3, base_delay=0.001)


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


@pytest.mark.parametrize("closed", [False, True])
async def test_who_waits_no_longer_gives_its_turn_back(
    twin: Twin, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def async_sleep(_: object, seconds: float) -> None:
        sleep(_, seconds)

    def sleep(_: object, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1 and closed:
            getattr(leaving, "stream", leaving)._closed = ClosedError("closed meanwhile")
        elif len(waits) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("duologue._waiting.interrupt.AsyncInterrupt.sleep", async_sleep)
    monkeypatch.setattr("duologue._waiting.interrupt.Interrupt.sleep", sleep)
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server, limits=Limits(requests_per_minute=1)) as client:
            await client.stream("hi").result()
            leaving = client.stream("hi")
            with pytest.raises(ClosedError if closed else KeyboardInterrupt):
                await leaving.result()
            await client.stream("hi").result()
    assert len(waits) == 2
    assert waits[1] <= waits[0] <= 60


async def test_given_up_after_enough_tries(twin: Twin) -> None:
    with ScriptedServer(BUSY) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            with pytest.raises(OverloadedError) as caught:
                await client.stream("hi").result()
            assert caught.value.attempts == len(server.requests) == 4


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


async def test_the_pace_is_held_to_the_total(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server, limits=Limits(requests_per_minute=1), timeouts=Timeouts(total=5)) as client:
            await client.stream("hi").result()
            with pytest.raises(StreamTimeout, match="requests_per_minute") as caught:
                await client.stream("hi").result()
            assert caught.value.phase == "total"


def test_an_api_error_shows_what_matters() -> None:
    error = APIError("no", status_code=418, provider="openai", request_id="req_3")
    assert str(error) == "openai answered 418: no (request req_3)"
