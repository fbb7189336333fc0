"""Table A2, the errors: what a provider refuses, and how."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from duologue import (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from tests.faults.row import Row
from tests.faults.transport import BEGUN, SSE
from tests.kit.server import chunk, hang_up, head, over_and_over, reply, until_closed, when_told
from tests.kit.wire import data, delta

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duologue.errors import DuologueError
    from tests.faults.row import Promise

JSON = "application/json"


def _error(**fields: Any) -> bytes:
    return json.dumps({"error": {"message": "no", **fields}}).encode()


def _first(kind: str, gives: type[DuologueError], *, again: bool) -> Row:
    return Row(
        fault=f"the first event is an error: `{kind}`",
        server=[reply([data({"error": {"message": "no", "type": kind}})])],
        gives=gives,
        phase="stream",
        again=again,
    )


IN_STREAM = [
    _first("overloaded_error", OverloadedError, again=True),
    _first("rate_limit_error", RateLimitError, again=True),
    _first("server_error", ServerError, again=True),
    _first("authentication_error", AuthenticationError, again=False),
    _first("invalid_request_error", BadRequestError, again=False),
    _first("insufficient_quota", QuotaExceededError, again=False),
    Row(
        fault="an error after events",
        server=[[*BEGUN, chunk(data({"error": {"message": "no", "type": "overloaded_error"}})), until_closed]],
        gives=OverloadedError,
        phase="stream",
        kept="Hel",
        note="it comes once, as the last event",
    ),
    Row(
        fault="an event named `error`",
        server=[[*BEGUN, chunk(b"event: error\n" + data({"error": {"message": "no", "code": 400}})), until_closed]],
        gives=BadRequestError,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="bare JSON with an error after the events",
        server=[[head(200, SSE), delta("Hel"), when_told, _error(code=503), hang_up]],
        gives=OverloadedError,
        phase="stream",
        kept="Hel",
    ),
]


def _status(status: int, gives: type[DuologueError], *, again: bool = False, **headers: str) -> Row:
    said = "".join(f", `{name.replace('_', '-')}: {value}`" for name, value in headers.items())

    def check(error: Any) -> None:
        assert (error.message, error.status_code, error.request_id) == ("no", status, "req_1")

    return Row(
        fault=f"{status}{said}",
        server=[reply(_error(), status, JSON, x_request_id="req_1", **headers)],
        gives=gives,
        phase="response",
        again=again,
        holds=check,
        returned=True,
    )


STATUSES = [
    _status(400, BadRequestError),
    _status(401, AuthenticationError),
    _status(402, QuotaExceededError),
    _status(403, PermissionDeniedError),
    _status(404, NotFoundError),
    _status(408, ServerError, again=True),
    _status(409, ServerError, again=True),
    _status(413, BadRequestError),
    _status(422, BadRequestError),
    _status(429, RateLimitError, again=True),
    _status(500, ServerError, again=True),
    _status(502, ServerError, again=True),
    _status(503, OverloadedError, again=True),
    _status(504, ServerError, again=True),
    _status(529, OverloadedError, again=True),
    _status(429, RateLimitError, again=False, x_should_retry="false"),
    _status(400, BadRequestError, again=True, x_should_retry="true"),
    Row(
        fault="429 for want of credit (`insufficient_quota`)",
        server=[reply(_error(code="insufficient_quota"), 429, JSON)],
        gives=QuotaExceededError,
        phase="response",
    ),
]


def _asks(words: str, waits: float, **headers: str) -> Row:
    return Row(
        fault=f"429, `{words}`",
        server=[reply(_error(), 429, JSON, **headers)],
        gives=RateLimitError,
        phase="response",
        again=True,
        waits=waits,
        note=f"after {waits:g} s",
    )


NOW = "Fri, 29 Sep 2023 16:26:37 GMT"


def _ignored(asked: str, words: str = "") -> Row:
    return Row(
        fault=f"429, `Retry-After:` {words or f'`{asked}`'}",
        server=[reply(_error(), 429, JSON, retry_after=asked, date=NOW)],
        gives=RateLimitError,
        phase="response",
        again=True,
        waits=0.001,
        note="after the policy's own delay",
    )


def _asked_for(seconds: float) -> Any:
    def check(error: Any) -> None:
        assert error.retry_after == seconds

    return check


WAITS = [
    _asks("Retry-After: 7", 7, retry_after="7"),
    _asks("Retry-After: 1.5", 1.5, retry_after="1.5"),
    _asks("Retry-After: 0", 0, retry_after="0"),
    _asks("Retry-After: Fri, 29 Sep 2023 16:26:57 GMT", 20, retry_after="Fri, 29 Sep 2023 16:26:57 GMT", date=NOW),
    _asks("retry-after-ms: 1500", 1.5, retry_after_ms="1500", retry_after="9"),
    _asks("x-ratelimit-reset-requests: 12.5s", 12.5, x_ratelimit_reset_requests="12.5s"),
    Row(
        fault="429, with more to wait than `max_delay`",
        server=[reply(_error(), 429, JSON, retry_after="3600")],
        gives=RateLimitError,
        phase="response",
        holds=_asked_for(3600),
        note="at once, with `retry_after`",
    ),
    *map(_ignored, ("-1", "+1", "nan", "inf", "1e3", "soon")),
    _ignored("1" + "0" * 35, "a number of 36 digits"),
    _ignored("Fri, 29 Sep 2023 16:26:27 GMT", "a date in the past"),
]


def _refused(fault: str, *body: Any, check: Callable[[Any], bool], content_type: str = JSON, note: str = "") -> Row:
    def holds(error: Any) -> None:
        assert error.status_code == 500
        assert check(error), (error.message, error.body)

    return Row(
        fault=f"500, and {fault}",
        server=[[head(500, {"content-type": content_type}), *body, hang_up]],
        gives=ServerError,
        phase="response",
        again=True,
        note=note,
        holds=holds,
    )


def _is_short(error: Any) -> bool:
    return len(error.body) == 4096 and len(error.message) < 400


REFUSALS = [
    _refused(
        "a page of HTML",
        b"<html>\x1b[2J\x9b" + b"x" * 9000,
        content_type="text/html",
        check=lambda error: _is_short(error) and error.body.startswith("<html>\\x1b[2J\ufffdxx"),
        note="4 KiB of it are kept, control characters escaped",
    ),
    _refused("nothing else", check=lambda error: "without a message" in error.message),
    _refused(
        "a body without an end",
        over_and_over(b"x" * 65536),
        check=_is_short,
        note="no more of it is read than 64 KiB",
    ),
    _refused("invalid UTF-8", b"\xff\xfe no", check=lambda error: error.body == "\ufffd\ufffd no"),
    _refused("JSON that is cut short", b'{"error": {"mess', check=lambda error: error.body == '{"error": {"mess'),
]

TABLE: Mapping[str, list[Promise]] = {
    "Errors in the stream": [*IN_STREAM],
    "Statuses": [*STATUSES],
    "Asked to wait": [*WAITS],
    "The bodies of errors": [*REFUSALS],
}
