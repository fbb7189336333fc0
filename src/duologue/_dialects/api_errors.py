"""What a provider's error means: its payload and status become one of the `APIError` classes.

Providers agree on nothing but HTTP. The shapes seen: `{"error": {...}}` with `code` a string, a number or null;
`{"error": "text"}` (Hugging Face, Ollama); flat `{"message", "type", "code"}` (Cerebras, Mistral), with `error_type`
for the type (Cohere); `{"detail": ...}` (FastAPI servers); Google's `{"code": 429, "status": "RESOURCE_EXHAUSTED",
"details": [...]}`; any of them in an array of one (Gemini); HTML from a proxy; nothing at all.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import objects, string_or_none
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

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    "image_content_policy_violation": ContentFilterError,
    "api_key_invalid": AuthenticationError,  # Google's reason for a 400
    # AWS's: https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html and the pages of the operations
    "expiredtokenexception": AuthenticationError,
    "incompletesignature": AuthenticationError,
    "incompletesignatureexception": AuthenticationError,
    "invalidclienttokenid": AuthenticationError,
    "invalidsignatureexception": AuthenticationError,
    "missingauthenticationtokenexception": AuthenticationError,
    "requestexpired": AuthenticationError,
    "signaturedoesnotmatch": AuthenticationError,
    "throttlingexception": RateLimitError,  # with 400 or 429
    "unrecognizedclientexception": AuthenticationError,
    "servicequotaexceededexception": QuotaExceededError,
    "modelerrorexception": ServerError,  # 424, as the next
    "modelstreamerrorexception": ServerError,
    "modelnotreadyexception": OverloadedError,
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
    "timeout_error": ServerError,  # Anthropic, as the next two
    "billing_error": QuotaExceededError,
    "request_too_large": BadRequestError,
    "invalid_request_error": BadRequestError,
    "invalid_parameter_error": BadRequestError,
    "context_length_exceeded": BadRequestError,  # OpenAI, as the next four
    "invalid_prompt": BadRequestError,
    "vector_store_timeout": ServerError,
    "server_is_overloaded": OverloadedError,
    "slow_down": OverloadedError,
    # What OpenAI has against an image: https://platform.openai.com/docs/api-reference/responses/object
    "empty_image_file": BadRequestError,
    "failed_to_download_image": BadRequestError,
    "image_file_not_found": BadRequestError,
    "image_file_too_large": BadRequestError,
    "image_parse_error": BadRequestError,
    "image_too_large": BadRequestError,
    "image_too_small": BadRequestError,
    "invalid_base64_image": BadRequestError,
    "invalid_image": BadRequestError,
    "invalid_image_format": BadRequestError,
    "invalid_image_mode": BadRequestError,
    "invalid_image_url": BadRequestError,
    "unsupported_image_media_type": BadRequestError,
    # Google's: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
    "aborted": ServerError,
    "cancelled": ServerError,
    "deadline_exceeded": ServerError,
    "failed_precondition": BadRequestError,
    "internal": ServerError,
    "invalid_argument": BadRequestError,
    "not_found": NotFoundError,
    "out_of_range": BadRequestError,
    "permission_denied": PermissionDeniedError,
    "resource_exhausted": RateLimitError,
    "unauthenticated": AuthenticationError,
    "unavailable": OverloadedError,
    "unknown": ServerError,
    # AWS's exceptions, as they come in an event stream
    "accessdeniedexception": PermissionDeniedError,
    "internalserverexception": ServerError,
    "modeltimeoutexception": ServerError,
    "resourcenotfoundexception": NotFoundError,
    "serviceunavailableexception": OverloadedError,
    "validationexception": BadRequestError,
}
# AWS on a signature that bears a time of another clock than its own.
_SKEW = ("Signature expired:", "Signature not yet current:")
_DELAY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?s")


def api_error(
    payload: Any,
    *,
    status: int | None = None,
    retry_after: float | None = None,
    error_type: str | None = None,
    request_id: str | None = None,
    **context: Any,
) -> APIError:
    """The error that `payload` (parsed JSON, or text that is none) and `status` (None inside a stream) stand for.

    `error_type` and `request_id` came beside the payload, which may have them as well; `context` goes to the error as
    it is: `provider`, ...
    """
    fields = _fields(payload)
    code, kind, message = fields.get("code"), fields.get("type") or fields.get("error_type"), _message(fields)
    kind = kind or error_type or _shape_name(fields.get("__type"))
    details = objects(fields.get("details"))
    if kind is None and isinstance(fields.get("status"), str):
        kind = fields["status"]  # Google's name for it
    # xAI answers a key that it does not know with 400.
    meant = 401 if status == 400 and (message or "").startswith("Incorrect API key") else status
    cls = _class(code, kind, meant, [detail.get("reason") for detail in details])
    found = cls(
        message or _status_words(status, payload),
        code=code,
        type=kind if isinstance(kind, str) else None,
        status_code=status,
        retry_after=_delay(details) if retry_after is None else retry_after,
        body=payload,
        request_id=request_id or _request_id(payload),
        **context,
    )
    if found.message.startswith(_SKEW):
        found.add_note("this machine's clock may be wrong")
    return found


def _fields(payload: Any) -> dict[str, Any]:
    if isinstance(payload, list) and payload:
        payload = payload[0]
    if not isinstance(payload, dict):
        return {}
    if isinstance(payload.get("Output"), dict):  # AWS, where the service itself is not known at the address
        payload = payload["Output"]
    error = payload.get("error")
    if isinstance(error, dict):
        return error
    return {**payload, "message": error} if isinstance(error, str) else payload


def _request_id(payload: Any) -> str | None:
    """Anthropic's, beside the error itself: https://platform.claude.com/docs/en/api/errors"""
    return string_or_none(payload.get("request_id")) if isinstance(payload, dict) else None


def _message(fields: dict[str, Any]) -> str | None:
    for key in ("message", "detail", "msg", "Message"):
        value = fields.get(key)
        if isinstance(value, str) and value:
            return value
        if value:
            return "; ".join(map(_detail, value)) if isinstance(value, list) else repr(value)
    return None


def _detail(item: Any) -> str:
    """What FastAPI's servers say of each field that is wrong."""
    if isinstance(item, dict) and isinstance(item.get("msg"), str):
        place = item.get("loc")
        return f"{'.'.join(map(str, place))}: {item['msg']}" if isinstance(place, list) else item["msg"]
    return repr(item)


def _shape_name(name: Any) -> str | None:
    """The type out of AWS's `namespace#Type:address`."""
    return name.partition(":")[0].rpartition("#")[2] or None if isinstance(name, str) else None


def _delay(details: list[dict[str, Any]]) -> float | None:
    """How long Google asks to wait, in seconds.

    https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
    """
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and _DELAY.fullmatch(delay):
            return float(delay[:-1])
    return None


def _class(code: Any, kind: Any, status: int | None, reasons: Iterable[Any] = ()) -> type[APIError]:
    words = [word.lower() for word in (code, kind, *reasons) if isinstance(word, str)]
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
