"""Through a proxy, which the environment names, or a client of the caller's own."""

from __future__ import annotations

import logging
import socket
from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from duologue import (
    AuthenticationError,
    DuologueError,
    ProxyError,
    RetryPolicy,
    StreamTimeout,
    Timeouts,
    TLSError,
)
from tests.kit.canary import shown
from tests.kit.roads import Road, fresh_contexts
from tests.kit.server import ScriptedServer, hang_up, head, reply, reset, tunnel, until_closed
from tests.kit.socks import ASK, KNOWN, NOBODY, OPEN, REFUSED, THROUGH, UNKNOWN, socks_proxy
from tests.kit.tls import server_context
from tests.kit.wire import answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kit.twins import Twin

GOOD = reply(answer("x"))
PASSWORD = "canary-0123456789"
BASIC = b64encode(f"me:{PASSWORD}".encode()).decode()
ONCE = RetryPolicy(max_retries=0)
QUICK = RetryPolicy(max_retries=1, base_delay=0.001)


@pytest.fixture(params=["ours", "httpx", "httpx2"])
def road(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Road]:
    """Each way to go through a proxy."""
    with fresh_contexts():
        yield Road(request.param, monkeypatch, tmp_path)


class Through(NamedTuple):
    """A way through a proxy; the password is in none of its variables."""

    proxy: ScriptedServer | None
    scheme: str = "http"
    user: str = "me:{}@"

    @property
    def url(self) -> str:
        """The proxy's address, with user and password."""
        port = 9 if self.proxy is None else self.proxy.port  # nobody listens on 9 (RFC 863)
        return f"{self.scheme}://{self.user.format(PASSWORD)}127.0.0.1:{port}"


def provider(server: ScriptedServer) -> dict[str, Any]:
    """A server that only its proxy finds."""
    return {"base_url": server.base_url.replace("127.0.0.1", "provider.test"), **INSECURE}


INSECURE: dict[str, Any] = {"options": {"allow_insecure": True}}


async def failed(road: Road, twin: Twin, proxy: Through, **fields: Any) -> DuologueError:
    """What goes wrong with an encrypted provider behind that proxy."""
    given = {"base_url": "https://provider.test/v1", "retry": QUICK, **fields}
    async with road.client(twin, proxy=proxy.url, **given) as client:
        with pytest.raises(DuologueError) as caught:
            await client.stream("hi").result()
    return caught.value


async def test_an_encrypted_provider(twin: Twin, road: Road) -> None:
    with (
        ScriptedServer(GOOD, tls=server_context()) as server,
        ScriptedServer([head(200), tunnel(server.port)]) as proxy,
    ):
        async with road.client(twin, proxy=Through(proxy).url, **provider(server)) as client:
            for _ in range(3):
                assert (await client.stream("hi").result()).text == "x"
        assert (proxy.connections, server.connections) == (1, 1)
        [asked] = proxy.requests
        assert (asked.method, asked.headers["proxy-authorization"]) == ("CONNECT", f"Basic {BASIC}")
        assert asked.path.startswith("provider.test:")
        assert "authorization" not in asked.headers
        assert all("proxy-authorization" not in request.headers for request in server.requests)
        assert proxy.wait_until(lambda seen: seen.open == 0)


async def test_an_encrypted_proxy(twin: Twin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the connection to the provider encrypted within that to the proxy."""
    road = Road("ours", monkeypatch, tmp_path)  # a caller's client has its own way to trust a proxy
    with (
        fresh_contexts(),
        ScriptedServer(GOOD, tls=server_context()) as server,
        ScriptedServer([head(200), tunnel(server.port)], tls=server_context()) as proxy,
    ):
        async with road.client(twin, proxy=Through(proxy, "https").url, **provider(server)) as client:
            for _ in range(3):
                assert (await client.stream("hi").result()).text == "x"
        assert (proxy.connections, server.connections) == (1, 1)
        assert all("proxy-authorization" not in request.headers for request in server.requests)
        assert proxy.wait_until(lambda seen: seen.open == 0)


async def test_an_encrypted_proxy_whose_tunnel_leads_nowhere(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    road = Road("ours", monkeypatch, tmp_path)
    with fresh_contexts(), ScriptedServer([head(200), until_closed], tls=server_context()) as proxy:
        error = await failed(road, twin, Through(proxy, "https"), timeouts=Timeouts(connect=0.3), retry=ONCE)
        assert isinstance(error, StreamTimeout)
        assert error.phase == "connect"
        assert proxy.wait_until(lambda seen: seen.open == 0)


async def test_a_provider_that_is_not_encrypted(twin: Twin, road: Road) -> None:
    with ScriptedServer(GOOD) as proxy:
        url = "http://provider.test/v1"
        async with road.client(twin, proxy=Through(proxy).url, base_url=url, **INSECURE) as client:
            for _ in range(3):
                assert (await client.stream("hi").result()).text == "x"
        assert proxy.connections == 1
        assert proxy.requests[0].path == "http://provider.test/v1/chat/completions"
        assert proxy.requests[0].headers["proxy-authorization"] == f"Basic {BASIC}"


async def test_the_provider_s_own_errors_come_through(twin: Twin, road: Road) -> None:
    refused = reply(b'{"error": {"message": "no"}}', 401, "application/json")
    with (
        ScriptedServer(refused, tls=server_context()) as server,
        ScriptedServer([head(200), tunnel(server.port)]) as proxy,
    ):
        error = await failed(road, twin, Through(proxy), **provider(server))
        assert isinstance(error, AuthenticationError)
    with (
        ScriptedServer(GOOD, tls=server_context()) as server,
        ScriptedServer([head(200), tunnel(server.port)]) as proxy,
    ):
        error = await failed(road, twin, Through(proxy), base_url="https://somebody-else.test/v1")
        assert type(error) is TLSError
        assert not error.retryable


# What the proxy does with a CONNECT; how often it is asked.
REFUSALS: dict[str, tuple[list[Any], int]] = {
    "407": (reply(b"who are you?", 407, "text/plain", proxy_authenticate="Basic"), 1),
    "403": (reply(b"not there", 403, "text/plain"), 1),
    "502": (reply(b"", 502, "text/plain"), 2),
    "closes": ([hang_up], 2),
    "resets": ([reset], 2),
    "no HTTP": ([b"SSH-2.0-OpenSSH\r\n\r\n", hang_up], 2),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_proxy_that_refuses(twin: Twin, road: Road, case: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script, attempts = REFUSALS[case]
    with ScriptedServer(script) as proxy:
        error = await failed(road, twin, Through(proxy))
        assert isinstance(error, ProxyError)
        assert (error.phase, error.attempts, error.partial) == ("proxy", attempts, None)
        assert len(proxy.requests) == attempts
        assert proxy.wait_until(lambda seen: seen.open == 0)
    for secret in (PASSWORD, BASIC, "sk-test"):
        assert secret not in shown(error)
        assert secret not in caplog.text


async def test_a_proxy_that_closes_after_its_yes(twin: Twin, road: Road) -> None:
    with ScriptedServer([head(200), hang_up]) as proxy:
        error = await failed(road, twin, Through(proxy))
        assert type(error) is TLSError  # it may be the provider who closed
        assert (error.phase, error.attempts, error.retryable) == ("tls", 2, True)


async def test_a_proxy_that_is_not_there(twin: Twin, road: Road) -> None:
    error = await failed(road, twin, Through(None))
    assert isinstance(error, ProxyError)
    assert (error.phase, error.attempts, error.retryable) == ("proxy", 2, True)
    assert PASSWORD not in shown(error)


async def test_a_proxy_that_says_nothing(twin: Twin, road: Road) -> None:
    with ScriptedServer([until_closed]) as proxy:
        error = await failed(road, twin, Through(proxy), timeouts=Timeouts(connect=0.2), retry=ONCE)
        assert isinstance(error, StreamTimeout)
        assert error.phase == "connect"
        assert proxy.wait_until(lambda seen: seen.open == 0)


async def test_a_password_that_is_wrong_on_the_way_to_what_is_not_encrypted(twin: Twin, road: Road) -> None:
    with ScriptedServer(REFUSALS["407"][0]) as proxy:
        error = await failed(road, twin, Through(proxy), base_url="http://provider.test/v1", **INSECURE)
        assert isinstance(error, ProxyError)
        assert (error.phase, error.status_code, error.attempts) == ("proxy", 407, 1)
        assert PASSWORD not in shown(error)


# -- SOCKS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("encrypted", [True, False])
async def test_socks(twin: Twin, road: Road, scheme: str, encrypted: bool) -> None:
    tls = server_context() if encrypted else None
    heard: list[bytes] = []
    with ScriptedServer(GOOD, tls=tls) as server, socks_proxy(server, ASK, KNOWN, THROUGH, heard=heard) as proxy:
        async with road.client(twin, proxy=Through(proxy, scheme).url, **provider(server)) as client:
            for _ in range(3):
                assert (await client.stream("hi").result()).text == "x"
        assert server.connections == 1
        assert heard[0] == b"\x05\x01\x02"
        assert PASSWORD.encode() in heard[1]
        assert b"provider.test" in heard[2]  # the proxy finds it


async def test_socks_without_a_user(twin: Twin, road: Road) -> None:
    with ScriptedServer(GOOD, tls=server_context()) as server, socks_proxy(server, OPEN, THROUGH) as proxy:
        async with road.client(twin, proxy=Through(proxy, "socks5", "").url, **provider(server)) as client:
            assert (await client.stream("hi").result()).text == "x"


@pytest.mark.parametrize(
    ("answers", "attempts"),
    [
        ((ASK, KNOWN, REFUSED), 2),
        ((ASK, UNKNOWN), 1),
        ((NOBODY,), 2),
        ((ASK, KNOWN, b"\x05\x09\x00\x01\x00\x00\x00\x00\x00\x00"), 2),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), 2),
    ],
)
async def test_socks_that_refuses(twin: Twin, road: Road, answers: tuple[bytes, ...], attempts: int) -> None:
    with ScriptedServer(GOOD) as server, socks_proxy(server, *answers) as proxy:
        error = await failed(road, twin, Through(proxy, "socks5"))
        assert isinstance(error, ProxyError)
        assert (error.phase, error.attempts) == ("proxy", attempts)
        assert PASSWORD not in shown(error)


async def test_socks_passwords_are_not_logged(
    twin: Twin, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """httpcore's own pool logs what it connects with, so that this cannot be promised of a client of the caller's."""
    caplog.set_level(logging.DEBUG)
    with fresh_contexts(), ScriptedServer(GOOD) as server, socks_proxy(server, ASK, UNKNOWN) as proxy:
        await failed(Road("ours", monkeypatch, tmp_path), twin, Through(proxy, "socks5"))
    assert "outcome=ProxyError" in caplog.text
    assert PASSWORD not in caplog.text


async def test_socks_that_says_nothing(twin: Twin, road: Road) -> None:
    with ScriptedServer(GOOD) as server, socks_proxy(server) as proxy:
        error = await failed(road, twin, Through(proxy, "socks5"), timeouts=Timeouts(connect=0.2), retry=ONCE)
        assert isinstance(error, StreamTimeout)
        assert error.phase == "connect"
        assert proxy.wait_until(lambda seen: seen.open == 0)


# -- what the environment may say -------------------------------------------------------------------------------------


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is this machine's."""
    ask = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *args, **fields: ask("127.0.0.1", *args, **fields))


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("trust_env", [None, True, False])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_trust_env(twin: Twin, variable: str, trust_env: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(GOOD) as server, ScriptedServer(GOOD) as proxy:
        monkeypatch.setenv(variable, proxy.base_url.removesuffix("/v1"))
        options = INSECURE["options"] | ({} if trust_env is None else {"trust_env": trust_env})
        async with twin.Client("openai:m", api_key="k", **provider(server) | {"options": options}) as client:
            assert (await client.stream("hi").result()).text == "x"
        asked = server if trust_env is False else proxy
        assert (len(server.requests), len(proxy.requests)) == (asked is server, asked is proxy)


@pytest.mark.usefixtures("found")
async def test_no_proxy(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(GOOD) as server, ScriptedServer(GOOD) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        monkeypatch.setenv("NO_PROXY", "provider.test")
        async with twin.Client("openai:m", api_key="k", **provider(server)) as client:
            assert (await client.stream("hi").result()).text == "x"
        assert (len(server.requests), len(proxy.requests)) == (1, 0)


@pytest.mark.parametrize("trust_env", [True, False])
async def test_roots_of_the_environment(
    twin: Twin, trust_env: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = {"trust_env": trust_env}
    with fresh_contexts(), ScriptedServer(GOOD, tls=server_context()) as server:
        road = Road("ours", monkeypatch, tmp_path)
        async with road.client(twin, base_url=server.base_url, options=options, retry=QUICK) as client:
            if trust_env:
                assert (await client.stream("hi").result()).text == "x"
            else:
                with pytest.raises(TLSError):
                    await client.stream("hi").result()


async def test_netrc_is_never_read(twin: Twin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"default login me password {PASSWORD}\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with ScriptedServer(GOOD) as server:
        for key in ("sk-test", None):
            async with twin.Client("llamacpp:m", base_url=server.base_url, api_key=key) as client:
                await client.stream("hi").result()
        assert [request.headers.get("authorization") for request in server.requests] == ["Bearer sk-test", None]
