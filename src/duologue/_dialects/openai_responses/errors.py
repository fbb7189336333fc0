"""What an event or a reply that is no answer means."""

from __future__ import annotations

from typing import Any

from duologue._dialects.api_errors import api_error
from duologue._json import loads
from duologue.errors import DecodeError


def named_error(data: str) -> Exception:
    """An event that calls itself an error is one, whatever it looks like."""
    try:
        payload = loads(data)
    except DecodeError:
        payload = data
    return api_error(_flat(payload))


def _flat(payload: Any) -> Any:
    """An error's payload; where the error is not an object of its own, the event's `type` is not the error's."""
    if isinstance(payload, dict) and not isinstance(payload.get("error"), dict):
        return {key: value for key, value in payload.items() if key != "type"}
    return payload


def no_answer(payload: dict[str, Any]) -> Exception:
    """A reply of another kind: an error, or another provider's format."""
    if payload.get("type") == "error" or payload.keys() & {"error", "message", "detail", "code"}:
        return api_error(_flat(payload))
    keys = ", ".join(sorted(map(repr, payload))[:8])
    return DecodeError(f"no Responses answer: it has neither `type` nor `output`, but {keys or 'nothing'}")
