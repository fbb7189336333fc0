"""What seldom happens to a loop with tools."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from duologue import (
    ChatRequest,
    ClosedError,
    LimitExceeded,
    TextContent,
    ToolCall,
    ToolContext,
    tool,
)
from duologue._tools.bounds import Bounds
from duologue._tools.job import News, Source
from duologue._tools.talk import Talk
from duologue._waiting.spawn import caller
from tests.kit.calls import answer, calling, client_for, results, script, told
from tests.kit.twins import collect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from tests.kit.twins import Twin


async def test_content_parts_as_a_result(twin: Twin) -> None:
    @tool
    def one() -> TextContent:
        return TextContent("one")

    @tool
    def two() -> list[Any]:
        return [TextContent("two"), "three"]

    with script(calling(("one", {}), ("two", {})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[one, two], max_parallel=1)
            events = await collect(run)
        assert [content for _, status, content in told(events) if status == "done"] == [
            {"type": "text", "text": "one"},
            [{"type": "text", "text": "two"}, "three"],
        ]
        assert [message.content for message in run.messages if message.role == "tool"] == [
            (TextContent("one"),),
            (TextContent("two"), TextContent("three")),
        ]


async def test_progress_that_nobody_reads_is_left_out(twin: Twin) -> None:
    ended = threading.Event()

    @tool
    def busy(context: ToolContext) -> str:
        for number in range(5000):
            context.progress(number / 5000)
        ended.set()
        return "done"

    with script(calling(("busy", {})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[busy])
            events = []
            async for event in run:
                events.append(event)
                if event.is_tool_result and event.is_tool_start:
                    while not ended.is_set():
                        await twin.sleep(0.005)
        progress = [event.progress for event in events if event.is_tool_result and event.is_tool_progress]
        assert progress == [number / 5000 for number in range(len(progress))]
        assert len(progress) in (1023, 1024)  # `start` is one of those that lie there, or has been read
        assert results(server.requests[1]) == [("call_1", "done")]


async def test_a_tool_that_was_stopped_before_it_began(async_twin: Twin) -> None:
    begun = []

    @tool
    async def late() -> None:
        begun.append(True)

    with script(calling(("late", {}))) as server:
        async with client_for(async_twin, server) as client:
            run = client.run_tools("hi", tools=[late])
            async for event in run:
                if event.is_tool_result:
                    break
            await run.aclose()
        assert begun == []


async def test_an_async_function_behind_a_plain_one(twin: Twin) -> None:
    async def inner(text: str) -> str:
        await anyio.sleep(0.01)
        return text

    class Letters:
        """An async iterator that cannot be closed."""

        def __init__(self, text: str) -> None:
            self.letters = list(text)

        def __aiter__(self) -> Letters:
            return self

        async def __anext__(self) -> str:
            if not self.letters:
                raise StopAsyncIteration
            return self.letters.pop(0)

    @tool
    def outer(text: str) -> Awaitable[str]:
        return inner(text)

    @tool
    def letters(text: str) -> AsyncIterator[str]:
        return Letters(text)

    with script(calling(("outer", {"text": "a"}), ("letters", {"text": "bc"})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            await client.run_tools("hi", tools=[outer, letters]).result()
        assert results(server.requests[1]) == [("call_1", "a"), ("call_2", "bc")]


async def test_what_begins_after_its_time_is_stopped_at_once(twin: Twin) -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await anyio.sleep(100)
        finally:
            ended.set()

    @tool(timeout=0.05)
    def slow(context: ToolContext) -> Awaitable[None]:
        while not context.cancelled:
            threading.Event().wait(0.005)
        return forever()

    with script(calling(("slow", {})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            if twin.name == "sync":
                await client.run_tools("hi", tools=[slow]).result()
                assert ended.wait(10)
                assert results(server.requests[1]) == [("call_1", "Error: it took longer than 0.05 seconds")]


async def test_an_async_generator_that_does_not_wait(twin: Twin) -> None:
    ended = threading.Event()

    @tool
    async def greedy() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    with script(calling(("greedy", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[greedy])
            async for event in run:
                if event.is_tool_result and event.is_tool_data:
                    break
            await run.aclose()
            assert ended.wait(10)


async def test_an_error_that_cannot_say_what_it_is(twin: Twin) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    @tool
    def plain() -> None:
        raise MuteError

    @tool
    async def later() -> None:
        raise MuteError

    with script(calling(("plain", {}), ("later", {})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            response = await client.run_tools("hi", tools=[plain, later], timeout=5).result()
        assert response.text == "Good."
        assert results(server.requests[-1]) == [("call_1", "Error: MuteError"), ("call_2", "Error: MuteError")]


async def test_the_error_of_a_loop_that_does_not_raise(twin: Twin) -> None:
    @tool
    def nothing() -> None:
        """Nothing."""

    with script(calling(("nothing", {}))) as server:
        async with client_for(twin, server) as client:
            with pytest.raises(LimitExceeded):
                await client.run_tools("hi", tools=[nothing], max_rounds=1, raise_errors=False).result()


async def test_a_stream_that_somebody_closed(twin: Twin) -> None:
    with script(answer("Hi")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[])
            stream = (run.stream if twin.name == "sync" else run)._stream
            if twin.name == "sync":
                stream.close()
            else:
                await stream.aclose()
            with pytest.raises(ClosedError, match="the stream was closed"):
                await run.result()


def test_a_call_of_another_kind() -> None:
    @tool
    def nothing() -> None:
        """Nothing."""

    bounds = Bounds(
        max_rounds=1, max_calls=None, max_total_tokens=None, max_parallel=1, timeout=None, tool_timeout=None
    )
    talk = Talk(ChatRequest("hi", tools=[nothing]), bounds)
    news = talk.prepare(ToolCall("c", "nothing", "free text", type="custom"))
    assert isinstance(news, News)
    assert news.event.error == "this tool takes a JSON object, not free text"


async def test_calls_with_the_same_id_are_told_apart(twin: Twin) -> None:
    @tool
    def double(number: int) -> int:
        return 2 * number

    calls = calling(("double", {"number": 1}), ("double", {"number": 2}), ("double", {"number": 3}))
    same = [piece.replace(b'"call_3"', b'"call_1"').replace(b'"call_2"', b'"call_1_2"') for piece in calls]
    with script(same, answer("Good.")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[double])
            events = await collect(run)
        request = server.requests[-1]
    done = [(call_id, content) for call_id, status, content in told(events) if status == "done"]
    assert sorted(done) == [("call_1", 2), ("call_1_2", 4), ("call_1_3", 6)]
    assert results(request) == [("call_1", "2"), ("call_1_2", "4"), ("call_1_3", "6")]
    assert [call["id"] for call in request.json()["messages"][1]["tool_calls"]] == ["call_1", "call_1_2", "call_1_3"]
    assert [call.id for call in run.messages[1].tool_calls] == ["call_1", "call_1_2", "call_1_3"]


def test_an_event_loop_that_ends_begins_nothing_more(async_twin: Twin) -> None:
    begun: list[int] = []
    kept: list[Any] = []

    @tool
    async def waits(number: int) -> None:
        begun.append(number)
        await anyio.sleep(100)

    async def main() -> None:
        client = client_for(async_twin, server)
        run = client.run_tools("hi", tools=[waits], max_parallel=1)
        kept.append((client, run))
        async for event in run:
            if event.is_tool_result:
                break
        while not begun:
            await async_twin.sleep(0.005)

    with script(calling(("waits", {"number": 1}), ("waits", {"number": 2}))) as server:
        async_twin.run(main)
        assert begun == [1]


async def test_a_tool_that_leaves_with_a_nursery_full_of_tasks(async_twin: Twin) -> None:
    @tool(timeout=0.05)
    async def many() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 100)
            group.start_soon(anyio.sleep, 100)

    @tool
    async def leaves() -> None:
        raise SystemExit(3)

    with script(calling(("many", {}), ("leaves", {})), answer("Good.")) as server:
        async with client_for(async_twin, server) as client:
            await client.run_tools("hi", tools=[many, leaves]).result()
        assert results(server.requests[1]) == [
            ("call_1", "Error: it took longer than 0.05 seconds"),
            ("call_2", "Error: SystemExit: 3"),
        ]


def test_a_source_that_was_cancelled() -> None:
    news = Source([1]).fail("it was cancelled")
    assert str(news.error) == "a stream ended: it was cancelled"


async def test_a_loop_without_trio(async_twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    if async_twin.name == "asyncio":
        monkeypatch.delitem(sys.modules, "trio")
    done = anyio.Event()
    caller()(done.set)
    await done.wait()
    assert done.is_set()
