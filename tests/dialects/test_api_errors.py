"""What a provider's error means."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._dialects.api_errors import api_error
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

BY_STATUS = [
    (400, BadRequestError, False),
    (401, AuthenticationError, False),
    (402, QuotaExceededError, False),
    (403, PermissionDeniedError, False),
    (404, NotFoundError, False),
    (405, BadRequestError, False),
    (408, ServerError, True),
    (409, ServerError, True),
    (413, BadRequestError, False),
    (422, BadRequestError, False),
    (429, RateLimitError, True),
    (499, BadRequestError, False),
    (500, ServerError, True),
    (502, ServerError, True),
    (503, OverloadedError, True),
    (504, ServerError, True),
    (529, OverloadedError, True),
    (599, ServerError, True),
]


@pytest.mark.parametrize(("status", "error", "retryable"), BY_STATUS)
def test_by_status(status: int, error: type[APIError], retryable: bool) -> None:
    found = api_error({"error": {"message": "m"}}, status=status)
    assert type(found) is error
    assert (found.message, found.status_code, found.retryable) == ("m", status, retryable)


# payload, status, class, message, code, type
SHAPES: list[tuple[Any, int | None, type[APIError], str, Any, str | None]] = [
    (
        {"error": {"message": "m", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}},
        401,
        AuthenticationError,
        "m",
        "invalid_api_key",
        "invalid_request_error",
    ),
    ({"error": {"message": "m", "code": 400, "status": "INVALID"}}, 400, BadRequestError, "m", 400, "INVALID"),
    ({"error": {"message": "m", "code": None, "type": None}}, 500, ServerError, "m", None, None),
    ([{"error": {"message": "m", "code": 503}}], 503, OverloadedError, "m", 503, None),
    ({"error": "text"}, 404, NotFoundError, "text", None, None),
    (
        {"code": "Client specified an invalid argument", "error": "bad key"},
        400,
        BadRequestError,
        "bad key",
        "Client specified an invalid argument",
        None,
    ),
    ({"object": "error", "message": "m", "type": "t", "code": 1}, 422, BadRequestError, "m", 1, "t"),
    ({"detail": "Unauthorized"}, 401, AuthenticationError, "Unauthorized", None, None),
    ({"detail": [{"loc": ["body"]}]}, 422, BadRequestError, "{'loc': ['body']}", None, None),
    (
        {"detail": [{"type": "missing", "loc": ["body", "messages", 0], "msg": "Field required"}, {"msg": "No"}, "x"]},
        422,
        BadRequestError,
        "body.messages.0: Field required; No; 'x'",
        None,
        None,
    ),
    (
        {"code": "bad", "error": "Incorrect API key provided: xa***"},
        400,
        AuthenticationError,
        "Incorrect API key provided: xa***",
        "bad",
        None,
    ),
    (
        {"Output": {"__type": "com.amazon#UnknownOperationException"}, "Version": "1.0"},
        404,
        NotFoundError,
        "HTTP 404 Not Found, without a message",
        None,
        "UnknownOperationException",
    ),
    ({"id": "x", "message": "m"}, 429, RateLimitError, "m", None, None),
    ({"id": "x", "message": "m", "error_type": "T"}, 400, BadRequestError, "m", None, "T"),
    ({"message": "m"}, 403, PermissionDeniedError, "m", None, None),
    ({"code": 5, "reason": "NOT_FOUND", "message": "m", "metadata": {}}, 404, NotFoundError, "m", 5, None),
    ({"error": {"msg": "m"}}, 500, ServerError, "m", None, None),
    ({"error": {"message": {"nested": 1}}}, 500, ServerError, "{'nested': 1}", None, None),
    ({"error": {"message": "", "detail": "d"}}, 500, ServerError, "d", None, None),
    ({"error": {"type": ["odd"], "message": "m"}}, 500, ServerError, "m", None, None),
    # words before the status
    (
        {"error": {"message": "m", "code": "insufficient_quota"}},
        429,
        QuotaExceededError,
        "m",
        "insufficient_quota",
        None,
    ),
    (
        {"error": {"message": "m", "type": "insufficient_quota"}},
        429,
        QuotaExceededError,
        "m",
        None,
        "insufficient_quota",
    ),
    (
        {"error": {"message": "m", "code": "billing_hard_limit_reached"}},
        400,
        QuotaExceededError,
        "m",
        "billing_hard_limit_reached",
        None,
    ),
    ({"error": {"message": "m", "code": "content_filter"}}, 400, ContentFilterError, "m", "content_filter", None),
    (
        {"error": {"message": "m", "code": "CONTENT_POLICY_VIOLATION"}},
        400,
        ContentFilterError,
        "m",
        "CONTENT_POLICY_VIOLATION",
        None,
    ),
    # words do not overrule a status
    (
        {"error": {"message": "m", "type": "invalid_request_error"}},
        401,
        AuthenticationError,
        "m",
        None,
        "invalid_request_error",
    ),
    # in a stream there is no status
    ({"error": {"message": "m", "type": "overloaded_error"}}, None, OverloadedError, "m", None, "overloaded_error"),
    ({"error": {"message": "m", "type": "rate_limit_error"}}, None, RateLimitError, "m", None, "rate_limit_error"),
    (
        {"error": {"message": "m", "code": "model_not_found", "type": "api_error"}},
        None,
        NotFoundError,
        "m",
        "model_not_found",
        "api_error",
    ),
    ({"error": {"message": "m", "code": 429}}, None, RateLimitError, "m", 429, None),
    ({"error": {"message": "m", "code": "503"}}, None, OverloadedError, "m", "503", None),
    ({"error": {"message": "m", "code": "1234"}}, None, APIError, "m", "1234", None),
    ({"error": {"message": "m", "code": 200}}, None, APIError, "m", 200, None),
    ({"error": {"message": "m"}}, None, APIError, "m", None, None),
    # no message
    ({}, 500, ServerError, "HTTP 500 Internal Server Error, without a message", None, None),
    (None, 529, OverloadedError, "HTTP 529, without a message", None, None),
    ([], 404, NotFoundError, "HTTP 404 Not Found, without a message", None, None),
    ([[{"message": "m"}]], 400, BadRequestError, "HTTP 400 Bad Request, without a message", None, None),
    ("", 502, ServerError, "HTTP 502 Bad Gateway, without a message", None, None),
    (" \n", 502, ServerError, "HTTP 502 Bad Gateway, without a message", None, None),
    ("<html>\x1b[31m", 502, ServerError, "HTTP 502 Bad Gateway, with the body '<html>\\x1b[31m'", None, None),
    ("x" * 300, 400, BadRequestError, f"HTTP 400 Bad Request, with the body '{'x' * 200}'", None, None),
    ({}, None, APIError, "an error, without a message", None, None),
    ("text", None, APIError, "an error, with the body 'text'", None, None),
    (True, 418, BadRequestError, "HTTP 418 I'm a Teapot, without a message", None, None),
]


@pytest.mark.parametrize(("payload", "status", "error", "message", "code", "kind"), SHAPES)
def test_shapes(
    payload: Any, status: int | None, error: type[APIError], message: str, code: Any, kind: str | None
) -> None:
    found = api_error(payload, status=status)
    assert type(found) is error
    assert (found.message, found.code, found.type) == (message, code, kind)
    assert found.status_code == status
    assert found.body == payload


def test_the_rest_goes_to_the_error_as_it_is() -> None:
    found = api_error({}, status=429, retry_after=7.5, provider="p", request_id="r")
    assert (found.retry_after, found.provider, found.request_id) == (7.5, "p", "r")


@pytest.mark.parametrize(
    ("payload", "beside", "expected"),
    [
        ({"error": {"message": "m"}, "request_id": "req_1"}, None, "req_1"),
        ({"error": {"message": "m"}, "request_id": "req_1"}, "req_2", "req_2"),
        ({"error": {"message": "m"}, "request_id": 5}, None, None),
        ("text", None, None),
    ],
)
def test_the_request_id_beside_the_payload_or_in_it(payload: Any, beside: str | None, expected: str | None) -> None:
    assert api_error(payload, request_id=beside).request_id == expected
