"""How soon the next request may begin: so that no 60 seconds see more than so many, and not before the provider has
something left."""

from __future__ import annotations

import threading
from collections import deque

_WINDOW = 60.0


class Pace:
    """Gives out starting times; safe to share between threads. Times are a monotonic clock's, in seconds."""

    def __init__(self, per_minute: int | None) -> None:
        self._per_minute = per_minute
        self._starts: deque[float] = deque()  # in the order in which they were asked for
        self._held: dict[str, float] = {}
        self._lock = threading.Lock()

    @property
    def free(self) -> bool:
        """Whether any request may begin at once."""
        return self._per_minute is None and not self._held

    def reserve(self, now: float, delay: float = 0.0, within: float | None = None) -> float:
        """The seconds until the request that asks may begin, which are at least `delay`. Where they are not less than
        `within`, it is not to begin, and is in nobody's way."""
        if self._per_minute is None:
            return delay
        with self._lock:
            while self._starts and self._starts[0] + _WINDOW <= now:
                self._starts.popleft()
            full = len(self._starts) >= self._per_minute
            start = max(now + delay, self._starts[-self._per_minute] + _WINDOW) if full else now + delay
            if within is None or start - now < within:
                self._starts.append(start)
            return start - now

    def give_back(self, start: float) -> None:
        """The request that was to begin at that time does not."""
        with self._lock:
            if self._starts:
                self._starts.remove(min(self._starts, key=lambda other: abs(other - start)))

    def hold(self, model: str, until: float) -> None:
        """The provider has said when there is something left for a model; it said so last."""
        self._held[model] = until

    def held(self, model: str, now: float) -> float:
        """The seconds until there is."""
        return max(0.0, self._held.get(model, now) - now)
