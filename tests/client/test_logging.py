"""What the logger `duologue` says: a line an attempt, and never a word of what was said, nor a key."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from duologue import DuologueError, Limits, RetryPolicy
from duologue._core.log import line
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, head, reply, until_closed
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from tests.kit.twins import Twin

BUSY = reply(b'{"error": {"message": "busy"}}', 503, "application/json", x_request_id="req_busy")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    """The attempts' lines as fields."""
    own = [record for record in caplog.records if record.name == "duologue"]
    assert all(record.levelno == logging.DEBUG for record in own)
    return [dict(field.split("=", 1) for field in record.getMessage().split(" ")) for record in own]


async def test_a_line_for_each_attempt(twin: Twin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    waits: list[tuple[int, str, str | None, float]] = []

    def on_retry(error: DuologueError, seconds: float) -> None:
        waits.append((error.attempts, type(error).__name__, error.phase, seconds))

    retry = RetryPolicy(base_delay=0.001, jitter=False, on_retry=on_retry)
    with ScriptedServer(BUSY, reply(answer("canary-answer"), x_request_id="req_1")) as server:
        async with client_for(twin, server, retry=retry) as client:
            await client.stream("canary-prompt").result()
    first, second = lines(caplog)
    assert first.keys() >= {"head", "first_event", "total", "bytes"}
    assert {"provider": "llamacpp", "model": "m-1", "attempt": "1", "status": "503"}.items() <= first.items()
    assert {"outcome": "OverloadedError", "request_id": "req_busy", "retry_in": "0.001"}.items() <= first.items()
    assert {"attempt": "2", "outcome": "done", "status": "200", "request_id": "req_1"}.items() <= second.items()
    assert int(second["events"]) == 3
    assert int(second["bytes"]) > 100
    assert second["response_id"]
    assert "retry_in" not in second
    assert float(second["head"]) <= float(second["first_event"]) <= float(second["total"])
    assert waits == [(1, "OverloadedError", "response", 0.001)]
    for secret in ("canary-answer", "canary-prompt", "sk-test"):
        assert secret not in caplog.text


async def test_a_stream_that_is_left(twin: Twin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="duologue")
    with ScriptedServer([head(200, CHUNKED), chunk(delta("x")), until_closed]) as server:
        async with client_for(twin, server) as client, client.stream("hi") as stream:
            await anext(aiter(stream))
    [fields] = lines(caplog)
    assert (fields["outcome"], fields["attempt"]) == ("left", "1")


async def test_content_only_where_it_is_asked_for(twin: Twin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="duologue")
    with ScriptedServer(reply(answer("canary-answer"))) as server:
        async with client_for(twin, server, options={"log_content": True}) as client:
            await client.stream("canary-prompt").result()
    assert "canary-prompt" in caplog.text
    assert "canary-answer" in caplog.text
    assert "sk-test" not in caplog.text


async def test_silence_where_nobody_listens(twin: Twin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with ScriptedServer(reply(answer("x"))) as server:
        async with client_for(twin, server, options={"log_content": True}) as client:
            await client.stream("hi").result()
    assert [record for record in caplog.records if record.name == "duologue"] == []


async def test_a_hook_that_fails_ends_the_stream(twin: Twin) -> None:
    def on_retry(_: DuologueError, __: float) -> None:
        raise ZeroDivisionError

    with ScriptedServer(BUSY, reply(answer("x"))) as server:
        limits = Limits(max_connections=1, max_concurrent=1)
        async with client_for(twin, server, limits=limits, retry=RetryPolicy(on_retry=on_retry)) as client:
            with pytest.raises(ZeroDivisionError):
                await client.stream("hi").result()
            assert (await client.stream("hi").result()).text == "x"
    with pytest.raises(TypeError, match="on_retry must be a function"):
        RetryPolicy(on_retry=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"a": 1, "b": None, "c": 0.12345, "d": "x"}, "a=1 c=0.123 d=x"),
        ({"a": "x\nb=2", "b": "y z"}, "a='x\\nb=2' b='y z'"),
    ],
)
def test_one_line_whatever_is_in_it(fields: dict[str, Any], text: str) -> None:
    assert line(fields) == text
