"""Whether a provider answers, in both twins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from duologue import (
    APIError,
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    ConnectError,
    ContentTypeError,
    OverloadedError,
    ServerError,
    StreamTimeout,
    register_provider,
)
from duologue._core.registry import _added
from duologue._dialects import _MODULES, find_dialect
from duologue._tables import PROVIDERS
from tests.client.test_client import close, http_client_for
from tests.client.test_stream import client_for
from tests.kit.server import ScriptedServer, head, pause, reply, until_closed

if TYPE_CHECKING:
    from tests.kit.twins import Twin

MODELS = reply(b'{"data": []}', content_type="application/json")
ANSWER = {"id": "1", "model": "m", "choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "length"}]}
WHOLE = reply(json.dumps(ANSWER).encode(), content_type="application/json")


def refusal(status: int, words: str = "no") -> list[Any]:
    return reply(json.dumps({"error": {"message": words}}).encode(), status, "application/json")


async def test_well(twin: Twin) -> None:
    with ScriptedServer(MODELS) as server:
        async with client_for(twin, server, headers={"X-Own": "1"}) as client:
            health = await client.check()
            assert health
            assert (health.ok, health.provider, health.error) == (True, "llamacpp", None)
            assert health.checked_at > 1_600_000_000
            assert health.seconds >= 0
            assert await client.check() is health  # it is kept
            assert await client.check(max_age=0) is not health
            assert await client.check(max_age=0) is not health
    request = server.requests[0]
    assert (request.method, request.path, request.body) == ("GET", "/v1/models", b"")
    assert request.headers["authorization"] == "Bearer sk-test"
    assert request.headers["x-own"] == "1"
    assert "content-length" not in request.headers
    assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (529, OverloadedError), (500, ServerError), (302, APIError)]
)
async def test_unwell(twin: Twin, status: int, kind: type[APIError]) -> None:
    with ScriptedServer(refusal(status, "not now")) as server:
        async with client_for(twin, server) as client:
            health = await client.check()
    assert not health
    assert isinstance(health.error, kind)
    assert "not now" in str(health.error)
    assert health.error.provider == "llamacpp"
    assert health.error.__traceback__ is None


async def test_an_error_that_is_no_json(twin: Twin) -> None:
    with ScriptedServer(reply(b"<html>Bad Gateway" + b"x" * 100_000, 502, "text/html")) as server:
        async with client_for(twin, server) as client:
            health = await client.check()
    assert health.error.status_code == 502
    assert len(str(health.error.body)) < 5000


@pytest.mark.parametrize("body", [b"<html>Sign in to the network", b"\n  <!doctype html>", b"It works!"])
async def test_somebody_else_answers(twin: Twin, body: bytes) -> None:
    with ScriptedServer(reply(body, 200, "text/html")) as server:
        async with client_for(twin, server) as client:
            health = await client.check()
    assert not health
    assert isinstance(health.error, ContentTypeError)
    assert health.error.provider == "llamacpp"


async def test_a_list_that_is_long_is_not_read_to_its_end(twin: Twin) -> None:
    pieces = (b" " * 10_000 for _ in range(100))
    with ScriptedServer(reply(pieces, content_type="application/json")) as server:
        async with client_for(twin, server) as client:
            assert await client.check()


@pytest.mark.parametrize("status", [404, 405])
async def test_where_there_is_no_list_a_token_is_asked_for(twin: Twin, status: int) -> None:
    with ScriptedServer(refusal(status), WHOLE, refusal(status), refusal(401)) as server:
        async with client_for(twin, server) as client:
            assert await client.check()
            health = await client.check(max_age=0)
    assert isinstance(health.error, AuthenticationError)
    assert [request.method for request in server.requests] == ["GET", "POST", "GET", "POST"]
    assert server.requests[1].json()["max_tokens"] == 1


async def test_a_format_without_a_list(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(find_dialect("openai-chat"), "MODELS_PATH")
    with ScriptedServer(WHOLE) as server:
        async with client_for(twin, server) as client:
            assert await client.check()
    assert [request.method for request in server.requests] == ["POST"]


async def test_nobody_there(twin: Twin) -> None:
    async with twin.Client("openai", api_key="k", base_url="http://127.0.0.1:9/v1") as client:
        health = await client.check()
    assert isinstance(health.error, ConnectError)


async def test_too_slow(twin: Twin) -> None:
    with ScriptedServer([pause(5)]) as server:
        async with client_for(twin, server) as client:
            health = await client.check(timeout=0.1)
    assert isinstance(health.error, StreamTimeout)


async def test_with_a_client_of_the_caller_s(twin: Twin) -> None:
    kind: Any = httpx.Client if twin.name == "sync" else httpx.AsyncClient
    with ScriptedServer(MODELS) as server:
        own = kind()
        async with client_for(twin, server, http_client=own) as client:
            assert await client.check()
        own.close() if twin.name == "sync" else await own.aclose()
    assert server.requests[0].method == "GET"


async def test_what_is_no_failure_of_the_line_comes_through(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("own")

    with ScriptedServer(MODELS) as server:
        async with client_for(twin, server) as client:
            monkeypatch.setattr("duologue._core.checking.Probe.headers", broken)
            with pytest.raises(KeyError, match="own"):
                await client.check()


async def test_a_closed_client(twin: Twin) -> None:
    client = twin.Client("openai", api_key="k")
    await client.aclose()
    with pytest.raises(ClosedError):
        await client.check()


async def test_the_embedded_model(twin: Twin) -> None:
    async with twin.Client("local") as client:
        assert await client.check(timeout=60)


def test_each_format_says_where_its_list_is() -> None:
    """But for Bedrock, whose list is at another address."""
    without = {name for name in _MODULES if not hasattr(find_dialect(name), "MODELS_PATH")}
    assert without == {"bedrock-converse"}
    assert {provider.dialect for provider in PROVIDERS.values()} <= set(_MODULES)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([[until_closed]], id="the list"),
        pytest.param([[head(200, {"content-length": "99"}), until_closed]], id="in the middle of it"),
        pytest.param([reply(status=404, connection="close"), [until_closed]], id="the model"),
    ],
)
@pytest.mark.parametrize("own", [False, True], ids=["ours", "a client of the caller's"])
async def test_closing_the_client_ends_it(twin: Twin, script: list[Any], own: bool) -> None:
    with ScriptedServer(*script) as server:
        http_client = http_client_for(twin) if own else None
        client = client_for(twin, server, http_client=http_client)

        async def check() -> None:
            with pytest.raises(ClosedError, match="the client was closed"):
                await client.check(timeout=60)

        async def close_it() -> None:
            while len(server.requests) < len(script):
                await twin.sleep(0.01)
            await twin.sleep(0.05)
            await client.aclose()

        await twin.gather(check, close_it)
        if http_client is not None:
            await close(http_client)
        assert server.wait_until(lambda seen: seen.open == 0)


@pytest.mark.parametrize(("status", "kind"), [(200, type(None)), (401, AuthenticationError)])
async def test_where_the_list_is_public_it_asks_about_the_key(twin: Twin, status: int, kind: type[Any]) -> None:
    with ScriptedServer(reply(b'{"data": {"label": "sk-or-v1-..."}}', status, "application/json")) as server:
        async with client_for(twin, server, provider="openrouter") as client:
            health = await client.check()
    assert isinstance(health.error, kind)
    assert health.ok == (status == 200)
    request = server.requests[0]
    assert (request.method, request.path) == ("GET", "/v1/key")
    assert request.headers["authorization"] == "Bearer sk-test"


async def test_a_row_of_a_user_s_may_say_where(twin: Twin) -> None:
    register_provider("acme-keys", dialect="openai-chat", key_path="/me?x=1")
    try:
        with ScriptedServer(MODELS) as server:
            async with client_for(twin, server, provider="acme-keys") as client:
                assert await client.check()
    finally:
        del _added["acme-keys"]
    assert server.requests[0].path == "/v1/me?x=1"
    with pytest.raises(ConfigurationError, match="the key_path of 'acme-keys' must be like /key"):
        register_provider("acme-keys", dialect="openai-chat", key_path="me")
