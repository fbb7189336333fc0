"""Waiting in a queue for a place."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any


class AsyncGate:
    """Lets at most `limit` through at once, first come first served; None lets all through."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._semaphore: Any = None

    async def enter(self, timeout: float | None) -> bool:
        """Wait for a place; False where none came free in `timeout` seconds."""
        if self._limit is None:
            return True
        import anyio

        if self._semaphore is None:
            self._semaphore = anyio.Semaphore(self._limit)
        with anyio.move_on_after(timeout) as scope:
            await self._semaphore.acquire()
        return not scope.cancelled_caught

    def leave(self) -> None:
        """Give the place back."""
        if self._semaphore is not None:
            self._semaphore.release()


class _Ticket:
    """Of one who waits, until its lock is let go."""

    def __init__(self) -> None:
        self.has_place = False
        self.lock = threading.Lock()
        self.lock.acquire()


class Gate:
    """Lets at most `limit` through at once, first come first served; None lets all through."""

    def __init__(self, limit: int | None) -> None:
        self._free = limit
        # The same thread may come by again: the garbage collector closes streams whenever it likes, also in here.
        self._lock = threading.RLock()
        self._queue: deque[_Ticket] = deque()

    def enter(self, timeout: float | None) -> bool:
        """Wait for a place; False where none came free in `timeout` seconds."""
        if self._free is None:
            return True
        ticket = _Ticket()  # not in there, where no place may come free between the look and the queue
        try:
            with self._lock:
                if self._free:
                    self._free -= 1
                    ticket.has_place = True
                    return True
                self._queue.append(ticket)
            ticket.lock.acquire(timeout=-1 if timeout is None else timeout)
        except BaseException:  # Ctrl-C, which may come with the place
            if not self._give_up(ticket):
                self.leave()
            raise
        return not self._give_up(ticket)

    def _give_up(self, ticket: _Ticket) -> bool:
        """Leave the queue; False where the place has just come."""
        with self._lock:
            if ticket in self._queue:
                self._queue.remove(ticket)
            return not ticket.has_place

    def leave(self) -> None:
        """Give the place back, to the next in the queue if there is one."""
        with self._lock:
            if self._queue:
                ticket = self._queue[0]
                ticket.has_place = True
                self._queue.popleft()
                ticket.lock.release()
            elif self._free is not None:
                self._free += 1
