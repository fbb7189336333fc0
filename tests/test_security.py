"""Neither a key nor a word of the conversation shows itself when something goes wrong, whatever goes wrong.

Each failure is run through every client, with all loggers at DEBUG; then the error, the logs, and the traceback with
the local variables of every frame are searched for canaries.
"""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from duologue import ChatRequest, ClientConfig, ConfigurationError, DuologueError, RetryPolicy, Timeouts, to_dict
from duologue._core.endpoint import resolve
from duologue._dialects import _MODULES, find_dialect
from duologue._tables import PROVIDERS
from tests.client.test_stream import CHUNKED, SSE
from tests.kit.server import ScriptedServer, chunk, hang_up, head, reply, reset, until_closed
from tests.kit.wire import delta

if TYPE_CHECKING:
    from tests.kit.twins import Twin

KEY = "sk-canary-0123456789abcdef"
HEADER = "canary-header-0123456789"
PROMPT = "canary-prompt-0123456789"
ANSWER = "canary-answer-0123456789"

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


def shown(error: DuologueError) -> str:
    """All that a crash report may hold: the error, what is behind it, and every frame's local variables."""
    found = [str(error), repr(error), repr(error.args)]
    found += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    fields = {name: value for name, value in vars(error).items() if name not in ("partial", "body")}
    return "\n".join([*found, repr(fields)])


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
