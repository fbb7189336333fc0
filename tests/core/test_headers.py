"""What a response's headers say."""

from __future__ import annotations

import pytest

from duologue._core.headers import media_type, request_id, retry_after, should_retry
from duologue._core.retry import retry_delay
from duologue.config import RetryPolicy
from duologue.errors import RateLimitError
from tests.kit.corpora import Vector, each

# Where we differ from a source on purpose.
_DIFFERENT = {
    "openai-python-retry/01": "0 is an answer (RFC 9110, section 10.2.3): come back at once",
    "openai-python-retry/13": "a delay over the cap is not made shorter: the error is the answer, retry_after in it",
    "anthropic-python-retry/04": "a delay over the cap is not made shorter: the error is the answer, retry_after in it",
    "urllib3/sleep-4": "a date that is now asks for nothing, so the back-off holds",
}
# Its cap is 120 s; ours is RetryPolicy.max_delay, which is set to that here.
_CAP = {"openai-python-retry": 120.0, "anthropic-python-retry": 60.0, "urllib3": 1e9}


@each("retry_after")
def test_vectors(vector: Vector) -> None:
    asked = retry_after(vector["headers"], vector.get("now_unix"))
    policy = RetryPolicy(max_retries=3, max_delay=_CAP[vector["source"]], jitter=False)
    attempts = 1 + vector.get("max_retries", 3) - vector.get("remaining_retries", 3)
    delay = retry_delay(RateLimitError("m", status_code=429, retry_after=asked), attempts, policy)
    if vector.get("invalid"):
        agrees = asked is None
    elif "expected_retry" in vector:
        agrees = (delay is not None) is vector["expected_retry"]
    else:
        agrees = delay is not None and abs(delay - vector["expected_delay_s"]) <= vector["tolerance_s"]
    assert agrees is (vector["name"] not in _DIFFERENT)


NOW = 1_696_004_797.0  # Fri, 29 Sep 2023 16:26:37 GMT


@pytest.mark.parametrize(
    ("headers", "now", "seconds"),
    [
        ({}, None, None),
        ({"retry-after": "20"}, None, 20),
        ({"retry-after": "1.5"}, None, 1.5),
        ({"retry-after": "0"}, None, 0),
        ({"retry-after": ""}, None, None),
        ({"retry-after": "-1"}, None, None),
        ({"retry-after": "+1"}, None, None),
        ({"retry-after": "1e3"}, None, None),
        ({"retry-after": "1_000"}, None, None),
        ({"retry-after": "٣"}, None, None),
        ({"retry-after": "nan"}, None, None),
        ({"retry-after": "inf"}, None, None),
        ({"retry-after": "1" + "0" * 35}, None, None),
        ({"retry-after": "9" * 5000}, None, None),
        ({"retry-after-ms": "1500"}, None, 1.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, None, 360),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, None, 3723.5),
        ({"x-ratelimit-reset-requests": "120ms", "x-ratelimit-reset-tokens": "1.5s"}, None, 1.5),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-remaining-requests": "0"}, None, 1),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-remaining-requests": "5"}, None, None),
        ({"x-ratelimit-reset-requests": "soon"}, None, None),
        ({"x-ratelimit-reset-requests": ""}, None, None),
        ({"x-ratelimit-reset-requests": "-1s"}, None, None),
        ({"x-ratelimit-reset-requests": "7s", "retry-after": "2"}, None, 2),
        ({"retry-after-ms": "1500", "retry-after": "9"}, None, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, None, 9),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:57 GMT"}, NOW, 20),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:57 GMT", "date": "Fri, 29 Sep 2023 16:26:47 GMT"}, None, 10),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:57 GMT", "date": "Fri, 29 Sep 2023 16:26:47 GMT"}, NOW, 20),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:57 -0000"}, NOW, 20),
        ({"retry-after": "Fri, 29 Sep 2023 18:26:57 +0200"}, NOW, 20),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:57"}, NOW, 20),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:57 GMT"}, None, None),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:57 GMT", "date": "today"}, None, None),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:37 GMT"}, NOW, None),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:27 GMT"}, NOW, None),
        ({"retry-after": "Fri, 99 Sep 2023 16:26:27 GMT"}, NOW, None),
        ({"retry-after": "Fri, 29 Sep 2023 16:26:27 +9999999999999999999"}, NOW, None),
        ({"retry-after": "tomorrow"}, NOW, None),
    ],
)
def test_retry_after(headers: dict[str, str], now: float | None, seconds: float | None) -> None:
    assert retry_after(headers, now) == seconds


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, None),
        ({"x-request-id": ""}, None),
        ({"x-request-id": "a", "cf-ray": "b"}, "a"),
        ({"x-request-id": "", "request-id": "c"}, "c"),
        ({"cf-ray": "b"}, "b"),
        ({"x-debug-trace-id": "d"}, "d"),
    ],
)
def test_request_id(headers: dict[str, str], found: str | None) -> None:
    assert request_id(headers) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, ""), ("", ""), ("Text/HTML; charset=utf-8", "text/html"), (" application/json ;x", "application/json")],
)
def test_media_type(value: str | None, found: str) -> None:
    assert media_type({} if value is None else {"content-type": value}) == found


@pytest.mark.parametrize(
    ("value", "said"),
    [("true", True), ("false", False), (" TRUE ", True), ("1", None), ("", None), (None, None)],
)
def test_should_retry(value: str | None, said: bool | None) -> None:
    assert should_retry({} if value is None else {"x-should-retry": value}) is said
