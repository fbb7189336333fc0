"""A stream of events, and all the waiting there is in one.

Iterating opens the connection. After `Done` or `Error`, after `aclose()`, and after an exception or an interruption at
any place, the connection is back in the pool or closed.
"""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext, suppress
from math import inf
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Self, cast

from duologue._async.partials import AsyncPartials
from duologue._core.deadlines import Opening, Timed, opening
from duologue._core.failures import is_read_timeout, transport_failures_ignored
from duologue._core.network import has_more, innermost
from duologue._core.theirs import body_at_hand, break_off, without_encoding
from duologue._waiting.interrupt import AsyncInterrupt, async_sleep
from duologue._waiting.network import async_unwind, stop_reading
from duologue._waiting.places import async_abandon
from duologue.errors import ClosedError, DuologueError, StreamBusyError
from duologue.events import Error, StreamEvent, TextDelta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractContextManager

    from typing_extensions import TypeVar

    from duologue._async.http import AsyncPlace, AsyncRoad
    from duologue._async.tools import AsyncToolRun
    from duologue._core.call import Call
    from duologue._view import ToolCallSoFar
    from duologue.models import ChatResponse, ToolCall

    R = TypeVar("R", default=ChatResponse)  # a `ParsedResponse` where a form was asked for
else:
    from typing import TypeVar

    R = TypeVar("R")

# How much of what has come is decoded at once, at first and at most, and then to the end of an event: the first event
# is not to wait for many others.
_FIRST_BYTES, _MOST_BYTES = 512, 65536
_ENDS = (b"\n\n", b"\n\r\n", b"}\n")
_DRAIN_SECONDS = 0.1  # how long to read on after the end marker, so that the connection can be used again


class AsyncStream(Generic[R]):
    """The events of one answer as they arrive; made by `AsyncClient.stream`.

    Iterate over it, bare or inside `async with`. Exactly one `Done` or `Error` comes last; a loop that asks for more
    after an `Error` gets `event.error` raised, unless the stream was made with `raise_errors=False`.

    Attributes:
        status_code, headers: of the HTTP response, once it is open; None before.
    """

    def __init__(self, road: AsyncRoad, call: Call, *, raise_errors: bool = True) -> None:
        self._road = road
        self._call = call
        self._raise_errors = raise_errors
        self._events: deque[StreamEvent] = deque()
        self._last: StreamEvent | None = None  # kept for when those before it were given: there is a wait before it
        self._http: Any = None  # httpx's response, or our own answer
        self._body: AsyncIterator[bytes] | None = None
        self._came = b""  # and is not decoded yet, from `_at` on
        self._at = 0
        self._most = _FIRST_BYTES
        self._network: object = None
        self._opening: Opening | None = None
        self._error: DuologueError | None = None
        self.place: AsyncPlace | None = None  # while it has one; not for callers
        self._over = False
        self._since: float | None = None  # when the reader began to wait
        self._wake = inf  # when it wants to be told that nothing has come
        self._delay: float | None = None  # before the next request, where another is to be made
        # Held by whoever waits for events or frees the connection; nobody ever waits for it.
        self._busy = Lock()
        self._closed: ClosedError | None = None
        self._interrupt = AsyncInterrupt()
        self.status_code: int | None = None
        self.headers: Mapping[str, str] | None = None

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request, once its response is open; None before."""
        return self._call.exchange.request_id

    @property
    def waiting_for(self) -> float:
        """The seconds that the reader has been waiting for the next event, for whatever reason; 0 while it does not
        wait. For another task or thread that watches."""
        since = self._since
        return 0.0 if since is None else monotonic() - since

    @property
    def silent_for(self) -> float:
        """Of these, the seconds without a byte of the answer. Far less than `waiting_for` where the provider sends
        signs of life but no event."""
        return min(self.waiting_for, monotonic() - self._call.deadlines.heard)

    @property
    def response(self) -> ChatResponse:
        """The answer so far; `response.complete` tells whether the provider said that it was done."""
        return self._call.response

    @property
    def tool_calls(self) -> tuple[ToolCallSoFar | ToolCall, ...]:
        """The first choice's tool calls so far, each with `id`, `name`, `arguments` and `partial`: these as far as they
        have come, and `partial` read as in a `ToolCallDelta`."""
        return self._call.tool_calls

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        if not self._events and not self._over:
            await self._fill()
        if self._events:
            self._call.delivered = True
            event = self._events.popleft()
            self._error = event.error if isinstance(event, Error) else None
            return event
        if self._error is not None and self._raise_errors:
            try:
                raise self._error
            finally:
                del self  # the error's traceback would hold the stream, which holds the error
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Leave the stream and free its connection. Iterating over it gives nothing more; whoever waits for its next
        event at that time gets a `ClosedError`."""
        self._events.clear()
        self._last = None
        await self.stop(ClosedError("the stream was closed while it was being read"))

    def text(self, *, min_chars: int = 1, max_delay: float | None = None) -> AsyncText:
        """The pieces of text only, as strings; an error is raised.

        Args:
            min_chars: hold small pieces back until there are so many characters, so that a display need not be drawn
                anew for each. What is held is given at the end, and before an error, however little it is.
            max_delay: the seconds after which a piece is given all the same, and at once before another request, since
                nobody knows how long that takes; None for any time. With an `http_client` of your own this is looked at
                whenever an event comes.

        Raises:
            ValueError: one of the two is negative, or the stream may begin again, which pieces of text cannot tell.
        """
        if self._call.drops:
            raise ValueError('with restart="again" iterate over the events: a second `Start` tells to drop the text')
        return AsyncText(self, min_chars, max_delay)

    def partials(self) -> AsyncPartials:
        """The JSON of the answer as it grows, for who asked for a form: Python data, as far as they have come, once for
        each piece of text that tells more. The last string may be cut short, and the last key left out. They may be
        kept but not changed; from 32,768 characters on they are the same object each time, which grows.

        An answer that is not of the form is raised at the end, as by `result()`; so is any other error.
        """
        return AsyncPartials(self, self._call)

    async def result(self) -> R:
        """Run to the end and give the whole answer; where `response_format` asked for a form, a `ParsedResponse`.

        Raises:
            OutputValidationError: the answer is not of that form.
            DuologueError: what went wrong, with what had arrived in `partial`.
        """
        try:
            while await anext(self, None) is not None:  # no variable is to hold the error's event, for the same reason
                pass
            if self._error is not None:
                raise self._error
            if not self._call.exchange.finished:
                raise ClosedError("the stream was closed before its end", partial=self.response)
            return cast("R", self._call.parsed(self.response))
        finally:
            del self  # as in `__anext__`

    def __del__(self) -> None:
        place = getattr(self, "place", None)
        if place is not None:  # else __init__ failed, or there is nothing to free
            async_abandon(self._end, place.home)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def next_until(self, wake: float) -> StreamEvent | None:
        """The next event, or None where none has come by that time of the monotonic clock, as far as the connection is
        one of ours, or where a request is to be made first; not for callers."""
        self._wake = wake
        try:
            if not self._events and not self._over:
                await self._fill()
        finally:
            self._wake = inf
        return None if not self._events and not self._over else await anext(self)

    async def stop(self, reason: ClosedError, *, tell: bool = False) -> None:
        """End the stream from wherever; not for callers. A task or thread that waits for its next event is woken and
        gets the reason, and with `tell` so does the next one that asks."""
        self._closed = reason
        if not self._busy.acquire(blocking=False):
            self._interrupt.set()
            if self._opening is not None:
                self._opening.closed = reason
            if not self._shared:
                stop_reading(self._network or (self._opening and self._opening.network))
            return
        try:
            self._give_last()
            if tell and self.place is not None:
                self._events.extend(self._call.closed(reason))
            await self._end()
        finally:
            self._busy.release()

    async def _fill(self) -> None:
        """Wait for the next events."""
        if not self._busy.acquire(blocking=False):
            raise StreamBusyError("the stream is being read by another task or thread: give each a stream of its own")
        self._since = monotonic()
        try:
            await self._wait()
        finally:
            self._since = None
            self._busy.release()
            if self._closed is not None and not self._over:  # closed just now, too late to be seen in there
                await self.stop(self._closed, tell=True)

    async def _wait(self) -> None:
        if self._call.delivered:  # the time that the caller took over the last event is not the provider's
            self._call.deadlines.event_came(monotonic())
        try:
            while not (self._events or self._over or self._last or self._is_to_wake()):
                delay, self._delay = self._delay, None
                if delay is not None:
                    await self._interrupt.sleep(delay)
                events, self._delay = self._call.after(await self._step(), monotonic())
                self._events.extend(events)
                if self._delay is not None:
                    await self._leave()
            if self._call.exchange.finished and self._delay is None:
                if len(self._events) > 1:
                    self._last = self._events.pop()
                    return
                self._give_last()
                await self._finish()
        except BaseException:  # cancelled, interrupted, or an error of ours: either way nobody will read on
            await self._end()
            raise

    def _is_to_wake(self) -> bool:
        """Whether the reader wants to be told now; before a wait that cannot be left and gone on with, too."""
        return self._wake < inf and (self._body is None or monotonic() >= self._wake)

    def _give_last(self) -> None:
        if self._last is not None:
            self._events.append(self._last)
            self._last = None

    async def _step(self) -> list[StreamEvent]:
        """One wait: for the response to begin, or for the next piece of its body."""
        try:
            if self._closed is not None:
                return self._call.closed(self._closed)
            return await (self._open() if self._body is None else self._read(self._body))
        except Exception as reason:  # noqa: BLE001 - raised again where it is not a failure of the call
            cause = self._closed or self._road.why(reason)
            return self._call.failed(cause, begun=self._http is not None, opening=self._opening)

    async def _enter(self) -> bool:
        """Wait for a place, and for as long as the limits want; False where the stream was closed in the meantime."""
        if self.place is None:
            self._call.deadlines.restart(monotonic())
            await self._road.enter(self, self._call.deadlines.connect(monotonic()))
        if delay := self._call.delay(self._road.pace, monotonic()):
            waited = False
            try:
                await self._interrupt.sleep(delay)
                waited = self._closed is None
            finally:
                if not waited:
                    self._call.give_way(self._road.pace)
        return self._closed is None

    async def _open(self) -> list[StreamEvent]:
        with self._interrupt.guard():
            if not await self._enter():
                return []
            self._opening = way = Opening(self._call.deadlines)
            before = opening.set(way)
            try:
                self._http = await self._road.send(self._call, self._interrupt)
            finally:
                opening.reset(before)
                if self._http is None and way.stage == "proxy" and way.network is not None:
                    await way.network.aclose()  # httpcore leaves it open where a proxy does not let it through
        if self._closed is not None or self._http is None:
            return []
        self._call.head_came(monotonic())
        self._call.heed(self._road.pace, self._http.headers, monotonic())
        self._network = self._http.extensions.get("network_stream")
        self.status_code, self.headers = self._http.status_code, self._http.headers
        at_hand = body_at_hand(self._http)
        headers = self.headers if at_hand is None else without_encoding(self.headers)
        events = self._call.exchange.begin(self.status_code, headers)
        if at_hand is not None:
            return [*events, *self._call.exchange.feed(at_hand), *self._call.exchange.close()]
        self._body = aiter(self._http.stream)
        return events

    async def _read(self, body: AsyncIterator[bytes]) -> list[StreamEvent]:
        end = self._call.deadlines.end()
        if monotonic() >= end:
            return self._call.overdue(end)
        if self._call.exchange.more:
            await async_sleep(0)
            return self._call.exchange.feed(b"")
        if self._came:
            return self._feed()
        try:
            data = await self._piece(body, end)
        except StopAsyncIteration:  # which may be our own doing
            return self._call.exchange.close() if self._closed is None else self._call.closed(self._closed)
        except Exception as reason:
            if self._wake < end and is_read_timeout(reason):
                return []
            raise
        if data is None:
            return [] if self._closed is not None else self._call.overdue(end)
        self._call.deadlines.bytes_came(monotonic())
        self._came = data
        return self._feed()

    async def _piece(self, body: AsyncIterator[bytes], end: float) -> bytes | None:
        """What comes next of the body; None where a connection that is not ours brought nothing in time."""
        if isinstance(self._network, Timed):
            self._network.deadline = min(end, self._wake)
            return await anext(body)
        pieces: list[bytes] = []
        with self._until(end):
            pieces.append(await anext(body))
        return pieces[0] if pieces and not self._interrupt.late else None

    def _feed(self) -> list[StreamEvent]:
        """Decode what has come, in growing steps."""
        came, start = self._came, self._at
        end = start + self._most
        self._most = min(4 * self._most, _MOST_BYTES)
        if end < len(came):
            # Between two events, so that none has to be put together again.
            ends = (at + len(mark) for mark in _ENDS if (at := came.find(mark, end)) >= 0)
            end = next(ends, len(came))
        self._came, self._at = (came, end) if end < len(came) else (b"", 0)
        return self._call.exchange.feed(came[start:end])

    def _until(self, end: float) -> AbstractContextManager[None]:
        """What is read in here ends at that time."""
        if isinstance(self._network, Timed):
            self._network.deadline = end
            return nullcontext()
        return self._interrupt.guard(end, self._network)

    async def _finish(self) -> None:
        """The last event is there: read what is left of a good response, so that its connection can be used again.
        One that others use too is not to be read for long on their account."""
        if self._network is not None and self._body is not None and self._call.exchange.complete and not self._shared:
            with self._until(monotonic() + _DRAIN_SECONDS):
                await self._drain(self._body)
        await self._end()

    @property
    def _shared(self) -> bool:
        """Whether other streams use the connection too."""
        return self._opening is not None and self._opening.shared

    async def _end(self) -> None:
        """Nobody reads on: free the connection and the place in the queue."""
        self._over = True
        self._call.attempt_ends(monotonic())
        try:
            await self._leave()
        finally:
            self._road.leave(self)

    async def _leave(self) -> None:
        """Free the connection; nothing where that is done."""
        http, body, network = self._http, self._body, self._network
        self._http = self._body = self._network = None
        self._came, self._at, self._most = b"", 0, _FIRST_BYTES
        if http is None:
            return
        if isinstance(network, Timed):  # a connection of ours, whose body there is nothing to unwind of
            await http.stream.aclose()
            return
        if has_more(innermost(http.stream)):
            stop_reading(network)
        left = break_off(http.stream) if self._shared else None
        await http.stream.aclose()
        with transport_failures_ignored():
            if body is not None:
                await async_unwind(body)
            if left is not None:
                await left._write_outgoing_data(http.request)

    async def _drain(self, body: AsyncIterator[bytes]) -> None:
        """Read on to the end of the body, or to the deadline of its connection."""
        with transport_failures_ignored():
            async for _ in body:
                pass


class AsyncText:
    """The text pieces of a stream, the small ones joined; made by `AsyncStream.text`."""

    def __init__(self, stream: AsyncStream[Any] | AsyncToolRun[Any], min_chars: int, max_delay: float | None) -> None:
        if min_chars < 0 or (max_delay is not None and max_delay < 0):
            raise ValueError("min_chars and max_delay must not be negative")
        self._stream = stream
        self._min_chars = min_chars
        self._max_delay = inf if max_delay is None else max_delay
        self._held = ""
        self._since = inf
        self._error: DuologueError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        with suppress(StopAsyncIteration):
            while self._error is None:
                if self._held and self._is_due():
                    return self._give()
                if self._max_delay == inf:
                    event: StreamEvent | None = await anext(self._stream)
                else:
                    event = await self._stream.next_until(self._since + self._max_delay)
                if event is None:  # it is time, or nobody knows when the next one comes
                    return self._give()
                if isinstance(event, TextDelta):
                    self._hold(event.text)
                elif isinstance(event, Error):
                    self._error = event.error
        if self._held:
            return self._give()
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None
                del self  # as in the stream's own
        raise StopAsyncIteration

    def _hold(self, text: str) -> None:
        if not self._held and self._max_delay < inf:
            self._since = monotonic()
        self._held += text

    def _is_due(self) -> bool:
        return len(self._held) >= self._min_chars or (
            self._max_delay < inf and monotonic() - self._since >= self._max_delay
        )

    def _give(self) -> str:
        text, self._held, self._since = self._held, "", inf
        return text
