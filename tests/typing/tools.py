"""What type checkers know of tools. `make check` holds it: each `assert_type` is an error where it is wrong, and so is
each `type: ignore` where nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_type

from duologue import (
    AsyncClient,
    AsyncMerge,
    AsyncToolRun,
    ChatResponse,
    Client,
    FunctionTool,
    Merge,
    Message,
    ParsedResponse,
    StreamEvent,
    Tool,
    ToolRun,
    merge_streams,
    tool,
)


@tool
def weather(city: str, days: int = 1) -> dict[str, int]:
    return {city: days}


@tool(name="other", timeout=5)
async def later(text: str) -> str:
    return text


def plain(text: str) -> None: ...


@dataclass
class City:
    name: str


class Shop:
    @tool
    def price(self, item: str, count: int = 1) -> float:
        return float(len(item) * count)

    @tool(timeout=5)
    async def stock(self, item: str) -> int:
        return len(item)

    @staticmethod
    @tool
    def currency(country: str) -> str:
        return country

    by_city = weather


async def methods(shop: Shop) -> None:
    assert_type(shop.price("tea", count=2), float)
    assert_type(Shop.price(shop, "tea"), float)
    assert_type(await shop.stock("tea"), int)
    assert_type(shop.currency("FR"), str)
    assert_type(shop.by_city("Paris"), dict[str, int])
    shop.price(3)  # type: ignore[arg-type]
    shop.price("tea", colour="red")  # type: ignore[call-arg]


def functions() -> None:
    assert_type(weather("Paris", days=2), dict[str, int])
    weather(3)  # type: ignore[arg-type]
    weather("Paris", hours=2)  # type: ignore[call-arg]
    assert_type(tool(plain)("a"), None)
    given: Tool = weather
    named: FunctionTool[..., dict[str, int]] = weather
    assert given == named
    tool(plain, title="x")  # type: ignore[call-overload]


def blocking(client: Client) -> None:
    run = client.run_tools("hi", tools=[weather, plain], max_rounds=3, temperature=0)
    assert_type(run, ToolRun)
    for event in run:
        assert_type(event, StreamEvent)
    assert_type(run.result(), ChatResponse)
    assert_type(run.messages, tuple[Message, ...])
    merged = merge_streams(run, client.stream("hi"))
    assert_type(merged, Merge[StreamEvent])
    for event in merged:
        assert_type(event, StreamEvent)
    city = client.run_tools("hi", [weather], response_format=City)
    assert_type(city, ToolRun[ParsedResponse[City]])
    assert_type(city.result().parsed, City)
    assert_type(client.run_tools("hi", response_format={"type": "object"}).result().parsed, Any)
    assert_type(client.run_tools("hi", response_format="json_object").result(), ChatResponse)
    client.run_tools("hi", max_rounds="3")  # type: ignore[call-overload]
    client.run_tools("hi", restart="again")  # type: ignore[call-overload]


async def waiting(client: AsyncClient) -> None:
    assert_type(await later("a"), str)
    run = client.run_tools("hi", [weather, later])
    assert_type(run, AsyncToolRun)
    async for event in run:
        assert_type(event, StreamEvent)
    assert_type(await run.result(), ChatResponse)
    assert_type((await client.run_tools("hi", response_format=list[City]).result()).parsed, list[City])
    assert_type(merge_streams(run, client.stream("hi")), AsyncMerge[StreamEvent])
