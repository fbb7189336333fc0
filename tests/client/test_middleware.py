# ruff: noqa: ARG002 - what the methods are given is not theirs to choose
"""Middlewares: what they see, and what becomes of what they change, in both twins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue import (
    ConfigurationError,
    Done,
    Error,
    Middleware,
    OutgoingRequest,
    PermissionDeniedError,
    RequestInfo,
    ResponseHead,
    RetryPolicy,
    ServerError,
    StreamEvent,
    TextDelta,
    from_dict,
)
from duologue._core.hooks import Hooks
from duologue._json import dumps
from duologue.config import ClientConfig
from tests.client.test_stream import client_for
from tests.kit.server import ScriptedServer, reply
from tests.kit.wire import answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.kit.twins import Twin

BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json")
GOOD = reply(answer("one", " two"))
RETRY = RetryPolicy(base_delay=0.001, jitter=False)


RESPONSE = {"id": "1", "model": "m", "provider": "p", "choices": [], "usage": {}, "complete": True}
DONE = from_dict(Done, {"type": "done", "finish_reason": "stop", "usage": {}, "response": RESPONSE})


class Watching(Middleware):
    """Sees all, and changes nothing."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.infos: list[RequestInfo] = []

    def on_request(self, request: OutgoingRequest, info: RequestInfo) -> None:
        self.infos.append(info)
        info.state["request"] = request
        self.seen.append(("request", info.attempt, request.json()["messages"][0]["content"]))

    def on_response(self, response: ResponseHead, info: RequestInfo) -> None:
        assert "request" in info.state
        self.seen.append(("response", info.attempt, response.status_code, response.headers["content-type"]))

    def on_event(self, event: StreamEvent, info: RequestInfo) -> None:
        assert "request" in info.state
        self.seen.append((event.type, info.attempt, event.text))


async def test_each_attempt_is_seen_once(twin: Twin) -> None:
    watch = Watching()
    with ScriptedServer(BUSY, GOOD) as server:
        async with client_for(twin, server, retry=RETRY, middleware=watch) as client:
            events = [event async for event in client.stream("hi")]
    assert watch.seen == [
        ("request", 1, "hi"),
        ("response", 1, 503, "application/json"),
        ("error", 1, ""),
        ("request", 2, "hi"),
        ("response", 2, 200, "text/event-stream"),
        *((event.type, 2, event.text) for event in events),
    ]
    first, second = watch.infos
    assert (first.provider, first.model, first.stream, first.path) == ("llamacpp", "m-1", True, "/chat/completions")
    assert "sk-test" not in str([{**info.state["request"].headers} for info in (first, second)])
    assert server.requests[1].headers["authorization"] == "Bearer sk-test"


class Changing(Middleware):
    def on_request(self, request: OutgoingRequest, info: RequestInfo) -> OutgoingRequest:
        body = {**request.json(), "attempt": info.attempt}
        return attrs.evolve(request, headers={**request.headers, "x-attempt": str(info.attempt)}, body=dumps(body))

    def on_response(self, response: ResponseHead, info: RequestInfo) -> ResponseHead:
        return attrs.evolve(response, headers={**response.headers, "x-request-id": f"own-{info.attempt}"})

    def on_event(self, event: StreamEvent, info: RequestInfo) -> StreamEvent | Iterable[StreamEvent] | None:
        if isinstance(event, TextDelta):
            return [TextDelta(event.text.upper()), TextDelta("!")] if event.text == "one" else ()
        if isinstance(event, Done):
            return attrs.evolve(event, raw_finish_reason="own")
        return event


async def test_what_is_changed_counts(twin: Twin) -> None:
    with ScriptedServer(BUSY, GOOD, reply(answer("one", " two"))) as server:
        async with client_for(twin, server, retry=RETRY, middleware=[Changing()]) as client:
            stream = client.stream("hi")
            events = [event async for event in stream]
            assert stream.request_id == "own-2"
            assert [event.text for event in events if isinstance(event, TextDelta)] == ["ONE", "!"]
            assert stream.response.text == "ONE!"
            assert events[-1].raw_finish_reason == "own"
            assert (await client.stream("hi").result()).text == "ONE!"
    assert [request.json()["attempt"] for request in server.requests] == [1, 2, 1]
    assert [request.headers["x-attempt"] for request in server.requests] == ["1", "2", "1"]


async def test_in_order_there_and_in_reverse_back(twin: Twin) -> None:
    order: list[str] = []

    class Named(Middleware):
        def __init__(self, name: str) -> None:
            self.name = name

        def on_request(self, request: OutgoingRequest, info: RequestInfo) -> None:
            order.append(f"request {self.name}")

        def on_response(self, response: ResponseHead, info: RequestInfo) -> None:
            order.append(f"response {self.name}")

        def on_event(self, event: StreamEvent, info: RequestInfo) -> None:
            if event.is_done:
                order.append(f"done {self.name}")

    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, middleware=(Named("a"), Named("b"))) as client:
            await client.chat("hi")
    assert order == ["request a", "request b", "response b", "response a", "done b", "done a"]


async def test_an_error_of_ours_ends_the_attempt(twin: Twin) -> None:
    class Refusing(Middleware):
        seen = 0

        def on_event(self, event: StreamEvent, info: RequestInfo) -> None:
            if event.text == " two":
                self.seen += 1
                raise PermissionDeniedError("not two")

    refusing = Refusing()
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, middleware=refusing) as client:
            events = [event async for event in client.stream("hi", raise_errors=False)]
            with pytest.raises(PermissionDeniedError, match="not two") as caught:
                await client.chat("hi")
    assert isinstance(events[-1], Error)
    assert [event.text for event in events if event.is_delta] == ["one"]
    assert caught.value.partial is not None
    assert caught.value.partial.text == "one"
    assert refusing.seen == 2


async def test_what_came_before_an_event_that_is_refused_is_given(twin: Twin) -> None:
    """Also where one read brought both, and they differ in their text alone."""

    class Refusing(Middleware):
        def on_event(self, event: StreamEvent, info: RequestInfo) -> None:
            if isinstance(event, TextDelta) and event.text == "six":
                raise PermissionDeniedError("not six")

    words = ["one", "two", "three", "four", "five", "six", "seven"]
    with ScriptedServer(reply(answer(*words))) as server:
        async with client_for(twin, server, middleware=Refusing()) as client:
            stream = client.stream("hi", raise_errors=False)
            events = [event async for event in stream]
    assert [event.text for event in events if event.is_delta] == words[:5]
    assert isinstance(events[-1], Error)
    assert stream.response.text == "".join(words[:5])


async def test_a_response_that_is_refused_is_asked_for_again(twin: Twin) -> None:
    class Refusing(Middleware):
        def on_response(self, response: ResponseHead, info: RequestInfo) -> None:
            if info.attempt == 1:
                raise ServerError("not this one")

    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, retry=RETRY, middleware=Refusing()) as client:
            assert (await client.stream("hi").result()).text == "one two"
    assert len(server.requests) == 2


@pytest.mark.parametrize("method", ["on_request", "on_response", "on_event"])
async def test_any_other_error_comes_through(twin: Twin, method: str) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("own")

    own = type("Own", (Middleware,), {method: fails})()
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, middleware=own) as client:
            stream = client.stream("hi")
            with pytest.raises(KeyError, match="own"):
                await stream.result()
            assert [event async for event in stream] == []


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("on_request", "text", "a middleware gave a str in place of a OutgoingRequest"),
        ("on_response", 200, "a middleware gave a int in place of a ResponseHead"),
        ("on_event", [1], "on_event gave a int in place of a Start"),
        ("on_event", DONE, "on_event gave a Done in place of a Start"),
    ],
)
async def test_what_cannot_be_given(twin: Twin, method: str, given: Any, words: str) -> None:
    own = type("Own", (Middleware,), {method: lambda *_: given})()
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, middleware=own) as client:
            with pytest.raises(TypeError, match=words):
                await client.stream("hi").result()


async def test_a_request_that_is_sent_again_in_silence_is_the_same_attempt(twin: Twin) -> None:
    """As where the server had closed a connection that was kept."""
    watch = Watching()
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, middleware=watch) as client:
            call = getattr(client, "client", client)._call("hi", {}, stream=True)
            call.begin_request(0.0)
            assert call.attempts == 1
            call.attempts -= 1
            before = call.exchange
            call.begin_request(0.0)
            assert call.exchange is before
    assert [kind for kind, *_ in watch.seen] == ["request"]


def test_what_is_not_overridden_is_not_called() -> None:
    class OnlyRequests(Middleware):
        def on_request(self, request: OutgoingRequest, info: RequestInfo) -> None:
            """Nothing."""

    info = RequestInfo("p", "m", 1, True, "/")
    hooks = Hooks([OnlyRequests(), Middleware()], info)
    assert not hooks.sees_events
    headers: dict[str, str] = {}
    assert hooks.response(200, headers)[1] is headers
    assert Hooks([Watching()], info).sees_events


@pytest.mark.parametrize("given", [object(), ["x"], Middleware, 3])
def test_what_is_no_middleware(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"inherit from duologue\.Middleware"):
        ClientConfig(middleware=given)
    assert ClientConfig(middleware=None).middleware == ()  # as arguments that are left out
