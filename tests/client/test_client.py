"""Clients: how they are made, the roads that their requests take, and what is refused before anything is sent."""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import attrs
import httpx
import pytest
import trustme

import duologue
from duologue import (
    ChatRequest,
    ClientConfig,
    ClosedError,
    ConfigurationError,
    ConnectError,
    Message,
    RetryPolicy,
    Timeouts,
    UnsupportedError,
    register_model,
)
from duologue._waiting.tls import ssl_context
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, head, pause, reply, until_closed
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from duologue import ModelInfo
    from tests.kit.twins import Twin

GOOD = reply(answer("x"))


def http_client_for(twin: Twin, **fields: Any) -> Any:
    """An httpx client of the caller's own."""
    return (httpx.Client if twin.name == "sync" else httpx.AsyncClient)(**fields)


async def close(client: Any) -> None:
    """Close an httpx client of either kind."""
    if isinstance(client, httpx.Client):
        client.close()
    else:
        await client.aclose()


async def test_a_config_says_the_same_as_arguments(twin: Twin) -> None:
    with ScriptedServer(GOOD) as server:
        config = ClientConfig(provider="llamacpp:m-2", base_url=server.base_url, api_key="sk-1")
        async with twin.Client(config) as client:
            await client.stream("hi").result()
        async with twin.Client("llamacpp", model="m-2", base_url=server.base_url, api_key="sk-1") as client:
            await client.stream("hi").result()
        first, second = server.requests
        assert first.body == second.body
        assert first.headers == second.headers
    with pytest.raises(TypeError, match="give model inside the ClientConfig"):
        twin.Client(config, model="m-3")


async def test_prompts(twin: Twin) -> None:
    user = {"role": "user", "content": "hi"}
    prompts: list[Any] = ["hi", Message.user("hi"), [user], [Message.user("hi")], ChatRequest("hi")]
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server) as client:
            for prompt in prompts:
                await client.stream(prompt, temperature=0.5, stop=None, metadata=None).result()
        for request in server.requests:
            assert request.json()["messages"] == [user]
            assert request.json()["temperature"] == 0.5


async def test_refused_before_anything_is_sent(twin: Twin) -> None:
    with ScriptedServer(GOOD) as server:
        async with client_for(twin, server) as client:
            with pytest.raises(TypeError, match="unknown parameter 'temprature'"):
                client.stream("hi", temprature=0)
            with pytest.raises(ValueError, match="top_p must be at most 1"):
                client.stream("hi", top_p=2)
            with pytest.raises(TypeError, match="must hold strings, messages or mappings"):
                client.stream([1])
            with pytest.raises(ValueError, match="no messages"):
                client.stream([])
            with pytest.raises(ValueError, match=r"messages\[1\]: tool_call_id goes with the role 'tool', not 'user'"):
                client.stream(["hi", Message("user", "hi", tool_call_id="call_1")])
            with pytest.raises(UnsupportedError, match="not as a budget of tokens"):
                client.stream("hi", reasoning=1000)
            with pytest.raises(TypeError, match="unknown parameter 'temprature'"):
                await client.chat("hi", temprature=0)
        assert server.connections == 0


async def test_model_info(twin: Twin) -> None:
    client = twin.Client("openai", api_key="sk-1")
    assert client.model_info() == client.model_info("gpt-4o-mini")
    assert client.model_info().supports_tools
    assert client.model_info("gpt-4o").context_window == 128_000
    unknown = client.model_info("gpt-99")
    assert (unknown.name, unknown.provider, unknown.known) == ("gpt-99", "openai", False)
    assert unknown.supports_streaming
    assert unknown.supports_tools is None
    assert unknown.input_price is None
    await client.aclose()


async def test_a_model_that_does_not_stream(twin: Twin, added_models: dict[tuple[str, str], ModelInfo]) -> None:
    with ScriptedServer(GOOD) as server:
        async with twin.Client("openai:o1-pro", base_url=server.base_url, api_key="sk-1") as client:
            with pytest.raises(UnsupportedError, match=r"o1-pro does not stream: use chat\(\)"):
                client.stream("hi")
            assert server.requests == []
            register_model(attrs.evolve(client.model_info(), supports_streaming=True))
            assert (await client.stream("hi").result()).text == "x"


async def test_a_model_that_is_registered(twin: Twin, added_models: dict[tuple[str, str], ModelInfo]) -> None:
    with ScriptedServer(GOOD) as server:
        async with twin.Client("openai:mine", base_url=server.base_url, api_key="sk-1") as client:
            assert not client.model_info().known
            row = register_model("openai:mine", supports_streaming=False, input_price=0.1)
            assert client.model_info() == row
            with pytest.raises(UnsupportedError, match="mine does not stream"):
                client.stream("hi")
            with pytest.raises(UnsupportedError, match="mine does not stream"):
                client.stream("hi", model="mine")
            assert (await client.stream("hi", model="other").result()).text == "x"


def test_from_env(monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (duologue.Client, duologue.AsyncClient):
        assert repr(make.from_env()) == f"<{make.__name__} local:smollm2-135m>"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-4o")
    assert repr(duologue.Client.from_env()) == "<Client openai:gpt-4o>"
    assert repr(duologue.Client.from_env(model="own")) == "<Client openai:own>"


async def test_a_key_that_was_kept_back_is_named_when_it_is_missed(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    refused = reply(b'{"error": {"message": "no key"}}', 401, "application/json")
    with ScriptedServer(refused) as server:
        async with twin.Client("openai", base_url=server.base_url) as client:
            with pytest.raises(duologue.AuthenticationError) as caught:
                await client.chat("hi")
    assert "authorization" not in server.requests[0].headers
    [note] = caught.value.__notes__
    assert note.startswith("OPENAI_API_KEY was not sent: the address is not OpenAI's own; pass api_key=")


async def test_an_ollama_in_the_environment(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked what it has, and then for an answer."""
    tags = b'{"models": [{"name": "qwen3:8b"}]}'
    said = b'{"model":"qwen3:8b","message":{"role":"assistant","content":"Hi"},"done":true,"done_reason":"stop"}\n'
    script = [reply(tags, content_type="application/json"), reply(said, content_type="application/x-ndjson")]
    with ScriptedServer(*script) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.base_url.removesuffix("/v1"))
        async with twin.Client.from_env() as client:
            response = await client.stream("Hello").result()
    assert (response.provider, response.text) == ("ollama", "Hi")
    assert [request.path for request in server.requests] == ["/api/tags", "/api/chat"]
    assert server.requests[1].json()["model"] == "qwen3:8b"


async def test_the_caller_s_own_http_client(twin: Twin) -> None:
    with ScriptedServer(GOOD) as server:
        http_client = http_client_for(twin, headers={"x-theirs": "1"}, timeout=1)
        async with client_for(twin, server, http_client=http_client) as client:
            assert (await client.stream("hi").result()).text == "x"
            async with client.stream("hi") as stream:
                async for event in stream:
                    if event.is_delta:
                        break
        assert not http_client.is_closed
        assert server.requests[0].headers["authorization"] == "Bearer sk-test"
        await close(http_client)
        assert server.wait_until(lambda seen: seen.open == 0)


async def test_the_caller_s_own_http_client_keeps_its_connection(twin: Twin) -> None:
    with ScriptedServer(GOOD) as server:
        http_client = http_client_for(twin)
        async with client_for(twin, server, http_client=http_client) as client:
            for _ in range(3):
                assert (await client.stream("hi").result()).complete
            assert server.connections == 1
            server.script = [[head(200, CHUNKED), *map(chunk, answer("x")), until_closed]]
            assert (await client.stream("hi").result()).complete
            assert server.wait_until(lambda seen: seen.open == 0)
        await close(http_client)


async def test_an_http_client_that_cannot_be_used(twin: Twin) -> None:
    other = httpx.AsyncClient() if twin.name == "sync" else httpx.Client()
    for wrong in (other, object()):
        with pytest.raises(ConfigurationError, match=f"http_client must be .*; got {type(wrong).__name__}"):
            twin.Client("openai", api_key="sk-1", http_client=wrong)
    closed = http_client_for(twin)
    await close(closed)
    async with twin.Client("openai", api_key="sk-1", http_client=closed) as client:
        with pytest.raises(ClosedError):
            await client.stream("hi").result()


@pytest.mark.parametrize("phase", ["idle", "progress"])
async def test_timeouts_on_the_caller_s_own_http_client(twin: Twin, phase: str) -> None:
    silence = [until_closed] if phase == "idle" else [chunk(b": ping\n\n"), pause(0.02)] * 300
    with ScriptedServer([head(200, CHUNKED), chunk(delta("x")), *silence]) as server:
        http_client = http_client_for(twin)
        async with client_for(twin, server, http_client=http_client, timeouts=Timeouts(**{phase: 0.2})) as client:
            with pytest.raises(duologue.StreamTimeout) as caught:
                await client.stream("hi").result()
            assert caught.value.phase == phase
            assert server.wait_until(lambda seen: seen.open == 0)
        await close(http_client)


class Foreign(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body of some other transport: the pieces, then more and more of the last one, or an error of its own."""

    def __init__(self, pieces: list[bytes], then: Exception | None) -> None:
        self.pieces = pieces
        self.then = then

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if len(self.pieces) > 1:
            return self.pieces.pop(0)
        if self.then is not None:
            raise self.then
        return self.pieces[0]

    async def __anext__(self) -> bytes:
        return next(self)

    def close(self) -> None:
        """Nothing to close."""

    async def aclose(self) -> None:
        """Nothing to close."""


def foreign_client(twin: Twin, body: Foreign, **extensions: Any) -> Any:
    """An httpx client over such a transport."""
    headers = {"content-type": "text/event-stream"}
    respond = partial(httpx.Response, 200, headers=headers, stream=body, extensions=extensions)
    return http_client_for(twin, transport=httpx.MockTransport(lambda _: respond()))


async def test_what_is_no_failure_of_the_line_is_not_hidden_after_the_end(twin: Twin) -> None:
    body = Foreign([*answer("x"), b""], ZeroDivisionError())
    http_client = foreign_client(twin, body, network_stream=object())
    async with twin.Client("llamacpp", http_client=http_client) as client:
        with pytest.raises(ZeroDivisionError):
            await client.stream("hi").result()
    await close(http_client)


# trio complains about httpx's own generator around a body that does not end; here it is only not to hang.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("leave", ["at the end", "in the middle"])
async def test_a_transport_that_never_ends_does_not_hold_a_stream(twin: Twin, leave: str) -> None:
    pieces = [*answer("x"), b": ping\n\n"] if leave == "at the end" else [delta("x")]
    http_client = foreign_client(twin, Foreign(pieces, None))
    async with twin.Client("llamacpp", http_client=http_client) as client:
        async with client.stream("hi") as stream:
            async for event in stream:
                if event.is_done or (event.is_delta and leave == "in the middle"):
                    break
        assert stream.response.text == "x"
    await close(http_client)


async def test_a_proxy_of_the_environment(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(GOOD) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        fields: dict[str, Any] = {"base_url": "http://provider.invalid/v1", "options": {"allow_insecure": True}}
        async with twin.Client("openai", api_key="sk-1", **fields) as client:
            assert (await client.stream("hi").result()).text == "x"
        assert proxy.requests[0].path == "http://provider.invalid/v1/chat/completions"


async def test_over_tls(twin: Twin, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with ScriptedServer(GOOD, tls=context) as server:
        ssl_context.cache_clear()
        async with client_for(twin, server, retry=RetryPolicy(max_retries=0)) as client:
            with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.stream("hi").result()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        ssl_context.cache_clear()
        async with client_for(twin, server) as client:
            for _ in range(3):
                assert (await client.stream("hi").result()).text == "x"
        assert len(server.requests) == 3
    ssl_context.cache_clear()


async def test_the_embedded_model(twin: Twin) -> None:
    async with twin.Client("local") as client:
        pieces = [piece async for piece in client.stream("Say hello.", max_tokens=8, temperature=0).text()]
        whole = await client.chat("Say hello.", max_tokens=8, temperature=0)
    assert len(pieces) > 3
    assert "".join(pieces) == whole.text
    assert whole.usage.output_tokens > 3


async def test_the_embedded_model_where_it_cannot_be_had(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**_: object) -> None:
        raise ConfigurationError("the extra is missing")

    monkeypatch.setattr("duologue.local.ensure_server", missing)
    async with twin.Client("local") as client:
        with pytest.raises(ConfigurationError, match="the extra is missing") as caught:
            await client.stream("hi").result()
        assert caught.value.provider == "local"
