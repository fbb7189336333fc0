"""The connections that a client keeps, where tests/faults has no row for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from duologue import Limits, PoolTimeout, Timeouts
from duologue._async import pool as module
from duologue._async.connection import AsyncConnection
from duologue._core.line import LocalProtocolError
from duologue._core.network import Address
from duologue._sync import pool as blocking_module
from duologue._sync.connection import Connection
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, head, pause, reply, until_closed
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
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


async def test_what_http_cannot_say_is_not_sent(twin: Twin) -> None:
    """Names and values of headers are looked at when they are given; this holds for whatever else there may be."""
    network: Any = None
    to = Address("http", b"localhost", 80)
    if twin.name == "sync":
        with pytest.raises(LocalProtocolError, match="no place for"):
            Connection(to, network).ask(b"POST", b"/a b", [], b"")
    else:
        with pytest.raises(LocalProtocolError, match="no place for"):
            await AsyncConnection(to, network).ask(b"POST", b"/a b", [], b"")
