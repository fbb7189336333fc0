"""One suite for both twins, on every event loop.

A test that takes the fixture `twin` is written once, as a coroutine, against the async names. It runs three times:
with the async client on asyncio and on trio, and with the blocking client behind the same names, where no `await` ever
waits.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self, TypeVar

import trio

import duologue

T = TypeVar("T")


class BlockingStream:
    """A blocking stream behind the async one's names."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self.stream)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        assert self.stream.__enter__() is self.stream
        return self

    async def __aexit__(self, *reason: Any) -> None:
        self.stream.__exit__(*reason)

    async def aclose(self) -> None:
        self.stream.close()

    async def result(self) -> duologue.ChatResponse:
        response: duologue.ChatResponse = self.stream.result()
        return response

    def text(self, **options: Any) -> Any:
        return BlockingText(self.stream.text(**options))

    def partials(self) -> Any:
        stream: Any = self.stream
        return BlockingText(stream.partials())


class BlockingText:
    """What a blocking stream gives in pieces, behind the async one's names."""

    def __init__(self, text: Any) -> None:
        self.pieces = iter(text)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            piece = next(self.pieces)
        except StopIteration:
            raise StopAsyncIteration from None
        return piece


class BlockingClient:
    """A blocking client behind the async one's names."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        self.client = duologue.Client(*args, **fields)

    @classmethod
    def from_env(cls, **fields: Any) -> Self:
        made = cls.__new__(cls)
        made.client = duologue.Client.from_env(**fields)
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def stream(self, *args: Any, **params: Any) -> BlockingStream:
        return BlockingStream(self.client.stream(*args, **params))

    def run_tools(self, *args: Any, **params: Any) -> BlockingStream:
        return BlockingStream(self.client.run_tools(*args, **params))

    async def chat(self, *args: Any, **params: Any) -> duologue.ChatResponse:
        response: duologue.ChatResponse = self.client.chat(*args, **params)
        return response

    async def check(self, **options: Any) -> Any:
        return self.client.check(**options)

    async def fetch(self, part: Any, **options: Any) -> Any:
        return self.client.fetch(part, **options)

    async def aclose(self, **options: Any) -> None:
        self.client.close(**options)

    async def __aenter__(self) -> Self:
        assert self.client.__enter__() is self.client
        return self

    async def __aexit__(self, *reason: Any) -> None:
        self.client.__exit__(*reason)


class Twin:
    """One way to run a test: `sync`, `asyncio` or `trio`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.Client: Any = BlockingClient if name == "sync" else duologue.AsyncClient

    def run(self, test: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function to its end."""
        if self.name == "asyncio":
            return asyncio.run(test())
        if self.name == "trio":
            return trio.run(test)
        return _run_without_waiting(test())

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        if self.name == "sync":
            time.sleep(seconds)  # noqa: ASYNC251 - no event loop runs here
        else:
            await (asyncio.sleep if self.name == "asyncio" else trio.sleep)(seconds)

    async def gather(self, *tasks: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run several at once: in threads, tasks or a nursery."""
        if self.name == "sync":
            _in_threads(tasks)
        elif self.name == "asyncio":
            async with asyncio.TaskGroup() as group:
                for task in tasks:
                    group.create_task(task())
        else:
            async with trio.open_nursery() as nursery:
                for task in tasks:
                    nursery.start_soon(task)


def _run_without_waiting(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as result:
        value: T = result.value
        return value
    raise AssertionError("the blocking twin waited for an event loop")


def _in_threads(tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...]) -> None:
    failures: list[BaseException] = []

    def run(task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            _run_without_waiting(task())
        except BaseException as reason:  # noqa: BLE001 - given to the test's own thread
            failures.append(reason)

    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


def is_coroutine_test(function: Callable[..., Any]) -> bool:
    """Whether a test function has to be run by a twin."""
    return inspect.iscoroutinefunction(function)


async def collect(stream: Any) -> list[Any]:
    """All the events of a stream that was made with `raise_errors=False`."""
    return [event async for event in stream]


Waits = Callable[[], Awaitable[None]]
