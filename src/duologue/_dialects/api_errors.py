"""What a provider's error means: its payload and status become one of the `APIError` classes.

Providers agree on nothing but HTTP. The shapes seen: `{"error": {...}}` with `code` a string, a number or null;
`{"error": "text"}` (Hugging Face, Ollama); flat `{"message", "type", "code"}` (Cerebras, Mistral); `{"detail": ...}`
(FastAPI servers); any of them in an array of one (Gemini); HTML from a proxy; nothing at all.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from duologue.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)

_BY_STATUS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    409: ServerError,
    429: RateLimitError,
    503: OverloadedError,
    529: OverloadedError,  # Anthropic's own: https://docs.anthropic.com/en/api/errors
}

_PHRASES = {status.value: status.phrase for status in HTTPStatus}

# Words that say more than the status they come with.
_BEFORE_STATUS: dict[str, type[APIError]] = {
    "insufficient_quota": QuotaExceededError,
    "billing_hard_limit_reached": QuotaExceededError,
    "content_filter": ContentFilterError,
    "content_policy_violation": ContentFilterError,
}
# Words that help where there is no status: in a stream, the response began with 200.
_WITHOUT_STATUS: dict[str, type[APIError]] = {
    "authentication_error": AuthenticationError,
    "invalid_api_key": AuthenticationError,
    "permission_error": PermissionDeniedError,
    "model_not_found": NotFoundError,
    "not_found_error": NotFoundError,
    "rate_limit_error": RateLimitError,
    "rate_limit_exceeded": RateLimitError,
    "overloaded_error": OverloadedError,
    "overloaded": OverloadedError,
    "unavailable_error": OverloadedError,
    "service_unavailable": OverloadedError,
    "server_error": ServerError,
    "internal_error": ServerError,
    "internal_server_error": ServerError,
    "api_error": ServerError,
    "invalid_request_error": BadRequestError,
    "invalid_parameter_error": BadRequestError,
}


def api_error(payload: Any, *, status: int | None = None, retry_after: float | None = None, **context: Any) -> APIError:
    """The error that `payload` (parsed JSON, or text that is none) and `status` (None inside a stream) stand for.

    `context` goes to the error as it is: `provider`, `request_id`, ...
    """
    fields = _fields(payload)
    code, kind, message = fields.get("code"), fields.get("type"), _message(fields)
    cls = _class(code, kind, status)
    return cls(
        message or _status_words(status, payload),
        code=code,
        type=kind if isinstance(kind, str) else None,
        status_code=status,
        retry_after=retry_after,
        body=payload,
        **context,
    )


def _fields(payload: Any) -> dict[str, Any]:
    if isinstance(payload, list) and payload:
        payload = payload[0]
    if not isinstance(payload, dict):
        return {}
    error = payload.get("error")
    if isinstance(error, dict):
        return error
    return {**payload, "message": error} if isinstance(error, str) else payload


def _message(fields: dict[str, Any]) -> str | None:
    for key in ("message", "detail", "msg"):
        value = fields.get(key)
        if isinstance(value, str) and value:
            return value
        if value:
            return repr(value)
    return None


def _class(code: Any, kind: Any, status: int | None) -> type[APIError]:
    words = [word.lower() for word in (code, kind) if isinstance(word, str)]
    for word in words:
        if word in _BEFORE_STATUS:
            return _BEFORE_STATUS[word]
    if status is None:
        for word in words:
            if word in _WITHOUT_STATUS:
                return _WITHOUT_STATUS[word]
        status = _as_status(code)
    if status is None:
        return APIError
    return _BY_STATUS.get(status) or (ServerError if status >= 500 else BadRequestError)


def _as_status(code: Any) -> int | None:
    """The code, where it is an HTTP status in disguise, as OpenRouter's are."""
    number = int(code) if isinstance(code, str) and code.isdecimal() and len(code) == 3 else code
    return number if isinstance(number, int) and 400 <= number < 600 else None


def _status_words(status: int | None, payload: Any) -> str:
    words = "an error" if status is None else f"HTTP {status}"
    if status in _PHRASES:
        words += f" {_PHRASES[status]}"
    if isinstance(payload, str) and payload.strip():
        return f"{words}, with the body {payload.strip()[:200]!r}"
    return f"{words}, without a message"
