"""The loop with tools, through real sockets, in both twins: what the reader gets, what the model gets, and what is left
behind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from duologue import (
    Client,
    Message,
    ToolContext,
    ToolResult,
    tool,
)
from tests.kit.calls import answer, calling, client_for, results, script, told
from tests.kit.twins import collect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.kit.twins import Twin


@tool
def weather(city: str, days: int = 1) -> dict[str, Any]:
    """The weather in a city.

    Args:
        city: its name
        days: how far ahead
    """
    return {"city": city, "days": days}


async def test_a_call_and_its_result(twin: Twin) -> None:
    with script(calling(("weather", {"city": "Paris"}), text="Let me see. "), answer("It is ", "fine.")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("How is Paris?", tools=[weather])
            events = await collect(run)
            assert [event.type for event in events] == [
                *["start", "text_delta", "tool_call_delta", "tool_call_delta", "usage_update"],
                *["tool_result", "tool_result"],
                *["start", "text_delta", "text_delta", "usage_update", "done"],
            ]
            assert told(events) == [
                ("call_1", "start", None),
                ("call_1", "done", {"city": "Paris", "days": 1}),
            ]
            assert run.response == events[-1].response
            assert run.response.text == "It is fine."
            assert (run.rounds, run.calls, run.usage.total_tokens) == (2, 1, 20)
            assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
        first, second = server.requests
        assert first.json()["tools"][0]["function"]["parameters"]["required"] == ["city"]
        assert results(second) == [("call_1", '{"city": "Paris", "days": 1}')]
        assert server.connections == 1


async def test_the_history_is_the_whole_talk_as_it_was_sent(twin: Twin) -> None:
    with script(calling(("weather", {"city": "Paris"})), answer("Fine."), answer("Bye.")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("How is Paris?", tools=[weather])
            assert (await run.result()).text == "Fine."
            await client.chat([*run.messages, Message.user("Thanks")])
        *_, second, third = server.requests
        assert third.json()["messages"][:3] == second.json()["messages"]
        assert third.json()["messages"][3]["content"] == "Fine."


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("weather", {"city": 5}, "city: expected a string, got int 5"),
        ("weather", {}, "'city' is missing"),
        ("weather", {"city": "x", "country": "y"}, "there is no 'country'; known are city, days"),
        ("weather", "{", "not JSON"),
        ("weather", "[1]", "must be a JSON object"),
        ("weather", "NaN", "NaN is not JSON"),
        ("weather", '{"city": ' + "[" * 100_000, "nested too deeply"),
        ("weather", '{"city": ' + "[" * 80 + "]" * 80 + "}", "nested more than 64 levels deep"),
        ("weather", '{"city": ' + "9" * 1_000_000 + "}", "a number has more than 4300 digits"),
        ("weather", '{"city": "' + "x" * 1024 * 1024 + '"}', "longer than 1048576 bytes"),
        ("whether", {"city": "x"}, "there is no tool 'whether'; there are weather"),
        ("__class__", {}, "there is no tool '__class__'; there are weather"),
    ],
    ids=range(12),
)
async def test_what_does_not_fit_goes_back_to_the_model(twin: Twin, name: str, arguments: Any, error: str) -> None:
    with script(calling((name, arguments)), answer("Sorry.")) as server:
        async with client_for(twin, server) as client:
            events = await collect(client.run_tools("hi", tools=[weather]))
        [(call_id, status, said)] = told(events)
        assert (call_id, status) == ("call_1", "error")
        assert error in said
        assert results(server.requests[1]) == [("call_1", f"Error: {said}")]
        assert events[-1].is_done


async def test_a_tool_that_fails_is_told_to_the_model(twin: Twin) -> None:
    @tool
    def bad() -> None:
        raise ValueError("no such thing" + "!" * 5000)

    @tool
    def strange() -> object:
        return object()

    @tool
    def leaves() -> None:
        raise SystemExit(3)

    with script(calling(("bad", {}), ("strange", {}), ("leaves", {})), answer("Sorry.")) as server:
        async with client_for(twin, server) as client:
            run = client.run_tools("hi", tools=[bad, strange, leaves])
            events = await collect(run)
        said = dict(results(server.requests[1]))
        assert said["call_1"].startswith("Error: ValueError: no such thing!!!")
        assert len(said["call_1"]) < 1100
        assert said["call_2"] == "Error: the result cannot be sent: JSON cannot say object"
        assert "SystemExit" in said["call_3"]
        assert [message.is_error for message in run.messages if message.role == "tool"] == [True, True, True]
        assert events[-1].is_done


async def test_tools_run_at_the_same_time_and_answer_in_the_order_of_their_calls(twin: Twin) -> None:
    both = threading.Barrier(2, timeout=10)
    first_done = threading.Event()

    @tool
    def slow() -> str:
        both.wait()
        assert first_done.wait(10)
        return "slow"

    @tool
    def quick() -> str:
        both.wait()
        return "quick"

    with script(calling(("slow", {}), ("quick", {})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            events = []
            async for event in client.run_tools("hi", tools=[slow, quick]):
                events.append(event)
                if event.is_tool_result and event.is_tool_done:
                    first_done.set()
        assert told(events)[2:] == [("call_2", "done", "quick"), ("call_1", "done", "slow")]
        assert results(server.requests[1]) == [("call_1", "slow"), ("call_2", "quick")]


async def test_no_more_at_once_than_allowed(twin: Twin) -> None:
    lock, running, most = threading.Lock(), 0, 0

    @tool
    def count() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1

    with script(calling(*[("count", {})] * 6), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            events = await collect(client.run_tools("hi", tools=[count], max_parallel=2))
        assert len([one for one in told(events) if one[1] == "done"]) == 6
        assert most == 2


async def test_async_tools_too(twin: Twin) -> None:
    @tool
    async def later(text: str) -> str:
        import anyio

        await anyio.sleep(0.01)
        return text.upper()

    with script(calling(("later", {"text": "a"})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            await client.run_tools("hi", tools=[later]).result()
        assert results(server.requests[1]) == [("call_1", "A")]


async def test_a_tool_that_streams(twin: Twin) -> None:
    @tool
    def words(count: int) -> Iterator[str]:
        for number in range(count):
            yield f"{number} "

    @tool
    async def numbers(count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    @tool
    def returns() -> Any:
        yield "looking"
        return {"found": 1}

    calls = [("words", {"count": 3}), ("numbers", {"count": 200}), ("returns", {})]
    with script(*[calling(call) for call in calls], answer("Good.")) as server:
        async with client_for(twin, server) as client:
            events = await collect(client.run_tools("hi", tools=[words, numbers, returns]))
        pieces = [(event.tool_name, event.content) for event in events if event.is_tool_result and event.is_tool_data]
        assert pieces == [
            *[("words", f"{number} ") for number in range(3)],
            *[("numbers", number) for number in range(200)],
            ("returns", "looking"),
        ]
        assert [content for _, content in results(server.requests[3])] == [
            "0 1 2 ",
            str(list(range(200))),
            '{"found": 1}',
        ]


async def test_progress(twin: Twin) -> None:
    @tool
    def dig(context: ToolContext, depth: int) -> str:
        context.progress(0.5, "half", depth=depth)
        context.data({"found": "coal"})
        with pytest.raises(ValueError, match="from 0 to 1"):
            context.progress(2)
        return f"{context.tool_name} {context.call_id} {context.cancelled}"

    @tool
    async def dig_too(depth: int, context: ToolContext | None = None) -> str:
        assert context is not None
        context.progress(1)
        return "done"

    with script(calling(("dig", {"depth": 3})), calling(("dig_too", {"depth": 1})), answer("Good.")) as server:
        async with client_for(twin, server) as client:
            events = [
                event for event in await collect(client.run_tools("hi", tools=[dig, dig_too])) if event.is_tool_result
            ]
        assert list(server.requests[0].json()["tools"][0]["function"]["parameters"]["properties"]) == ["depth"]
        assert events[1:4] == [
            ToolResult("dig", "call_1", "progress", progress=0.5, content="half", metadata={"depth": 3}),
            ToolResult("dig", "call_1", "data", content={"found": "coal"}),
            ToolResult("dig", "call_1", "done", content="dig call_1 False"),
        ]
        assert [event.status for event in events[4:]] == ["start", "progress", "done"]


def test_a_bare_loop_in_the_blocking_client() -> None:
    with (
        script(calling(("weather", {"city": "Paris"})), answer("Fine.")) as server,
        Client("llamacpp", base_url=server.base_url, api_key="k", model="m") as client,
    ):
        types = [event.type for event in client.run_tools("hi", tools=[weather])]
        with client.run_tools("hi", tools=[weather]) as run:
            assert [event.is_done for event in run][-1]
    assert types.count("start") == 2
    assert types[-1] == "done"
