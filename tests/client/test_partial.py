"""Arguments of tool calls while they stream, as the events and the stream tell them."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import attrs
import pytest

from duologue import DecodeError, RetryPolicy, StreamInterrupted, ToolCallDelta
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, hang_up, head, reply, wait_for
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer, delta

PIECES = ['{"city": "Par', "is", '", "days": [1', ", 2]}"]
VALUES = [{"city": "Par"}, {"city": "Paris"}, {"city": "Paris", "days": [1]}, {"city": "Paris", "days": [1, 2]}]


def call(arguments: str, index: int = 0, **first: Any) -> bytes:
    return delta(tool_calls=[{"index": index, **first, "function": {"name": "f", "arguments": arguments}}])


def pieces_of_a_call(index: int = 0) -> list[bytes]:
    begin, *rest = PIECES
    first = delta(
        tool_calls=[
            {"index": index, "id": f"c{index}", "type": "function", "function": {"name": "f", "arguments": begin}}
        ]
    )
    return [first, *(delta(tool_calls=[{"index": index, "function": {"arguments": text}}]) for text in rest)]


END = [delta(finish="tool_calls"), *answer()[1:]]


async def test_every_event_tells_the_arguments_up_to_it(twin: Twin) -> None:
    """Though all of them came at once, and whenever it is asked."""
    with ScriptedServer(reply([b"".join([*pieces_of_a_call(), *END])])) as server:
        async with client_for(twin, server) as client:
            given = []
            deltas = []
            async for event in client.stream("hi"):
                if isinstance(event, ToolCallDelta):
                    given.append(event.partial)
                    deltas.append(event)
            assert given == VALUES
            assert [event.partial for event in deltas] == VALUES
            assert [event.partial for event in reversed(deltas)] == VALUES[::-1]


async def test_calls_side_by_side(twin: Twin) -> None:
    mixed = [piece for both in zip(pieces_of_a_call(0), pieces_of_a_call(1), strict=True) for piece in both]
    with ScriptedServer(reply([*mixed, *END])) as server:
        async with client_for(twin, server) as client:
            events = [event for event in await collect(client.stream("hi")) if isinstance(event, ToolCallDelta)]
            for index in (0, 1):
                assert [event.partial for event in events if event.call_index == index] == VALUES


async def test_the_stream_tells_its_calls_so_far(twin: Twin) -> None:
    seen = [threading.Event() for _ in PIECES]
    steps: list[Any] = []
    for piece, event in zip(pieces_of_a_call(), seen, strict=True):
        steps += [chunk(piece), wait_for(event)]
    with ScriptedServer([head(200, CHUNKED), *steps, *map(chunk, END), chunk(b"")]) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            assert stream.tool_calls == ()
            given: list[Any] = []
            async for event in stream:
                if isinstance(event, ToolCallDelta):
                    [found] = stream.tool_calls
                    assert (found.id, found.name) == ("c0", "f")
                    assert found.arguments == "".join(PIECES[: len(given) + 1])
                    given.append(found.partial)
                    seen[len(given) - 1].set()
            assert given == VALUES
            assert stream.response.tool_calls[0].parsed() == stream.tool_calls[0].partial == VALUES[-1]


async def test_arguments_that_are_cut(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), *map(chunk, pieces_of_a_call()[:2]), hang_up]) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=0)) as client:
            with pytest.raises(StreamInterrupted) as caught:
                await client.stream("hi").result()
    assert caught.value.partial is not None
    [found] = caught.value.partial.tool_calls
    assert found.partial == {"city": "Paris"}
    with pytest.raises(DecodeError, match="the arguments of the call to 'f' are not JSON"):
        found.parsed()


async def test_a_stream_that_is_resumed_goes_on_with_the_arguments(twin: Twin) -> None:
    seen = threading.Event()
    broken = [head(200, CHUNKED), *map(chunk, pieces_of_a_call()[:2]), wait_for(seen), hang_up]
    again = [*pieces_of_a_call()[:1], call('is", "days": [1'), call(", 2]}"), *END]
    with ScriptedServer(broken, reply(again)) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=1, base_delay=0.001)) as client:
            stream = client.stream("hi", restart="resume")
            given = []
            async for event in stream:
                if isinstance(event, ToolCallDelta):
                    given.append(event.partial)
                    if len(given) == 2:
                        seen.set()
            assert given == VALUES
            assert stream.tool_calls[0].partial == VALUES[-1]


def test_an_event_that_came_out_of_no_stream_tells_nothing() -> None:
    event = ToolCallDelta(0, "c", "f", '{"a": 1}')
    assert event.partial is None
    assert attrs.evolve(event, arguments="{}").partial is None


async def test_it_is_no_part_of_what_the_event_says(twin: Twin) -> None:
    with ScriptedServer(reply([*pieces_of_a_call(), *END])) as server:
        async with client_for(twin, server) as client:
            [event, *_] = [one for one in await collect(client.stream("hi")) if isinstance(one, ToolCallDelta)]
    same = ToolCallDelta(0, "c0", "f", PIECES[0])
    assert (event, hash(event), repr(event)) == (same, hash(same), repr(same))
    for other in (pickle.loads(pickle.dumps(event)), copy.copy(event)):
        assert other == event
