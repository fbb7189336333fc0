"""A client of the caller's own, out of httpx or a fork of it: what is to be known of one, without importing either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from duologue._core.deadlines import least
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

Client = TypeVar("Client")

_NEEDED = ("send", "build_request", "is_closed")
# What httpx waits for anything where its user says nothing; too short for models, and nobody's wish.
_DEFAULT_SECONDS = 5.0


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
