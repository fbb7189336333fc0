"""What an event or a reply that is no answer means."""

from __future__ import annotations

import re
from typing import Any

from duologue._dialects.api_errors import api_error
from duologue._json import loads
from duologue.errors import DecodeError

# How long OpenAI asks to wait, in an event, which has no headers: "Please try again in 1m2.5s", or in 20ms.
_DELAY = re.compile(r"try again in (?:([0-9]{1,6})m)?(?:([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s))")
_SECONDS = {"s": 1.0, "ms": 0.001}


def named_error(data: str) -> Exception:
    """An event that calls itself an error is one, whatever it looks like."""
    try:
        payload = loads(data)
    except DecodeError:
        payload = data
    return error_event(payload)


def error_event(payload: Any) -> Exception:
    """What an event that tells of an error, or a reply that does, stands for."""
    error = api_error(_flat(payload))
    error.retry_after = error.retry_after or _delay(error.message)
    return error


def _delay(message: str) -> float | None:
    found = _DELAY.search(message)
    return None if found is None else 60 * int(found[1] or 0) + float(found[2]) * _SECONDS[found[3]]


def _flat(payload: Any) -> Any:
    """An error's payload; where the error is not an object of its own, the event's `type` is not the error's."""
    if isinstance(payload, dict) and not isinstance(payload.get("error"), dict):
        return {key: value for key, value in payload.items() if key != "type"}
    return payload


def no_answer(payload: dict[str, Any]) -> Exception:
    """A reply of another kind: an error, or another provider's format."""
    if payload.get("type") == "error" or payload.keys() & {"error", "message", "detail", "code"}:
        return error_event(payload)
    keys = ", ".join(sorted(map(repr, payload))[:8])
    return DecodeError(f"no Responses answer: it has neither `type` nor `output`, but {keys or 'nothing'}")
