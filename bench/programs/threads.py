"""The programs for the blocking twin."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from bench.task import WARM, WARM_TIMES, Crowd, Growth, Requests, Task, check, complete

if TYPE_CHECKING:
    from collections.abc import Callable


def burst(subject: Any, task: Task) -> dict[str, float]:
    """A stream that is there at once: the cost of an event."""
    _warm(subject, task)
    with closing(subject(task.url, task.shape)) as client:
        start = time.process_time()
        check(client.run(), task.events)
        return {"event_cpu_us": (time.process_time() - start) / task.events * 1e6}


def short(subject: Any, task: Task) -> dict[str, float]:
    """Short streams over a connection that is kept: the cost of a request, and the time to its first piece of text."""
    requests = Requests()
    with closing(subject(task.url, task.shape)) as client:
        for _ in range(WARM_TIMES):
            check(client.run(), task.events)
        requests.begin()
        for _ in range(task.times):
            requests.ask()
            pieces = client.pieces()
            next(pieces)
            requests.first()
            for _ in pieces:
                pass
        return requests.figures(task.times)


def crowd(subject: Any, task: Task) -> dict[str, float]:
    """Many streams at once, each in a thread."""
    _warm(subject, task)
    with closing(subject(task.url, task.shape)) as client:
        seen = Crowd(task)
        counts: list[int] = []
        threads = [threading.Thread(target=_follow, args=(client, seen, counts)) for _ in range(task.times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        figures = seen.figures()
    for pieces in counts:
        complete(pieces, task)
    complete(len(counts) * task.events // task.times, task)
    return figures


def _follow(client: Any, seen: Crowd, counts: list[int]) -> None:
    pieces = 0
    for text in client.pieces():
        seen.take(text)
        pieces += 1
    counts.append(pieces)


def growth(subject: Any, task: Task) -> dict[str, float]:
    """What a long stream holds on to at its end, beside its text."""
    _warm(subject, task)
    with closing(subject(task.url, task.shape)) as client:
        seen = Growth()
        pieces = client.pieces()
        for _ in range(task.events):
            seen.take(next(pieces))
        figures = seen.figures()
        for _ in pieces:
            pass
        return figures


def tools(subject: Any, task: Task) -> dict[str, float]:
    """The arguments of a tool, from many pieces."""
    _warm_tools(subject, task)
    with closing(subject(task.url, task.shape)) as client:
        start = time.process_time()
        found = client.arguments()
        cpu = time.process_time() - start
    if len(found) != task.events * 8:
        raise ValueError(f"read {len(found)} characters of arguments")
    return {"arguments_cpu_ms": cpu * 1000}


def _warm(subject: Any, task: Task) -> None:
    with closing(subject(task.warm_url, task.shape)) as client:
        check(client.run(), WARM)


def _warm_tools(subject: Any, task: Task) -> None:
    with closing(subject(task.warm_url, task.shape)) as client:
        client.arguments()


PROGRAMS: dict[str, Callable[[Any, Task], dict[str, float]]] = {
    "burst": burst,
    "short": short,
    "crowd": crowd,
    "growth": growth,
    "tools": tools,
}
