"""Over HTTP/2, which a client of the caller's own can speak: streams that share a connection, and must not harm each
other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from duologue import (
    AuthenticationError,
    ClosedError,
    ConnectionLost,
    DuologueError,
    RedirectRefused,
    RetryPolicy,
    StreamInterrupted,
    StreamTimeout,
    StreamTruncated,
    Timeouts,
)
from tests.client.test_their_clients import library, on
from tests.kit.h2server import REFUSED_STREAM, Answer, H2Server
from tests.kit.tls import client_context
from tests.kit.twins import collect
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kit.twins import Twin

__all__ = ["library"]

ONCE = RetryPolicy(max_retries=0)


def over(library: Any, twin: Twin, server: H2Server, **fields: Any) -> Any:
    """A client of ours that speaks HTTP/2."""
    own = {"http2": True, "http1": False, "verify": client_context()}
    return on(library, twin, server.base_url, own=own, **fields)


def good(a: Answer) -> None:
    """What was asked, and a whole answer."""
    a.whole(answer("x"))


def stall(a: Answer) -> None:
    """A beginning, and nothing more."""
    a.head()
    a.say(delta("x"))
    a.gone.wait(10)


async def test_answers_share_a_connection(twin: Twin, library: Any) -> None:
    # Of the blocking twin's threads one at a time: httpcore may give two of them the same number for their requests,
    # which it asks for and uses in two steps, and lets one wait for others even where what it waits for is there.
    together = threading.Barrier(1 if twin.name == "sync" else 4)

    def echo(a: Answer) -> None:
        a.head()
        together.wait(10)
        a.say(*answer(a.request.headers["x-nonce"]))
        a.end()

    with H2Server(good, echo) as server:
        async with over(library, twin, server) as client:
            assert (await client.stream("hi").result()).text == "x"

            def asker(nonce: str) -> Callable[[], Any]:
                async def ask() -> None:
                    fields = {"headers": {"x-nonce": nonce}, "http_client": client._road._theirs._client}
                    async with twin.Client("llamacpp:m", base_url=server.base_url, **fields) as own:
                        for _ in range(2):
                            assert (await own.stream("hi").result()).text == nonce

                return ask

            groups = [*"abcd"] if twin.name == "sync" else ["abcd"]
            for group in groups:
                await twin.gather(*map(asker, group))
        assert server.connections == 1
        assert server.requests[0].headers["authorization"] == "Bearer sk-test"


async def test_a_stream_that_is_left_leaves_the_connection(twin: Twin, library: Any) -> None:
    with H2Server(stall, good) as server:
        async with over(library, twin, server) as client:
            async with client.stream("hi") as stream:
                async for event in stream:
                    if event.is_delta:
                        break
            assert (await client.stream("hi").result()).text == "x"
        assert server.connections == 1


async def test_the_server_learns_of_streams_that_are_left(twin: Twin, library: Any) -> None:
    """Otherwise they would count among the hundred that may be open at once, and what came of them unread would take
    room from the others."""

    def much(a: Answer) -> None:
        a.head()
        a.say(delta("x"), *[delta("y" * 16_000)] * 3)
        a.gone.wait(10)

    number = 120
    with H2Server(*[much] * number, good) as server:
        async with over(library, twin, server) as client:
            for _ in range(number):
                async with client.stream("hi") as stream:
                    async for event in stream:
                        if event.is_delta:
                            break
            assert server.wait_until(lambda seen: seen.resets == number)
            assert (await client.stream("hi").result()).text == "x"
            assert server.resets == number
        assert server.connections == 1


async def test_an_answer_whose_end_is_left_open(twin: Twin, library: Any) -> None:
    def open_end(a: Answer) -> None:
        a.head()
        a.say(*answer("x"))
        a.gone.wait(10)

    with H2Server(open_end, good) as server:
        async with over(library, twin, server) as client:
            for _ in range(2):
                assert (await client.stream("hi").result()).text == "x"
        assert (server.connections, server.resets) == (1, 1)


# -- broken off -------------------------------------------------------------------------------------------------------


def begun(then: Callable[[Answer], None]) -> Callable[[Answer], None]:
    """A beginning, and then that."""

    def play(a: Answer) -> None:
        a.head()
        a.say(delta("x"))
        then(a)

    return play


def away(a: Answer, last: int | None = None) -> None:
    """The connection ends, in good order."""
    a.go_away(last)
    a.hang_up()


def too_short(a: Answer) -> None:
    """Less than was announced."""
    a.head(length=1000)
    a.say(delta("x"))
    a.end()


# What the server does; our error; whether its connection is used again.
BROKEN: dict[str, tuple[Callable[[Answer], None], type[DuologueError], bool]] = {
    "RST_STREAM": (begun(Answer.reset), StreamInterrupted, True),
    "GOAWAY": (begun(away), StreamInterrupted, False),
    "FIN": (begun(Answer.hang_up), StreamInterrupted, False),
    "no frame": (begun(lambda a: a.raw(b"\0" * 1000)), StreamInterrupted, False),
    "END_STREAM": (begun(Answer.end), StreamTruncated, True),
    "less than announced": (too_short, StreamInterrupted, False),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_an_answer_that_breaks_off(twin: Twin, library: Any, how: str) -> None:
    play, kind, stays = BROKEN[how]
    with H2Server(play, good) as server:
        async with over(library, twin, server) as client:
            with pytest.raises(DuologueError) as caught:
                await client.stream("hi").result()
            assert type(caught.value) is kind
            assert caught.value.partial is not None
            assert caught.value.partial.text == "x"
            assert caught.value.retryable
            assert (await client.stream("hi").result()).text == "x"
        assert server.connections == (1 if stays else 2)


UNBEGUN: dict[str, Callable[[Answer], None]] = {
    "RST_STREAM": Answer.reset,
    "REFUSED_STREAM": lambda a: a.reset(REFUSED_STREAM),
    "GOAWAY": away,
    "GOAWAY before it": lambda a: away(a, last=0),
    "FIN": Answer.hang_up,
}


@pytest.mark.parametrize("how", UNBEGUN)
async def test_a_connection_that_breaks_off_before_an_answer(twin: Twin, library: Any, how: str) -> None:
    with H2Server(UNBEGUN[how]) as server:
        async with over(library, twin, server) as client:
            with pytest.raises(ConnectionLost) as caught:
                await client.stream("hi").result()
            assert (caught.value.phase, caught.value.attempts) == ("request", 3)
            server.script = [UNBEGUN[how]] * len(server.requests) + [UNBEGUN[how], good]
            assert (await client.stream("hi").result()).text == "x"


async def test_statuses(twin: Twin, library: Any) -> None:
    def refuse(a: Answer) -> None:
        a.head(401, "application/json")
        a.say(b'{"error": {"message": "no"}}')
        a.end()

    def redirect(a: Answer) -> None:
        a.head(307)
        a.end()

    with H2Server(refuse, redirect, good) as server:
        async with over(library, twin, server) as client:
            for kind in (AuthenticationError, RedirectRefused):
                with pytest.raises(kind):
                    await client.stream("hi").result()
            assert (await client.stream("hi").result()).text == "x"
        assert server.connections == 1


# -- waiting ----------------------------------------------------------------------------------------------------------


def ping(a: Answer) -> None:
    """Comments, and nothing else, until the client is gone."""
    a.head()
    while not a.gone.wait(0.01):
        a.say(b": ping\n\n")


def count(a: Answer) -> None:
    """More and more, until the client is gone."""
    a.head()
    while not a.gone.wait(0.01):
        a.say(delta("x"))


def silent(a: Answer) -> None:
    """Nothing at all."""
    a.gone.wait(10)


WAITS: dict[str, tuple[dict[str, float], Callable[[Answer], None]]] = {
    "first_event": ({"first_event": 0.2}, silent),
    "first_event among pings": ({"first_event": 0.2}, ping),
    "idle": ({"idle": 0.2}, stall),
    "progress": ({"progress": 0.2}, begun(ping)),
    "total": ({"total": 0.2}, count),
    "total before the head": ({"total": 0.2}, silent),
}


@pytest.mark.parametrize("case", WAITS)
async def test_each_wait_has_its_end(twin: Twin, library: Any, case: str) -> None:
    limits, play = WAITS[case]
    with H2Server(good, play, good) as server:
        async with over(library, twin, server) as client:
            await client.stream("hi").result()  # there is a connection before the clock begins
            fields = {"http_client": client._road._theirs._client, "timeouts": Timeouts(**limits), "retry": ONCE}
            async with twin.Client("llamacpp:m", base_url=server.base_url, **fields) as own:
                with pytest.raises(StreamTimeout) as caught:
                    await own.stream("hi").result()
                assert caught.value.phase == case.split(maxsplit=1)[0]
            assert (await client.stream("hi").result()).text == "x"


@pytest.mark.parametrize("how", ["times out", "is cancelled", "is closed", "is left"])
async def test_no_stream_harms_another_one(async_twin: Twin, library: Any, how: str) -> None:
    first, second = threading.Event(), threading.Event()

    def slow(a: Answer) -> None:
        a.head()
        a.say(delta("x"))
        first.set()
        assert second.wait(10)
        a.say(*answer("y"))
        a.end()

    with H2Server(slow, stall) as server:
        async with over(library, async_twin, server, timeouts=Timeouts(idle=20)) as client:
            texts: list[str] = []

            async def whole() -> None:
                texts.append((await client.stream("hi").result()).text)

            async def harm() -> None:
                while not first.is_set():
                    await async_twin.sleep(0.01)
                fields = {"http_client": client._road._theirs._client, "timeouts": Timeouts(idle=0.2), "retry": ONCE}
                async with async_twin.Client("llamacpp:m", base_url=server.base_url, **fields) as own:
                    with anyio.move_on_after(0.1 if how == "is cancelled" else 20):
                        await end(async_twin, own.stream("hi", raise_errors=False), how)
                second.set()

            await async_twin.gather(whole, harm)
            assert texts == ["xy"]
        assert server.connections == 1


async def end(twin: Twin, stream: Any, how: str) -> None:
    """Read a stream that says no more, until it ends this way."""
    seen: list[Any] = []

    async def read() -> None:
        async for event in stream:
            seen.append(event)
            if event.is_delta and how == "is left":
                break
        await stream.aclose()

    async def close() -> None:
        await twin.sleep(0.1)
        await stream.aclose()

    await twin.gather(*([read, close] if how == "is closed" else [read]))
    kinds = {"times out": StreamTimeout, "is closed": ClosedError}
    assert how not in kinds or isinstance(seen[-1].error, kinds[how])


@pytest.mark.parametrize("twin", ["sync"], indirect=True)
async def test_closing_a_blocking_stream_from_elsewhere_leaves_the_others(twin: Twin, library: Any) -> None:
    """Nothing can wake its reader alone, so that ends with what comes next."""
    closed = threading.Event()

    def late(a: Answer) -> None:
        a.head()
        a.say(delta("x"))
        assert closed.wait(10)
        a.say(delta("y"))
        a.gone.wait(10)

    with H2Server(late, good) as server:
        async with over(library, twin, server) as client:
            stream = client.stream("hi", raise_errors=False)
            seen: list[Any] = []

            async def read() -> None:
                seen.extend([event async for event in stream])

            async def close() -> None:
                assert server.wait_until(lambda found: bool(found.requests))
                await twin.sleep(0.1)
                await stream.aclose()
                closed.set()

            await twin.gather(read, close)
            assert isinstance(seen[-1].error, ClosedError)
            assert await collect(stream) == []
            assert (await client.stream("hi").result()).text == "x"
        assert server.connections == 1


async def test_closing_the_client_during_a_check(twin: Twin, library: Any) -> None:
    """The connection may be that of others, so a thread learns of it only when something comes."""
    go_on = threading.Event()

    def late(a: Answer) -> None:
        go_on.wait(10)
        a.whole(answer("x"))

    with H2Server(late) as server:
        async with over(library, twin, server) as client:

            async def check() -> None:
                with pytest.raises(ClosedError, match="the client was closed"):
                    await client.check(timeout=60)

            async def close() -> None:
                while not server.requests:
                    await twin.sleep(0.01)
                await client.aclose()
                go_on.set()

            await twin.gather(check, close)
