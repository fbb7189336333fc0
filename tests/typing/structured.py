"""What type checkers know of answers of a given form, and of a request's parameters. `make check` holds it: each
`assert_type` is an error where it is wrong, and so is each `type: ignore` where nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict, Unpack, assert_type

import attrs

from duologue import (
    AsyncClient,
    AsyncStream,
    ChatParams,
    ChatResponse,
    Client,
    Message,
    ParsedResponse,
    Reasoning,
    ResponseFormat,
    Stream,
    ToolCallDelta,
)


@attrs.frozen
class City:
    name: str


@dataclass
class Trip:
    cities: list[City]


class Known(TypedDict):
    a: int


SCHEMA: dict[str, Any] = {"type": "object"}


def blocking(client: Client) -> None:
    assert_type(client.chat("hi"), ChatResponse)
    assert_type(client.chat("hi", response_format=City), ParsedResponse[City])
    assert_type(client.chat("hi", response_format=City, reask=1).parsed, City)
    assert_type(client.chat("hi", response_format=Trip).parsed.cities[0].name, str)
    assert_type(client.chat("hi", response_format=Known).parsed["a"], int)
    assert_type(client.chat("hi", response_format=list[City]).parsed, list[City])
    assert_type(client.chat("hi", response_format=SCHEMA).parsed, Any)
    assert_type(client.chat("hi", response_format="json_object"), ChatResponse)
    assert_type(client.chat("hi", response_format=ResponseFormat("text")), ChatResponse)
    assert_type(client.chat("hi", response_format=None), ChatResponse)
    _ = client.chat("hi").parsed  # type: ignore[attr-defined]  # nothing was asked for

    assert_type(client.stream("hi"), Stream)
    stream = client.stream("hi", response_format=City)
    assert_type(stream, Stream[ParsedResponse[City]])
    assert_type(stream.result().parsed, City)
    assert_type(client.stream("hi").result(), ChatResponse)
    assert_type(stream.response, ChatResponse)
    for partial in stream.partials():
        assert_type(partial, Any)
    for event in stream:
        if isinstance(event, ToolCallDelta):
            assert_type(event.partial, Any)


async def waiting(client: AsyncClient) -> None:
    assert_type(await client.chat("hi"), ChatResponse)
    assert_type((await client.chat("hi", response_format=City)).parsed, City)
    assert_type((await client.chat("hi", response_format=SCHEMA)).parsed, Any)
    assert_type(client.stream("hi"), AsyncStream)
    stream = client.stream("hi", response_format=Known, restart="again")
    assert_type((await stream.result()).parsed["a"], int)
    async for partial in stream.partials():
        assert_type(partial, Any)


def parameters(client: Client) -> None:
    client.chat("hi", temperature=0, stop="END", reasoning=2000, tools=[{"name": "f"}], metadata={"a": "b"})
    client.chat([Message.user("hi")], stop=["a"], reasoning=Reasoning("low"), model=None, max_tokens=5)
    client.chat("hi", temprature=0)  # type: ignore[call-overload]  # no such parameter
    client.chat("hi", temperature="hot")  # type: ignore[call-overload]  # not of that type
    client.stream("hi", stop=3)  # type: ignore[call-overload]  # likewise
    client.stream("hi", reask=1)  # type: ignore[call-overload]  # what was given cannot be taken back


def passed_on(client: Client, **params: Unpack[ChatParams]) -> str:
    return client.chat("hi", **params).text


def annotated(stream: Stream, waiting: AsyncStream, answer: ParsedResponse[City]) -> list[str]:
    """The bare names are streams of answers as they come."""
    assert_type(stream.result(), ChatResponse)
    plain: ChatResponse = answer
    return [plain.text, answer.parsed.name, type(waiting).__name__]
