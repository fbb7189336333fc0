"""Several streams as one: the order of arrival, errors, and leaving."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from duologue import AsyncMerge, Merge, StreamInterrupted, merge_streams
from tests.kit.calls import answer, client_for, script
from tests.kit.server import ScriptedServer, chunk, hang_up, head, until_closed
from tests.kit.twins import Twin, collect
from tests.kit.wire import delta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


class Merged:
    """What is merged, behind the async names, as the twin does it."""

    def __init__(self, twin: Twin, *streams: Any) -> None:
        given = [stream.stream if twin.name == "sync" and hasattr(stream, "stream") else stream for stream in streams]
        self.merge: Any = merge_streams(*given)
        self.waits = isinstance(self.merge, AsyncMerge)

    def __aiter__(self) -> Merged:
        return self

    async def __anext__(self) -> Any:
        if self.waits:
            return await anext(self.merge)
        try:
            return next(self.merge)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        if self.waits:
            await self.merge.aclose()
        else:
            self.merge.close()


async def test_two_streams(twin: Twin) -> None:
    with script(answer("Hel", "lo"), answer("Good", "bye")) as server:
        async with client_for(twin, server) as client:
            streams = [client.stream("hi"), client.stream("bye")]
            events = await collect(Merged(twin, *streams))
            assert sorted(stream.response.text for stream in streams) == ["Goodbye", "Hello"]
    assert len([event for event in events if event.is_done]) == 2
    assert sorted(event.text for event in events if event.is_delta) == ["Good", "Hel", "bye", "lo"]


async def test_the_order_of_arrival(async_twin: Twin) -> None:
    turns = [anyio.Event() for _ in range(4)]

    async def speak(*words: tuple[int, str]) -> AsyncIterator[str]:
        for turn, word in words:
            await turns[turn].wait()
            yield word

    turns[0].set()
    merged: AsyncMerge[str] = merge_streams(speak((0, "a"), (3, "d")), speak((1, "b"), (2, "c")))
    said = []
    async for word in merged:
        said.append(word)
        if len(said) < 4:
            turns[len(said)].set()
    assert said == ["a", "b", "c", "d"]


def test_the_order_of_arrival_in_threads() -> None:
    turns = [threading.Event() for _ in range(4)]

    def speak(*words: tuple[int, str]) -> Iterator[str]:
        for turn, word in words:
            assert turns[turn].wait(10)
            yield word

    turns[0].set()
    merged = merge_streams(speak((0, "a"), (3, "d")), speak((1, "b"), (2, "c")))
    assert isinstance(merged, Merge)
    said: list[str] = []
    with merged:
        for word in merged:
            said.append(word)
            if len(said) < 4:
                turns[len(said)].set()
    assert said == ["a", "b", "c", "d"]


async def test_what_blocks_is_read_in_threads(async_twin: Twin) -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    assert sorted([item async for item in merge_streams(numbers(), [7, 8], range(200))]) == sorted(
        [0, 1, 2, 7, 8, *range(200)]
    )


async def test_nothing_and_none(twin: Twin) -> None:
    assert await collect(Merged(twin)) == []
    assert await collect(Merged(twin, [], [None, 1])) == [None, 1]
    with pytest.raises(TypeError, match="merge_streams takes streams and other iterables, got int 3"):
        merge_streams(3)  # type: ignore[call-overload]  # what is refused


async def test_leaving_what_cannot_be_closed(twin: Twin) -> None:
    merged = Merged(twin, [1, 2], (3, 4))
    assert await anext(merged) in (1, 3)
    await merged.aclose()
    assert await collect(merged) == []


def test_closing_it_from_another_thread_wakes_the_reader() -> None:
    go_on = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        go_on.wait(10)

    merged = merge_streams(source())
    assert next(merged) == 1
    closer = threading.Timer(0.05, merged.close)
    closer.start()
    assert list(merged) == []
    closer.join()
    go_on.set()


async def test_closing_it_from_another_task_wakes_the_reader(async_twin: Twin) -> None:
    begun = anyio.Event()

    async def source() -> AsyncIterator[int]:
        begun.set()
        await anyio.sleep(100)
        yield 1

    merged = merge_streams(source(), [7])

    async def read() -> None:
        assert await collect(merged) == [7]

    async def close() -> None:
        await begun.wait()
        await async_twin.sleep(0.02)
        await merged.aclose()

    await async_twin.gather(read, close)


async def test_an_error_ends_it_and_closes_the_others(twin: Twin) -> None:
    broken = [head(200, SSE), chunk(delta("Hm")), hang_up]
    slow = [head(200, SSE), chunk(delta("Well")), until_closed]
    with ScriptedServer(broken) as one, ScriptedServer(slow) as other:
        async with client_for(twin, one) as client, client_for(twin, other) as second:
            merged = Merged(twin, client.stream("hi"), second.stream("hi"))
            with pytest.raises(StreamInterrupted):
                await collect(merged)
            assert await collect(merged) == []
            assert other.wait_until(lambda seen: seen.open == 0)


async def test_leaving_closes_the_streams(twin: Twin) -> None:
    slow = [head(200, SSE), chunk(delta("Well")), until_closed]
    with ScriptedServer(slow) as server:
        async with client_for(twin, server) as client:
            merged = Merged(twin, client.stream("hi"), client.stream("hi"))
            async for event in merged:
                if event.is_delta:
                    break
            await merged.aclose()
            await merged.aclose()
            assert await collect(merged) == []
            assert server.wait_until(lambda seen: seen.open == 0)


async def test_leaving_before_the_first_step(twin: Twin) -> None:
    closed = []

    def source() -> Iterator[int]:
        try:
            yield 1
        finally:
            closed.append(True)

    one = source()
    merged = Merged(twin, one)
    await merged.aclose()
    assert list(one) == []


async def test_a_generator_that_is_still_running(twin: Twin) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def source() -> Iterator[int]:
        yield 1
        begun.set()
        go_on.wait(10)

    merged = Merged(twin, source())
    assert await anext(merged) == 1
    assert begun.wait(10)
    await merged.aclose()
    go_on.set()


async def test_one_that_nobody_holds_any_more(twin: Twin) -> None:
    slow = [head(200, SSE), chunk(delta("Well")), until_closed]
    with ScriptedServer(slow) as server:
        async with client_for(twin, server) as client:
            merged = Merged(twin, client.stream("hi"))
            await anext(merged)
            ref = weakref.ref(merged.merge)
            del merged
            gc.collect()
            assert ref() is None


async def test_a_block_closes_it(async_twin: Twin) -> None:
    ended = anyio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await anyio.lowlevel.checkpoint()
        finally:
            ended.set()

    async with merge_streams(source()) as merged:
        assert await anext(merged) == 1
    assert ended.is_set()


async def test_several_that_are_ahead_of_the_reader_all_go_on(async_twin: Twin) -> None:
    async def numbers(name: str) -> AsyncIterator[tuple[str, int]]:
        for number in range(300):
            yield name, number

    merged = merge_streams(numbers("a"), numbers("b"), numbers("c"))
    found: list[tuple[str, int]] = []
    with anyio.fail_after(5):
        async for item in merged:
            found.append(item)
            await async_twin.sleep(0)
    for name in "abc":
        assert [number for own, number in found if own == name] == list(range(300))
