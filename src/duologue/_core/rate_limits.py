"""What a response's headers say of the provider's rate limits. `headers` is any mapping with lower-case names.

With each answer most providers tell how much of each limit remains, and when it is all there again:

- `x-ratelimit-remaining-tokens: 0` and `x-ratelimit-reset-tokens: 6m0s`, `17.28s`, `120ms`: OpenAI, Groq
- the same in milliseconds without a unit beside `x-ratelimit-renewalperiod-tokens`, or in seconds as
  `x-rate-limit-reset-tokens`, with no word of what remains: Azure
- `...-tokens-minute` and others in seconds: Cerebras; `ratelimitbysize-...`, or without a reset: Mistral
- `x-ratelimit-reset` in seconds, and `x-tokenlimit-...`: Together; in milliseconds since 1970: OpenRouter
- `anthropic-ratelimit-tokens-remaining` and `...-reset` as a date (RFC 3339): Anthropic

So they are told by the words `limit`, `remaining` and `reset` in their names, and not by whole names.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from duologue._core.headers import date_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_DURATION = re.compile(r"(?:\d{1,10}(?:\.\d{1,10})?(?:ms|[dhms]))+", re.ASCII)
_PART = re.compile(r"(\d{1,10}(?:\.\d{1,10})?)(ms|[dhms])", re.ASCII)
# No limit is reset in thirty years: larger numbers are seconds since 1970, and still larger ones milliseconds.
_SINCE_1970, _MILLISECONDS = 1e9, 1e12


def until_reset(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The seconds until there is something again of all that is said to be used up: 0 where nothing is, None where
    nothing is said of it. `now` is in seconds since 1970, by default the response's own `Date`."""
    remaining = _said(headers, "remaining")
    if not remaining:
        return None
    resets = _resets(headers, now)
    return max((resets.get(limit, 0.0) for limit, left in remaining.items() if left < 1), default=0.0)


def refusal_ends(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The same of a refused request, where a limit of which it is not said how much remains may be the one; None where
    they do not tell."""
    remaining = _said(headers, "remaining")
    resets = [after for limit, after in _resets(headers, now).items() if remaining.get(limit, 0) < 1]
    return max(resets, default=None)


def _said(headers: Mapping[str, str], word: str) -> dict[str, float]:
    numbers = ((limit, _number(value)) for limit, value in _limits(headers, word))
    return {limit: number for limit, number in numbers if number is not None}


def _resets(headers: Mapping[str, str], now: float | None) -> dict[str, float]:
    """The seconds until each limit is as new, by its name; without those that are now, or were."""
    start = now if now is not None else date_of(headers.get("date", ""))
    periods = dict(_limits(headers, "renewalperiod"))
    times = (
        (limit, _seconds(value, start, 0.001 if limit in periods else 1.0))
        for limit, value in _limits(headers, "reset")
    )
    return {limit: seconds for limit, seconds in times if seconds is not None and seconds > 0}


def _limits(headers: Mapping[str, str], word: str) -> list[tuple[str, str]]:
    """Values by the names of their limits, which are what is left of the header's name without the word."""
    found = []
    for name, value in headers.items():
        words = name.split("-")
        if word in words and "limit" in name:
            words.remove(word)
            found.append(("-".join(words), value))
    return found


def _seconds(text: str, now: float | None, unit: float) -> float | None:
    number = _number(text)
    if number is not None and number < _SINCE_1970:
        return number * unit
    if _DURATION.fullmatch(text):
        return sum(float(amount) * _UNITS[name] for amount, name in _PART.findall(text))
    then = _date(text) if number is None else number if number < _MILLISECONDS else number / 1000
    return None if then is None or now is None else then - now


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _date(text: str) -> float | None:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
