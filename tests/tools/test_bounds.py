"""What ends the loop, or a call in it: bounds, refusals, errors, and readers who leave."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from duologue import (
    ChatRequest,
    Client,
    ClosedError,
    Error,
    LimitExceeded,
    Message,
    OverloadedError,
    RetryPolicy,
    StreamBusyError,
    StreamInterrupted,
    StreamTimeout,
    Tool,
    ToolCall,
    ToolContext,
    tool,
)
from tests.kit.calls import answer, calling, client_for, results, script, told
from tests.kit.server import (
    ScriptedServer,
    chunk,
    hang_up,
    head,
    pause,
    reply,
    reset,
    until_closed,
    wait_for,
    when_told,
)
from tests.kit.twins import collect
from tests.kit.wire import delta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.kit.twins import Twin

SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


@tool
def nothing(number: int = 0) -> str:
    """Does nothing."""
    return f"nothing {number}"


class Counter:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, name: str) -> str:
        """Remember a name."""
        self.calls.append(name)
        return name


async def test_an_endless_loop_has_an_end(twin: Twin) -> None:
    with script(calling(("nothing", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[nothing])
            with pytest.raises(LimitExceeded, match="max_rounds=10") as caught:
                await run.result()
            assert caught.value.limit == "max_rounds"
            assert (len(server.requests), run.rounds, run.calls) == (10, 10, 10)
            assert caught.value.partial == run.response
            assert [message.role for message in run.messages[-2:]] == ["assistant", "tool"]


@pytest.mark.parametrize(
    ("bounds", "limit", "requests", "ran"),
    [
        ({"max_rounds": 1}, "max_rounds", 1, 2),
        ({"max_calls": 3}, "max_calls", 2, 2),
        ({"max_total_tokens": 30}, "max_total_tokens", 2, 4),
    ],
)
async def test_bounds(twin: Twin, bounds: dict[str, int], limit: str, requests: int, ran: int) -> None:
    counter = Counter()
    with script(calling(("Counter", {"name": "a"}), ("Counter", {"name": "b"}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[counter], raise_errors=False, **bounds)
            events = await collect(run)
            assert isinstance(events[-1], Error)
            assert isinstance(events[-1].error, LimitExceeded)
            assert events[-1].error.limit == limit
            assert (len(server.requests), len(counter.calls)) == (requests, ran)
            # The history can be sent all the same: what was not run says so.
            unfinished = [message.text for message in run.messages if message.is_error]
            assert unfinished == (["Error: the call was not finished"] * 2 if limit == "max_calls" else [])


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"max_rounds": 0}, ValueError, "max_rounds must be more than 0"),
        ({"max_rounds": None}, TypeError, "max_rounds must be a whole number"),
        ({"max_calls": 1.5}, TypeError, "max_calls must be a whole number"),
        ({"timeout": True}, TypeError, "timeout must be a number"),
        ({"tool_timeout": -1}, ValueError, "tool_timeout must be more than 0"),
        ({"tools": [Tool("x")]}, TypeError, "'x' has no function to run"),
        ({"tools": [nothing, tool(Counter(), name="nothing")]}, ValueError, "two tools have the name 'nothing'"),
        ({"n": 2}, ValueError, "leave n out"),
        ({"restart": "again"}, ValueError, 'must be None or "resume"'),
        ({"temprature": 1}, TypeError, "unknown parameter 'temprature'"),
    ],
)
async def test_what_is_refused_before_anything_is_sent(
    twin: Twin, wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    with script(answer("Hi")) as server:
        async with client_for(twin, server) as client:
            with pytest.raises(error, match=words):
                client.run_tools("hi", **{"tools": [nothing], **wrong})
        assert server.requests == []


async def test_a_call_needs_approval(twin: Twin) -> None:
    counter, asked = Counter(), []

    def approve(call: ToolCall) -> Any:
        asked.append(call.parsed())
        return {"a": True, "b": "not today", "c": False, "d": None}[call.parsed()["name"]]

    calls = [("Counter", {"name": name}) for name in "abcd"] + [("Counter", {"name": 1}), ("nobody", {})]
    with script(calling(*calls), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            events = await collect(client.run_tools("hi", tools=[counter], approve=approve))
        assert counter.calls == ["a"]
        assert asked == [{"name": name} for name in "abcd"]
        said = dict(results(server.requests[1]))
        assert said["call_1"] == "a"
        assert said["call_2"] == "Error: the call was refused: not today"
        assert said["call_3"] == said["call_4"] == "Error: the call was refused: no reason was given"
        assert ("call_2", "start", None) not in told(events)


async def test_approval_may_take_its_time(async_twin: Twin) -> None:
    async def approve(_: ToolCall) -> bool:
        await async_twin.sleep(0.01)
        return True

    with script(calling(("nothing", {"number": 3})), answer("Good.")) as server:
        async with client_for(async_twin, server) as client:
            await client.run_tools("hi", tools=[nothing], approve=approve).result()
        assert results(server.requests[1]) == [("call_1", "nothing 3")]


def test_the_blocking_client_cannot_wait_for_approval() -> None:
    async def approve(_: ToolCall) -> bool:
        return True

    with (
        script(calling(("nothing", {}))) as server,
        Client("llamacpp", base_url=server.base_url, api_key="k", model="m") as client,
        pytest.raises(TypeError, match="needs the async client"),
    ):
        client.run_tools("hi", [nothing], approve=approve).result()


async def test_what_the_hook_raises_ends_the_loop(twin: Twin) -> None:
    def approve(_: ToolCall) -> bool:
        raise KeyError("mine")

    with script(calling(("nothing", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[nothing], approve=approve)
            with pytest.raises(KeyError, match="mine"):
                await run.result()
            assert [event async for event in run] == []


async def test_a_tool_that_takes_too_long(twin: Twin) -> None:
    done = threading.Event()

    @tool
    def stuck(context: ToolContext) -> str:
        done.wait(10)
        context.progress(1)
        return "late"

    @tool(timeout=0.05)
    async def stuck_too() -> str:
        await anyio.sleep(10)
        return "late"

    calls: list[tuple[str, Any]] = [("stuck", {}), ("stuck_too", {}), ("nothing", {})]
    with script(calling(*calls), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            events = await collect(
                client.run_tools("hi", tools=[stuck, stuck_too, nothing], tool_timeout=0.1, max_parallel=2)
            )
            done.set()
        assert results(server.requests[1]) == [
            ("call_1", "Error: it took longer than 0.1 seconds"),
            ("call_2", "Error: it took longer than 0.05 seconds"),
            ("call_3", "nothing 0"),
        ]
        assert [one for one in told(events) if one[0] == "call_1"] == [
            ("call_1", "start", None),
            ("call_1", "error", "it took longer than 0.1 seconds"),
        ]


async def test_the_whole_loop_takes_too_long(twin: Twin) -> None:
    left = threading.Event()

    @tool
    def stuck(context: ToolContext) -> None:
        while not context.cancelled:
            threading.Event().wait(0.005)
        left.set()

    with script(calling(("stuck", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[stuck], timeout=0.3)
            with pytest.raises(StreamTimeout) as caught:
                await run.result()
            assert caught.value.phase == "total"
            assert left.wait(10)
            assert run.messages[-1] == Message.tool("call_1", "Error: the call was not finished", is_error=True)


async def test_the_time_holds_for_the_model_too(twin: Twin) -> None:
    silent = [head(200, SSE), chunk(delta("Hm")), until_closed]
    with ScriptedServer(reply(calling(("nothing", {}))), silent) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[nothing], timeout=0.3)
            with pytest.raises(StreamTimeout) as caught:
                await run.result()
            assert caught.value.phase == "total"
            assert run.response.text == "Hm"
            assert caught.value.partial == run.response
            assert run.messages[-1].text == "nothing 0"
        assert len(server.requests) == 2


async def test_no_call_runs_twice_where_a_request_is_made_again(twin: Twin) -> None:
    counter = Counter()
    rounds: list[Any] = [
        reply(calling(("Counter", {"name": "a"}))),
        [hang_up],
        reply(b"{}", 529),
        reply(answer("Good.")),
    ]
    with ScriptedServer(*rounds) as server:
        async with client_for(twin, server, retry=RetryPolicy(base_delay=0.01)) as client:
            run = client.run_tools("hi", tools=[counter])
            assert (await run.result()).text == "Good."
        assert counter.calls == ["a"]
        assert [results(request) for request in server.requests[1:]] == [[("call_1", "a")]] * 3


async def test_a_line_that_breaks_after_a_call_keeps_its_result(twin: Twin) -> None:
    counter = Counter()
    broken = [head(200, SSE), chunk(delta("Hm")), hang_up]
    with ScriptedServer(reply(calling(("Counter", {"name": "a"}))), broken, reply(answer("Good."))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[counter])
            with pytest.raises(StreamInterrupted):
                await run.result()
            assert [message.text for message in run.messages] == ["hi", "", "a"]
            again = client.run_tools(ChatRequest(run.messages), tools=[counter])
            assert (await again.result()).text == "Good."
        assert counter.calls == ["a"]


async def test_calls_of_an_answer_that_was_cut_short_are_not_run(twin: Twin) -> None:
    counter = Counter()
    with script(calling(("Counter", {"name": "a"}), finish="length")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[counter])
            events = await collect(run)
        assert events[-1].is_done
        assert events[-1].finish_reason == "length"
        assert counter.calls == []
        assert run.messages[-1].is_error


async def test_a_forced_choice_holds_for_the_first_answer(twin: Twin) -> None:
    with script(calling(("nothing", {})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            await client.run_tools("hi", tools=[nothing], tool_choice="nothing").result()
        assert ["tool_choice" in request.json() for request in server.requests] == [True, False]
        async with client_for(twin, server) as client:
            server.restart(*map(reply, [calling(("nothing", {})), answer("Good.")]))
            await client.run_tools("hi", tools=[nothing], tool_choice="auto").result()
        assert [request.json().get("tool_choice") for request in server.requests[2:]] == ["auto", "auto"]


async def test_leaving_the_loop_frees_the_connection_and_stops_the_tools(twin: Twin) -> None:
    stopped = threading.Event()

    @tool
    def endless(context: ToolContext) -> Iterator[str]:
        try:
            while True:
                yield "more "
        finally:
            stopped.set()

    with script(calling(("endless", {}))) as server:
        async with client_for(twin, server) as client:
            async with client.run_tools("hi", tools=[endless]) as run:
                async for event in run:
                    if event.is_tool_result and event.is_tool_data:
                        break
            assert stopped.wait(10)
            assert [event async for event in run] == []
            with pytest.raises(ClosedError):
                await run.result()
            await run.aclose()
        assert server.wait_until(lambda seen: seen.open == 0)


async def test_leaving_the_loop_stops_async_tools(twin: Twin) -> None:
    stopped = threading.Event()

    @tool
    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "more "
                await anyio.sleep(0.001)
        finally:
            stopped.set()

    @tool
    async def waits() -> None:
        await anyio.sleep(100)

    with script(calling(("endless", {}), ("waits", {}), ("waits", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[endless, waits], max_parallel=2)
            async for event in run:
                if event.is_tool_result and event.is_tool_data:
                    break
            await run.aclose()
            assert stopped.wait(10)


async def test_leaving_in_the_middle_of_an_answer(twin: Twin) -> None:
    slow = [head(200, SSE), chunk(delta("Hm")), until_closed]
    with ScriptedServer(slow) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[nothing])
            async with run:
                async for event in run:
                    if event.text:
                        break
            assert server.wait_until(lambda seen: seen.open == 0)
            assert run.response.text == "Hm"
            assert run.messages == (Message.user("hi"),)


async def test_a_loop_that_nobody_holds_any_more(twin: Twin) -> None:
    started, stopped = threading.Event(), threading.Event()

    @tool
    def endless(context: ToolContext) -> None:
        started.set()
        while not context.cancelled:
            threading.Event().wait(0.005)
        stopped.set()

    with script(calling(("endless", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[endless])
            async for event in run:
                if event.is_tool_result:
                    break
            while not started.is_set():
                await twin.sleep(0.005)
            ref = weakref.ref(run.stream if twin.name == "sync" else run)
            del run
            gc.collect()
            assert ref() is None
            assert stopped.wait(10)


async def test_closing_it_from_elsewhere_wakes_the_reader(twin: Twin) -> None:
    waits = threading.Event()

    @tool
    async def forever() -> None:
        waits.set()
        await anyio.sleep(100)

    with script(calling(("forever", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[forever])

            async def read() -> None:
                with pytest.raises(ClosedError, match="closed before its end"):
                    await run.result()

            async def close() -> None:
                while not waits.is_set():
                    await twin.sleep(0.005)
                with pytest.raises(StreamBusyError):
                    await anext(run)
                await run.aclose()

            await twin.gather(read, close)


async def test_closing_it_from_elsewhere_while_the_model_speaks(twin: Twin) -> None:
    slow = [head(200, SSE), chunk(delta("Hm")), until_closed]
    with ScriptedServer(slow) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[nothing])

            async def read() -> None:
                with pytest.raises(ClosedError):
                    await run.result()

            async def close() -> None:
                while not server.sent or not run.response.text:
                    await twin.sleep(0.005)
                await run.aclose()

            await twin.gather(read, close)
            assert server.wait_until(lambda seen: seen.open == 0)


def late(seconds: float) -> bool:
    time.sleep(seconds)
    return True


async def test_the_time_of_the_loop_is_that_of_the_one_who_is_asked_too(twin: Twin) -> None:
    ran: list[str] = []

    @tool
    def write() -> None:
        ran.append("write")

    def approve(_: ToolCall) -> Any:
        return late(0.2) if twin.name == "sync" else anyio.sleep(60)

    with script(calling(("write", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[write], approve=approve, timeout=0.1)
            with pytest.raises(StreamTimeout, match="the loop took too long"):
                await run.result()
            assert [message.role for message in run.messages] == ["user", "assistant", "tool"]
    assert ran == []


@pytest.mark.parametrize("closes", ["run", "client"])
async def test_nothing_begins_that_is_approved_too_late(twin: Twin, closes: str) -> None:
    asked = threading.Event()
    ran: list[str] = []

    @tool
    def write() -> None:
        ran.append("write")

    def approve(_: ToolCall) -> Any:
        asked.set()
        return late(0.3) if twin.name == "sync" else anyio.sleep(60)

    with script(calling(("write", {}), ("write", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[write], approve=approve)

            async def read() -> None:
                with pytest.raises(ClosedError):
                    await run.result()

            async def close() -> None:
                while not asked.is_set():
                    await twin.sleep(0.005)
                await (run if closes == "run" else client).aclose()

            await twin.gather(read, close)
    assert ran == []


async def test_a_client_that_is_closed_while_tools_run(twin: Twin) -> None:
    left: list[str] = []

    @tool
    def patient(context: ToolContext) -> None:
        while not context.cancelled:
            time.sleep(0.005)
        left.append("patient")

    @tool
    async def asleep() -> None:
        try:
            await anyio.sleep(60)
        finally:
            left.append("asleep")

    with script(calling(("patient", {}), ("asleep", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[patient, asleep])

            async def read() -> None:
                with pytest.raises(ClosedError, match="the client was closed"):
                    await run.result()
                assert [message.role for message in run.messages] == ["user", "assistant", "tool", "tool"]

            async def close() -> None:
                while not run.calls:
                    await twin.sleep(0.005)
                await twin.sleep(0.05)
                await client.aclose()

            await twin.gather(read, close)
            while len(left) < 2:
                await twin.sleep(0.005)


async def test_a_client_that_is_closed_after_the_loop(twin: Twin) -> None:
    with script(answer("Good.")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[nothing])
            before = await run.result()
        assert await run.result() == before


async def test_a_client_that_is_closed_in_between(twin: Twin) -> None:
    with script(calling(("nothing", {}))) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[nothing])
            async for event in run:
                if event.is_tool_result and event.is_tool_done:
                    await client.aclose()
                    break
            with pytest.raises(ClosedError):
                await run.result()


async def test_being_cancelled_while_tools_run(async_twin: Twin) -> None:
    stopped = threading.Event()

    @tool
    async def forever() -> None:
        try:
            await anyio.sleep(100)
        finally:
            stopped.set()

    with script(calling(("forever", {}))) as server:
        async with client_for(async_twin, server) as client:
            run = client.run_tools("hi", tools=[forever])
            with anyio.move_on_after(0.3) as scope:
                await run.result()
            assert scope.cancelled_caught
            assert stopped.is_set()
            assert [event async for event in run] == []


async def test_a_tool_that_is_cancelled_by_itself(async_twin: Twin) -> None:
    @tool
    async def gives_up() -> None:
        raise asyncio.CancelledError if async_twin.name == "asyncio" else RuntimeError("cancelled")

    with script(calling(("gives_up", {})), answer("Good.")) as server:
        async with client_for(async_twin, server) as client:
            await client.run_tools("hi", tools=[gives_up]).result()
        assert "cancelled" in results(server.requests[1])[0][1]


async def test_the_text_of_all_answers(twin: Twin) -> None:
    with script(calling(("nothing", {}), text="One "), answer("two ", "three")) as server:
        async with client_for(twin, server) as client:
            pieces = [piece async for piece in client.run_tools("hi", tools=[nothing]).text(min_chars=3)]
    assert pieces == ["One ", "two ", "three"]


async def test_errors_end_it_as_they_end_a_stream(twin: Twin) -> None:
    with ScriptedServer(reply(b'{"error": {"message": "no"}}', 503, "application/json")) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=0)) as client:
            run = client.run_tools("hi", tools=[nothing])
            event = await anext(run)
            assert event.is_error
            with pytest.raises(OverloadedError):
                await anext(run)
            assert await collect(client.run_tools("hi", tools=[nothing], raise_errors=False)) != []


async def test_text_that_is_held_back_is_given_while_a_tool_runs(twin: Twin) -> None:
    go_on = threading.Event()

    @tool
    def slow() -> str:
        assert go_on.wait(10)
        return "at last"

    with script(calling(("slow", {}), text="One"), answer("two")) as server:
        async with client_for(twin, server) as client:
            text = client.run_tools("hi", tools=[slow]).text(min_chars=100, max_delay=0.1)
            assert await anext(text) == "One"
            go_on.set()
            assert [piece async for piece in text] == ["two"]


async def test_text_that_is_held_back_is_given_while_the_model_is_silent(twin: Twin) -> None:
    go_on = threading.Event()
    steps = [head(200, SSE), chunk(delta("One")), wait_for(go_on), *map(chunk, answer("two")), chunk(b"")]
    with ScriptedServer(steps) as server:
        async with client_for(twin, server) as client:
            text = client.run_tools("hi", tools=[]).text(min_chars=100, max_delay=0.1)
            assert await anext(text) == "One"
            go_on.set()
            assert [piece async for piece in text] == ["two"]


async def test_text_that_is_held_back_is_given_before_the_model_is_asked_again(twin: Twin) -> None:
    """The tool was quick, but nobody can tell how long the model takes."""

    @tool
    def quick() -> str:
        return "done"

    with script(calling(("quick", {}), text="One")) as server:
        server.script.append([when_told, *reply(answer("two"))])
        async with client_for(twin, server) as client:
            text = client.run_tools("hi", tools=[quick]).text(min_chars=100, max_delay=1)
            assert await anext(text) == "One"
            server.told.set()
            assert [piece async for piece in text] == ["two"]


async def test_text_that_is_held_back_is_given_before_an_answer_begins_again(twin: Twin) -> None:
    broken = [head(200, SSE), chunk(delta("One")), pause(0.05), reset]
    with ScriptedServer(broken, [when_told, *reply(answer("One", "two"))]) as server:
        async with client_for(twin, server, retry=RetryPolicy(base_delay=0)) as client:
            text = client.run_tools("hi", tools=[], restart="resume").text(min_chars=100, max_delay=0.5)
            assert await anext(text) == "One"
            server.told.set()
            assert [piece async for piece in text] == ["two"]
