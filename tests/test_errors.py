"""One tree of errors."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from duologue import errors
from duologue.errors import (
    APIError,
    ConnectionLost,
    DecodeError,
    DuologueError,
    LimitExceeded,
    RateLimitError,
    StreamInterrupted,
    StreamTimeout,
    StreamTruncated,
    error_fields,
    error_from_fields,
)
from duologue.models import ChatResponse

# class: the classes above it, code, type, retryable
TREE: dict[str, tuple[tuple[str, ...], str | None, str | None, bool]] = {
    "DuologueError": (("Exception",), None, None, False),
    "ConfigurationError": (("DuologueError",), "configuration", "usage", False),
    "UnsupportedError": (("DuologueError",), "unsupported", "usage", False),
    "ClosedError": (("DuologueError",), "closed", "usage", False),
    "StreamBusyError": (("DuologueError",), "stream_busy", "usage", False),
    "TransportError": (("DuologueError",), "transport", "transport", True),
    "ConnectError": (("TransportError",), "connect", "transport", True),
    "TLSError": (("ConnectError",), "tls", "transport", True),
    "ProxyError": (("ConnectError",), "proxy", "transport", True),
    "PoolTimeout": (("TransportError",), "pool_timeout", "transport", False),
    "ConnectionLost": (("TransportError",), "connection_lost", "transport", True),
    "StreamTimeout": (("TransportError",), "timeout", "transport", True),
    "ProtocolError": (("DuologueError",), "protocol", "protocol", False),
    "DecodeError": (("ProtocolError",), "decode", "protocol", False),
    "ContentTypeError": (("ProtocolError",), "content_type", "protocol", False),
    "RedirectRefused": (("ProtocolError",), "redirect", "protocol", False),
    "StreamTruncated": (("ProtocolError",), "stream_truncated", "protocol", True),
    "EmptyResponse": (("StreamTruncated",), "empty_response", "protocol", True),
    "FetchError": (("TransportError",), "fetch", "transport", False),
    "StreamInterrupted": (("StreamTruncated", "ConnectionLost"), "stream_interrupted", "protocol", True),
    "OutputValidationError": (("DuologueError",), "output_validation", "output", False),
    "LimitExceeded": (("DuologueError",), "limit_exceeded", "limit", False),
    "APIError": (("DuologueError",), None, None, False),
    "BadRequestError": (("APIError",), None, None, False),
    "AuthenticationError": (("APIError",), None, None, False),
    "PermissionDeniedError": (("APIError",), None, None, False),
    "NotFoundError": (("APIError",), None, None, False),
    "ContentFilterError": (("APIError",), None, None, False),
    "RateLimitError": (("APIError",), None, None, True),
    "QuotaExceededError": (("APIError",), None, None, False),
    "OverloadedError": (("APIError",), None, None, True),
    "ServerError": (("APIError",), None, None, True),
}


def test_the_tree_is_whole() -> None:
    assert sorted(TREE) == errors.__all__


@pytest.mark.parametrize("name", TREE)
def test_classes(name: str) -> None:
    cls = getattr(errors, name)
    bases, code, kind, retryable = TREE[name]
    error = cls("what happened")
    assert tuple(base.__name__ for base in cls.__bases__) == bases
    assert (error.message, error.code, error.type, error.retryable) == ("what happened", code, kind, retryable)
    assert (error.status_code, error.partial, error.provider, error.request_id, error.phase) == (None,) * 5
    assert error.attempts == 0
    assert cls.__doc__
    assert "what happened" in str(error)


FIELDS: dict[str, Any] = {
    "code": "c",
    "type": "t",
    "status_code": 418,
    "partial": ChatResponse(provider="p"),
    "provider": "p",
    "request_id": "r",
    "attempts": 2,
    "retryable": True,
    "phase": "idle",
}
OWN: dict[str, dict[str, Any]] = {
    "LimitExceeded": {"limit": "max_bytes"},
    "DecodeError": {"frame": 3},
    "OutputValidationError": {"path": "a[0]", "text": '{"a": [', "value": {"a": []}, "reason": "length"},
    **{name: {"retry_after": 1.5, "body": {"a": 1}} for name in TREE if issubclass(getattr(errors, name), APIError)},
}


def full(name: str) -> DuologueError:
    error: DuologueError = getattr(errors, name)("m", **FIELDS, **OWN.get(name, {}))
    return error


@pytest.mark.parametrize("name", TREE)
def test_fields(name: str) -> None:
    error = full(name)
    assert vars(error) == {"message": "m", **FIELDS, **OWN.get(name, {})}


@pytest.mark.parametrize("name", TREE)
def test_taken_apart_and_put_together(name: str) -> None:
    error = full(name)
    again = error_from_fields(error_fields(error))
    assert type(again) is type(error)
    assert vars(again) == vars(error)
    for copied in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(copied) is type(error)
        assert error_fields(copied) == error_fields(error)


def test_a_class_of_somebody_elses_is_what_it_derives_from() -> None:
    class OwnError(RateLimitError):
        pass

    assert error_fields(OwnError("m"))["class"] == "RateLimitError"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "error.class: expected one of APIError, .*; got None"),
        ({"class": "Nonsense"}, "got 'Nonsense'"),
        ({"class": ["APIError"]}, r"got \['APIError'\]"),
        ({"class": "Exception", "message": "m"}, "got 'Exception'"),
        ({"class": "APIError"}, "error: not the fields of APIError: .*message"),
        ({"class": "ServerError", "message": "m", "wings": 2}, "error: not the fields of ServerError: .*wings"),
    ],
)
def test_fields_that_are_none(fields: dict[str, Any], words: str) -> None:
    given = dict(fields)
    with pytest.raises(DecodeError, match=words):
        error_from_fields(fields)
    assert fields == given


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "the provider answered: m"),
        ({"provider": "openai"}, "openai answered: m"),
        ({"provider": "openai", "status_code": 429}, "openai answered 429: m"),
        ({"provider": "openai", "status_code": 429, "request_id": "r"}, "openai answered 429: m (request r)"),
    ],
)
def test_how_a_providers_error_reads(fields: dict[str, Any], text: str) -> None:
    assert str(APIError("m", **fields)) == text


def test_how_others_read() -> None:
    assert str(StreamTimeout("nothing came", provider="openai")) == "nothing came"
    assert str(LimitExceeded("too much", limit="max_bytes")) == "too much"


def test_a_connection_lost_in_the_middle_is_both() -> None:
    error = StreamInterrupted("m")
    assert isinstance(error, StreamTruncated)
    assert isinstance(error, ConnectionLost)
