"""One call of a client: the request to send, and all that is decided on the way to its end.

A `Call` outlives its requests: each retry begins a new `Exchange`. It holds no socket and never waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from duologue._core.catalog import check_abilities, model_info
from duologue._core.deadlines import Deadlines
from duologue._core.exchange import Exchange
from duologue._core.failures import is_transport_failure, transport_error, without_frames
from duologue._core.hooks import Hooks
from duologue._core.log import line, listener
from duologue._core.rate_limits import until_reset
from duologue._core.restart import restart_policy
from duologue._core.retry import retry_delay
from duologue._dialects import find_dialect
from duologue._dialects.media_limits import check_media, check_size
from duologue._dialects.text_files import with_text_files
from duologue._dialects.unsupported import check_supported
from duologue._frames.inflate import ACCEPT
from duologue._json import dumps
from duologue._middleware import OutgoingRequest, RequestInfo
from duologue._version import __version__
from duologue.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
    DuologueError,
    StreamTimeout,
)
from duologue.models import ChatRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duologue._core.deadlines import Opening
    from duologue._core.endpoint import Endpoint
    from duologue._core.pace import Pace
    from duologue._dialects import Wire
    from duologue._output import Growing, Output
    from duologue._view import ToolCallSoFar
    from duologue.config import ClientConfig
    from duologue.errors import ClosedError, OutputValidationError
    from duologue.events import StreamEvent
    from duologue.models import ChatResponse, ToolCall, Usage


# Headers whose values add up: what is switched on here must not be switched off by what a caller switches on.
_LISTS = frozenset({"anthropic-beta"})


class Attempt:
    """When what came, by a monotonic clock."""

    def __init__(self, now: float) -> None:
        self.began = now
        self.head: float | None = None
        self.first_event: float | None = None

    def since(self, then: float | None) -> float | None:
        """The seconds from its beginning."""
        return None if then is None else then - self.began


class Call:
    """One call.

    Raises:
        ConfigurationError: no model is named, or a header cannot be sent.
        UnsupportedError: the provider or the model cannot take the request.
        ValueError: the request has no messages, holds what has no place in them or in JSON, or its `tool_choice` names
            no tool; or `restart` is no word for it.
    """

    method = "POST"

    def __init__(
        self,
        config: ClientConfig,
        endpoint: Endpoint,
        request: ChatRequest,
        *,
        stream: bool,
        now: float,
        restart: str | None = None,
    ) -> None:
        self.config = config
        self.endpoint = endpoint
        self.attempts = 0
        self.delivered = False
        self._resent = False
        self._restart = restart_policy(restart)
        self._attempt: Attempt | None = None
        self._waited = self._turn = 0.0
        self.deadlines = Deadlines(config.timeouts, now)
        self._stream = stream
        self._dialect = find_dialect(endpoint.provider.dialect)
        model = request.model or endpoint.model
        if model is None:
            raise ConfigurationError(f"name a model: {endpoint.provider.title} has no default one")
        _check_messages(request)
        _check_tool_choice(request)
        self.model = model
        self.output: Output | None = None
        self._request = request
        self._used: Usage | None = None  # by answers to the same question before
        form = request.response_format
        if form is not None and form.wanted is not None:
            from duologue._output import plan

            self.output, wire = plan(request, endpoint.provider, self._encode)
        else:
            wire = self._encode(request)
        self.path = wire.path
        self._headers = wire.headers
        self._hooks: Hooks | None = None
        self._sent: OutgoingRequest | None = None  # as middlewares have left it
        try:
            self.body = self._body = dumps(wire.body)
        except (TypeError, ValueError) as reason:
            raise ValueError(f"the request holds what JSON cannot say: {reason}") from None
        if endpoint.known:
            check_size(request, endpoint.provider, len(self.body))
        self.exchange = self._new_exchange()

    def _encode(self, request: ChatRequest) -> Wire:
        """What goes over the wire.

        Raises:
            UnsupportedError: the provider or the model cannot take it.
        """
        provider, info = self.endpoint.provider, model_info(self.endpoint.provider, self.model)
        request = with_text_files(request, provider, self._dialect, info.supports_files)
        check_abilities(info, request, stream=self._stream)
        check_supported(request, provider)
        if self.endpoint.known:  # another server's limits are its own
            check_media(request, provider)
        return self._dialect.encode(request, provider, model=self.model, stream=self._stream)

    @property
    def response(self) -> ChatResponse:
        """The answer as far as it was given."""
        return self._restart.partial or self.exchange.response

    @property
    def tool_calls(self) -> tuple[ToolCallSoFar | ToolCall, ...]:
        """Its tool calls, as far as they have come."""
        given = self._restart.partial
        return self.exchange.tool_calls if given is None else given.tool_calls

    @property
    def drops(self) -> bool:
        """Whether the caller may have to drop what was given."""
        return self._restart.drops

    def headers(self, endpoint: Endpoint, now: float) -> dict[str, str]:
        """The headers of the request, the key or a signature of `now`, in seconds since 1970, among them; the caller's
        own come last and win."""
        own = self._own_headers() if self._sent is None else dict(self._sent.headers)
        return endpoint.signed({**endpoint.headers(), **own}, self.path, self.body, now)

    def _own_headers(self) -> dict[str, str]:
        """All headers but those of the endpoint, its key among them."""
        headers = {
            "accept": "text/event-stream" if self._stream else "application/json",
            "accept-encoding": ACCEPT,
            "content-type": "application/json",
            "user-agent": f"duologue/{__version__}",
            **self._headers,
        }
        for name, value in self.config.headers.items():
            known = self._headers.get(name.lower()) if name.lower() in _LISTS else None
            headers[name.lower()] = value if known is None else f"{known},{value}"
        return headers

    def begin_request(self, now: float) -> dict[str, float | None]:
        """Another request goes out; the timeouts for it, in seconds, as httpx takes them."""
        self.attempts += 1
        self._attempt = Attempt(now)
        if self.config.middleware:
            self._show_request()
        elif self.attempts > 1:
            self.exchange = self._new_exchange()
        if self.config.options.get("log_content") and (log := listener()):
            log.debug("request: %s", self.body.decode())
        self.deadlines.request_begins(now)
        connect = self.deadlines.connect(now)
        return {
            "connect": connect,
            "pool": connect,
            "write": self.config.timeouts.idle,
            "read": self.deadlines.head(now),
        }

    def _show_request(self) -> None:
        """Let the middlewares see the request, and change it, once an attempt."""
        if self._hooks is None or self._hooks.attempt != self.attempts:
            self._hooks = hooks = Hooks(self.config.middleware, self._info())
            self.exchange = self._new_exchange()
            self._sent = sent = hooks.request(OutgoingRequest(self._own_headers(), self._body))
            self.body = sent.body

    def _info(self) -> RequestInfo:
        name = self.endpoint.provider.name
        return RequestInfo(name, self.model, self.attempts, self._stream, self.path)

    def delay(self, pace: Pace, now: float) -> float:
        """The seconds to wait before the next request, by the caller's own limits.

        Raises:
            StreamTimeout: `requests_per_minute` asks for more than is left of the total.
        """
        self._waited = 0.0
        if pace.free:
            return 0.0
        held = pace.held(self.model, now)
        # What the provider announced may be wrong, so it makes nothing fail that might have worked.
        delay = pace.reserve(now, held if self.deadlines.allows(held, now) else 0.0, self.deadlines.left(now))
        if not self.deadlines.allows(delay, now):
            raise StreamTimeout(f"requests_per_minute asks for {delay:.1f} s, more than is left (total)", phase="total")
        self._waited, self._turn = delay, now + delay
        return delay

    def give_way(self, pace: Pace) -> None:
        """The request is not made after all: what waits for its turn has one less before it."""
        pace.give_back(self._turn)

    def heed(self, pace: Pace, headers: Mapping[str, str], now: float) -> None:
        """What a response's headers say of the provider's limits is to be heeded by the next request."""
        if self.config.limits.wait_for_reset and (seconds := until_reset(headers)) is not None:
            pace.hold(self.model, now + seconds if seconds <= self.config.retry.max_delay else now)

    def overdue(self, now: float) -> list[StreamEvent]:
        """The last event, where a time ran out though bytes kept coming; else nothing."""
        end = self.deadlines.next()
        if end is None or now < end[0]:
            return []
        return self.exchange.fail(StreamTimeout(f"nothing came for too long ({end[1]})", phase=end[1]))

    def failed(self, reason: Exception, *, begun: bool, opening: Opening | None = None) -> list[StreamEvent]:
        """Waiting ended in an exception: the last event, or none where the answer is over or the request is to be sent
        again at once.

        `begun` tells whether the response's head had come, `opening` how far the request was. An exception that is
        neither ours nor the line's is raised again.
        """
        if isinstance(reason, DuologueError):
            return self.exchange.fail(reason)
        if not is_transport_failure(reason):
            raise reason
        stage = opening.stage if opening is not None else None
        phases = {"phase": self.deadlines.phase(), "connect_phase": self.deadlines.connect_phase()}
        error = transport_error(reason, begun=begun, stage=stage, **phases)
        error.__cause__ = without_frames(reason)
        reused = opening is not None and opening.reused
        if reused and not begun and not self._resent and isinstance(error, ConnectionLost):
            # The server had closed it, as it may at any time, and had not heard of this request: RFC 9110, 9.2.2.
            self._resent = True
            self.attempts -= 1
            return []
        return self.exchange.fail(error)

    def closed(self, reason: ClosedError) -> list[StreamEvent]:
        """The caller wants no more: the last event, unless the answer is over."""
        if self.exchange.error is not None and (not self.delivered or self._restart.behind):  # it was to be tried again
            self.exchange = self._new_exchange()
        events = self.exchange.fail(reason)
        reason.partial = self._restart.partial or reason.partial
        return events

    def after(self, events: list[StreamEvent], now: float) -> tuple[list[StreamEvent], float | None]:
        """A wait has given these events: those for the caller, and the seconds to wait before trying again, or None
        where all is well, or where the error is the end of it."""
        if events:
            self.deadlines.event_came(now)
            if self._attempt is not None and self._attempt.first_event is None:
                self._attempt.first_event = now
        if self.exchange.error is None and not self.exchange.finished and not self._restart.allowed:
            return events, None  # as nearly always
        delay = self._delay_before_retry(now)
        error = self.exchange.error
        if self.delivered or delay is None:
            events, delay = self._given(events, delay, now)
        else:
            events = []
        if delay is not None or self.exchange.finished:
            self.attempt_ends(now, retry_in=delay)
        if delay is not None and self.config.retry.on_retry is not None:
            assert error is not None
            self.config.retry.on_retry(error, delay)
        return events, delay

    def _given(
        self, events: list[StreamEvent], delay: float | None, now: float
    ) -> tuple[list[StreamEvent], float | None]:
        """What the caller gets, where an answer that was begun may be asked for again."""
        error, restart = self.exchange.error, self._restart
        given = restart.give(events if error is None else events[:-1])
        if restart.differs:
            assert restart.error is not None
            self.attempt_ends(now, outcome="differs")
            restart.error.attempts = self.attempts
            self.exchange = self._new_exchange()
            return self.exchange.fail(restart.error), None
        if error is None:
            return given, None
        error.partial = restart.partial or error.partial
        if delay is None:
            return [*given, *events[-1:]], None
        restart.begin(error)
        return given, delay

    def attempt_ends(self, now: float, retry_in: float | None = None, outcome: str | None = None) -> None:
        """Tell who listens, once."""
        attempt, self._attempt = self._attempt, None
        if attempt is None or (log := listener()) is None:
            return
        log.debug("%s", line(self._figures(attempt, now, retry_in, outcome)))
        if self.config.options.get("log_content"):
            log.debug("answer: %r", self.exchange.response)

    def _figures(self, attempt: Attempt, now: float, retry_in: float | None, outcome: str | None) -> dict[str, Any]:
        exchange = self.exchange
        error = exchange.error
        outcome = outcome or ("done" if exchange.complete else "left" if error is None else type(error).__name__)
        return {
            "provider": self.endpoint.provider.name,
            "model": self.model,
            "attempt": self.attempts,
            "waited": self._waited or None,
            "outcome": outcome,
            "phase": error and error.phase,
            "status": exchange.status,
            "head": attempt.since(attempt.head),
            "first_event": attempt.since(attempt.first_event),
            "total": attempt.since(now),
            "bytes": exchange.bytes,
            "events": exchange.events,
            "request_id": exchange.request_id,
            "response_id": exchange.response.id,
            "retry_in": retry_in,
        }

    def head_came(self, now: float) -> None:
        """The head of the response is there."""
        self.deadlines.bytes_came(now)
        if self._attempt is not None:
            self._attempt.head = now

    def _delay_before_retry(self, now: float) -> float | None:
        error = self.exchange.error
        if error is None:
            return None
        error.attempts = self.attempts
        if isinstance(error, AuthenticationError) and self.endpoint.withheld is not None:
            held, title = self.endpoint.withheld, self.endpoint.provider.title
            error.add_note(
                f"{held} was not sent: the address is not {title}'s own; pass api_key=... if it is meant for it"
            )
        if (self.delivered and not self._restart.allowed) or not self.attempts:  # without a request none is repeated
            return None
        delay = retry_delay(error, self.attempts, self.config.retry, said=self.exchange.should_retry)
        return delay if delay is not None and self.deadlines.allows(delay, now) else None

    def growing(self) -> Growing:
        """Reads JSON out of the text as it comes."""
        from duologue._output import Growing

        return Growing() if self.output is None else self.output.growing()

    def parsed(self, response: ChatResponse) -> ChatResponse:
        """The response with what was asked for, if anything was.

        Raises:
            OutputValidationError: it is not of that form.
        """
        return response if self.output is None else self.output.read(response, self._used)

    def again(self, error: OutputValidationError, now: float) -> Call:
        """Another call, that tells the model what is wrong with its answer."""
        from duologue._output import again

        assert error.partial is not None
        request = again(self._request, error.partial, error.message)
        call = Call(self.config, self.endpoint, request, stream=self._stream, now=now)
        call._used = error.partial.usage
        return call

    def _new_exchange(self) -> Exchange:
        endpoint, restart = self.endpoint, self._restart
        keep: Callable[[StreamEvent], StreamEvent] | None = restart.keep if restart.allowed else None
        if self.output is not None and self.output.by_tool:
            untool = self.output.keeper()
            keep = lambda event: untool(restart.keep(event))  # noqa: E731 - the other way to say it is longer
        return Exchange(
            self._dialect,
            endpoint.provider,
            self.config.limits,
            stream=self._stream,
            known=endpoint.known,
            key=endpoint.api_key,
            keep=keep,
            untooled=self.output is not None and self.output.by_tool,
            hooks=self._hooks,
        )


def check_reask(times: int, call: Call) -> int:
    """How often to ask again.

    Raises:
        ValueError: it is no such number, or there is nothing that could be asked for again.
    """
    if type(times) is not int or times < 0:
        raise ValueError(f"reask must be a whole number, how often to ask again; got {times!r}")
    if times and call.output is None:
        raise ValueError("reask goes with a response_format that is a type or a JSON Schema")
    return times


def make_request(prompt: Any, params: dict[str, Any]) -> ChatRequest:
    """The request that a prompt and the parameters beside it mean.

    Raises:
        TypeError: a parameter is unknown, or the prompt is none.
    """
    unknown = sorted(params.keys() - _FIELDS)
    if unknown:
        raise TypeError(f"unknown parameter {', '.join(map(repr, unknown))}; known ones: {', '.join(sorted(_FIELDS))}")
    # None is how callers say that they leave a parameter out.
    given = {name: value for name, value in params.items() if value is not None}
    if isinstance(prompt, ChatRequest):
        return attrs.evolve(prompt, **given)
    return ChatRequest(prompt, **given)


def _check_messages(request: ChatRequest) -> None:
    """What no provider has a place for would be dropped in silence, so it is refused."""
    if not request.messages:
        raise ValueError("the request has no messages")
    for number, message in enumerate(request.messages):
        for field, role in (("tool_calls", "assistant"), ("tool_call_id", "tool"), ("is_error", "tool")):
            if getattr(message, field) and message.role != role:
                raise ValueError(f"messages[{number}]: {field} goes with the role {role!r}, not {message.role!r}")


def _check_tool_choice(request: ChatRequest) -> None:
    """A misspelt word would pass for the name of a tool; tools in `extra` have names that are not known here."""
    names = {tool.name for tool in request.tools} | {"auto", "none", "required"}
    if request.tools and request.tool_choice not in {None, *names} and "tools" not in request.extra:
        raise ValueError(f"tool_choice is one of {', '.join(sorted(names))}; got {request.tool_choice!r}")


_FIELDS = frozenset(field.name for field in attrs.fields(ChatRequest)) - {"messages"}
