"""Whether to ask again, and after how long."""

from __future__ import annotations

import random
from typing import Any

import pytest

from duologue import errors
from duologue._core.retry import retry_delay
from duologue.config import RetryPolicy
from duologue.errors import (
    APIError,
    AuthenticationError,
    ClosedError,
    ConnectError,
    ConnectionLost,
    DecodeError,
    DuologueError,
    EmptyResponse,
    LimitExceeded,
    OverloadedError,
    PoolTimeout,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    StreamInterrupted,
    StreamTimeout,
    StreamTruncated,
)

PLAIN = RetryPolicy(jitter=False)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ConnectError("m"), True),
        (ConnectionLost("m"), True),
        (StreamTimeout("m"), True),
        (StreamTruncated("m"), True),
        (StreamInterrupted("m"), True),
        (PoolTimeout("m"), False),
        (DecodeError("m"), False),
        (LimitExceeded("m"), False),
        (ClosedError("m"), False),
        (ConnectError("m", retryable=False), False),
        (RateLimitError("m"), True),
        (OverloadedError("m"), True),
        (ServerError("m"), True),
        (APIError("m"), False),
        (QuotaExceededError("m"), False),
        (RateLimitError("m", status_code=429), True),
        (QuotaExceededError("m", status_code=429), False),
        (AuthenticationError("m", status_code=401), False),
        (ServerError("m", status_code=501), False),
        *[(APIError("m", status_code=status), True) for status in (408, 409, 500, 502, 503, 504, 529)],
        *[(APIError("m", status_code=status), False) for status in (400, 402, 403, 404, 413, 422, 505)],
    ],
    ids=repr,
)
def test_which_errors(error: DuologueError, again: bool) -> None:
    assert (retry_delay(error, 1, PLAIN) is not None) is again


def test_the_policy_names_them() -> None:
    policy = RetryPolicy(jitter=False, retry_on_status=frozenset({418}), retry_on_error=(ConnectionLost,))
    assert retry_delay(APIError("m", status_code=418), 1, policy) is not None
    assert retry_delay(APIError("m", status_code=503), 1, policy) is None
    assert retry_delay(StreamInterrupted("m"), 1, policy) is not None
    assert retry_delay(ConnectError("m"), 1, policy) is None


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        ({}, [0.5, 1, 2, None]),
        ({"max_retries": 0}, [None]),
        ({"max_retries": 1}, [0.5, None]),
        ({"max_retries": 9}, [0.5, 1, 2, 4, 8, 16, 32, 60, 60, None]),
        ({"base_delay": 3, "backoff_factor": 1}, [3, 3, 3, None]),
        ({"base_delay": 0}, [0, 0, 0, None]),
        ({"base_delay": 5, "max_delay": 4}, [4, 4, 4, None]),
    ],
)
def test_back_off(policy: dict[str, Any], delays: list[float | None]) -> None:
    found = [retry_delay(ConnectError("m"), n, RetryPolicy(jitter=False, **policy)) for n in range(1, len(delays) + 1)]
    assert found == delays


def test_an_empty_answer_is_asked_for_once_more() -> None:
    assert retry_delay(EmptyResponse("m"), 1, PLAIN) is not None
    assert retry_delay(EmptyResponse("m"), 2, PLAIN) is None


def test_jitter() -> None:
    draws = iter((0, 0.5, 1))
    assert [retry_delay(ConnectError("m"), 2, RetryPolicy(), lambda: next(draws)) for _ in range(3)] == [0, 0.5, 1]
    random.seed(0)
    drawn = [retry_delay(ConnectError("m"), 3, RetryPolicy()) or 0 for _ in range(500)]
    assert 0 <= min(drawn) < 0.1
    assert 1.9 < max(drawn) <= 2


@pytest.mark.parametrize(("asked", "delay"), [(0, 0), (7, 7), (60, 60), (60.1, None), (3600, None), (None, 0.5)])
@pytest.mark.parametrize("jitter", [True, False])
def test_what_the_provider_asks_for(asked: float | None, delay: float | None, jitter: bool) -> None:
    error = RateLimitError("m", status_code=429, retry_after=asked)
    assert retry_delay(error, 1, RetryPolicy(jitter=jitter), lambda: 1.0) == delay
    assert retry_delay(error, 4, RetryPolicy(jitter=jitter)) is None


@pytest.mark.parametrize(
    ("error", "said", "delay"),
    [
        (RateLimitError("m", status_code=429), False, None),
        (RateLimitError("m", status_code=429, retry_after=7), True, 7),
        (APIError("m", status_code=400), True, 0.5),
        (QuotaExceededError("m", status_code=429), True, 0.5),
        (RateLimitError("m", status_code=429), None, 0.5),
        (ClosedError("m"), True, None),
        (ConnectError("m"), False, 0.5),
    ],
)
def test_what_the_provider_says_of_asking_again(error: DuologueError, said: bool | None, delay: float | None) -> None:
    assert retry_delay(error, 1, PLAIN, said=said) == delay
    assert retry_delay(error, 4, PLAIN, said=said) is None


def test_every_error_class_has_been_thought_of() -> None:
    """Without a status, only what may be better next time."""
    again = {name for name in errors.__all__ if retry_delay(getattr(errors, name)("m"), 1, RetryPolicy()) is not None}
    assert again == {
        "ConnectError",
        "ConnectionLost",
        "EmptyResponse",
        "ProxyError",
        "TLSError",
        "OverloadedError",
        "RateLimitError",
        "ServerError",
        "StreamInterrupted",
        "StreamTimeout",
        "StreamTruncated",
        "TransportError",
    }
