"""What a response's headers say. `headers` is any mapping that is looked up by lower-case names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, overload

T = TypeVar("T")

# Plain digits: no sign, no exponent, no infinity. Ten of them are some three centuries.
_NUMBER = re.compile(r"\d{1,10}(\.\d+)?", re.ASCII)

# Each provider has its own name for it; the first that is there counts.
_REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "apim-request-id",  # Azure, as `x-ms-request-id`
    "x-amzn-requestid",
    "x-debug-trace-id",  # Cohere
    "mistral-correlation-id",
    "x-generation-id",  # OpenRouter
    "x-ms-request-id",
    "x-ds-trace-id",  # DeepSeek
    "msh-request-id",  # Moonshot
    "nvcf-reqid",  # NVIDIA
    "cf-ray",  # whatever stands behind Cloudflare
)


class Headers(Mapping[str, str]):
    """A response's headers by their names, in upper or lower case; several of one name are one, joined with commas
    (RFC 9110, section 5.3)."""

    __slots__ = ("_values",)

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, str] = {}
        for raw_name, raw in headers:
            name, value = raw_name.decode("ascii").lower(), _text(raw)
            self._values[name] = f"{self._values[name]}, {value}" if name in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...
    def get(self, name: str, /, default: Any = None) -> Any:
        """A header's value; a mapping's own way to it takes an exception where there is none."""
        return self._values.get(name.lower(), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({list(self._values)})"


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def request_id(headers: Mapping[str, str]) -> str | None:
    """The provider's id of the request."""
    for name in _REQUEST_IDS:
        if value := headers.get(name):
            return value
    return None


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
    """
    millis = _number(headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    then = date_of(text)
    start = now if now is not None else date_of(headers.get("date", ""))
    if then is None or start is None or then <= start:
        return None
    return then - start


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """What the provider itself says of asking again, where it says it: `x-should-retry` (OpenAI, Anthropic).

    https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py
    """
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None


def date_of(text: str) -> float | None:
    """A date as in the header `Date`, in seconds since 1970."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # RFC 9110 knows no local times.
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
