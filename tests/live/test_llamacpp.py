"""The real model over every format that its server speaks: an answer streamed and whole, and a talk with a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue import Message, Tool, tool
from duologue._core import registry
from duologue._tables import PROVIDERS

if TYPE_CHECKING:
    from tests.kit.servers import Address
    from tests.kit.twins import Twin

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", "Get the current weather in a city", PARAMETERS)


@tool
def get_weather(city: str) -> dict[str, object]:
    """Get the current weather in a city."""
    return {"city": city, "celsius": 18}


FORMATS = ["llamacpp", "openai-responses", "anthropic"]


def client_for(twin: Twin, address: Address, provider: str) -> Any:
    """A client of the model's server that speaks a provider's format."""
    return twin.Client(provider, **address.fields(provider), model="smollm2-135m")


@pytest.mark.parametrize("provider", FORMATS)
async def test_an_answer(twin: Twin, provider: str, llamacpp: Address) -> None:
    asked: dict[str, Any] = {"prompt": "Explain what an API is.", "max_tokens": 12, "temperature": 0}
    async with client_for(twin, llamacpp, provider) as client:
        events = [event async for event in client.stream(**asked)]
        whole = await client.chat(**asked)
    assert len([event for event in events if event.is_delta and event.text]) > 5
    assert events[-1].is_done
    assert events[-1].response.text == whole.text
    assert len(whole.text) > 20
    assert events[-1].usage.output_tokens == whole.usage.output_tokens == 12


@pytest.mark.parametrize("provider", FORMATS)
async def test_a_tool_in_two_turns(twin: Twin, provider: str, llamacpp: Address) -> None:
    asked: dict[str, Any] = {"tools": [WEATHER], "temperature": 0, "max_tokens": 48}
    talk = [Message.user("What is the weather in Paris?")]
    async with client_for(twin, llamacpp, provider) as client:
        first = await client.stream(talk, tool_choice="required", **asked).result()
        [call] = first.tool_calls
        assert (call.name, call.parsed(), first.finish_reason) == ("get_weather", {"city": "Paris"}, "tool_calls")
        talk += [first.message, Message.tool(call.id, {"celsius": 18})]
        second = await client.stream(talk, **asked).result()
    assert second.complete
    assert second.text or second.tool_calls


@pytest.mark.parametrize("provider", FORMATS)
async def test_a_loop_with_a_tool(twin: Twin, provider: str, llamacpp: Address) -> None:
    asked: dict[str, Any] = {"tools": [get_weather], "tool_choice": "required", "temperature": 0, "max_tokens": 48}
    async with client_for(twin, llamacpp, provider) as client:
        run = client.run_tools("What is the weather in Paris?", **asked, max_rounds=3, raise_errors=False)
        events = [event async for event in run]
    results = [(event.status, event.content) for event in events if event.is_tool_result]
    assert results[:2] == [("start", None), ("done", {"city": "Paris", "celsius": 18})]
    assert run.messages[2] == Message.tool(run.messages[1].tool_calls[0].id, {"city": "Paris", "celsius": 18})
    # A model this small may call it again and again; then the bound on the rounds is the end.
    assert events[-1].is_done or events[-1].error.limit == "max_rounds"
    assert run.rounds >= 2


@attrs.frozen
class Trip:
    """A trip to a city."""

    city: str
    days: int


# The server heeds a JSON Schema in one of its formats only, and in all of them that a tool must be called.
WAYS = [("llamacpp", "json_schema"), *((provider, "tool") for provider in FORMATS)]


@pytest.mark.parametrize(("provider", "way"), WAYS)
async def test_an_answer_of_a_given_form(
    twin: Twin, provider: str, way: Any, llamacpp: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = attrs.evolve(PROVIDERS[provider], name="this-way", output_way=way)
    monkeypatch.setitem(registry._added, row.name, row)
    asked: dict[str, Any] = {"response_format": Trip, "temperature": 0, "max_tokens": 60}
    async with twin.Client(row.name, **llamacpp.fields(provider), model="smollm2-135m") as client:
        stream = client.stream("Plan a trip to Rome for 3 days.", **asked)
        partials = [partial async for partial in stream.partials()]
        streamed = await stream.result()
        whole = await client.chat("Plan a trip to Rome for 3 days.", **asked)
    assert streamed.parsed == whole.parsed == Trip("Rome", 3)
    assert (streamed.tool_calls, whole.tool_calls) == ((), ())
    assert partials[-1] == {"city": "Rome", "days": 3}
    assert {"city": "Rome"} in partials
