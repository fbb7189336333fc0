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


class Gate:
    """Lets at most `limit` through at once, first come first served; None lets all through."""

    def __init__(self, limit: int | None) -> None:
        self._free = limit
        self._lock = threading.Lock()
        # Each waits for its own lock to be let go.
        self._queue: deque[threading.Lock] = deque()

    def enter(self, timeout: float | None) -> bool:
        """Wait for a place; False where none came free in `timeout` seconds."""
        with self._lock:
            if self._free is None:
                return True
            if self._free:
                self._free -= 1
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._queue.append(ticket)
        try:
            called = ticket.acquire(timeout=-1 if timeout is None else timeout)
        except BaseException:  # Ctrl-C
            if not self._give_up(ticket):
                self.leave()
            raise
        return called or not self._give_up(ticket)

    def _give_up(self, ticket: threading.Lock) -> bool:
        """Leave the queue; False where the place has just come."""
        with self._lock:
            waiting = ticket in self._queue
            if waiting:
                self._queue.remove(ticket)
            return waiting

    def leave(self) -> None:
        """Give the place back, to the next in the queue if there is one."""
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            elif self._free is not None:
                self._free += 1
