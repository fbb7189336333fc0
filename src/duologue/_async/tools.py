"""The loop: the model is asked, its calls are run, their results go back to it, and so on until it calls nothing."""

from __future__ import annotations

from collections import deque
from math import inf
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Self, cast

from duologue._async.stream import AsyncText
from duologue._tools.job import News
from duologue._tools.talk import refused
from duologue._waiting.crew import AsyncCrew
from duologue._waiting.interrupt import AsyncInterrupt
from duologue._waiting.spawn import async_settled
from duologue.errors import ClosedError, DuologueError, StreamBusyError, StreamTimeout
from duologue.events import Done, Error, StreamEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import TypeVar

    from duologue._async.stream import AsyncStream
    from duologue._tools.bounds import Bounds
    from duologue._tools.talk import Talk
    from duologue.models import ChatRequest, ChatResponse, Message, ToolCall, Usage

    R = TypeVar("R", default=ChatResponse)  # a `ParsedResponse` where a form was asked for
else:
    from typing import TypeVar

    R = TypeVar("R")


class AsyncToolRun(Generic[R]):
    """A conversation in which tools are run; made by `AsyncClient.run_tools`.

    Iterate over it, bare or inside `async with`, for the events of all answers and of the tools. `Start` begins each
    answer; exactly one `Done` or `Error` comes last, and answers before the last one give no `Done`. Leaving it in any
    way frees the connection and stops the tools.
    """

    def __init__(
        self,
        talk: Talk,
        bounds: Bounds,
        ask: Callable[[ChatRequest, float], AsyncStream[Any]],
        approve: Callable[[ToolCall], Any] | None,
        *,
        raise_errors: bool,
    ) -> None:
        self._talk = talk
        self._bounds = bounds
        self._ask = ask
        self._approve = approve
        self._raise_errors = raise_errors
        self._stream: AsyncStream[Any] | None = ask(talk.next_request(), inf)
        self._crew = AsyncCrew(bounds.max_parallel)
        self._events: deque[StreamEvent] = deque()
        self._error: DuologueError | None = None
        self._until: float | None = None
        self._wake = inf  # when the reader wants to be told that nothing has come
        self._over = False
        self._closed: ClosedError | None = None
        self._busy = Lock()
        self._asking = AsyncInterrupt()  # the wait for an approval

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation so far, whole answers and results of tools, ready to be sent again. A call that has no
        result yet has one that says so; an answer that is still coming is only in `response`."""
        return self._talk.messages

    @property
    def response(self) -> ChatResponse:
        """The answer that came last, as far as it has come."""
        if self._stream is not None and (self._talk.response is None or self._stream.response.choices):
            return self._stream.response
        assert self._talk.response is not None
        return self._talk.response

    @property
    def usage(self) -> Usage:
        """What all answers together have used up."""
        return self._talk.usage

    @property
    def rounds(self) -> int:
        """How many requests were made."""
        return self._talk.rounds

    @property
    def calls(self) -> int:
        """How many calls of tools were asked for."""
        return self._talk.calls

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        if not self._events and not self._over:
            await self._advance()
        if self._events:
            event = self._events.popleft()
            self._error = event.error if isinstance(event, Error) else None
            return event
        if self._error is not None and self._raise_errors:
            try:
                raise self._error
            finally:
                del self  # the error's traceback would hold this, which holds the error
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Leave the loop: free the connection and stop the tools. A tool that runs in a thread cannot be stopped from
        outside; what it still does is dropped. Whoever waits for the next event gets a `ClosedError`."""
        self._events.clear()
        if self._over:
            return
        self._closed = ClosedError("the loop was closed before its end")
        if self._busy.acquire(blocking=False):
            try:
                await self._end()
            finally:
                self._busy.release()
            return
        self.stop(self._closed)
        if self._stream is not None:
            await self._stream.aclose()

    def stop(self, reason: ClosedError) -> None:
        """End the loop from wherever; not for callers. Its last event is the reason."""
        if not self._over:
            self._closed = reason
            self._asking.set()
            self._crew.abandon()

    def text(self, *, min_chars: int = 1, max_delay: float | None = None) -> AsyncText:
        """The pieces of text only, of all answers; as `AsyncStream.text`."""
        return AsyncText(self, min_chars, max_delay)

    async def result(self) -> R:
        """Run to the end and give the last answer; where `response_format` asked for a form, a `ParsedResponse`.

        Raises:
            DuologueError: what went wrong, or which bound was reached.
        """
        try:
            while await anext(self, None) is not None:
                pass
            if self._error is not None:
                raise self._error
            if self._closed is not None:
                raise self._closed
            assert self._stream is not None  # the last answer's
            return cast("R", await self._stream.result())
        finally:
            del self  # as in `__anext__`

    def __del__(self) -> None:
        if getattr(self, "_over", True) is False:  # not where __init__ failed, nor where all has ended
            self._crew.abandon()

    async def next_until(self, wake: float) -> StreamEvent | None:
        """The next event, or None where none has come by that time of the monotonic clock; as the stream's own, not for
        callers."""
        self._wake = wake
        try:
            if not self._events and not self._over:
                await self._advance()
        finally:
            self._wake = inf
        return None if not self._events and not self._over else await anext(self)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _advance(self) -> None:
        if not self._busy.acquire(blocking=False):
            raise StreamBusyError("the loop is being read by another task or thread: give each a loop of its own")
        try:
            while not self._events and not self._over:
                if self._wake < inf and self._stream is None and not self._talk.pending:
                    break  # before a request, since there is no telling how long it takes
                await self._step()
                if not self._events and monotonic() >= self._wake:
                    break
        except BaseException:  # cancelled, interrupted, or an error of the caller's: nobody will read on
            await self._end()
            raise
        finally:
            self._busy.release()

    async def _step(self) -> None:
        if self._until is None:
            self._until = monotonic() + (inf if self._bounds.timeout is None else self._bounds.timeout)
        try:
            if self._closed is not None:
                raise self._closed
            if self._stream is None and not self._talk.pending:
                self._stream = self._ask(self._talk.next_request(), self._until - monotonic())
            await (self._wait_for_tools(self._until) if self._stream is None else self._listen(self._stream))
        except DuologueError as error:
            await self._fail(error)

    async def _listen(self, stream: AsyncStream) -> None:
        try:
            event = await stream.next_until(self._wake)
        except StopAsyncIteration:
            raise self._closed or ClosedError("the stream was closed") from None
        if isinstance(event, Error):
            await self._fail(event.error)
        elif isinstance(event, Done):
            await self._answered(event)
        elif event is None:
            self._wake = -inf  # the reader is to be told
        else:
            self._events.append(event)

    async def _answered(self, done: Done) -> None:
        """An answer is whole: run what it calls."""
        calls = self._talk.answered(done.response)
        if not calls:
            self._events.append(done)
            await self._end()
            return
        self._stream = None
        for call in calls:
            task = self._talk.prepare(call)
            if not isinstance(task, News) and self._approve is not None:
                task = refused(call, await self._verdict(self._approve, call)) or task
            if isinstance(task, News):
                self._tell(task)
            else:
                self._crew.start(task)

    async def _verdict(self, approve: Callable[[ToolCall], Any], call: ToolCall) -> Any:
        """Whether a call may run, where that is said in time: later, nothing is to begin."""
        end, verdict = self._until or inf, None
        with self._asking.guard(end):
            verdict = await async_settled(approve(call))
        if self._closed is not None:
            raise self._closed
        self._check_time(end)
        return verdict

    async def _wait_for_tools(self, end: float) -> None:
        news = await self._crew.next(min(end, self._wake))
        if news is not None:
            self._tell(news)
        elif self._closed is None:
            self._check_time(end)

    def _check_time(self, end: float) -> None:
        if monotonic() >= end:
            raise StreamTimeout("the loop took too long (total)", phase="total")

    def _tell(self, news: News) -> None:
        if news.message is not None:
            self._talk.settled(news.message)
        self._events.append(news.event)

    async def _fail(self, error: DuologueError) -> None:
        if error.partial is None:
            error.partial = self._talk.response
        self._events.append(Error(error.with_traceback(None)))  # whose frames would hold this
        await self._end()

    async def _end(self) -> None:
        """Nothing more will be read."""
        self._over = True
        try:
            await self._crew.stop()
        finally:
            if self._stream is not None:
                await self._stream.aclose()
