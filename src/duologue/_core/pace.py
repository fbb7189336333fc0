"""How soon the next request may begin, so that no 60 seconds see more than so many."""

from __future__ import annotations

import threading
from collections import deque

_WINDOW = 60.0


class Pace:
    """Gives out starting times; safe to share between threads. Times are a monotonic clock's, in seconds."""

    def __init__(self, per_minute: int | None) -> None:
        self._per_minute = per_minute
        self._starts: deque[float] = deque(maxlen=per_minute)
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """The seconds until the request that asks may begin."""
        if self._per_minute is None:
            return 0.0
        with self._lock:
            full = len(self._starts) == self._per_minute
            start = max(now, self._starts[0] + _WINDOW) if full else now
            self._starts.append(start)
            return start - now
