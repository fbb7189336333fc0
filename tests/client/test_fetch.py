"""Fetching what an address points at, in both twins: over TLS, from the address that was checked, and no further."""

from __future__ import annotations

import select
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from duologue import ClosedError, ConnectError, FetchError, FileContent, ImageContent, StreamTimeout, TLSError
from duologue._async import fetch as async_fetch
from duologue._async.transport import open_stream as async_open
from duologue._core.line import ConnectError as NoConnection
from duologue._sync import fetch as blocking_fetch
from duologue._sync.transport import open_stream as blocking_open
from duologue._waiting.tls import ssl_context
from tests.kit.server import ScriptedServer, hang_up, pause, reply, until_closed, wait_for
from tests.kit.tls import authority, server_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kit.twins import Twin

PNG = b"\x89PNG\r\n\x1a\n" + bytes(99)
PUBLIC = ["2606:2800:220:1::1", "93.184.216.34"]
PART = ImageContent.from_url("https://provider.test/cat.png?size=1")


IMAGE = reply(PNG, content_type="image/png")


class Internet:
    """Names that stand for addresses of the open internet, all of which are the server's."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.names: dict[str, list[list[str]]] = {"provider.test": [PUBLIC]}
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.port = 0
        self._find = socket.getaddrinfo
        patch.setattr(socket, "getaddrinfo", self._addresses)
        patch.setattr(async_fetch, "open_stream", self._async_open)
        patch.setattr(blocking_fetch, "open_stream", self._open)

    def _addresses(self, host: Any, *args: Any, **options: Any) -> Any:
        if host not in self.names:
            return self._find(host, *args, **options)
        self.asked.append(host)
        answers = self.names[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]

    def _goes(self, host: str, port: int) -> None:
        self.connected.append((host, port))
        if ":" in host:  # as where there is no IPv6
            raise NoConnection("unreachable")

    async def _async_open(self, host: str, port: int, stage: str) -> Any:
        self._goes(host, port)
        return await async_open("127.0.0.1", self.port, stage)

    def _open(self, host: str, port: int, stage: str) -> Any:
        self._goes(host, port)
        return blocking_open("127.0.0.1", self.port, stage)


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Internet]:
    (tmp_path / "ca.pem").write_bytes(authority().cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    ssl_context.cache_clear()
    yield Internet(monkeypatch)
    ssl_context.cache_clear()


def client(twin: Twin) -> Any:
    return twin.Client("openai", api_key="canary-key", headers={"x-own": "canary"}, base_url="https://127.0.0.1:9/v1")


async def test_the_data_in_place_of_the_address(twin: Twin, internet: Internet) -> None:
    with ScriptedServer(IMAGE, tls=server_context()) as server:
        internet.port = server.port
        async with client(twin) as one:
            assert await one.fetch(PART) == ImageContent(data=PNG, media_type="image/png")
    assert internet.connected == [(PUBLIC[0], 443), (PUBLIC[1], 443)]
    request = server.requests[0]
    assert (request.method, request.path) == ("GET", "/cat.png?size=1")
    assert request.headers == {"host": "provider.test", "accept-encoding": "identity", "user-agent": "duologue"}


async def test_the_name_is_asked_once_and_not_again(twin: Twin, internet: Internet) -> None:
    """It may mean another address a moment later."""
    internet.names["provider.test"] = [[PUBLIC[1]], ["127.0.0.1"]]
    with ScriptedServer(IMAGE, tls=server_context()) as server:
        internet.port = server.port
        async with client(twin) as one:
            await one.fetch(PART)
            assert internet.asked == ["provider.test"]
            with pytest.raises(FetchError, match="not in the open internet"):
                await one.fetch(PART)
    assert internet.connected == [(PUBLIC[1], 443)]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0x7f000001", "017700000001", "0", "localhost",
        "LOCALHOST", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]",
    ],
)  # fmt: skip
async def test_no_spelling_leads_inside(twin: Twin, internet: Internet, host: str) -> None:
    async with client(twin) as one:
        with pytest.raises(FetchError, match="the address is not fetched"):
            await one.fetch(ImageContent.from_url(f"https://{host}/a.png"))
    assert internet.connected == []


async def test_one_address_inside_is_enough_to_refuse(twin: Twin, internet: Internet) -> None:
    internet.names["provider.test"] = [[PUBLIC[1], "10.0.0.1"]]
    async with client(twin) as one:
        with pytest.raises(FetchError, match="not in the open internet"):
            await one.fetch(PART)
    assert internet.connected == []


async def test_redirects_are_followed_where_they_may(twin: Twin, internet: Internet) -> None:
    onward = reply(status=302, location="/other.png")
    with ScriptedServer(onward, IMAGE, tls=server_context()) as server:
        internet.port = server.port
        async with client(twin) as one:
            assert (await one.fetch(PART)).data == PNG
    assert [request.path for request in server.requests] == ["/cat.png?size=1", "/other.png"]


@pytest.mark.parametrize(
    "location", ["https://127.0.0.1/", "http://provider.test/", "https://inside.test/", "file:///"]
)
async def test_and_not_where_they_may_not(twin: Twin, internet: Internet, location: str) -> None:
    internet.names["inside.test"] = [["192.168.1.1"]]
    with ScriptedServer(reply(status=301, location=location), tls=server_context()) as server:
        internet.port = server.port
        async with client(twin) as one:
            with pytest.raises(FetchError, match="the address is not fetched"):
                await one.fetch(PART)
    assert len(server.requests) == 1


async def test_too_large(twin: Twin, internet: Internet) -> None:
    with ScriptedServer(IMAGE, tls=server_context()) as server:
        internet.port = server.port
        async with client(twin) as one:
            with pytest.raises(FetchError, match="more than max_bytes=50"):
                await one.fetch(PART, max_bytes=50)


async def test_too_slow(twin: Twin, internet: Internet) -> None:
    """Bytes that keep coming do not help."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 999\r\n\r\n"
    drip = [step for _ in range(100) for step in (b"\x89", pause(0.05))]
    with ScriptedServer([head, *drip], tls=server_context()) as server:
        internet.port = server.port
        async with client(twin) as one:
            with pytest.raises(StreamTimeout) as caught:
                await one.fetch(PART, timeout=0.4)
    assert caught.value.phase == "total"


async def test_a_server_that_is_another_one(twin: Twin, internet: Internet) -> None:
    with ScriptedServer(IMAGE, tls=server_context(by="others")) as server:
        internet.port = server.port
        async with client(twin) as one:
            with pytest.raises(TLSError):
                await one.fetch(PART)
    assert server.requests == []


async def test_nobody_there(twin: Twin, internet: Internet) -> None:
    internet.names["provider.test"] = [PUBLIC[:1]]
    async with client(twin) as one:
        with pytest.raises(ConnectError, match="unreachable"):
            await one.fetch(PART)


async def test_cut_short(twin: Twin, internet: Internet) -> None:
    cut = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 999\r\n\r\n" + PNG
    with ScriptedServer([cut, hang_up], tls=server_context()) as server:
        internet.port = server.port
        async with client(twin) as one:
            with pytest.raises(Exception, match=r"ended|broke off|too soon") as caught:
                await one.fetch(PART)
    assert type(caught.value).__module__ == "duologue.errors"


async def test_what_is_no_failure_of_the_line_comes_through(
    twin: Twin, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(internet.names, "provider.test")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    async with client(twin) as one:
        with pytest.raises(FetchError, match="open internet"):
            await one.fetch(PART)
        with pytest.raises(AttributeError):
            await one.fetch("https://provider.test/a.png")


async def test_nothing_to_fetch(twin: Twin) -> None:
    one = client(twin)
    part = FileContent.from_bytes(b"x", "text/plain")
    assert await one.fetch(part) is part
    await one.aclose()
    with pytest.raises(ClosedError):
        await one.fetch(part)


LONG = 60.0  # far more than these tests take


async def until(twin: Twin, seen: Callable[[], bool]) -> None:
    while not seen():
        await twin.sleep(0.01)


STALLS = [
    pytest.param([until_closed], id="before the head"),
    pytest.param([b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n" + PNG, until_closed], id="in the body"),
]


@pytest.mark.parametrize("stalls", STALLS)
async def test_closing_the_client_ends_it(twin: Twin, internet: Internet, stalls: list[Any]) -> None:
    with ScriptedServer(stalls, tls=server_context()) as server:
        internet.port = server.port
        one = client(twin)

        async def fetch() -> None:
            with pytest.raises(ClosedError, match="the client was closed"):
                await one.fetch(PART, timeout=LONG)

        async def close() -> None:
            await until(twin, lambda: bool(server.requests))
            await one.aclose()

        await twin.gather(fetch, close)
        assert server.wait_until(lambda seen: seen.open == 0)


async def test_closing_ends_it_while_the_two_sides_agree_on_tls(twin: Twin, internet: Internet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # it never says a word
        internet.port = server.getsockname()[1]
        one = client(twin)

        async def fetch() -> None:
            with pytest.raises(ClosedError, match="the client was closed"):
                await one.fetch(PART, timeout=LONG)

        async def close() -> None:
            await until(twin, lambda: bool(select.select([server], [], [], 0)[0]))
            await twin.sleep(0.05)
            await one.aclose()

        await twin.gather(fetch, close)


async def test_closing_while_it_connects(twin: Twin, internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread finds out when it has connected."""
    with ScriptedServer(IMAGE, tls=server_context()) as server:
        internet.port = server.port
        one = client(twin)
        goes = internet._goes

        def closed_meanwhile(host: str, port: int) -> None:
            goes(host, port)
            with pytest.raises(StopIteration):  # closing what waits in another place waits for nothing itself
                one.aclose().send(None)

        monkeypatch.setattr(internet, "_goes", closed_meanwhile)
        internet.names["provider.test"] = [PUBLIC[1:]]
        with pytest.raises(ClosedError, match="the client was closed"):
            await one.fetch(PART, timeout=LONG)
    assert server.requests == []


async def test_with_grace_it_comes_to_its_end(twin: Twin, internet: Internet) -> None:
    go_on = threading.Event()
    with ScriptedServer([wait_for(go_on), *IMAGE], tls=server_context()) as server:
        internet.port = server.port
        one = client(twin)
        order: list[str] = []

        async def fetch() -> None:
            assert (await one.fetch(PART, timeout=LONG)).data == PNG
            order.append("fetched")

        async def close() -> None:
            await until(twin, lambda: bool(server.requests))
            await one.aclose(grace=LONG)
            order.append("closed")

        async def meanwhile() -> None:
            await until(twin, lambda: one._road.closing)
            with pytest.raises(ClosedError, match="the client is closed"):
                await one.fetch(PART)
            go_on.set()

        await twin.gather(fetch, close, meanwhile)
        assert order == ["fetched", "closed"]
