"""What the HTTP library's exceptions mean."""

from __future__ import annotations

import inspect
import socket
import ssl
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
import socksio

from duologue._core.failures import is_transport_failure, transport_error, without_frames
from duologue.errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    DuologueError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    StreamInterrupted,
    StreamTimeout,
    TLSError,
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
    "ProxyError": (ProxyError, ProxyError),
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
        (TimeoutError("x"), "progress"),
        (httpx.PoolTimeout("x"), "connect"),
        (httpx.ConnectError("x"), "connect"),
        (httpx.ReadTimeout("x"), "progress"),
        (httpx.WriteTimeout("x"), "progress"),
        (httpx.RemoteProtocolError("illegal"), "stream"),
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


@pytest.mark.parametrize(
    ("behind", "kind", "phase", "retryable"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), ConnectError, "dns", False),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), ConnectError, "dns", True),
        (ssl.SSLCertVerificationError("certificate has expired"), TLSError, "tls", False),
        (ssl.SSLError("wrong version number"), TLSError, "tls", True),
        (ConnectionRefusedError(111, "Connection refused"), ConnectError, "connect", True),
        (None, ConnectError, "connect", True),
    ],
)
def test_what_was_in_the_way(behind: Exception | None, kind: type[DuologueError], phase: str, retryable: bool) -> None:
    for reason in (httpx.ConnectError(str(behind)), httpcore.ConnectError(str(behind))):
        middle = OSError("between")
        middle.__cause__, reason.__context__ = behind, middle
        error = transport_error(reason, phase="idle", begun=False)
        assert (type(error), error.phase, error.retryable) == (kind, phase, retryable)
    if isinstance(behind, socket.gaierror):
        assert transport_error(behind, phase="idle", begun=False).phase == "dns"


def test_a_connection_that_ends_while_it_is_to_be_encrypted() -> None:
    error = transport_error(httpcore.ConnectError("reset"), phase="idle", begun=False, stage="tls")
    assert (type(error), error.phase, error.retryable) == (TLSError, "tls", True)
    assert type(transport_error(httpcore.ReadTimeout("x"), phase="idle", begun=False, stage="tls")) is StreamTimeout


def test_a_chain_without_an_end() -> None:
    reason = httpx.ConnectError("x")
    for _ in range(20):
        outer = httpx.ConnectError("x")
        outer.__context__, reason = reason, outer
    assert type(transport_error(reason, phase="idle", begun=False)) is ConnectError


@pytest.mark.parametrize(("words", "retryable"), [("407 Proxy Authentication Required", False), ("502 Bad", True)])
def test_a_proxy_that_refuses(words: str, retryable: bool) -> None:
    error = transport_error(httpcore.ProxyError(words), phase="idle", begun=False)
    assert (error.phase, error.retryable) == ("proxy", retryable)
    assert words in error.message


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


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    ("reason", "kind", "phase"),
    [
        (httpcore.ConnectError("words"), ProxyError, "proxy"),
        (httpcore.ReadError("words"), ProxyError, "proxy"),
        (httpcore.RemoteProtocolError("Server disconnected: words"), ProxyError, "proxy"),
        (httpcore.RemoteProtocolError("illegal words"), ProxyError, "proxy"),
        (ConnectionResetError("words"), ProxyError, "proxy"),
        (socksio.ProtocolError("words"), ProxyError, "proxy"),
        (httpcore.ProxyError("words"), ProxyError, "proxy"),
        (httpcore.ReadTimeout("words"), StreamTimeout, "connect"),
        (TimeoutError("words"), StreamTimeout, "connect"),
        (httpcore.UnsupportedProtocol("words"), ConfigurationError, None),
    ],
)
def test_on_the_way_through_a_proxy(
    reason: Exception, kind: type[DuologueError], phase: str | None, begun: bool
) -> None:
    assert is_transport_failure(reason)
    error = transport_error(reason, phase="idle", begun=begun, stage="proxy")
    assert (type(error), error.phase) == (kind, phase)
    assert "words" in error.message or kind is StreamTimeout


def test_frames_are_left_behind() -> None:
    def fail(secret: str) -> None:
        try:
            (Path(secret) / "nowhere").read_bytes()
        except OSError as reason:
            raise httpx.ConnectError("x") from reason

    with pytest.raises(httpx.ConnectError) as caught:
        fail("canary")
    reason = without_frames(caught.value)
    assert reason is caught.value
    assert reason.__traceback__ is None
    assert isinstance(reason.__cause__, OSError)
    assert reason.__cause__.__traceback__ is None
