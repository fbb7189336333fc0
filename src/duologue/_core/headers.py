"""What a response's headers say. `headers` is any mapping that is looked up by lower-case names."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Plain digits: no sign, no exponent, no infinity. Ten of them are some three centuries.
_NUMBER = re.compile(r"\d{1,10}(\.\d+)?", re.ASCII)

_LIMITS = ("requests", "tokens")
# As Go writes them: 6m0s, 1.5s, 120ms.
_DURATION = re.compile(
    r"(?:(\d{1,4})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?", re.ASCII
)

# Each provider has its own name for it; the first that is there counts.
_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "x-debug-trace-id", "cf-ray")


def request_id(headers: Mapping[str, str]) -> str | None:
    """The provider's id of the request."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def is_final(head: bytes) -> bool:
    """Whether the beginning of what a server says has more in it than interim responses (RFC 9110, section 15.2)."""
    while head.startswith(b"HTTP/1.1 1"):
        head = head.partition(b"\r\n\r\n")[2]
    return bool(head)


def media_type(headers: Mapping[str, str]) -> str:
    """The media type in lower case, without parameters; empty where there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def error_type(headers: Mapping[str, str]) -> str | None:
    """The kind of error, where the provider (AWS) names it in a header: `ValidationException:http://...`, say."""
    return headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2].strip() or None


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The seconds that the provider asks to wait, or None where it says nothing usable.

    `retry-after-ms` (OpenAI, Azure), else `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), the date
    held against `now` (seconds since 1970) or against the response's own `Date`, which no wrong clock here can upset.
    Where neither is there, when the limits that were met are over (OpenAI, Groq).
    """
    millis = _number(headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    if text is None:
        return _reset(headers)
    then = _date(text)
    start = now if now is not None else _date(headers.get("date", ""))
    if then is None or start is None or then <= start:
        return None
    return then - start


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """What the provider itself says of asking again, where it says it: `x-should-retry` (OpenAI, Anthropic).

    https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py
    """
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def _reset(headers: Mapping[str, str]) -> float | None:
    """The seconds until the limits that have nothing left begin anew, by
    https://platform.openai.com/docs/guides/rate-limits"""
    met = [kind for kind in _LIMITS if headers.get(f"x-ratelimit-remaining-{kind}", "0") == "0"]
    waits = [_duration(headers.get(f"x-ratelimit-reset-{kind}", "")) for kind in met]
    return max((wait for wait in waits if wait is not None), default=None)


def _duration(text: str) -> float | None:
    found = _DURATION.fullmatch(text)
    if not text or not found:
        return None
    return sum(float(part) * unit for part, unit in zip(found.groups("0"), (3600, 60, 1, 0.001), strict=True))


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None


def _date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # RFC 9110 knows no local times.
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
