"""How a client is set up: `ClientConfig` and the knobs in it.

All are frozen attrs classes; `attrs.evolve(knob, field=...)` makes a changed copy. Times are in seconds, sizes in
bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Any

import attrs

from duologue._middleware import Middleware
from duologue._secret import Secret
from duologue.errors import (
    ConfigurationError,
    DuologueError,
    OverloadedError,
    RateLimitError,
    ServerError,
    StreamTruncated,
    TransportError,
)

__all__ = ["ClientConfig", "Limits", "RetryPolicy", "Timeouts"]

# RFC 9110, sections 5.1 and 5.5.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"([!-~]([\t -~]*[!-~])?)?")


def _at_least(minimum: float) -> Any:
    def check(_: object, field: attrs.Attribute[Any], value: Any) -> None:
        if value is None and field.metadata.get("optional"):
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= minimum:
            none = " or None" if field.metadata.get("optional") else ""
            raise ConfigurationError(f"{field.name} must be a number of at least {minimum:g}{none}; got {value!r}")

    return check


def _whole(minimum: int) -> Any:
    check = _at_least(minimum)

    def check_whole(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
        check(owner, field, value)
        if isinstance(value, float):
            raise ConfigurationError(f"{field.name} must be a whole number; got {value!r}")

    return check_whole


def _count(default: Any, minimum: int = 1) -> Any:
    return attrs.field(default=default, validator=_whole(minimum), metadata={"optional": True})


def _optional(default: Any) -> Any:
    return attrs.field(default=default, validator=_at_least(0), metadata={"optional": True})


def _number(default: Any, minimum: float = 0) -> Any:
    return attrs.field(default=default, validator=_at_least(minimum))


def _statuses(given: Iterable[int]) -> frozenset[int]:
    statuses = _several(given, "retry_on_status", "HTTP statuses")
    for status in statuses:
        if isinstance(status, bool) or not isinstance(status, int):
            raise TypeError(f"retry_on_status must hold integers; got {status!r}")
    return frozenset(statuses)


def _errors(given: Iterable[type[DuologueError]]) -> tuple[type[DuologueError], ...]:
    kinds = _several(given, "retry_on_error", "classes of errors")
    for kind in kinds:
        if not isinstance(kind, type) or not issubclass(kind, DuologueError):
            raise TypeError(f"retry_on_error must hold subclasses of DuologueError; got {kind!r}")
    return kinds


def _flag(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{field.name} must be True or False; got {value!r}")


def _callable(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not callable(value):
        raise TypeError(f"{field.name} must be a function; got {value!r}")


def _several(given: Any, field: str, what: str) -> tuple[Any, ...]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise TypeError(f"{field} must be a sequence of {what}; got {given!r}")
    return tuple(given)


@attrs.frozen
class Timeouts:
    """How long to wait for what, in seconds; None waits for ever.

    Args:
        connect: for a connection, TLS included, and for a free one where all are busy.
        first_event: from the request to the first event.
        idle: without a single byte, once the answer has begun.
        progress: without an event, though bytes come (comments, pings).
        total: for everything, retries included.
    """

    connect: float | None = _optional(10)
    first_event: float | None = _optional(300)
    idle: float | None = _optional(120)
    progress: float | None = _optional(600)
    total: float | None = _optional(None)


@attrs.frozen
class RetryPolicy:
    """When to ask again. Only ever before an event has reached the caller, unless `stream(restart=...)` asks for more.

    Args:
        max_retries: requests after the first one.
        base_delay: seconds before the first retry.
        max_delay: the most seconds before any; where the provider asks for more, its error is raised at once.
        backoff_factor: how much longer each delay is than the one before.
        jitter: whether a delay is drawn at random from 0 to its length, so that many clients do not come back at once.
        retry_on_status: the HTTP statuses to retry on.
        retry_on_error: the errors without a status to retry on.
        on_retry: called before each wait for another try, with the error (its `attempts` says how many there were) and
            the seconds to wait. It must not take long, and what it raises ends the stream.

    Raises:
        TypeError: `retry_on_status` or `retry_on_error` holds something else, or is no sequence.
        ConfigurationError: a number is wrong.
    """

    max_retries: int = attrs.field(default=3, validator=_whole(0))
    base_delay: float = _number(0.5)
    max_delay: float = _number(60)
    backoff_factor: float = _number(2, 1)
    jitter: bool = True
    retry_on_status: frozenset[int] = attrs.field(
        default=frozenset({408, 409, 429, 500, 502, 503, 504, 529}), converter=_statuses
    )
    retry_on_error: tuple[type[DuologueError], ...] = attrs.field(
        default=(TransportError, StreamTruncated, RateLimitError, OverloadedError, ServerError), converter=_errors
    )
    on_retry: Callable[[DuologueError, float], None] | None = attrs.field(default=None, validator=_callable)


@attrs.frozen
class Limits:
    """How much to take at the most; None for no limit.

    Args:
        max_events: events of one stream.
        max_bytes: bytes of one answer, decompressed.
        max_event_bytes: bytes of one event.
        max_concurrent: streams open at once.
        max_connections: connections open at once.
        requests_per_minute: requests begun in any 60 seconds.
        wait_for_reset: whether a request waits where the provider's headers said last that no requests or no tokens
            are left for its model: until the time that they name, if that is within `RetryPolicy.max_delay` and
            `Timeouts.total`. Several providers name the time until all is there again, so where a single request could
            go out sooner, this is slower than to be refused and to try again.
    """

    max_events: int | None = _count(None)
    max_bytes: int | None = _count(None)
    max_event_bytes: int | None = _count(64 * 1024 * 1024)
    max_concurrent: int | None = _count(None)
    max_connections: int | None = _count(1000)
    requests_per_minute: int | None = _count(None)
    wait_for_reset: bool = attrs.field(default=False, validator=_flag)


def _secret(key: str | Secret | None) -> Secret | None:
    return key if key is None or isinstance(key, Secret) else Secret(key)


def _retry(given: RetryPolicy | None) -> RetryPolicy:
    return RetryPolicy() if given is None else given


def _limits(given: Limits | None) -> Limits:
    return Limits() if given is None else given


def _mapping(given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {} if given is None else given


# Options that are keys, and so are not shown.
_SECRET_OPTIONS = frozenset({"aws_secret_access_key", "aws_session_token"})


def _options(given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        return _mapping(given)
    return {key: _secret(value) if key in _SECRET_OPTIONS else value for key, value in given.items()}


def _timeouts(given: Timeouts | float | None) -> Timeouts:
    if isinstance(given, (int, float)):
        return Timeouts(total=given)
    return Timeouts() if given is None else given


def _middleware(given: Any) -> tuple[Middleware, ...]:
    if given is None or isinstance(given, Middleware):
        return () if given is None else (given,)
    several = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(one, Middleware) for one in several):
        raise ConfigurationError("middleware must be objects of classes that inherit from duologue.Middleware")
    return several


def _a(*kinds: type) -> Any:
    def check(_: object, field: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, kinds):
            wanted = " or ".join("None" if kind is NoneType else kind.__name__ for kind in kinds)
            raise ConfigurationError(f"{field.name} must be a {wanted}; got a {type(value).__name__}")

    return check


def check_header_value(value: Any, what: str) -> None:
    """Refuse what cannot be the value of an HTTP header. It is not shown: it may be a key."""
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise ConfigurationError(f"{what} must be a string of printable ASCII characters")


def _sendable(_: object, __: object, headers: Any) -> None:
    if not isinstance(headers, Mapping):
        raise ConfigurationError(f"headers must be a mapping; got a {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError(f"headers: {name!r} is no name of a header")
        check_header_value(value, f"headers: the value of {name!r}")


@attrs.frozen(kw_only=True)
class ClientConfig:
    """All that a client is set up with, as data; the arguments of `Client`.

    Args:
        provider: a name out of the provider table, or `name:model`.
        model: the model where a request names none.
        api_key: the key; without it, the provider's environment variable is read.
        base_url: another address than the provider's own.
        timeouts: how long to wait; a number is the total.
        retry: when to ask again.
        limits: how much to take.
        headers: HTTP headers to send with every request.
        options: what only this provider knows, by name.
        middleware: what sees, and may change, each request and what comes back for it.
    """

    provider: str = attrs.field(default="openai", validator=_a(str))
    model: str | None = attrs.field(default=None, validator=_a(str, NoneType))
    api_key: Secret | None = attrs.field(default=None, converter=_secret)
    base_url: str | None = attrs.field(default=None, validator=_a(str, NoneType))
    timeouts: Timeouts = attrs.field(default=None, converter=_timeouts, validator=_a(Timeouts))
    retry: RetryPolicy = attrs.field(default=None, converter=_retry, validator=_a(RetryPolicy))
    limits: Limits = attrs.field(default=None, converter=_limits, validator=_a(Limits))
    headers: Mapping[str, str] = attrs.field(
        default=None, converter=_mapping, validator=_sendable, repr=False, hash=False
    )
    options: Mapping[str, Any] = attrs.field(default=None, converter=_options, validator=_a(Mapping), hash=False)
    middleware: tuple[Middleware, ...] = attrs.field(default=(), converter=_middleware)


def within(config: ClientConfig, seconds: float) -> ClientConfig:
    """The same, with so many seconds for a call at the most."""
    total = config.timeouts.total
    seconds = max(0.0, seconds if total is None else min(total, seconds))
    return attrs.evolve(config, timeouts=attrs.evolve(config.timeouts, total=seconds))


def make_config(provider: str | ClientConfig, **fields: Any) -> ClientConfig:
    """The configuration that a client's arguments mean: a whole one, or its fields.

    Raises:
        TypeError: both are given.
        ConfigurationError: a field is wrong.
    """
    if not isinstance(provider, ClientConfig):
        return ClientConfig(provider=provider, **fields)
    given = [name for name, value in fields.items() if value is not None]
    if given:
        raise TypeError(f"give {', '.join(given)} inside the ClientConfig, not beside it")
    return provider
