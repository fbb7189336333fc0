"""The programs for the async twin, on asyncio."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.task import WARM, WARM_TIMES, Crowd, Growth, Requests, Task, check, complete

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def burst(subject: Any, task: Task) -> dict[str, float]:
    """A stream that is there at once: the cost of an event."""
    await _warm(subject, task)
    async with aclosing(subject(task.url, task.shape)) as client:
        start = time.process_time()
        check(await client.run(), task.events)
        return {"event_cpu_us": (time.process_time() - start) / task.events * 1e6}


async def short(subject: Any, task: Task) -> dict[str, float]:
    """Short streams over a connection that is kept: the cost of a request, and the time to its first piece of text."""
    requests = Requests()
    async with aclosing(subject(task.url, task.shape)) as client:
        for _ in range(WARM_TIMES):
            check(await client.run(), task.events)
        requests.begin()
        for _ in range(task.times):
            requests.ask()
            pieces = client.pieces()
            await anext(pieces)
            requests.first()
            async for _ in pieces:
                pass
        return requests.figures(task.times)


async def crowd(subject: Any, task: Task) -> dict[str, float]:
    """Many streams at once, each in a task."""
    await _warm(subject, task)
    async with aclosing(subject(task.url, task.shape)) as client:
        seen = Crowd(task)
        counts = await asyncio.gather(*(_follow(client, seen) for _ in range(task.times)))
        figures = seen.figures()
    for pieces in counts:
        complete(pieces, task)
    return figures


async def _follow(client: Any, seen: Crowd) -> int:
    pieces = 0
    async for text in client.pieces():
        seen.take(text)
        pieces += 1
    return pieces


async def growth(subject: Any, task: Task) -> dict[str, float]:
    """What a long stream holds on to at its end, beside its text."""
    await _warm(subject, task)
    async with aclosing(subject(task.url, task.shape)) as client:
        seen = Growth()
        pieces = client.pieces()
        for _ in range(task.events):
            seen.take(await anext(pieces))
        figures = seen.figures()
        async for _ in pieces:
            pass
        return figures


async def tools(subject: Any, task: Task) -> dict[str, float]:
    """The arguments of a tool, from many pieces."""
    async with aclosing(subject(task.warm_url, task.shape)) as client:
        await client.arguments()
    async with aclosing(subject(task.url, task.shape)) as client:
        start = time.process_time()
        found = await client.arguments()
        cpu = time.process_time() - start
    if len(found) != task.events * 8:
        raise ValueError(f"read {len(found)} characters of arguments")
    return {"arguments_cpu_ms": cpu * 1000}


async def _warm(subject: Any, task: Task) -> None:
    async with aclosing(subject(task.warm_url, task.shape)) as client:
        check(await client.run(), WARM)


def _run(program: Callable[[Any, Task], Awaitable[dict[str, float]]], subject: Any, task: Task) -> dict[str, float]:
    async def run() -> dict[str, float]:
        return await program(subject, task)

    return asyncio.run(run())


PROGRAMS: dict[str, Callable[[Any, Task], dict[str, float]]] = {
    program.__name__: partial(_run, program) for program in (burst, short, crowd, growth, tools)
}
