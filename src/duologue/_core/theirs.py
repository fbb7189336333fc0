"""A client of the caller's own, out of httpx or a fork of it: what is to be known of one, without importing either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from duologue._core.deadlines import least
from duologue._core.failures import transport_failures_ignored
from duologue._core.network import innermost
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

Client = TypeVar("Client")

_NEEDED = ("send", "build_request", "is_closed")
# What httpx waits for anything where its user says nothing; too short for models, and nobody's wish.
_DEFAULT_SECONDS = 5.0
# RFC 9113, section 7.
_CANCEL = 8


def checked_client(http_client: Client, close: str) -> Client:
    """The caller's HTTP client, if it is of the right kind: told by the name of its closing method, so that httpx and
    forks of it both pass.

    Raises:
        ConfigurationError: it is of the other twin's kind, or none at all.
    """
    if http_client is not None and not all(hasattr(type(http_client), name) for name in (close, *_NEEDED)):
        kind = "an httpx.AsyncClient" if close == "aclose" else "an httpx.Client"
        raise ConfigurationError(f"http_client must be {kind} here; got {type(http_client).__name__}")
    return http_client


def shorter(timeouts: Mapping[str, float | None], theirs: Any) -> dict[str, float | None]:
    """Our timeouts for a request, in seconds, or the client's own where those are less."""
    if theirs is None or theirs == type(theirs)(_DEFAULT_SECONDS):
        return dict(timeouts)
    return {name: least(seconds, getattr(theirs, name)) for name, seconds in timeouts.items()}


def misplaced(reason: Exception, home: object, here: object) -> Exception:
    """What went wrong, by the event loops that a client was first used in and is used in now."""
    if home is here or not isinstance(reason, RuntimeError):
        return reason
    error = ConfigurationError(f"your http_client has its connections in another event loop: make one here ({reason})")
    error.__cause__ = reason
    return error


def refused_response(reason: Exception) -> httpx.Response | None:
    """The response behind an exception, where a hook of the caller's has raised one for its status."""
    is_status = any(base.__name__ == "HTTPStatusError" for base in type(reason).__mro__)
    response: httpx.Response | None = getattr(reason, "response", None) if is_status else None
    return response


def body_at_hand(response: httpx.Response) -> bytes | None:
    """The body, decompressed, where it is not to be read from a connection any more, since a hook of the caller's has
    read it, or it never came over one; nothing where a hook has closed it."""
    if not response.is_closed:
        return None
    try:
        return response.content
    except RuntimeError:  # httpx's word for a body that was not read
        return b""


def without_encoding(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a body that was decompressed already."""
    return {name: value for name, value in headers.items() if name.lower() != "content-encoding"}


def break_off(stream: Any) -> Any:
    """Break off an answer over HTTP/2 that has not come to its end, and give its connection, where there is something
    to be sent on it; else None.

    httpcore only forgets such an answer. The server goes on with it, it counts among the open ones, of which there can
    be a hundred, and what came of it unread takes away for ever from what may come on the connection.
    """
    found = innermost(stream)
    number: Any = getattr(found, "_stream_id", None)
    connection: Any = getattr(found, "_connection", None)
    unread = getattr(connection, "_events", {}).get(number)
    if unread is None:
        return None
    for event in unread:
        if size := getattr(event, "flow_controlled_length", 0):
            connection._h2_state.acknowledge_received_data(size, number)
    with transport_failures_ignored():  # it may have come to its end, unread
        connection._h2_state.reset_stream(number, _CANCEL)
    return connection
