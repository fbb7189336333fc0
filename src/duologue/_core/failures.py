"""What an exception of the HTTP library means.

Told by the names of its class and that class's bases, so that httpx, httpcore and forks of them are all understood
without being imported.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from duologue._core.deadlines import CONNECTING
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

if TYPE_CHECKING:
    from collections.abc import Iterator

# Some of httpcore's own libraries too, since not all of their exceptions are translated.
_LIBRARIES = ("httpx", "httpcore", "h2", "socksio")
# How the messages begin that are of a side that closed, h11's and h2's; the others are of bytes that break HTTP.
_CLOSED = ("Server disconnected", "peer closed connection", "<ConnectionTerminated", "<StreamReset")
# How a proxy's refusal begins that no other try will change.
_FORBIDDEN = ("401", "403", "407", "Invalid username/password")
_DEPTH = 6
_TIMES = ("ReadTimeout", "WriteTimeout", "TimeoutException", "TimeoutError")
_BROKEN = ("NetworkError", "RemoteProtocolError", "LocalProtocolError", "ProtocolError", "OSError")
# EAI_AGAIN on Linux, macOS and Windows.
_TRY_AGAIN = (-3, 2, 11002)


def is_transport_failure(reason: Exception) -> bool:
    """Whether an exception is one of the HTTP library's, or the operating system's word on a socket."""
    return isinstance(reason, OSError) or any(
        base.__module__.partition(".")[0].startswith(_LIBRARIES) for base in type(reason).__mro__
    )


def is_read_timeout(reason: Exception) -> bool:
    """Whether nothing has come in time."""
    return "ReadTimeout" in _names(reason)


@contextmanager
def transport_failures_ignored() -> Iterator[None]:
    """What is read in here is of no interest any more; only what is no failure of the line comes through."""
    try:
        yield
    except Exception as reason:
        if not isinstance(reason, DuologueError) and not is_transport_failure(reason):
            raise


def transport_error(
    reason: Exception, *, phase: str, begun: bool, connect_phase: str = "connect", stage: str | None = None
) -> DuologueError:
    """Our error for one of the HTTP library's.

    `phase` and `connect_phase` say which of the `Timeouts` it was that ran out, if it was one; `begun` whether the
    response's head had come; `stage` how far the request was.
    """
    names = _names(reason)
    words = str(reason) or names[0]
    connecting = stage in CONNECTING
    for name in names:
        if name in ("ConnectTimeout", "PoolTimeout") or (connecting and name in _TIMES):
            return _no_connection(name, connect_phase)
        if name == "WriteTimeout" and not begun:  # a server that has most of a request may still work on it
            return StreamTimeout(f"the server did not take the request in time ({phase})", phase=phase, retryable=False)
        if name in _TIMES:
            return StreamTimeout(f"nothing came for too long ({phase})", phase=phase)
        if name == "ProxyError":
            return ProxyError(f"the proxy refused: {words}", phase="proxy", retryable=not words.startswith(_FORBIDDEN))
        if name in ("ConnectError", "gaierror"):
            return _unconnected(reason, words, stage)
        if name in ("UnsupportedProtocol", "InvalidURL"):
            return ConfigurationError(f"base_url cannot be used: {words}")
        if stage == "proxy" and name in _BROKEN:
            return ProxyError(f"the proxy broke off: {words}", phase="proxy")
        if name in ("RemoteProtocolError", "LocalProtocolError") and not words.startswith(_CLOSED):
            return ProtocolError(f"the bytes are no HTTP: {words}", phase="stream" if begun else "request")
        if name in ("NetworkError", "ProtocolError", "OSError", "RemoteProtocolError"):
            return _lost(words, begun=begun)
    return TransportError(f"the line failed: {words}", phase=phase)


def without_frames(reason: BaseException) -> BaseException:
    """An exception of the HTTP library without its traceback, and so are those behind it: the library's frames hold
    what was sent, keys and passwords of proxies among it, and crash reports show local variables."""
    behind: BaseException | None = reason
    for _ in range(_DEPTH):
        if behind is not None:
            behind.__traceback__ = None
            behind = behind.__cause__ or behind.__context__
    return reason


def _names(reason: BaseException) -> list[str]:
    return [base.__name__ for base in type(reason).__mro__]


def _unconnected(reason: Exception, words: str, stage: str | None) -> ConnectError:
    """What was in the way, as the exceptions behind this one tell."""
    behind: BaseException | None = reason
    for _ in range(_DEPTH):
        if behind is None:
            break
        names = _names(behind)
        if "gaierror" in names:
            # A name that nobody knows will not be known in a second; a resolver that is busy may answer then.
            again = getattr(behind, "errno", None) in _TRY_AGAIN
            return ConnectError(f"the name of the server was not found: {behind}", phase="dns", retryable=again)
        if "SSLError" in names:
            refused = "SSLCertVerificationError" in names
            return TLSError(f"no encrypted connection: {behind}", phase="tls", retryable=not refused)
        behind = behind.__cause__ or behind.__context__
    if stage == "tls":  # it was closed before both sides were agreed
        return TLSError(f"no encrypted connection: {words}", phase="tls")
    if stage == "proxy":
        return ProxyError(f"no connection to the proxy: {words}", phase="proxy")
    return ConnectError(f"no connection: {words}", phase="connect")


def _no_connection(name: str, phase: str) -> DuologueError:
    if name == "PoolTimeout":
        return PoolTimeout(
            "every connection is busy: close streams that are not read any more, or raise Limits.max_connections",
            phase=phase,
        )
    return StreamTimeout(f"no connection in time ({phase})", phase=phase)


def _lost(words: str, *, begun: bool) -> DuologueError:
    if begun:
        return StreamInterrupted(f"the connection broke off in the middle of the answer: {words}", phase="stream")
    return ConnectionLost(f"the connection broke off before an answer began: {words}", phase="request")
