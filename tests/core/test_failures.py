"""What the HTTP library's exceptions mean."""

from __future__ import annotations

import inspect
import ssl
from typing import Any

import httpcore
import httpx
import pytest

from duologue._core.failures import is_transport_failure, transport_error
from duologue.errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    DuologueError,
    PoolTimeout,
    ProtocolError,
    StreamInterrupted,
    StreamTimeout,
    TransportError,
)

# The name of the class, then ours before the head and after it.
CLASSES: dict[str, tuple[type[DuologueError], type[DuologueError]]] = {
    "CloseError": (ConnectionLost, StreamInterrupted),
    "ConnectError": (ConnectError, ConnectError),
    "ConnectTimeout": (StreamTimeout, StreamTimeout),
    "ConnectionNotAvailable": (TransportError, TransportError),
    "DecodingError": (TransportError, TransportError),
    "InvalidURL": (ConfigurationError, ConfigurationError),
    "LocalProtocolError": (ProtocolError, ProtocolError),
    "NetworkError": (ConnectionLost, StreamInterrupted),
    "PoolTimeout": (PoolTimeout, PoolTimeout),
    "ProtocolError": (ConnectionLost, StreamInterrupted),
    "ProxyError": (ConnectError, ConnectError),
    "ReadError": (ConnectionLost, StreamInterrupted),
    "ReadTimeout": (StreamTimeout, StreamTimeout),
    "RemoteProtocolError": (ProtocolError, ProtocolError),
    "RequestError": (TransportError, TransportError),
    "TimeoutException": (StreamTimeout, StreamTimeout),
    "TooManyRedirects": (TransportError, TransportError),
    "TransportError": (TransportError, TransportError),
    "UnsupportedProtocol": (ConfigurationError, ConfigurationError),
    "WriteError": (ConnectionLost, StreamInterrupted),
    "WriteTimeout": (StreamTimeout, StreamTimeout),
}
# Raised by what is not used here: cookies, status checks, and reading a body twice.
UNUSED = {
    "CookieConflict",
    "HTTPError",
    "HTTPStatusError",
    "RequestNotRead",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
}


def exceptions(library: Any) -> dict[str, type[Exception]]:
    return {
        name: value
        for name, value in vars(library).items()
        if inspect.isclass(value) and issubclass(value, Exception) and name not in UNUSED
    }


FOUND = [kind for library in (httpx, httpcore) for kind in exceptions(library).values()]


def test_every_class_has_been_thought_of() -> None:
    assert {kind.__name__ for kind in FOUND} == CLASSES.keys()


@pytest.mark.parametrize("kind", FOUND, ids=lambda kind: f"{kind.__module__.partition('.')[0]}.{kind.__name__}")
@pytest.mark.parametrize("begun", [False, True], ids=["before", "after"])
def test_classes(kind: type[Exception], begun: bool) -> None:
    reason = kind("words")
    assert is_transport_failure(reason)
    error = transport_error(reason, phase="idle", begun=begun)
    assert type(error) is CLASSES[kind.__name__][begun]
    if not isinstance(error, (StreamTimeout, PoolTimeout)):
        assert "words" in error.message


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    "words",
    [
        "Server disconnected without sending a response.",
        "peer closed connection without sending complete message body (incomplete chunked read)",
    ],
)
def test_a_connection_that_closed_is_no_broken_http(words: str, begun: bool) -> None:
    error = transport_error(httpx.RemoteProtocolError(words), phase="idle", begun=begun)
    assert type(error) is (StreamInterrupted if begun else ConnectionLost)


@pytest.mark.parametrize(
    ("reason", "phase"),
    [
        (httpx.ConnectTimeout("x"), "connect"),
        (httpx.PoolTimeout("x"), "connect"),
        (httpx.ConnectError("x"), "connect"),
        (httpx.ReadTimeout("x"), "progress"),
        (httpx.WriteTimeout("x"), "progress"),
        (httpx.RemoteProtocolError("illegal"), "progress"),
    ],
)
def test_phases(reason: Exception, phase: str) -> None:
    assert transport_error(reason, phase="progress", begun=True).phase == phase


@pytest.mark.parametrize(
    "reason", [OSError(9, "Bad file descriptor"), ConnectionResetError(104, "x"), ssl.SSLError("x"), BrokenPipeError()]
)
@pytest.mark.parametrize("begun", [False, True])
def test_the_operating_systems_word(reason: Exception, begun: bool) -> None:
    assert is_transport_failure(reason)
    assert type(transport_error(reason, phase="idle", begun=begun)) is (StreamInterrupted if begun else ConnectionLost)


def test_forks_are_known_by_their_names() -> None:
    base = type("NetworkError", (Exception,), {"__module__": "httpx2._exceptions"})
    own = type("Novel", (base,), {"__module__": "somebody"})
    assert is_transport_failure(own("x"))
    assert type(transport_error(own("x"), phase="idle", begun=True)) is StreamInterrupted


def test_an_exception_without_words_is_called_by_its_name() -> None:
    assert "ReadError" in transport_error(httpx.ReadError(""), phase="idle", begun=True).message


@pytest.mark.parametrize("reason", [ValueError("x"), RuntimeError("x"), KeyError("x")])
def test_what_is_no_failure_of_the_line(reason: Exception) -> None:
    assert not is_transport_failure(reason)
