"""The provider's rate limits: how long a refused request waits, and what the headers of good answers are heeded for."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from duologue import ClosedError, Limits, RateLimitError, RetryPolicy, Timeouts
from tests.client.test_stream import client_for
from tests.kit.server import ScriptedServer, reply
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer

HEED = Limits(wait_for_reset=True)
EMPTY = {"x_ratelimit_remaining_requests": "9", "x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "20s"}


def answered(**headers: Any) -> list[Any]:
    return reply(answer("x"), **headers)


def refused(**headers: Any) -> list[Any]:
    return reply(b'{"error": {"message": "slow down"}}', 429, "application/json", **headers)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    found: list[float] = []

    async def async_sleep(_: object, seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("duologue._async.stream.AsyncInterrupt.sleep", async_sleep)
    monkeypatch.setattr("duologue._sync.stream.Interrupt.sleep", lambda _, seconds: found.append(seconds))
    return found


# The headers of a 429, and the wait: what was asked for, None where that is too long, `own` for the back-off.
REFUSALS: dict[str, tuple[dict[str, str], float | str | None]] = {
    "seconds": ({"retry_after": "7"}, 7),
    "a fraction": ({"retry_after": "1.5"}, 1.5),
    "milliseconds": ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
    "a date": ({"retry_after": "Fri, 29 Sep 2023 16:26:57 GMT", "date": "Fri, 29 Sep 2023 16:26:47 GMT"}, 10),
    "as much as is allowed": ({"retry_after": "60"}, 60),
    "more than is allowed": ({"retry_after": "61"}, None),
    "a date too far off": (
        {"retry_after": "Fri, 29 Sep 2023 17:26:57 GMT", "date": "Fri, 29 Sep 2023 16:26:47 GMT"},
        None,
    ),
    "negative": ({"retry_after": "-5"}, "own"),
    "signed": ({"retry_after": "+1"}, "own"),
    "not a number": ({"retry_after": "nan"}, "own"),
    "for ever": ({"retry_after": "inf"}, "own"),
    "for longer than that": ({"retry_after": "1" + "0" * 35}, "own"),
    "a date that is over": (
        {"retry_after": "Fri, 29 Sep 2023 16:26:37 GMT", "date": "Fri, 29 Sep 2023 16:26:47 GMT"},
        "own",
    ),
    "nothing": ({}, "own"),
    "until the reset": (EMPTY, 20),
    "before the reset": ({**EMPTY, "retry_after": "3"}, 3),
    "a reset for want of something usable": ({**EMPTY, "retry_after": "soon"}, 20),
    "a reset too far off": ({**EMPTY, "x_ratelimit_reset_tokens": "1h"}, None),
    "a reset of what is not used up": ({**EMPTY, "x_ratelimit_remaining_tokens": "5"}, "own"),
    "a reset that makes no sense": ({**EMPTY, "x_ratelimit_reset_tokens": "-20s"}, "own"),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal(twin: Twin, case: str, waits: list[float]) -> None:
    headers, wait = REFUSALS[case]
    retry = RetryPolicy(base_delay=0.5, jitter=False)
    with ScriptedServer(refused(**headers), answered()) as server:
        async with client_for(twin, server, retry=retry) as client:
            if wait is None:
                with pytest.raises(RateLimitError) as caught:
                    await client.stream("hi").result()
                assert caught.value.retry_after is not None
                assert caught.value.retry_after > 60
                assert (waits, len(server.requests)) == ([], 1)
            else:
                await client.stream("hi").result()
                assert (waits, len(server.requests)) == ([0.5 if wait == "own" else wait], 2)


async def test_other_statuses_do_not_ask_the_limits(twin: Twin, waits: list[float]) -> None:
    busy = reply(b"{}", 503, "application/json", **EMPTY)
    with ScriptedServer(busy, answered()) as server:
        async with client_for(twin, server, retry=RetryPolicy(jitter=False)) as client:
            await client.stream("hi").result()
    assert waits == [0.5]


async def test_the_next_request_waits_for_the_reset(
    twin: Twin, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="duologue")
    with ScriptedServer(answered(**EMPTY), answered()) as server:
        async with client_for(twin, server, limits=HEED) as client:
            await client.stream("hi").result()
            assert waits == []
            await client.stream("hi", model="other").result()
            assert waits == [], "a limit is one model's"
            await client.stream("hi").result()
            assert len(waits) == 1
            assert 19 < waits[0] <= 20
    lines = [message for message in caplog.messages if "waited=" in message]
    assert lines == [caplog.messages[-1]]
    assert f"waited={waits[0]:.3f}" in lines[0]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**EMPTY, "x_ratelimit_remaining_tokens": "1"},
        {**EMPTY, "x_ratelimit_reset_tokens": "0s"},
        {**EMPTY, "x_ratelimit_reset_tokens": "61s"},  # longer than a refused one would wait
        {**EMPTY, "x_ratelimit_reset_tokens": "later"},
    ],
    ids=str,
)
async def test_nothing_to_wait_for(twin: Twin, waits: list[float], headers: dict[str, str]) -> None:
    with ScriptedServer(answered(**headers)) as server:
        async with client_for(twin, server, limits=HEED) as client:
            for _ in range(2):
                await client.stream("hi").result()
    assert waits == []


async def test_the_latest_word_counts(twin: Twin, waits: list[float]) -> None:
    """One that was on its way tells that something remains; an answer without a word changes nothing."""
    more = answered(**{**EMPTY, "x_ratelimit_remaining_tokens": "7"})
    with ScriptedServer(answered(**EMPTY), answered(), more, answered()) as server:
        async with client_for(twin, server, limits=HEED) as client:
            for _ in range(4):
                await client.stream("hi").result()
    assert len(waits) == 2


async def test_not_by_itself(twin: Twin, waits: list[float]) -> None:
    with ScriptedServer(answered(**EMPTY)) as server:
        async with client_for(twin, server) as client:
            for _ in range(2):
                await client.stream("hi").result()
    assert waits == []


async def test_what_the_total_does_not_allow_is_tried_at_once(twin: Twin, waits: list[float]) -> None:
    with ScriptedServer(answered(**EMPTY)) as server:
        async with client_for(twin, server, limits=HEED, timeouts=Timeouts(total=10)) as client:
            for _ in range(2):
                assert (await client.stream("hi").result()).complete
    assert waits == []


async def test_both_limits(twin: Twin, waits: list[float]) -> None:
    limits = Limits(requests_per_minute=1, wait_for_reset=True)
    with ScriptedServer(answered(**EMPTY)) as server:
        async with client_for(twin, server, limits=limits) as client:
            for _ in range(2):
                await client.stream("hi").result()
    assert len(waits) == 1
    assert 59 < waits[0] <= 60


@pytest.mark.parametrize("limits", [HEED, Limits(requests_per_minute=1)], ids=["reset", "pace"])
async def test_closing_ends_the_wait(twin: Twin, limits: Limits) -> None:
    with ScriptedServer(answered(**EMPTY)) as server:
        async with client_for(twin, server, limits=limits) as client:
            await client.stream("hi").result()
            stream, seen = client.stream("hi", raise_errors=False), []

            async def read() -> None:
                seen.extend(await collect(stream))

            async def close() -> None:
                await twin.sleep(0.1)
                await stream.aclose()

            await twin.gather(read, close)
            assert [type(event.error) for event in seen] == [ClosedError]
            assert len(server.requests) == 1
