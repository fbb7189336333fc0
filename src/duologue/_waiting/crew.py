"""Runs several tasks at once, in tasks of the event loop or in threads, and gives what they tell in the order in which
they tell it.

A thread cannot be stopped from outside. Where the time of one is up, or nobody waits any more, what it still tells is
dropped; it ends by itself, or with the program.
"""

from __future__ import annotations

import inspect
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import copy_context
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from duologue._waiting.spawn import async_in_thread, caller, in_own_loop, is_cancelled, spawn
from duologue._waiting.watchdog import WATCHDOG

if TYPE_CHECKING:
    from duologue._tools.job import News, Task

_AHEAD = 64  # pieces that a task may be ahead of the reader
_TOLD = 1024  # news that may lie there before those that nobody has to have are left out
_GRACE = 5.0  # seconds that cancelled tasks have to come to their end


class Backlog:
    """What was told and not yet read. Safe to share between threads."""

    def __init__(self) -> None:
        self._items: deque[News] = deque()
        self._lock = threading.Condition()
        self.closed = False

    def put(self, item: News) -> None:
        """Tell."""
        with self._lock:
            self._items.append(item)
            self._lock.notify_all()

    def take(self, timeout: float | None = 0) -> News | None:
        """The next one; None where none came in so many seconds, or it was closed."""
        with self._lock:
            self._lock.wait_for(lambda: self._items or self.closed, timeout)
            self._lock.notify_all()
            return self._items.popleft() if self._items and not self.closed else None

    def room(self, ticket: Ticket) -> None:
        """Wait, in a thread of a task, until the reader has caught up."""
        with self._lock:
            self._lock.wait_for(lambda: self.has_room or ticket.over)

    @property
    def has_room(self) -> bool:
        """Whether the reader has caught up, more or less."""
        return len(self._items) < _AHEAD

    @property
    def is_full(self) -> bool:
        """Whether the reader is far behind."""
        return len(self._items) >= _TOLD

    def wake(self) -> None:
        """Have those that wait look again."""
        with self._lock:
            self._lock.notify_all()


class Ticket:
    """A task that runs, or waits for its turn.

    Attributes:
        over: whether its last word was told, or nobody wants to hear it any more.
        stop: what ends it from outside, if anything does.
    """

    def __init__(self, task: Task, put: Callable[[News], None], backlog: Backlog) -> None:
        self.task = task
        self.context = copy_context()
        self.over = False
        self.stop: Callable[[], object] | None = None
        self.watched: object = None
        self.ended: Any = None
        self.scope: Any = None
        self._put = put
        self.backlog = backlog
        self._lock = threading.Lock()

    def tell(self, item: News) -> bool:
        """Tell something on the way; False where nobody wants to hear it."""
        with self._lock:
            if not self.over:
                self._put(item)
            return not self.over

    def mention(self, item: News) -> bool:
        """Tell something that may be left out where the reader is far behind."""
        return self.tell(item) if not self.backlog.is_full else not self.over

    def end(self, item: News | None = None) -> bool:
        """Tell the last word, or drop it; False where it was told before."""
        with self._lock:
            before, self.over = self.over, True
            if not before and item is not None:
                self._put(item)
        self.backlog.wake()
        return not before

    def stoppable(self, stop: Callable[[], object]) -> None:
        """Have this called where it is to end."""
        self.stop = stop
        if self.over:
            stop()

    def begin(self) -> None:
        """It begins."""
        first = self.task.begin(self.mention, lambda: self.over)
        if first is not None:
            self.tell(first)

    def drain(self, pieces: Iterator[Any]) -> Any:
        """Tell all that comes out of an iterator, in a thread; gives what a generator returns."""
        try:
            while self.tell(self.task.piece(next(pieces))):
                self.backlog.room(self)
        except StopIteration as end:
            return end.value
        finally:
            getattr(pieces, "close", lambda: None)()
        return None

    def outcome(self, run: Callable[[], Any]) -> News:
        """The last word on what is run in a thread."""
        try:
            return self.task.end(run())
        except BaseException as reason:  # noqa: BLE001 - told to the reader
            return self.task.fail(reason)

    def late(self) -> News:
        """The last word where the time is up."""
        return self.task.fail(f"it took longer than {self.task.timeout:g} seconds")


def _settle_here(ticket: Ticket) -> Any:
    """Call the task, and tell its pieces where it gives them one by one."""
    result = ticket.task.call()
    return ticket.drain(result) if isinstance(result, Iterator) else result


class AsyncCrew:
    """Runs at most `limit` tasks at once. What is blocking runs in a thread."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._backlog = Backlog()
        self._waiting: deque[Ticket] = deque()
        self._running: set[Ticket] = set()
        self._soon: Callable[[Callable[[], object]], None] = lambda _: None
        self._news: Any = None
        self._room: Any = None

    def start(self, task: Task) -> None:
        """Run it when there is a place."""
        self._soon = caller()
        self._waiting.append(Ticket(task, self._put, self._backlog))
        self._fill()

    def _put(self, item: News) -> None:
        self._backlog.put(item)
        self._soon(self._wake)

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()

    def _fill(self) -> None:
        import anyio

        while self._waiting and len(self._running) < self._limit:
            ticket = self._waiting.popleft()
            ticket.ended = anyio.Event()
            self._running.add(ticket)
            ticket.begin()
            ticket.context.run(spawn, partial(self._work, ticket))

    async def _work(self, ticket: Ticket) -> None:
        import anyio

        last = None
        seconds = inf if ticket.task.timeout is None else ticket.task.timeout
        try:
            if not ticket.over:
                with anyio.CancelScope(deadline=anyio.current_time() + seconds) as ticket.scope:
                    last = await self._outcome(ticket)
            if last is None and not ticket.over:
                last = ticket.late()
        except BaseException:
            if is_cancelled():
                self._waiting.clear()  # it is the event loop that ends, so nothing more is to begin
            raise
        finally:
            self._running.discard(ticket)
            ticket.ended.set()
            ticket.end(last or ticket.task.fail("it was cancelled"))
            self._fill()

    async def _outcome(self, ticket: Ticket) -> News:
        task = ticket.task
        try:
            result = task.call() if task.is_async else await async_in_thread(partial(_settle_here, ticket))
            if inspect.isawaitable(result):
                result = await result
            if isinstance(result, AsyncIterator):
                await self._drain(ticket, result)
                result = None
            return task.end(result)
        except BaseException as reason:
            if ticket.scope.cancel_called or isinstance(reason, (_cancelled(), KeyboardInterrupt, GeneratorExit)):
                raise
            return task.fail(reason)

    async def _drain(self, ticket: Ticket, pieces: AsyncIterator[Any]) -> None:
        import anyio

        try:
            async for piece in pieces:
                if not ticket.tell(ticket.task.piece(piece)):
                    break
                while not self._backlog.has_room:
                    if self._room is None:  # one for all that wait: the reader wakes them all
                        self._room = anyio.Event()
                    await self._room.wait()
        finally:
            await _close(pieces)

    async def next(self, end: float) -> News | None:
        """The next news; None where none came until that time of the monotonic clock, or it was stopped."""
        import anyio

        with anyio.CancelScope(deadline=anyio.current_time() + end - monotonic()):
            while True:
                item = self._backlog.take()
                if item is not None or self._backlog.closed:
                    if self._room is not None:
                        self._room.set()
                        self._room = None
                    return item
                self._news = anyio.Event()
                # What was told in between has its `_wake` still before it, which sets this event.
                await self._news.wait()
        return None

    def abandon(self) -> None:
        """Stop the tasks, and do not wait for their end."""
        self._backlog.closed = True
        tickets = [*self._running, *self._waiting]
        self._waiting.clear()
        for ticket in tickets:
            ticket.end()
        self._soon(partial(_cancel, tickets))
        self._soon(self._wake)

    async def stop(self) -> None:
        """Stop the tasks and wait for their end, where they come to one."""
        import anyio

        tickets = list(self._running)
        self.abandon()
        _cancel(tickets)
        with anyio.move_on_after(_GRACE, shield=True):
            for ticket in tickets:
                await ticket.ended.wait()


def _cancelled() -> type[BaseException]:
    import anyio

    return anyio.get_cancelled_exc_class()


def _cancel(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        if ticket.scope is not None:
            ticket.scope.cancel()


class Crew:
    """Runs at most `limit` tasks at once, in threads; what is async in an event loop of its own in one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._backlog = Backlog()
        self._waiting: deque[Ticket] = deque()
        self._running: set[Ticket] = set()

    def start(self, task: Task) -> None:
        """Run it when there is a place."""
        with self._lock:
            self._waiting.append(Ticket(task, self._backlog.put, self._backlog))
        self._fill()

    def _fill(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or len(self._running) >= self._limit:
                    return
                ticket = self._waiting.popleft()
                self._running.add(ticket)
            ticket.begin()
            if ticket.task.timeout is not None:
                ticket.watched = WATCHDOG.watch(monotonic() + ticket.task.timeout, partial(self._late, ticket))
            work = partial(ticket.context.run, self._work, ticket)
            threading.Thread(target=work, name="duologue", daemon=True).start()

    def _work(self, ticket: Ticket) -> None:
        self._end(ticket, ticket.outcome(partial(self._settle, ticket)))

    def _settle(self, ticket: Ticket) -> Any:
        result = _settle_here(ticket)
        if inspect.isawaitable(result) or isinstance(result, AsyncIterator):
            return in_own_loop(partial(_settle_there, ticket, result), ticket.stoppable)
        return result

    def _late(self, ticket: Ticket) -> None:
        self._end(ticket, ticket.late())
        if ticket.stop is not None:
            ticket.stop()

    def _end(self, ticket: Ticket, last: News) -> None:
        if ticket.end(last):
            WATCHDOG.release(ticket.watched)
            with self._lock:
                self._running.discard(ticket)
            self._fill()

    def next(self, end: float) -> News | None:
        """The next news; None where none came until that time of the monotonic clock, or it was stopped."""
        return self._backlog.take(None if end == inf else max(0.0, end - monotonic()))

    def abandon(self) -> None:
        """Stop the tasks, as far as threads can be: what they tell from now on is dropped."""
        self._backlog.closed = True
        with self._lock:
            tickets = [*self._running, *self._waiting]
            self._waiting.clear()
        for ticket in tickets:
            if ticket.end():
                WATCHDOG.release(ticket.watched)
            if ticket.stop is not None:
                ticket.stop()
        self._backlog.wake()

    stop = abandon


async def _settle_there(ticket: Ticket, result: Any) -> Any:
    """The end of what is async, in a loop that does nothing else."""
    if inspect.isawaitable(result):
        result = await result
    if not isinstance(result, AsyncIterator):
        return result
    try:
        async for piece in result:
            if not ticket.tell(ticket.task.piece(piece)):
                break
            ticket.backlog.room(ticket)
    finally:
        await _close(result)
    return None


async def _close(pieces: Any) -> None:
    """Close what was iterated over, if it can be."""
    if hasattr(pieces, "aclose"):
        await pieces.aclose()
