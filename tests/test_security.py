"""Neither a key nor a word of the conversation shows itself when something goes wrong, whatever goes wrong.

Each failure is run through every client, with all loggers at DEBUG; then the error, the logs, and the traceback with
the local variables of every frame are searched for canaries.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import pickle
import random
import re
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from duologue import (
    AsyncStream,
    ChatRequest,
    ClientConfig,
    ConfigurationError,
    DuologueError,
    ImageContent,
    Message,
    RedirectRefused,
    RetryPolicy,
    Stream,
    TextContent,
    Timeouts,
    to_dict,
)
from duologue._core.call import Call
from duologue._core.endpoint import is_loopback, resolve
from duologue._core.environ import config_from_env
from duologue._core.exchange import Exchange
from duologue._dialects import _MODULES, find_dialect
from duologue._tables import PROVIDERS
from tests.client.test_stream import CHUNKED, SSE
from tests.kit.canary import ANSWER, HEADER, KEY, PROMPT, shown
from tests.kit.server import ScriptedServer, chunk, hang_up, head, reply, reset, until_closed
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duologue.models import Provider
    from tests.kit.twins import Twin

GOOD = reply(answer("x"))
FAILURES: dict[str, list[Any]] = {
    "closed before the head": [hang_up],
    "reset before the head": [reset],
    "silence before the head": [until_closed],
    "no HTTP": [b"SSH-2.0-OpenSSH\r\n", hang_up],
    "a refused key": reply(b'{"error": {"message": "Incorrect API key: %s"}}' % KEY.encode(), 401, "application/json"),
    "an error page": reply(b"<html>" + KEY.encode() + b"</html>", 502, "text/html"),
    "another content type": reply(b"<html>hello</html>", 200, "text/html"),
    "a redirect": [head(307, {"location": "http://127.0.0.1:9/", "content-length": "0"})],
    "no JSON": [head(200, CHUNKED), chunk(delta(ANSWER)), chunk(b'data: {"canary-answer-0123456789\n\n'), hang_up],
    "a wrong type": [head(200, CHUNKED), chunk(b'data: {"choices": "canary-answer-0123456789"}\n\n'), hang_up],
    "reset in the answer": [head(200, CHUNKED), chunk(delta(ANSWER)), reset],
    "closed in the answer": [head(200, SSE), delta(ANSWER), hang_up],
    "silence in the answer": [head(200, CHUNKED), chunk(delta(ANSWER)), until_closed],
    "broken chunks": [head(200, CHUNKED), chunk(delta(ANSWER)), b"zz\r\n", hang_up],
}


async def failed(twin: Twin, base_url: str, provider: str = "llamacpp") -> DuologueError:
    """What goes wrong when an answer is asked for."""
    timeouts, retry = Timeouts(first_event=0.2, idle=0.2), RetryPolicy(max_retries=1, base_delay=0.001)
    async with twin.Client(
        provider,
        model="m",
        base_url=base_url,
        api_key=KEY,
        timeouts=timeouts,
        retry=retry,
        headers={"x-own": HEADER},
    ) as client:
        with pytest.raises(DuologueError) as caught:
            await client.stream(PROMPT).result()
    return caught.value


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_key_is_not_in_errors_logs_and_tracebacks(
    twin: Twin, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(FAILURES[failure]) as server:
        error = await failed(twin, server.base_url)
    for secret in (KEY, HEADER):
        assert secret not in shown(error)
        assert secret not in caplog.text
        assert secret not in repr(error.partial and to_dict(error.partial))
        assert secret.encode() not in pickle.dumps(error.partial)


@pytest.mark.parametrize("failure", FAILURES)
async def test_the_conversation_is_not_in_errors_and_logs(
    twin: Twin, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(FAILURES[failure]) as server:
        error = await failed(twin, server.base_url)
    text = "".join(traceback.format_exception(error))
    for words in (PROMPT, ANSWER):
        assert words not in text + str(error) + repr(error)
        assert words not in caplog.text


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("ask", ["stream", "chat"])
async def test_what_failed_is_gone_with_its_error(twin: Twin, failure: str, ask: str) -> None:
    """No response, no stream, and no word of what was said waits for the garbage collector."""
    timeouts, retry = Timeouts(first_event=0.2, idle=0.2), RetryPolicy(max_retries=0)
    with ScriptedServer(FAILURES[failure]) as server:
        async with twin.Client("llamacpp:m", base_url=server.base_url, timeouts=timeouts, retry=retry) as client:

            async def fail() -> None:
                with contextlib.suppress(DuologueError):
                    if ask == "chat":
                        await client.chat(PROMPT)
                    elif twin.name == "sync":  # the stream itself: what stands before it here would hold it
                        client.client.stream(PROMPT).result()
                    else:
                        await client.stream(PROMPT).result()
                    raise AssertionError("it did not fail")

            await fail()  # what is loaded and cached
            gc.collect()
            gc.disable()
            try:
                before = alive()
                await fail()
                assert alive() == before
            finally:
                gc.enable()


def alive() -> Counter[str]:
    """What there is of a call."""
    kinds = (httpx.Response, Exchange, Call, DuologueError, Stream, AsyncStream)
    return Counter(type(found).__name__ for found in gc.get_objects() if isinstance(found, kinds))


# -- where a request goes ---------------------------------------------------------------------------------------------

# With a server's own port, and that of another one.
PLACES = {
    "here": "/v1/elsewhere",
    "another port": "http://127.0.0.1:{other}/v1",
    "another name": "http://localhost:{own}/v1",
    "another scheme": "https://127.0.0.1:{own}/v1",
    "another scheme that is none": "file:///etc/passwd",
    "without a scheme": "//127.0.0.1:{other}/v1",
    "another host, with a user": "http://user:password@127.0.0.1:{other}/v1",
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", PLACES)
async def test_no_redirect_is_followed(twin: Twin, status: int, place: str) -> None:
    """The key would go along, and all that was said."""
    with ScriptedServer(GOOD) as other, ScriptedServer() as server:
        target = PLACES[place].format(own=server.port, other=other.port)
        server.script = [reply(b"", status, location=target)]
        async with twin.Client("llamacpp:m", base_url=server.base_url, api_key=KEY) as client:
            for ask in (client.stream("hi").result, lambda: client.chat("hi")):
                with pytest.raises(RedirectRefused) as caught:
                    await ask()
                assert caught.value.status_code == status
        assert (server.connections, len(server.requests), other.connections) == (1, 2, 0)


async def test_nothing_is_fetched_for_a_message(twin: Twin) -> None:
    """An address in it goes to the provider as it is."""
    with ScriptedServer(GOOD) as other, ScriptedServer(GOOD) as server:
        url = f"{other.origin}/cat.png"
        asked = Message.user([TextContent("see http://127.0.0.1/ and file:///etc/passwd"), ImageContent.from_url(url)])
        async with twin.Client("llamacpp:m", base_url=server.base_url) as client:
            await client.stream([asked]).result()
        assert url in server.requests[0].body.decode()
        assert other.connections == 0


ELSEWHERE = "https://provider.evil.example/v1"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_key_of_the_environment_goes_to_no_other_host(name: str) -> None:
    """Whoever can set an address in the environment, or in code, does not get the key by it."""
    row = PROVIDERS[name]
    environ = {**dict.fromkeys(row.key_env, KEY), f"{name.upper().replace('-', '_')}_BASE_URL": ELSEWHERE}
    if row.auth == "sigv4":
        environ |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": KEY, "AWS_REGION": "us-east-1"}
    found = config_from_env(environ, lambda _: None, model="m")
    assert found.base_url == (ELSEWHERE if found.provider == name else None)
    for config in (ClientConfig(provider=name, model="m", base_url=ELSEWHERE), found):
        endpoint = resolve(config, environ)
        if config.base_url and (is_bound(row) or row.auth == "sigv4"):
            assert (endpoint.api_key, endpoint.signer, endpoint.chain) == (None, None, None)
            assert KEY not in repr(endpoint.headers())


def is_bound(row: Provider) -> bool:
    """Whether a provider has an address of its own. Others have as many as they have users, who say where it is."""
    return row.base_url is not None and not is_loopback(urlsplit(row.base_url).hostname or "")


def test_which_providers_are_bound() -> None:
    free = {name for name, row in PROVIDERS.items() if not is_bound(row) and row.key_env}
    assert free == {"azure", "bedrock", "llamacpp", "lmstudio", "ollama", "vllm"}


# -- what strings can do ----------------------------------------------------------------------------------------------

HOSTILE = [
    "a\r\nx-own: 1",
    "a\0",
    "\u0130",
    "a b",
    "..",
    "../..",
    "a/b",
    "a%2fb",
    "a?b=c",
    "a#b",
    "a\\b",
    "//h",
    "é",
    "a\u2028b",
]


@pytest.mark.parametrize("dialect", sorted(_MODULES))
@pytest.mark.parametrize("model", HOSTILE)
def test_a_model_s_name_leads_nowhere_else(dialect: str, model: str) -> None:
    row = next(row for row in PROVIDERS.values() if row.dialect == dialect)
    for stream in (True, False):
        paths = [
            find_dialect(dialect).encode(ChatRequest("hi"), row, model=name, stream=stream) for name in ("m", model)
        ]
        plain, path = (wire.path for wire in paths)
        assert path.isascii()
        assert path.isprintable()
        assert not set(path) & set(' \\#"<>')
        assert "/../" not in f"{path}/"
        assert path.count("/") == plain.count("/")
        assert path.count("?") == plain.count("?")
        assert path.startswith(plain.partition("m:")[0].partition("/m/")[0])


_PIECES = [*"aZ0._-~/%?#&=+:;@,()[]{}<>|^` \\\"'\r\n\t\0\x7f", "..", "%2f", "%2e", "é", "\u0130", "\u2028", "😀"]
_PLACE = "MODELNAME"


@pytest.mark.parametrize("dialect", sorted(_MODULES))
def test_whatever_a_model_s_name_is_it_is_one_segment_of_the_path(dialect: str) -> None:
    row = next(row for row in PROVIDERS.values() if row.dialect == dialect)
    chosen = random.Random(20_240_229)

    def path(model: str) -> str:
        found: str = find_dialect(dialect).encode(ChatRequest("hi"), row, model=model, stream=True).path
        return found

    before, _, after = path(_PLACE).partition(_PLACE)
    for _ in range(500):
        model = "".join(chosen.choices(_PIECES, k=chosen.randint(1, 12)))
        found = path(model)
        if not after:  # it is in the body
            assert found == before
            continue
        assert found.startswith(before)
        assert found.endswith(after)
        segment = found[len(before) : len(found) - len(after)]
        assert unquote(segment) == model
        assert segment not in (".", "..")
        assert re.fullmatch(r"([A-Za-z0-9._~-]|%[0-9A-F]{2})+", segment)


HEADER_BREAKERS = ["a\r\nx-own: 1", "a\nx", "a\rx", "a\0", "\u0130", "\u010a\u010d", "\x7f", "\x1b"]


def settings(name: str, text: str) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Every place that a caller or the environment can put a text into on the way to a header or an address."""
    row = PROVIDERS[name]
    given = {"api_key": "k", "base_url": "https://h"}
    yield {**given, "api_key": text}, {}
    yield {**given, "base_url": f"https://h/{text}"}, {}
    yield {**given, "base_url": f"https://{text}"}, {}
    yield {**given, "headers": {text: "x"}}, {}
    yield {**given, "headers": {"x": text}}, {}
    yield from (({**given, "options": {option: text}}, {}) for option in row.option_headers)
    if row.base_url is not None:
        yield from (({}, {variable: text, "AWS_REGION": "us-east-1"}) for variable in row.key_env)
    if row.auth == "sigv4":
        keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": "s", "aws_session_token": "t"}
        environ = {option.upper(): value for option, value in keys.items()}
        region = {"AWS_REGION": "us-east-1"}
        yield from (({"options": {**keys, option: text}}, region) for option in keys)
        yield from (({}, {**environ, **region, option.upper(): text}) for option in keys)
        yield {"options": {**keys, "region": text}}, {}
        yield {}, {**environ, "AWS_REGION": text}
        yield {}, {**environ, "AWS_DEFAULT_REGION": text}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
@pytest.mark.parametrize("text", HEADER_BREAKERS)
def test_no_setting_becomes_another_header(name: str, text: str) -> None:
    for fields, environ in settings(name, text):
        with pytest.raises(ConfigurationError):
            resolve(ClientConfig(provider=name, **fields), environ)


@pytest.mark.parametrize("text", [*HOSTILE[:3], ""])
def test_no_string_of_a_caller_s_becomes_another_header(text: str) -> None:
    address = f"https://h/{text}" if text else "https://"
    given: list[dict[str, Any]] = [{"headers": {text: "x"}}, {"api_key": text}, {"base_url": address}]
    for fields in given:
        with pytest.raises(ConfigurationError):
            resolve(ClientConfig(**{"api_key": "k", **fields}), {})
    if text:
        with pytest.raises(ConfigurationError):
            ClientConfig(headers={"x": text})
        with pytest.raises(ConfigurationError):
            resolve(ClientConfig(provider="bedrock", api_key="k", options={"region": text}), {})
