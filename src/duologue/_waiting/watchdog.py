"""Wakes threads at a time of the monotonic clock out of reads that nothing else would end. One thread for all of them,
which ends when there is nothing more to watch."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from duologue._waiting.places import in_forked_child

if TYPE_CHECKING:
    from collections.abc import Callable

_LINGER = 5.0  # seconds; it is not to be started anew for each read


class Watchdog:
    """Safe to share between threads. What it calls must not wait."""

    def __init__(self) -> None:
        self._start_anew()
        in_forked_child(self, "_start_anew")

    def _start_anew(self) -> None:
        self._lock = threading.Condition()
        self._watched: dict[object, tuple[float, Callable[[], object]]] = {}
        self._wakes = 0.0
        self._thread: threading.Thread | None = None

    def watch(self, end: float, wake: Callable[[], object]) -> object:
        """Call `wake` at that time, unless what this gives is released before."""
        key = object()
        with self._lock:
            self._watched[key] = end, wake
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="duologue", daemon=True)
                self._thread.start()
            elif end < self._wakes:
                self._lock.notify()
        return key

    def release(self, key: object) -> bool:
        """Whether that came before the time was up."""
        with self._lock:
            return self._watched.pop(key, None) is not None

    def _run(self) -> None:
        lock = self._lock
        with lock:
            while self._watched or time.monotonic() < self._wakes:
                now = time.monotonic()
                for key, (end, wake) in list(self._watched.items()):
                    if end <= now:
                        del self._watched[key]
                        wake()
                self._wakes = min((end for end, _ in self._watched.values()), default=now + _LINGER)
                lock.wait(self._wakes - now)
            self._thread = None


WATCHDOG = Watchdog()
