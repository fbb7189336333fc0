"""Streams through real sockets: what a loop gets, and that the connection is free however the loop is left."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from duologue import (
    ClosedError,
    DecodeError,
    Done,
    DuologueError,
    Error,
    RateLimitError,
    RetryPolicy,
    Start,
    StreamInterrupted,
    TextDelta,
    UsageUpdate,
)
from tests.kit.roads import Road, fresh_contexts
from tests.kit.server import ScriptedServer, chunk, hang_up, head, pause, reply, reset, when_told
from tests.kit.tls import server_context
from tests.kit.twins import Twin, collect
from tests.kit.wire import DONE, answer, delta, whole

if TYPE_CHECKING:
    from pathlib import Path

SSE = {"content-type": "text/event-stream"}
CHUNKED = {**SSE, "transfer-encoding": "chunked"}


def client_for(twin: Twin, server: ScriptedServer, provider: str = "llamacpp", **fields: Any) -> Any:
    """A client of a provider that is held to its end marker."""
    return twin.Client(provider, base_url=server.base_url, api_key="sk-test", model="m-1", **fields)


async def test_events_in_order(twin: Twin) -> None:
    with ScriptedServer(reply(answer("Hel", "lo"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            before = (stream.status_code, stream.headers, stream.request_id)
            assert before == (None, None, None)
            events = await collect(stream)
            assert [type(event) for event in events] == [Start, TextDelta, TextDelta, UsageUpdate, Done]
            assert [event.text for event in events] == ["", "Hel", "lo", "", ""]
            assert events[-1].finish_reason == "stop"
            assert events[-1].usage.total_tokens == 5
            assert events[-1].response == stream.response
            assert stream.response.text == "Hello"
            assert stream.response.complete
            assert not stream.response.terminator_missing
            assert stream.status_code == 200
            assert stream.headers["Content-Type"] == "text/event-stream"


async def test_request_on_the_wire(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"), x_request_id="req_1")) as server:
        async with client_for(twin, server, headers={"X-Team": "blue"}) as client:
            stream = client.stream("hi", temperature=0, max_tokens=5)
            await stream.result()
            assert stream.request_id == "req_1"
        [request] = server.requests
        assert (request.method, request.path) == ("POST", "/v1/chat/completions")
        assert request.headers["authorization"] == "Bearer sk-test"
        assert request.headers["x-team"] == "blue"
        assert request.headers["accept"] == "text/event-stream"
        assert request.json() == {
            "model": "m-1",
            "messages": [{"role": "user", "content": "hi"}],
            "temperature": 0,
            "max_tokens": 5,
            "stream": True,
            "stream_options": {"include_usage": True},
        }


async def test_a_stream_has_no_reference_cycle(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            await stream.result()
            gone = weakref.ref(getattr(stream, "stream", stream))
            gc.disable()
            try:
                del stream
                assert gone() is None
            finally:
                gc.enable()


async def test_an_error_that_was_caught_keeps_nothing_alive(twin: Twin) -> None:
    """Neither its traceback nor its cause leads back to it, by way of the stream or of the event that it is in."""
    with ScriptedServer([head(200, SSE), delta("x"), hang_up]) as server:
        async with client_for(twin, server) as client:

            async def fail() -> weakref.ref[DuologueError]:
                try:
                    await client.chat("hi")
                except DuologueError as error:
                    return weakref.ref(error)
                raise AssertionError("it did not fail")

            gc.collect()
            gc.disable()
            try:
                assert (await fail())() is None
            finally:
                gc.enable()


@pytest.mark.parametrize("end", [hang_up, reset], ids=["fin", "rst"])
async def test_a_chunked_body_cut_short(twin: Twin, end: Any) -> None:
    with ScriptedServer([head(200, CHUNKED), chunk(delta("Hel")), chunk(delta("lo")), pause(0.05), end]) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            events = []
            with pytest.raises(StreamInterrupted) as caught:  # noqa: PT012 - what came before the error counts
                async for event in stream:
                    events.append(event)  # noqa: PERF401 - likewise
            assert events[-1] == Error(caught.value)
            assert events[-1].error is caught.value
            assert caught.value.partial is not None
            assert caught.value.partial.text == "Hello"
            assert not caught.value.partial.complete
            assert caught.value.attempts == 1
            assert caught.value.provider == "llamacpp"
            assert not any(event.is_done for event in events)
            with pytest.raises(StreamInterrupted):
                await stream.result()


async def test_errors_can_be_left_in_the_event(twin: Twin) -> None:
    error = b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'
    refused = reply(error, 429, "application/json", retry_after="3600", x_request_id="req_2")
    with ScriptedServer(refused) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", raise_errors=False)
            [event] = await collect(stream)
            assert isinstance(event.error, RateLimitError)
            assert event.error.message == "slow down"
            assert event.error.retry_after == 3600
            assert event.error.status_code == stream.status_code == 429
            assert event.error.request_id == stream.request_id == "req_2"
            assert await collect(stream) == []
            with pytest.raises(RateLimitError):
                await stream.result()


async def test_text_pieces(twin: Twin) -> None:
    with ScriptedServer(reply(answer("Hel", "lo")), reply([delta("x"), b"data: {\n\n"])) as server:
        async with client_for(twin, server) as client:
            assert [piece async for piece in client.stream("hi").text()] == ["Hel", "lo"]
            with pytest.raises(DecodeError):
                assert [piece async for piece in client.stream("hi", raise_errors=False).text()] == ["x"]


async def test_small_pieces_of_text_are_joined(twin: Twin) -> None:
    pieces = ["a", "bc", "d", "efghij", "k"]
    with ScriptedServer(reply(answer(*pieces)), reply([delta("x"), delta("y"), b"data: {\n\n"])) as server:
        async with client_for(twin, server) as client:
            assert [piece async for piece in client.stream("hi").text(min_chars=3)] == ["abc", "defghij", "k"]
            seen = []
            text = client.stream("hi").text(min_chars=100)
            with pytest.raises(DecodeError):  # noqa: PT012 - what came before the error counts
                async for piece in text:
                    seen.append(piece)  # noqa: PERF401 - likewise
            assert seen == ["xy"]
            with pytest.raises(DecodeError):
                await anext(aiter(text))
            for wrong in ({"min_chars": -1}, {"max_delay": -0.1}):
                with pytest.raises(ValueError, match="must not be negative"):
                    client.stream("hi").text(**wrong)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_piece_of_text_is_not_held_for_long(
    twin: Twin, encrypted: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is given though nothing comes after it, and what comes later is not lost."""
    body = [
        head(200, CHUNKED),
        chunk(delta("a")),
        chunk(delta("b")),
        when_told,
        *map(chunk, answer("c", "d")),
        chunk(b""),
    ]
    tls = server_context() if encrypted else None
    with fresh_contexts(), ScriptedServer(body, tls=tls) as server:
        road = Road("ours", monkeypatch, tmp_path)
        async with road.client(twin, base_url=server.base_url) as client:
            seen = []
            async for piece in client.stream("hi").text(min_chars=100, max_delay=0.05):
                seen.append(piece)
                server.told.set()
            assert "".join(seen) == "abcd"
            assert seen[-1] == "cd"
            assert server.open == 1


async def test_text_that_is_held_back_is_given_before_another_request(twin: Twin) -> None:
    """How long that takes, nobody can tell."""
    broken = [head(200, CHUNKED), chunk(delta("a")), pause(0.05), reset]
    with ScriptedServer(broken, [when_told, *reply(answer("a", "b"))]) as server:
        async with client_for(twin, server, retry=RetryPolicy(base_delay=0)) as client:
            text = client.stream("hi", restart="resume").text(min_chars=100, max_delay=0.2)
            assert await anext(text) == "a"
            server.told.set()
            assert [piece async for piece in text] == ["b"]


async def test_a_stream_closed_before_its_end_has_no_result(twin: Twin) -> None:
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi")
            await stream.aclose()
            with pytest.raises(ClosedError):
                await stream.result()
            assert server.requests == []


async def test_chat_gives_the_whole_answer(twin: Twin) -> None:
    with ScriptedServer(reply(whole("Hello"), content_type="application/json")) as server:
        async with client_for(twin, server) as client:
            response = await client.chat("hi")
            assert (response.text, response.finish_reason, response.complete) == ("Hello", "stop", True)
            assert "stream" not in server.requests[0].json()
            # Asked for a stream, this server answers whole all the same.
            events = await collect(client.stream("hi"))
            assert [type(event) for event in events] == [Start, TextDelta, UsageUpdate, Done]
            assert events[-1].response == response
        assert server.connections == 1


async def test_done_needs_the_marker_in_the_stream_itself(twin: Twin) -> None:
    with ScriptedServer(reply([delta("x"), DONE])) as server:
        async with client_for(twin, server) as client:
            events = await collect(client.stream("hi"))
            assert events[-1].is_done
            assert events[-1].finish_reason == "unknown"
