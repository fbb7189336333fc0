"""Every error that the public API raises.

One tree, so that `except DuologueError` is enough. An error tells who broke the rule: the caller (`ConfigurationError`,
`UnsupportedError`, `ClosedError`, `LimitExceeded`), the line between (`TransportError`), the bytes (`ProtocolError`)
or the provider (`APIError`). Whatever had arrived before it is in `partial`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from duologue.models import ChatResponse

__all__ = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ClosedError",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLost",
    "ContentFilterError",
    "ContentTypeError",
    "DecodeError",
    "DuologueError",
    "EmptyResponse",
    "FetchError",
    "LimitExceeded",
    "NotFoundError",
    "OutputValidationError",
    "OverloadedError",
    "PermissionDeniedError",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "QuotaExceededError",
    "RateLimitError",
    "RedirectRefused",
    "ServerError",
    "StreamBusyError",
    "StreamInterrupted",
    "StreamTimeout",
    "StreamTruncated",
    "TLSError",
    "TransportError",
    "UnsupportedError",
]


class DuologueError(Exception):
    """Anything that goes wrong in a call.

    Attributes:
        message: what happened, in words; for an `APIError` the provider's own.
        code: a short machine-readable word; for an `APIError` the provider's own, or None.
        type: the kind of error; for an `APIError` the provider's own, or None.
        status_code: the HTTP status, where the provider answered with an error status.
        partial: the `ChatResponse` as far as it had arrived, or None where nothing had.
        provider: the provider's name in the provider table.
        request_id: the provider's id of the HTTP request, to quote to its support.
        attempts: how many requests were made.
        retryable: whether the same request may succeed if it is made again.
        phase: where it happened: `dns`, `connect`, `tls`, `proxy`, `request` (before the head of the response),
            `response` (a status that is an error), `stream` (in the body); where it was a time that ran out, which of
            the `Timeouts`: `connect`, `first_event`, `idle`, `progress`, `total`.
    """

    default_code: ClassVar[str | None] = None
    default_type: ClassVar[str | None] = None
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the word that providers use
        status_code: int | None = None,
        partial: ChatResponse | None = None,
        provider: str | None = None,
        request_id: str | None = None,
        attempts: int = 0,
        retryable: bool | None = None,
        phase: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is None else code
        self.type = self.default_type if type is None else type
        self.status_code = status_code
        self.partial = partial
        self.provider = provider
        self.request_id = request_id
        self.attempts = attempts
        self.retryable = self.default_retryable if retryable is None else retryable
        self.phase = phase


class ConfigurationError(DuologueError):
    """The client cannot work as it was set up."""

    default_code = "configuration"
    default_type = "usage"


class UnsupportedError(DuologueError):
    """The provider or the model cannot take what was asked. Raised before anything is sent."""

    default_code = "unsupported"
    default_type = "usage"


class ClosedError(DuologueError):
    """The client or the stream was closed before."""

    default_code = "closed"
    default_type = "usage"


class StreamBusyError(DuologueError):
    """The stream is being read by another task or thread."""

    default_code = "stream_busy"
    default_type = "usage"


class TransportError(DuologueError):
    """The line to the provider failed."""

    default_code = "transport"
    default_type = "transport"
    default_retryable = True


class ConnectError(TransportError):
    """No connection came about."""

    default_code = "connect"


class TLSError(ConnectError):
    """The connection cannot be encrypted, or not with a server that is what it says it is."""

    default_code = "tls"


class ProxyError(ConnectError):
    """The proxy on the way refused, or is not there."""

    default_code = "proxy"


class PoolTimeout(TransportError):
    """All connections were busy for too long."""

    default_code = "pool_timeout"
    default_retryable = False


class ConnectionLost(TransportError):
    """The connection broke off."""

    default_code = "connection_lost"


class FetchError(TransportError):
    """What an address in a message points at was not fetched: it may not be, or what is there cannot be taken.

    `phase` is `address`, `redirect` or `response`.
    """

    default_code = "fetch"
    default_retryable = False


class StreamTimeout(TransportError):
    """Nothing came for too long; `phase` says which of the `Timeouts` ran out."""

    default_code = "timeout"


class ProtocolError(DuologueError):
    """The bytes do not make sense."""

    default_code = "protocol"
    default_type = "protocol"


class DecodeError(ProtocolError):
    """Something that should be JSON of a known shape is not.

    Attributes:
        frame: which one of a stream's it was, counted from 1; None where it was no stream.
    """

    default_code = "decode"

    def __init__(self, message: str, *, frame: int | None = None, **context: Any) -> None:
        super().__init__(message, **context)
        self.frame = frame

    def __str__(self) -> str:
        return self.message if self.frame is None else f"{self.message} (frame {self.frame} of the stream)"


class ContentTypeError(ProtocolError):
    """The body is of another kind than what was asked for, such as a proxy's HTML page."""

    default_code = "content_type"


class RedirectRefused(ProtocolError):
    """The provider answered with a redirect. None is followed, since the key would go along."""

    default_code = "redirect"


class StreamTruncated(ProtocolError):
    """The stream ended, however cleanly, before the provider said that it was done."""

    default_code = "stream_truncated"
    default_retryable = True


class EmptyResponse(StreamTruncated):
    """The provider answered, but without a byte of an answer."""

    default_code = "empty_response"


class StreamInterrupted(StreamTruncated, ConnectionLost):
    """The connection broke off in the middle of the answer."""

    default_code = "stream_interrupted"


class LimitExceeded(DuologueError):
    """A limit of the caller's was passed; `limit` names it."""

    default_code = "limit_exceeded"
    default_type = "limit"

    def __init__(self, message: str, *, limit: str = "", **context: Any) -> None:
        super().__init__(message, **context)
        self.limit = limit


class OutputValidationError(DuologueError):
    """The answer is not of the form that `response_format` asked for.

    Attributes:
        path: where in the answer it does not fit, such as `items[2].name`; empty for the whole of it.
        text: what the model said.
        value: the answer as JSON data, as far as it can be read as such.
        reason: `invalid` (it does not fit), `no_json`, `length` (it was cut), `refusal` or `content_filter`.
    """

    default_code = "output_validation"
    default_type = "output"

    def __init__(
        self,
        message: str,
        *,
        path: str = "",
        text: str = "",
        value: Any = None,
        reason: str = "invalid",
        **context: Any,
    ) -> None:
        super().__init__(message, **context)
        self.path = path
        self.text = text
        self.value = value
        self.reason = reason


class APIError(DuologueError):
    """The provider answered with an error, by its status, in its body or in the stream.

    Attributes:
        retry_after: seconds that the provider asks to wait, or None.
        body: the error as the provider sent it: parsed JSON, or the beginning of the text.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, body: Any = None, **context: Any) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after
        self.body = body

    def __str__(self) -> str:
        status = f" {self.status_code}" if self.status_code else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.provider or 'the provider'} answered{status}: {self.message}{request}"


class BadRequestError(APIError):
    """The request does not suit the provider."""


class AuthenticationError(APIError):
    """The key is missing or wrong."""


class PermissionDeniedError(APIError):
    """The key does not allow this."""


class NotFoundError(APIError):
    """There is no such model or address."""


class ContentFilterError(APIError):
    """A filter of the provider refused the request."""


class RateLimitError(APIError):
    """Too many requests or tokens in a short time."""

    default_retryable = True


class QuotaExceededError(APIError):
    """The account's credit or quota is used up: waiting does not help."""


class OverloadedError(APIError):
    """The provider has too much to do."""

    default_retryable = True


class ServerError(APIError):
    """The provider failed."""

    default_retryable = True


_CLASSES: dict[str, type[DuologueError]] = {name: globals()[name] for name in __all__}


def error_fields(error: DuologueError) -> dict[str, Any]:
    """All that an error says, as plain data under `class` and the attributes' names; `partial` stays an object."""
    known = next((cls.__name__ for cls in type(error).__mro__ if cls.__name__ in _CLASSES), "DuologueError")
    return {"class": known, **vars(error)}


def error_from_fields(fields: dict[str, Any]) -> DuologueError:
    """The error that `error_fields` took apart.

    Raises:
        DecodeError: the class is not one of this module's, or a field is not one of its.
    """
    fields = dict(fields)
    name = fields.pop("class", None)
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise DecodeError(f"error.class: expected one of {', '.join(sorted(_CLASSES))}; got {name!r}")
    try:
        return cls(**fields)
    except TypeError as reason:
        raise DecodeError(f"error: not the fields of {name}: {reason}") from None
