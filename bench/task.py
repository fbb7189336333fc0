"""What a program is to do (`Task`), and what it finds out, counted the same way for every subject.

Uses nothing but the standard library.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
import tracemalloc
from array import array
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.shapes import size

WARM = 10  # events of a stream that warms up
WARM_TIMES = 20
GROWN_FROM = 1000  # events, after which memory is looked at for the first time
_STATUS = Path("/proc/self/status")


class Task(NamedTuple):
    """What to do.

    Attributes:
        server: its address.
        shape: of the answer, one of `bench.shapes.SHAPES`.
        events: of a stream.
        times: how many streams, one after the other or at once.
        pause: the milliseconds between two events.
    """

    server: str
    shape: str = "openai"
    events: int = 10
    times: int = 1
    pause: int = 0

    @property
    def url(self) -> str:
        """The base address of a client."""
        return f"{self.server}/{self.shape}/{self.events}/{self.pause}"

    @property
    def warm_url(self) -> str:
        """That of a client which warms up."""
        return f"{self.server}/{self.shape}/{WARM}/0"


def check(found: int | None, events: int) -> None:
    """Refuse figures of a subject that did not read all; None is from one that does not look."""
    if found not in (None, size(events)):
        raise ValueError(f"read {found} characters of {size(events)}")


class Requests:
    """The cost of requests, one after the other."""

    def __init__(self) -> None:
        self._firsts: list[float] = []
        self._began = self._cpu = 0.0

    def begin(self) -> None:
        """The warming up is over."""
        self._cpu = time.process_time()

    def ask(self) -> None:
        """A request begins."""
        self._began = time.perf_counter()

    def first(self) -> None:
        """Its first piece is there."""
        self._firsts.append(time.perf_counter() - self._began)

    def figures(self, times: int) -> dict[str, float]:
        """All are read."""
        cpu = time.process_time() - self._cpu
        return {"request_cpu_us": cpu / times * 1e6, "first_us": median(self._firsts) * 1e6}


class Crowd:
    """The cost of many streams at once, whose texts are the times of sending."""

    def __init__(self, task: Task) -> None:
        self._streams = task.times
        self._late = array("q", bytes(8 * task.times * task.events))  # so that it is no part of what is added
        self._numbers = count()
        gc.collect()
        self._resident = _kilobytes("VmRSS:")
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def take(self, text: str) -> None:
        """An event has come."""
        self._late[next(self._numbers)] = time.monotonic_ns() - int(text)

    def figures(self) -> dict[str, float]:
        """All are read."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        late = sorted(self._late)
        return {
            "done_s": wall,
            "p50_ms": late[len(late) // 2] / 1e6,
            "p99_ms": late[len(late) * 99 // 100] / 1e6,
            "cpu_s": cpu,
            "cpu_percent": cpu / wall * 100,
            "stream_kb": (_kilobytes("VmHWM:") - self._resident) / self._streams,
        }


def complete(pieces: int, task: Task) -> None:
    """Refuse figures where a stream was cut."""
    if pieces != task.events:
        raise ValueError(f"read {pieces} events of {task.events}")


class Growth:
    """What a stream holds on to, beside the text that it is asked to keep."""

    def __init__(self) -> None:
        self._events = self._size = self._from = 0
        tracemalloc.start()

    def take(self, text: str) -> None:
        """An event has come."""
        self._events += 1
        if self._events == GROWN_FROM:
            gc.collect()
            self._from = tracemalloc.get_traced_memory()[0]
        if self._events > GROWN_FROM:
            self._size += len(text)

    def figures(self) -> dict[str, float]:
        """The last piece of text has come, and the stream is not closed yet."""
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - self._from
        tracemalloc.stop()
        return {"grown_mb": max(grown - self._size, 0) / 1e6, "text_mb": self._size / 1e6}


def _kilobytes(field: str) -> int:
    """Resident memory, now or at its peak; where no such file is, only the peak is to be had."""
    if _STATUS.exists():
        return next(int(line.split()[1]) for line in _STATUS.read_text().splitlines() if line.startswith(field))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
