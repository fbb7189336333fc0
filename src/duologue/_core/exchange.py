"""One answer, from the bytes of its body to events: frames, dialect and accumulator put together.

`begin(status, headers)` once, `feed(data)` for each piece of the body, then `close()` where the body ends or
`fail(error)` where the line breaks. Each gives events, and none raises: what goes wrong is the last event, an `Error`
with all that had arrived in `error.partial`. After `Done` or `Error` nothing more comes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from duologue._core.accumulate import Accumulator
from duologue._core.headers import error_type, media_type, request_id, retry_after, should_retry
from duologue._core.rate_limits import refusal_ends
from duologue._core.repeats import Repeats
from duologue._dialects.api_errors import api_error
from duologue._frames.array import ArrayReader
from duologue._frames.eventstream import EventStreamReader
from duologue._frames.inflate import Body, Plain, open_body
from duologue._frames.jsonl import JSONLinesReader
from duologue._frames.sse import SSEReader
from duologue._frames.whole import WholeReader
from duologue._json import loads
from duologue.errors import (
    ContentTypeError,
    DecodeError,
    DuologueError,
    EmptyResponse,
    LimitExceeded,
    ProtocolError,
    ProxyError,
    RedirectRefused,
    StreamTruncated,
    TransportError,
)
from duologue.events import Done, Error, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duologue._core.hooks import Hooks
    from duologue._dialects import Dialect
    from duologue._secret import Secret
    from duologue._view import ToolCallSoFar
    from duologue.config import Limits
    from duologue.models import ChatResponse, EndMarker, Provider

# Nobody reads a longer error, and a hostile server might send one without an end.
_ERROR_BYTES = 65536
_ERROR_CHARACTERS = 4096
# A shorter key is no secret, but a word that may be part of others: a local server's `none`, say.
_KEY_CHARACTERS = 8
# What could command a terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# No server has a use for more; their bytes are bounded by the HTTP library, to some 100 KiB.
_HEADERS = 1000
_STREAM_TYPES = {
    "sse": {"text/event-stream"},
    "jsonl": {"application/x-ndjson", "application/jsonl", "application/x-jsonlines"},
    "aws-eventstream": {"application/vnd.amazon.eventstream"},
}
_READERS = {"sse": SSEReader, "jsonl": JSONLinesReader, "aws-eventstream": EventStreamReader}
# What ends a stream, by the provider's row.
_MARKERS = {
    "done_line": "the provider's end marker, data: [DONE]",
    "event": "the provider's end marker, an event of its own",
    "finish_reason": "a finish reason, which is the provider's end marker",
}
# Proxy Authentication Required: no provider's own answer (RFC 9110, section 15.5.8).
_PROXY_ASKS = 407
_TOO_MANY = 429
# What `Repeats` gives in place of a frame.
_KNOWN = frozenset({TextDelta, ReasoningDelta, ToolCallDelta})
# What can befall a body on its way.
_LINE = (TransportError, ProtocolError)


class Exchange:
    """One answer's state."""

    def __init__(
        self,
        dialect: Dialect,
        provider: Provider,
        limits: Limits,
        *,
        stream: bool,
        known: bool,
        key: Secret | None = None,
        keep: Callable[[StreamEvent], StreamEvent] | None = None,
        untooled: bool = False,
        hooks: Hooks | None = None,
    ) -> None:
        self._provider = provider.name
        self._limits = limits
        self._key = key
        self._keep = keep
        self._hooks = hooks
        self._on_events = hooks.events if hooks is not None and hooks.sees_events else None
        self._framing = dialect.FRAMING
        self._stream = stream
        self._decoder = dialect.Decoder(provider)
        self._accumulator = Accumulator(provider.name, untooled=untooled)
        # A server that we know to send an end marker is held to it; from another, a finish reason has to do. The
        # formats with an event of their own for it are not spoken without.
        own: EndMarker = getattr(dialect, "END_MARKER", "event")
        marker = provider.end_marker or own
        self._missing = _MARKERS[marker] if stream else "its end"
        self._marker_needed = marker == "event" or (known and marker == "done_line")
        self._body: Body = Plain()
        self._frames: Any = WholeReader(max_bytes=limits.max_event_bytes)
        self._repeats: Repeats | None = None
        self._accounted = 0  # of the events that the step under way has given
        self._decode: Callable[[Any, list[StreamEvent]], None] = self._decoder.feed_whole
        # Instead of that, for what is no answer. A method that is bound would make a cycle, in which all that was said
        # would wait for the garbage collector.
        self._refuse: Callable[[Exchange, str], None] | None = None
        self.status = 0
        self._media_type = ""
        self._headers: Mapping[str, str] = {}
        self.should_retry: bool | None = None
        self._frame = 0
        self.bytes = 0
        self.events = 0
        self.complete = False
        self._terminator_missing = False
        self.finished = False
        self.error: DuologueError | None = None

    @property
    def tool_calls(self) -> tuple[ToolCallSoFar, ...]:
        """The first choice's tool calls as far as they have come."""
        return self._accumulator.tool_calls

    @property
    def response(self) -> ChatResponse:
        """The answer as it stands."""
        return self._accumulator.response(
            self._decoder.finish, complete=self.complete, terminator_missing=self._terminator_missing
        )

    def begin(self, status: int, headers: Mapping[str, str]) -> list[StreamEvent]:
        """The response's head has come; `headers` are looked up by lower-case names."""
        self.status = status
        if self._hooks is not None:
            try:
                status, headers = self._hooks.response(status, headers)
            except DuologueError as error:
                return self.fail(error)
            self.status = status
        self._headers = headers
        self.should_retry = should_retry(headers) if status >= 400 else None
        self._media_type = media_type(headers)
        self._choose_reader()
        try:
            if len(headers) > _HEADERS:
                raise ProtocolError(f"a response with {len(headers)} headers", phase="response")
            self._body = open_body(headers.get("content-encoding", ""))
        except DuologueError as error:
            return self.fail(error)
        return []

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request, where its response told one."""
        return request_id(self._headers)

    @property
    def more(self) -> bool:
        """Whether there is more in what was fed; then `feed(b"")` gives it."""
        return self._body.more and not self.finished

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that `data` completes, or where it is compressed and stands for more, the first of them."""
        return self._guard(self._feed, data)

    def close(self) -> list[StreamEvent]:
        """The body has ended, as far as HTTP can tell."""
        return self._guard(self._close)

    def fail(self, error: DuologueError) -> list[StreamEvent]:
        """Something went wrong: the `Error` event, unless the answer is over."""
        if self.finished:
            return []
        if self.status >= 300 and isinstance(error, _LINE) and not isinstance(error, RedirectRefused):
            # The status says more than what befell the body that explains it.
            cause, error = error, self._refusal("".join(self._frames.close()))
            error.__cause__ = cause
        self.finished = True
        # The frames that it came through hold the provider's bytes, which crash reports have no business with.
        self.error = error.with_traceback(None)
        error.__context__ = None
        if isinstance(error, StreamTruncated) and not isinstance(error, EmptyResponse):
            self._say_what_came(error)
        if self.status:
            error.partial = self.response
            error.phase = error.phase or ("stream" if self.status < 300 else "response")
        error.provider = self._provider
        error.request_id = error.request_id or self.request_id
        return [Error(error) if self._hooks is None else self._hooks.last(Error(error))]

    # -- inside --------------------------------------------------------------------------------------------------------

    def _guard(self, step: Callable[..., None], *args: bytes) -> list[StreamEvent]:
        """Run a step; an error in it becomes the last event, after all that the step gave before."""
        events: list[StreamEvent] = []
        self._accounted = 0
        if not self.finished:
            try:
                step(*args, events)
            except DuologueError as error:
                events += self.fail(error)
        return events

    def _choose_reader(self) -> None:
        """By the status and the content type, which is believed unless it is missing: some servers stream whatever they
        were asked for, and some never do."""
        if self.status >= 300:
            self._frames = WholeReader(max_bytes=_ERROR_BYTES, cut=True)
            self._refuse = Exchange._refuse_status
        elif self._media_type in _STREAM_TYPES[self._framing] or (self._stream and not self._media_type):
            self._frames = self._stream_reader(self._limits.max_event_bytes)
            self._decode = self._decoder.feed
        elif self._media_type and not (self._media_type == "application/json" or self._media_type.endswith("+json")):
            self._frames = WholeReader(max_bytes=_ERROR_BYTES, cut=True)
            self._refuse = Exchange._refuse_type
        elif feed_array := getattr(self._decoder, "feed_array", None):
            self._frames = ArrayReader(max_bytes=self._limits.max_event_bytes)
            self._decode = feed_array
        # Else the body is one JSON text.

    def _stream_reader(self, max_bytes: int | None) -> Any:
        reader = _READERS[self._framing]
        take_text = getattr(self._decoder, "take_text", None)
        take_arguments = getattr(self._decoder, "take_arguments", None)
        if take_text is None and take_arguments is None:
            return reader(max_bytes=max_bytes)
        self._repeats = Repeats(take_text, take_arguments, getattr(self._decoder, "NOISE", ()))
        return reader(max_bytes=max_bytes, known=self._repeats.find)

    def _feed(self, data: bytes, events: list[StreamEvent]) -> None:
        data = self._body.feed(data)
        limit = self._limits.max_bytes
        room = len(data) if limit is None or self.status >= 300 else limit - self.bytes
        self.bytes += len(data)
        try:
            for frame in self._frames.feed(data[:room]):
                if type(frame) in _KNOWN:
                    self._frame += 1
                    events.append(frame)
                elif not self.finished:
                    self._take(frame, events)
        finally:
            self._account(events)
        if len(data) > room and not self.finished:
            raise LimitExceeded(f"the answer is longer than max_bytes={limit}", limit="max_bytes")

    def _take(self, frame: Any, events: list[StreamEvent]) -> None:
        """Decode one frame; what it gives before an error is kept."""
        self._frame += 1
        before = len(events)
        try:
            if self._refuse is not None:
                self._refuse(self, frame)
            else:
                self._decode(frame, events)
        except DecodeError as error:
            if not isinstance(self._frames, WholeReader):
                error.frame = self._frame
            raise
        finally:
            if self._repeats is not None:
                again = getattr(self._decoder, "repeatable", True) and not self._decoder.ended
                self._repeats.learn(self._frames.frame if again else b"", events[before:])
        if self._decoder.ended:
            self._account(events)
            events.append(self._done())
            self._accounted = len(events)

    def _account(self, events: list[StreamEvent]) -> None:
        """Let the middlewares see the events that are new, count them, and add them to the answer."""
        if self._on_events is None:
            self._count(events)
            return
        came = events[self._accounted :]
        del events[self._accounted :]  # so that no event is seen twice, should one be refused
        for event in came:
            events += self._on_events([event])
            self._count(events)

    def _count(self, events: list[StreamEvent]) -> None:
        start, limit = self._accounted, self._limits.max_events
        end = len(events) if limit is None else min(len(events), start + limit - self.events)
        over = len(events) > end
        del events[end:]
        if self._keep is not None:
            events[start:] = map(self._keep, events[start:])
        self._accumulator.add(events[start:] if start else events)
        self.events += end - start
        self._accounted = end
        if over:
            raise LimitExceeded(f"the stream has more than max_events={limit} events", limit="max_events")

    def _done(self, *, terminator_missing: bool = False) -> Done:
        self.finished = True
        self.complete = not getattr(self._decoder, "pending", False)
        self._terminator_missing = terminator_missing
        response = self.response
        word = response.choices[0].raw_finish_reason if response.choices else None
        done = Done(response.finish_reason, response.usage, response, word)
        return done if self._hooks is None else self._hooks.last(done)

    def _close(self, events: list[StreamEvent]) -> None:
        while self.more:
            self._feed(b"", events)
        self._body.close()
        for frame in self._frames.close():
            if not self.finished:
                self._take_last(frame, events)
        if isinstance(self._frames, SSEReader) and not self.finished:
            self._take_stray(b"\n".join(self._frames.stray), events)
        if self.finished:
            return
        if getattr(self._decoder, "stopped", False):
            events.append(self._done())
            return
        if not self._marker_needed and self._is_finished():
            events.append(self._done(terminator_missing=True))
            return
        if not self.bytes:
            raise EmptyResponse("the provider answered without a byte of an answer")
        raise StreamTruncated("the answer ended too soon")

    def _say_what_came(self, error: StreamTruncated) -> None:
        """Let the error of a body that was cut say what had come, and what had not."""
        finish = " and a finish reason" if self._decoder.finish else ""
        error.message += f": {self.events} events{finish} came in {self.bytes} bytes, but not {self._missing}"
        error.args = (error.message,)

    def _take_last(self, frame: Any, events: list[StreamEvent]) -> None:
        """Decode the frame that the end of the body cut off: whole, it counts; broken, it tells that the body was
        cut."""
        try:
            self._take(frame, events)
        except DecodeError as error:
            if _is_cut(getattr(frame, "data", frame)):
                raise StreamTruncated(f"the answer ended inside its last event: {error.message}") from None
            raise
        finally:
            self._account(events)

    def _is_finished(self) -> bool:
        """Whether every choice has its finish reason, and the body ended after a whole line."""
        finish = self._decoder.finish
        return bool(finish) and self._accumulator.indexes <= finish.keys() and not getattr(self._frames, "cut", False)

    def _take_stray(self, text: bytes, events: list[StreamEvent]) -> None:
        """Decode bare JSON under a stream's content type: an error, or an answer that was never streamed. After events
        it can be nothing but an error, as Vertex AI sends them."""
        if text.startswith((b"{", b"[")):
            if self.events:
                self._refuse = Exchange._refuse_stray
            self._decode = self._decoder.feed_whole
            self._take_last(text.decode("utf-8", "replace"), events)

    def _refuse_stray(self, text: str) -> None:
        payload = loads(text)
        found = payload[0] if isinstance(payload, list) and payload else payload
        if isinstance(found, dict) and found.get("error"):
            raise api_error(payload)

    def _refuse_status(self, text: str) -> None:
        raise self._refusal(text)

    def _refusal(self, text: str) -> DuologueError:
        """The error that the status and as much of the body as there is stand for."""
        if self.status < 400:
            return RedirectRefused(
                f"the provider answered with a redirect (status {self.status}), which is not followed, since the key "
                "would go along: set base_url to the right address",
                status_code=self.status,
            )
        if self.status == _PROXY_ASKS:
            return ProxyError("the proxy wants to know who asks (status 407)", phase="proxy", status_code=self.status)
        key = "" if self._key is None else self._key.reveal()
        if len(key) >= _KEY_CHARACTERS:  # some providers repeat a key that they do not know
            text = text.replace(key, "***")
        try:
            payload = loads(text)
        except DecodeError:
            payload = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)[:_ERROR_CHARACTERS]
        after = retry_after(self._headers)
        if after is None and self.status == _TOO_MANY:
            after = refusal_ends(self._headers)
        return api_error(
            payload,
            status=self.status,
            retry_after=after,
            retryable=self.should_retry,
            error_type=error_type(self._headers),
            request_id=self.request_id,
        )

    def _refuse_type(self, text: str) -> None:
        raise ContentTypeError(
            f"expected an answer in JSON or as an event stream, got {self._media_type}, beginning {text[:200]!r}",
            status_code=self.status,
        )


def _is_cut(text: str) -> bool:
    """Whether a text may be the beginning of a JSON object or of an end marker. One with a number that is refused is
    still whole, so this is the reader that takes any."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text.lstrip()[:1] in ("", "{", "[")
    return False
