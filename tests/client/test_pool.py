"""The connections that a client keeps, where tests/faults has no row for them."""

from __future__ import annotations

import socket
from math import inf
from typing import TYPE_CHECKING, Any

import pytest

from duologue import BadRequestError, EmptyResponse, Limits, PoolTimeout, RetryPolicy, Timeouts
from duologue._async import pool as module
from duologue._async.connection import request_head as async_request_head
from duologue._core.line import LocalProtocolError
from duologue._sync import pool as blocking_module
from duologue._sync.connection import request_head
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.roads import Road, fresh_contexts
from tests.kit.server import Early, ScriptedServer, chunk, head, pause, reply, stop_reading, tunnel, until_closed
from tests.kit.tls import server_context
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.twins import Twin

GOOD = reply(answer("x"))
BEGUN = [head(200, CHUNKED), chunk(delta("x")), until_closed]


def transport_of(twin: Twin, client: Any) -> Any:
    """What a client sends its requests with."""
    [place] = (client.client if twin.name == "sync" else client)._road._places.values()
    return place.pool


async def test_closing_a_response_twice_gives_its_place_back_once(twin: Twin) -> None:
    limits, timeouts = Limits(max_connections=1), Timeouts(connect=0.1)
    with ScriptedServer(BEGUN, [until_closed]) as server:
        async with client_for(twin, server, limits=limits, timeouts=timeouts) as client:
            stream = client.stream("hi")
            await anext(aiter(stream))
            body = (stream.stream if twin.name == "sync" else stream)._http.stream
            for _ in range(2):
                if twin.name == "sync":
                    body.close()
                else:
                    await body.aclose()
            await stream.aclose()

            async def hold() -> None:
                with pytest.raises(Exception, match="closed"):
                    await held.result()

            async def ask() -> None:
                await twin.sleep(0.05)
                with pytest.raises(PoolTimeout):
                    await client.stream("hi").result()
                await held.aclose()

            held = client.stream("hold")
            await twin.gather(hold, ask)


async def test_no_more_are_kept_than_may_be_needed(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in (module, blocking_module):
        monkeypatch.setattr(one, "_KEPT", 2)
    with ScriptedServer([GOOD[0], pause(0.1), *GOOD[1:]]) as server:
        async with client_for(twin, server) as client:

            async def ask() -> None:
                await client.stream("hi").result()

            await twin.gather(*[ask] * 4)
            assert server.connections == 4
            assert server.wait_until(lambda seen: seen.open == 2)


async def test_what_comes_back_when_all_is_closed_is_closed(twin: Twin) -> None:
    with ScriptedServer(GOOD, GOOD, BEGUN) as server:
        async with client_for(twin, server) as client:
            await client.stream("hi").result()
            transport = transport_of(twin, client)
            await client.stream("hi").result()
            stream = client.stream("hi")
            await anext(aiter(stream))
            if twin.name == "sync":
                transport.close()
            else:
                await transport.aclose()
            await stream.aclose()
            assert server.wait_until(lambda seen: seen.open == 0)


@pytest.mark.parametrize("head", [request_head, async_request_head])
def test_what_http_cannot_say_is_not_sent(head: Any) -> None:
    """Names and values of headers are looked at when they are given; this holds for whatever else there may be."""
    with pytest.raises(LocalProtocolError, match="no place for"):
        head(b"POST", b"/a b", [])


def _sent(step: Any) -> bytes:
    assert isinstance(step, bytes)
    return step


def _two_records(first: bytes, second: bytes) -> Any:
    """What the system sends as one, where it can be told to, and TLS does not."""
    cork = getattr(socket, "TCP_CORK", socket.TCP_NODELAY)

    def step(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, cork, 1)
        connection.sendall(first)
        connection.sendall(second)
        connection.setsockopt(socket.IPPROTO_TCP, cork, 0)

    return step


@pytest.mark.parametrize("hops", ["straight", "through a proxy that is spoken to over TLS"])
async def test_what_comes_behind_an_answer_in_another_record_is_no_answer(
    hops: str, twin: Twin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It stays within TLS, where the socket does not show it."""
    right, wrong = (b"".join(map(_sent, reply(answer(text)))) for text in ("x", "wrong"))
    tls, road = server_context(), Road("ours", monkeypatch, tmp_path)
    with (
        fresh_contexts(),
        ScriptedServer([_two_records(right, wrong)], GOOD, tls=tls) as server,
        ScriptedServer([head(200), tunnel(server.port)], tls=tls) as proxy,
    ):
        straight = hops == "straight"
        base_url = f"https://127.0.0.1:{server.port}/v1" if straight else f"https://provider.test:{server.port}/v1"
        async with road.client(twin, base_url=base_url, proxy=None if straight else proxy.origin) as client:
            assert [(await client.stream("hi").result()).text for _ in range(3)] == ["x"] * 3


@pytest.mark.parametrize("head_of", [head(204, {"transfer-encoding": "chunked"}), head(204, {"content-length": "9"})])
async def test_no_content_has_no_body_whatever_is_said_of_it(head_of: bytes, twin: Twin) -> None:
    with ScriptedServer([head_of]) as server:
        async with client_for(twin, server) as client:
            with pytest.raises(EmptyResponse):
                await client.stream("hi").result()


async def test_what_comes_behind_no_content_is_no_answer(twin: Twin) -> None:
    wrong = b"".join(map(_sent, reply(answer("wrong"))))
    with ScriptedServer([head(204) + wrong[:60], pause(0.05), wrong[60:]], GOOD) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=0)) as client:
            with pytest.raises(EmptyResponse):
                await client.stream("hi").result()
            assert (await client.stream("hi").result()).text == "x"
            assert server.connections == 2


async def test_interim_answers_do_not_hide_the_one_behind_them(twin: Twin) -> None:
    """They come while no more of the request is taken."""
    refusal = reply(b'{"error": {"message": "too large"}}', 413, "application/json")
    steps = [pause(0.5), b"HTTP/1.1 103 Early Hints\r\n\r\n", pause(0.5), *refusal, stop_reading]
    with ScriptedServer(Early(steps), buffer=8192) as server:
        async with client_for(twin, server, timeouts=Timeouts(first_event=5)) as client:
            with pytest.raises(BadRequestError, match="too large"):
                await client.stream("x" * 20_000_000).result()


@pytest.mark.parametrize("seconds", [1e7, 1e10, 1e300, inf])
async def test_very_long_times(seconds: float, twin: Twin) -> None:
    timeouts = Timeouts(*[seconds] * 5)
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server, timeouts=timeouts, limits=Limits(max_concurrent=1)) as client:
            assert (await client.stream("hi").result()).text == "x"
