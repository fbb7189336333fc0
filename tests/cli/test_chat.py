"""`duologue chat` in this process: what is asked, what comes out, and how it ends."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import duologue
from duologue import Done, Error, Start, StreamEvent, StreamTruncated, TextDelta, from_json
from tests.cli.kit import FakeTerminal
from tests.kit.server import ScriptedServer, chunk, head, reply, until_closed
from tests.kit.wire import answer, delta

if TYPE_CHECKING:
    from tests.cli.kit import Command

SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
BEGUN = [head(200, SSE), chunk(delta("Hel")), chunk(delta("lo\n"))]

both_twins = pytest.mark.parametrize("twin", [(), ("--async",)], ids=["blocking", "async"])


def refuse(status: int, message: str) -> list[Any]:
    return reply(b'{"error": {"message": "%s"}}' % message.encode(), status, "application/json")


@both_twins
def test_the_answer_comes_out(command: Command, twin: tuple[str, ...]) -> None:
    with ScriptedServer(reply(answer("Hel", "lo", "\n\n"))) as server:
        assert command("chat", "Hi", "--base-url", server.base_url, *twin) == (0, "Hello\n", "")
        assert server.wait_until(lambda server: server.open == 0)


@both_twins
def test_what_is_asked(command: Command, twin: tuple[str, ...]) -> None:
    with ScriptedServer(reply(answer("Hello"))) as server:
        options = ("--system", "Be brief", "-m", "m-1", "--max-tokens", "5", "--temperature", "0", *twin)
        given = command(
            "chat", "-p", "llamacpp", "--base-url", server.base_url, *options, "Say this", stdin="not that\n"
        )
        assert given.code == 0
        body = server.requests[0].json()
    assert body["model"] == "m-1"
    assert body["messages"] == [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "Say this"},
    ]
    assert (body["max_tokens"], body["temperature"], body["stream"]) == (5, 0, True)


def test_standard_input_is_what_is_asked_where_nothing_else_is(command: Command) -> None:
    with ScriptedServer(reply(answer("Hello"))) as server:
        assert command("chat", "--base-url", server.base_url, stdin="This\nand that\n").code == 0
        assert server.requests[0].json()["messages"] == [{"role": "user", "content": "This\nand that"}]


def test_the_provider_may_bring_the_model(command: Command) -> None:
    with ScriptedServer(reply(answer("Hello"))) as server:
        command("chat", "-p", "llamacpp:m-2", "--base-url", server.base_url, "Hi")
        assert server.requests[0].json()["model"] == "m-2"


def test_the_environment_tells_the_provider(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(reply(answer("Hello"))) as server:
        monkeypatch.setenv("LLAMACPP_API_KEY", "sk-test")
        monkeypatch.setenv("LLAMACPP_BASE_URL", server.base_url)
        monkeypatch.setenv("LLAMACPP_MODEL", "m-3")
        assert command("chat", "Hi").out == "Hello\n"
        assert server.requests[0].json()["model"] == "m-3"
        assert server.requests[0].headers["authorization"] == "Bearer sk-test"


@both_twins
def test_json_lines(command: Command, twin: tuple[str, ...]) -> None:
    with ScriptedServer(reply(answer("Hel", "\x1blo"))) as server:
        result = command("chat", "Hi", "--json", "--base-url", server.base_url, *twin)
        with duologue.Client(base_url=server.base_url) as client:
            events = list(client.stream("Hi"))
    assert (result.code, result.err) == (0, "")
    assert result.out == "".join(f"{duologue.to_json(event)}\n" for event in events)
    read = [from_json(StreamEvent, line) for line in result.out.splitlines()]
    assert read == events
    assert isinstance(read[0], Start)
    assert isinstance(read[-1], Done)


@both_twins
def test_an_event_that_cannot_be_written(command: Command, twin: tuple[str, ...]) -> None:
    deep = 600 * b"[" + 600 * b"]"
    strange = b'data: {"id": "1", "choices": [], "strange": %s}\n\n' % deep
    with ScriptedServer([*BEGUN, chunk(strange), until_closed]) as server:
        result = command("chat", "Hi", "--json", "--base-url", server.base_url, *twin)
        assert server.wait_until(lambda server: server.open == 0)
    assert result.code == 1
    assert [from_json(StreamEvent, line).text for line in result.out.splitlines()][-2:] == ["Hel", "lo\n"]
    assert result.err == "duologue: an event cannot be written as JSON: Unknown: nested too deeply for JSON\n"


@both_twins
def test_the_provider_refuses(command: Command, twin: tuple[str, ...]) -> None:
    with ScriptedServer(refuse(401, r"no such\nkey \u001b]0;x\u0007")) as server:
        result = command("chat", "Hi", "--base-url", server.base_url, *twin)
        assert server.wait_until(lambda server: server.open == 0)
    assert (result.code, result.out) == (1, "")
    assert result.err == "duologue: openai answered 401: no such\\x0akey \\x1b]0;x\\x07\n"


@both_twins
def test_the_stream_breaks_off(command: Command, twin: tuple[str, ...]) -> None:
    with ScriptedServer([*BEGUN, chunk(b"")]) as server:
        result = command("chat", "Hi", "-p", "llamacpp", "--base-url", server.base_url, *twin)
        in_json = command("chat", "Hi", "-p", "llamacpp", "--json", "--base-url", server.base_url, *twin)
    assert (result.code, result.out) == (1, "Hello\n")
    assert result.err.startswith("duologue: ")
    assert result.err.count("\n") == 1
    *_, before, last = (from_json(StreamEvent, line) for line in in_json.out.splitlines())
    assert before == TextDelta("lo\n")
    assert isinstance(last, Error)
    assert isinstance(last.error, StreamTruncated)
    assert (in_json.code, in_json.err) == (1, result.err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chat",), "duologue: no prompt: give one as an argument or on standard input\n"),
        (("chat", "Hi", "-p", "nope"), "duologue: unknown provider 'nope'"),
        (("chat", "Hi", "-p", "openai"), "duologue: OpenAI needs a key"),
        (("chat", "Hi", "-p", "local", "--max-tokens", "0"), "duologue: max_tokens must be at least 1"),
        (("chat", "Hi", "-p", "local", "--temperature", "nan"), "duologue: "),
        (("chat", "Hi", "-p", "local", "--base-url", "nowhere"), "duologue: base_url must be like"),
        (("chat", "Hi", "-p", "local", "--system", "\udcff"), "duologue: --system is no text"),
        (("chat", "Hi", "-p", "local", "--base-url", "http://h/\x1b]0;x\x07"), "duologue: base_url"),
    ],
)
@both_twins
def test_usage(command: Command, twin: tuple[str, ...], arguments: tuple[str, ...], said: str) -> None:
    result = command(*arguments, *twin)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(said)
    assert result.err.removesuffix("\n").isprintable()


@both_twins
def test_on_a_terminal(command: Command, twin: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(reply(answer("\x1b[2J", "Hello"))) as server:
        for raw, shown in (((), "\\x1b[2JHello\n"), (("--raw",), "\x1b[2JHello\n")):
            screen = FakeTerminal()
            monkeypatch.setattr(sys, "stdout", screen)
            result = command("chat", "Hi", "--base-url", server.base_url, *twin, *raw)
            assert screen.getvalue() == shown
            assert (result.code, result.err.startswith("[m-1: stop, 3 tokens in, 2 out")) == (0, True)


class Interrupting(io.StringIO):
    """Standard output whose user presses Ctrl-C when something has come."""

    def flush(self) -> None:
        if self.getvalue() == "Hello":
            os.kill(os.getpid(), signal.SIGINT)
            # Where the handler runs is for the interpreter to choose; nothing must follow meanwhile.
            threading.Event().wait(0.05)


@both_twins
def test_ctrl_c(command: Command, twin: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([*BEGUN, until_closed]) as server:
        out = Interrupting()
        monkeypatch.setattr(sys, "stdout", out)
        result = command("chat", "Hi", "--base-url", server.base_url, *twin)
        assert (result.code, result.err) == (130, "")
        assert out.getvalue() == "Hello\n"
        assert server.wait_until(lambda server: server.open == 0)


@both_twins
def test_the_reader_goes_away(command: Command, twin: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with ScriptedServer([*BEGUN, until_closed]) as server, os.fdopen(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        result = command("chat", "Hi", "--base-url", server.base_url, *twin)
        assert (result.code, result.err) == (0, "")
        assert server.wait_until(lambda server: server.open == 0)


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
def test_the_disk_is_full(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(reply(answer("Hello"))) as server, FULL.open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        result = command("chat", "Hi", "--base-url", server.base_url)
        assert result.code == 1
        assert result.err.startswith("duologue: [Errno 28]")
        assert server.wait_until(lambda server: server.open == 0)


@pytest.mark.usefixtures("engine")
@both_twins
def test_the_embedded_model(command: Command, twin: tuple[str, ...]) -> None:
    ask = ("chat", "-p", "local", "--temperature", "0", "--max-tokens", "12", "Explain what an API is.", *twin)
    text, events = command(*ask), command(*ask, "--json")
    read = [from_json(StreamEvent, line) for line in events.out.splitlines()]
    assert (text.code, text.err, events.code, events.err) == (0, "", 0, "")
    assert sum(event.is_delta for event in read) >= 10
    assert text.out == read[-1].response.text.rstrip("\n") + "\n"
    assert "API" in text.out
