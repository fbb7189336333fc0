"""What an exception of the HTTP library means.

Told by the names of its class and that class's bases, so that httpx, httpcore and forks of them are all understood
without being imported.
"""

from __future__ import annotations

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

_LIBRARIES = ("httpx", "httpcore")
# How h11 begins its message where the other side closed; its other messages are of bytes that break HTTP.
_CLOSED = ("Server disconnected", "peer closed connection")


def is_transport_failure(reason: Exception) -> bool:
    """Whether an exception is one of the HTTP library's, or the operating system's word on a socket."""
    return isinstance(reason, OSError) or any(
        base.__module__.partition(".")[0].startswith(_LIBRARIES) for base in type(reason).__mro__
    )


def transport_error(reason: Exception, *, phase: str, begun: bool) -> DuologueError:
    """Our error for one of the HTTP library's.

    `phase` is where a timeout struck; `begun` whether the response's head had come.
    """
    names = [base.__name__ for base in type(reason).__mro__]
    words = str(reason) or names[0]
    for name in names:
        if name in ("ConnectTimeout", "PoolTimeout"):
            return _no_connection(name)
        if name in ("ReadTimeout", "WriteTimeout", "TimeoutException"):
            return StreamTimeout(f"nothing came for too long ({phase})", phase=phase)
        if name in ("ConnectError", "ProxyError"):
            return ConnectError(f"no connection: {words}", phase="connect")
        if name in ("UnsupportedProtocol", "InvalidURL"):
            return ConfigurationError(f"base_url cannot be used: {words}")
        if name in ("RemoteProtocolError", "LocalProtocolError") and not words.startswith(_CLOSED):
            return ProtocolError(f"the bytes are no HTTP: {words}", phase=phase)
        if name in ("NetworkError", "ProtocolError", "OSError", "RemoteProtocolError"):
            return _lost(words, begun=begun)
    return TransportError(f"the line failed: {words}", phase=phase)


def _no_connection(name: str) -> DuologueError:
    if name == "PoolTimeout":
        return PoolTimeout(
            "every connection is busy: close streams that are not read any more, or raise Limits.max_connections",
            phase="connect",
        )
    return StreamTimeout("no connection in time", phase="connect")


def _lost(words: str, *, begun: bool) -> DuologueError:
    if begun:
        return StreamInterrupted(f"the connection broke off in the middle of the answer: {words}", phase="stream")
    return ConnectionLost(f"the connection broke off before an answer began: {words}", phase="request")
