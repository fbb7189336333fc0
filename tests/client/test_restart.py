"""Streams that are restarted where the line breaks after events were given, through real sockets."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from duologue import (
    APIError,
    BadRequestError,
    ClosedError,
    Limits,
    OverloadedError,
    RetryPolicy,
    StreamInterrupted,
    StreamTimeout,
    Timeouts,
)
from duologue._core.accumulate import Accumulator
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, hang_up, head, pause, reply, reset, until_closed, wait_for
from tests.kit.twins import Twin, collect
from tests.kit.wire import answer, data, delta

QUICK = RetryPolicy(max_retries=3, base_delay=0.001)
ONCE = RetryPolicy(max_retries=1, base_delay=0.001)
FAULTS: dict[str, list[Any]] = {"fin": [hang_up], "rst": [reset], "timeout": [until_closed]}
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
MORE = {"index": 0, "function": {"arguments": '{"a": 1}'}}
PIECES = [
    delta(reasoning_content="Hm"),
    *answer("One ", "river", " flows")[:3],
    delta(tool_calls=[CALL]),
    delta(tool_calls=[MORE]),
    delta(finish="tool_calls"),
    *answer()[1:],
]
EVENTS = 8  # start, a thought, three of text, two of the call, usage; then Done
BUSY = data({"error": {"message": "busy", "type": "overloaded_error"}})


def breaking(seen: threading.Event, number: int, fault: str) -> list[Any]:
    """So many pieces, and a fault as soon as the reader has them."""
    return [head(200, CHUNKED), *map(chunk, PIECES[:number]), wait_for(seen), *FAULTS[fault]]


async def read(stream: Any, number: int, seen: threading.Event) -> list[Any]:
    """All events; says so when the given number is there."""
    events = []
    async for event in stream:
        events.append(event)
        if len(events) == number:
            seen.set()
    return events


def folded(events: list[Any]) -> Any:
    """What a reader makes of the events, who drops what came before a `Start`."""
    accumulator = Accumulator("llamacpp")
    for event in events:
        if event.type == "start":
            accumulator = Accumulator("llamacpp")
        accumulator.add((event,))
    return accumulator.response({0: ("tool_calls", "tool_calls")}, complete=True)


@pytest.fixture(scope="module")
def unbroken() -> list[Any]:
    twin = Twin("sync")

    async def ask() -> list[Any]:
        with ScriptedServer(reply(PIECES)) as server:
            async with client_for(twin, server) as client:
                return await collect(client.stream("hi"))

    events = twin.run(ask)
    assert len(events) == EVENTS + 1
    return events


# How many pieces the server sends until so many events have come: the first gives two, the finish reason gives none.
BREAKS = [(1, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 7), (8, 8)]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("pieces", "events"), BREAKS)
@pytest.mark.parametrize("restart", ["again", "resume"])
async def test_wherever_it_breaks_the_answer_comes(
    twin: Twin, restart: str, pieces: int, events: int, fault: str, unbroken: list[Any]
) -> None:
    seen = threading.Event()
    with ScriptedServer(breaking(seen, pieces, fault), reply(PIECES)) as server:
        limits = Timeouts(idle=0.2) if fault == "timeout" else Timeouts()
        async with client_for(twin, server, retry=QUICK, timeouts=limits) as client:
            stream = client.stream("hi", restart=restart)
            found = await read(stream, events, seen)
            assert found[-1] == unbroken[-1]
            assert folded(found) == stream.response == found[-1].response
            assert stream.response.complete
            if restart == "resume":
                assert found == unbroken
            else:
                assert [event.type for event in found].count("start") == 2
                assert found[-len(unbroken) :] == unbroken
            assert server.wait_until(lambda there: there.open == 1), "the broken connection was not closed"
            assert len(server.requests) == 2
            assert len({request.body for request in server.requests}) == 1


async def test_never_by_itself(twin: Twin) -> None:
    for restart in ({}, {"restart": None}):
        seen = threading.Event()
        with ScriptedServer(breaking(seen, 3, "fin"), reply(PIECES)) as server:
            async with client_for(twin, server, retry=QUICK) as client:
                found = await read(client.stream("hi", raise_errors=False, **restart), 4, seen)
                assert isinstance(found[-1].error, StreamInterrupted)
                assert len(server.requests) == 1


async def test_other_words(twin: Twin) -> None:
    with ScriptedServer(reply(PIECES)) as server:
        async with client_for(twin, server) as client:
            with pytest.raises(ValueError, match="restart must be one of None, 'again', 'resume'; got 'always'"):
                client.stream("hi", restart="always")
            with pytest.raises(TypeError, match="unknown parameter 'restart'"):
                await client.chat("hi", restart="again")
            with pytest.raises(ValueError, match="a second `Start`"):
                client.stream("hi", restart="again").text()


@pytest.mark.parametrize("restart", ["again", "resume"])
async def test_broken_off_more_than_once(twin: Twin, restart: str, unbroken: list[Any]) -> None:
    """The second answer breaks before it has got as far as the first one, the third one goes further."""
    first, third = threading.Event(), threading.Event()
    script = [breaking(first, 3, "rst"), [head(200, CHUNKED), chunk(PIECES[0]), hang_up], breaking(third, 4, "fin")]
    with ScriptedServer(*script, reply(PIECES)) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            stream = client.stream("hi", restart=restart)
            texts = []
            async for event in stream:
                texts.append(event.text)
                if "".join(texts).endswith("river"):
                    first.set()
                if "".join(texts).endswith("flows"):
                    third.set()
            assert stream.response == unbroken[-1].response
            assert "".join(texts) == "HmOne river flows" or restart == "again"
            assert len(server.requests) == 4


@pytest.mark.parametrize("restart", ["again", "resume"])
async def test_until_the_tries_are_used_up(twin: Twin, restart: str) -> None:
    """What had come is still there, though the last try never began."""
    seen = threading.Event()
    waits: list[tuple[int, str]] = []
    retry = RetryPolicy(
        max_retries=2, base_delay=0.001, on_retry=lambda error, _: waits.append((error.attempts, error.code or ""))
    )
    with ScriptedServer(breaking(seen, 3, "fin"), [hang_up]) as server:
        async with client_for(twin, server, retry=retry) as client:
            stream = client.stream("hi", raise_errors=False, restart=restart)
            found = await read(stream, 4, seen)
            assert [event.type for event in found] == ["start", "reasoning_delta", "text_delta", "text_delta", "error"]
            assert found[-1].error.code == "connection_lost"
            assert found[-1].error.attempts == len(server.requests) == 3
            assert found[-1].error.partial.text == stream.response.text == "One river"
            assert not stream.response.complete
    assert waits == [(1, "stream_interrupted"), (2, "connection_lost")]


async def test_again_the_newest_answer_counts(twin: Twin) -> None:
    seen = threading.Event()
    with ScriptedServer(breaking(seen, 3, "fin"), [head(200, CHUNKED), chunk(PIECES[1]), hang_up]) as server:
        async with client_for(twin, server, retry=ONCE) as client:
            stream = client.stream("hi", raise_errors=False, restart="again")
            found = await read(stream, 4, seen)
            assert [event.type for event in found][4:] == ["start", "text_delta", "error"]
            assert found[-1].error.partial.text == stream.response.text == "One "


OTHER: dict[str, list[Any]] = {
    "another answer": reply([delta(reasoning_content="Hm"), *answer("Two rivers")]),
    "a shorter one": reply([delta(reasoning_content="Hm"), *answer("One ")]),
    "another one that breaks off": [head(200, CHUNKED), chunk(delta("Two")), chunk(BUSY), chunk(b"")],
    "another one that says no more": [head(200, CHUNKED), chunk(delta("Two")), until_closed],
}


@pytest.mark.parametrize("case", OTHER)
async def test_where_it_differs_the_first_error_stands(twin: Twin, case: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="duologue")
    seen = threading.Event()
    with ScriptedServer(breaking(seen, 3, "timeout"), OTHER[case]) as server:
        async with client_for(twin, server, retry=QUICK, timeouts=Timeouts(idle=0.2)) as client:
            stream = client.stream("hi", restart="resume")
            found = []
            async for event in stream:
                found.append(event)
                if len(found) == 4:
                    seen.set()
                if event.is_error:
                    break
            with pytest.raises(StreamTimeout) as caught:
                await anext(aiter(stream))
            assert [event.text for event in found] == ["", "Hm", "One ", "river", ""]
            assert found[-1].error is caught.value
            assert (caught.value.phase, caught.value.attempts) == ("idle", 2)
            assert caught.value.partial is not None
            assert caught.value.partial.text == stream.response.text == "One river"
            with pytest.raises(StreamTimeout):
                await stream.result()
            assert await collect(client.stream("hi", raise_errors=False))
            assert len(server.requests) > 2, "the client still works"
    assert ["retry_in" in message or "outcome=differs" in message for message in caplog.messages][:2] == [True, True]


async def test_what_cannot_help_is_not_tried(twin: Twin) -> None:
    bad = data({"error": {"message": "no", "type": "invalid_request_error"}})
    script = [head(200, CHUNKED), chunk(PIECES[1]), chunk(bad), chunk(b"")]
    with ScriptedServer(script) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            with pytest.raises(APIError) as caught:
                await client.stream("hi", restart="again").result()
            assert isinstance(caught.value, BadRequestError)
            assert len(server.requests) == 1


async def test_an_error_of_the_provider_s(twin: Twin, unbroken: list[Any]) -> None:
    """What came in one piece with the error is given before it."""
    seen = threading.Event()
    script = [head(200, CHUNKED), chunk(PIECES[0]), wait_for(seen), chunk(PIECES[1] + BUSY), chunk(b"")]
    with ScriptedServer(script) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=0)) as client:
            found = await read(client.stream("hi", raise_errors=False, restart="resume"), 2, seen)
            assert [event.text for event in found] == ["", "Hm", "One ", ""]
            assert isinstance(found[-1].error, OverloadedError)
        seen.clear()
        server.script = [script, script, reply(PIECES)]
        server.requests.clear()
        async with client_for(twin, server, retry=QUICK) as client:
            assert await read(client.stream("hi", restart="resume"), 2, seen) == unbroken


async def test_no_time_is_left(twin: Twin) -> None:
    seen = threading.Event()
    retry = RetryPolicy(base_delay=20, jitter=False)
    with ScriptedServer(breaking(seen, 3, "fin"), reply(PIECES)) as server:
        async with client_for(twin, server, retry=retry, timeouts=Timeouts(total=10)) as client:
            found = await read(client.stream("hi", raise_errors=False, restart="again"), 4, seen)
            assert isinstance(found[-1].error, StreamInterrupted)
            assert len(server.requests) == 1


async def test_coming_again_is_progress(twin: Twin, unbroken: list[Any]) -> None:
    """The time limit for the first event is not one for as much as had been given."""
    seen = threading.Event()
    slow: list[Any] = [head(200, CHUNKED)]
    for piece in PIECES[:5]:
        slow += [chunk(piece), pause(0.15)]
    with ScriptedServer(breaking(seen, 5, "fin"), [*slow, *map(chunk, PIECES[5:]), chunk(b"")]) as server:
        limits = Timeouts(first_event=0.5, progress=0.5)
        async with client_for(twin, server, retry=QUICK, timeouts=limits) as client:
            assert await read(client.stream("hi", restart="resume"), 6, seen) == unbroken


@pytest.mark.parametrize("restart", ["again", "resume"])
@pytest.mark.parametrize("where", ["between tries", "in the second try"])
async def test_not_where_the_caller_has_closed(twin: Twin, restart: str, where: str) -> None:
    seen = threading.Event()
    second = [head(200, CHUNKED), chunk(PIECES[0]), until_closed]
    retry = RetryPolicy(base_delay=60 if where == "between tries" else 0.001, jitter=False)
    with ScriptedServer(breaking(seen, 3, "fin"), second) as server:
        async with client_for(twin, server, retry=retry) as client:
            stream = client.stream("hi", raise_errors=False, restart=restart)
            found: list[Any] = []

            async def follow() -> None:
                async for event in stream:
                    found.append(event)
                    if len(found) == 4:
                        seen.set()

            async def close() -> None:
                while not seen.is_set():
                    await twin.sleep(0.01)
                await twin.sleep(0.1)
                await stream.aclose()

            await twin.gather(follow, close)
            assert isinstance(found[-1].error, ClosedError)
            kept = "One river" if restart == "resume" or where == "between tries" else ""
            assert found[-1].error.partial == stream.response
            assert stream.response.text == kept
            assert server.wait_until(lambda there: there.open == 0)
            assert len(server.requests) == (1 if where == "between tries" else 2)


async def test_closed_between_two_events(twin: Twin) -> None:
    """While another try is due, nobody asks: closing the client tells the next one who does."""
    seen = threading.Event()
    script = [head(200, CHUNKED), chunk(PIECES[0]), wait_for(seen), chunk(PIECES[1] + BUSY), chunk(b"")]
    with ScriptedServer(script, reply(PIECES)) as server:
        client = client_for(twin, server, retry=QUICK)
        stream = client.stream("hi", raise_errors=False, restart="resume")
        async for event in stream:
            seen.set()
            if event.text == "One ":
                break
        await client.aclose()
        [event] = await collect(stream)
        assert isinstance(event.error, ClosedError)
        assert event.error.partial == stream.response
        assert stream.response.text == "One "
        assert len(server.requests) == 1


async def test_its_place_is_kept_and_given_back(twin: Twin) -> None:
    for _ in range(2):
        seen = threading.Event()
        with ScriptedServer(breaking(seen, 3, "rst"), reply(PIECES)) as server:
            limits = Limits(max_concurrent=1, max_connections=1)
            async with client_for(twin, server, retry=QUICK, limits=limits) as client:
                assert (await read(client.stream("hi", restart="resume"), 4, seen))[-1].is_done
                assert (await client.stream("hi", restart="again").result()).text == "One river flows"


async def test_the_text_of_a_stream_that_resumes(twin: Twin) -> None:
    seen = threading.Event()
    with ScriptedServer(breaking(seen, 3, "fin"), reply(PIECES)) as server:
        async with client_for(twin, server, retry=QUICK) as client:
            pieces = []
            async for piece in client.stream("hi", restart="resume").text():
                pieces.append(piece)
                if piece == "river":
                    seen.set()
            assert pieces == ["One ", "river", " flows"]


async def test_closed_by_the_hook(twin: Twin) -> None:
    """While the stream is at work, too late for the wait that it is in."""
    seen = threading.Event()
    held: list[Any] = []

    def on_retry(*_: object) -> None:
        with pytest.raises(StopIteration):  # a hook cannot wait, and closing what is being read waits for nothing
            held[0].aclose().send(None)

    script = [head(200, CHUNKED), chunk(PIECES[0]), wait_for(seen), chunk(PIECES[1] + BUSY), chunk(b"")]
    with ScriptedServer(script, reply(PIECES)) as server:
        retry = RetryPolicy(base_delay=60, jitter=False, on_retry=on_retry)
        async with client_for(twin, server, retry=retry) as client:
            held.append(client.stream("hi", raise_errors=False, restart="resume"))
            found = await read(held[0], 2, seen)
            assert [event.text for event in found] == ["", "Hm", "One ", ""]
            assert isinstance(found[-1].error, ClosedError)
            assert found[-1].error.partial == held[0].response
            assert len(server.requests) == 1
