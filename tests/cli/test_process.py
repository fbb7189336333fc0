"""The command as it is really run: in a process of its own, in a pipe, at a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from duologue import Done, StreamEvent, __version__, from_json
from tests.cli.hostile import HOSTILE
from tests.cli.kit import COMMAND, SECONDS, Terminal, run
from tests.kit.server import Reply, ScriptedServer, chunk, head, reply, until_closed
from tests.kit.wire import answer, delta

both_twins = pytest.mark.parametrize("twin", [(), ("--async",)], ids=["blocking", "async"])

SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
BEGUN: Reply = [head(200, SSE), chunk(delta("Hel")), chunk(delta("lo\n")), until_closed]


def test_it_is_a_module_and_a_program() -> None:
    assert run("--version") == (0, f"duologue {__version__}\n", "")
    code = """
from importlib.metadata import entry_points
[program] = entry_points(group="console_scripts", name="duologue")
program.load()()
"""
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"duologue {__version__}\n"


def test_usage() -> None:
    result = run("chat", "Hi", "-p", "nope")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("duologue: unknown provider 'nope'")


@both_twins
def test_with_a_prompt_standard_input_is_left_alone(twin: tuple[str, ...]) -> None:
    """An open pipe that says nothing keeps nobody waiting, and what it says later is there for the next program."""
    reading, writing = os.pipe()
    try:
        with ScriptedServer(reply(answer("Hello"))) as server:
            arguments = ("chat", "Hi", "--base-url", server.base_url, *twin)
            done = subprocess.run(
                [*COMMAND, *arguments], stdin=reading, capture_output=True, timeout=SECONDS, check=False
            )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"Hello\n", b"")
        os.write(writing, b"next line\n")
        assert os.read(reading, 100) == b"next line\n"
    finally:
        os.close(reading)
        os.close(writing)


def test_a_loop_over_lines_gets_every_line() -> None:
    with ScriptedServer(reply(answer("Hello"))) as server:
        script = 'while read -r line; do "$@" chat "$line" --base-url "$URL"; done'
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *COMMAND],
            input=b"one\ntwo\n",
            env=os.environ | {"URL": server.base_url},
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        assert (done.stdout, done.stderr) == (b"Hello\nHello\n", b"")
        assert [request.json()["messages"][0]["content"] for request in server.requests] == ["one", "two"]


@pytest.mark.usefixtures("engine")
@both_twins
def test_the_embedded_model_into_a_pipe(twin: tuple[str, ...]) -> None:
    ask = ("chat", "-p", "local", "--temperature", "0", "--max-tokens", "16", *twin)
    result = run(*ask, stdin="Explain what an API is.\n")
    assert (result.code, result.err) == (0, "")
    assert "API" in result.out
    assert result.out.endswith("\n")
    assert not result.out.endswith("\n\n")


@pytest.mark.usefixtures("engine")
def test_without_a_word_on_the_provider_the_embedded_model_answers() -> None:
    result = run("chat", "--json", "--max-tokens", "3", "Hi")
    *_, done = (from_json(StreamEvent, line) for line in result.out.splitlines())
    assert isinstance(done, Done)
    assert done.response.provider == "local"


@both_twins
def test_text_arrives_as_it_is_made(twin: tuple[str, ...]) -> None:
    with ScriptedServer(BEGUN) as server:
        arguments = ("chat", "Hi", "--base-url", server.base_url, *twin)
        with subprocess.Popen([*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.read(5) == b"Hello"  # the answer goes on, and yet this is here
            process.send_signal(signal.SIGINT)
            assert process.stdout.read() == b"\n"
            assert process.wait(SECONDS) == 130
        assert server.wait_until(lambda server: server.open == 0)


@both_twins
def test_the_reader_goes_away(twin: tuple[str, ...]) -> None:
    pieces = [chunk(delta(f"line {number}\n")) for number in range(10_000)]
    with ScriptedServer([head(200, SSE), *pieces, until_closed]) as server:
        arguments = ("chat", "Hi", "--base-url", server.base_url, *twin)
        with subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b"line 0\n"
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(SECONDS) == 0
        assert server.wait_until(lambda server: server.open == 0)


@both_twins
def test_ctrl_c_at_a_terminal(twin: tuple[str, ...]) -> None:
    with ScriptedServer(BEGUN) as server, Terminal("chat", "Hi", "--base-url", server.base_url, *twin) as terminal:
        terminal.until("Hello")
        assert server.open == 1
        terminal.enter("\x03")
        assert terminal.end() == 130
        assert terminal.shown == "Hello\n"
        assert server.wait_until(lambda server: server.open == 0)


@pytest.mark.usefixtures("engine")
@both_twins
def test_ctrl_c_while_the_embedded_model_talks(twin: tuple[str, ...]) -> None:
    with Terminal("chat", "-p", "local", "--temperature", "0", "Write a long story about a river.", *twin) as terminal:
        terminal.until("the")
        terminal.enter("\x03")
        assert terminal.end() == 130
        assert "Traceback" not in terminal.shown
        assert terminal.shown.endswith("\n")


@pytest.mark.usefixtures("engine")
def test_the_prompt_is_typed_at_a_terminal() -> None:
    with Terminal("chat", "-p", "local", "--temperature", "0", "--max-tokens", "12") as terminal:
        terminal.until("Ctrl-D")
        terminal.enter("Explain what an API is.\n\x04")
        assert terminal.end() == 0
        _, text, figures, rest = terminal.shown.split("\n")
    assert "API" in text
    assert "smollm2-135m: length, " in figures
    assert "12 out" in figures
    assert rest == ""


def test_ctrl_c_instead_of_a_prompt() -> None:
    with Terminal("chat", "-p", "local") as terminal:
        terminal.until("Ctrl-D")
        terminal.enter("\x03")
        assert terminal.end() == 130
        assert "Traceback" not in terminal.shown


def test_no_hostile_sequence_reaches_the_terminal() -> None:
    text = "\n".join(HOSTILE.values()).replace("\ud83d", "")
    with ScriptedServer(reply(answer(*text))) as server:
        with Terminal("chat", "Hi", "--base-url", server.base_url) as terminal:
            assert terminal.end() == 0
            answered, _, figures = terminal.shown.removesuffix("\n").rpartition("\n")
            assert not set(answered) & {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e"} - {"\n", "\t"}
            assert "\\x1b]52;c;" in answered
            assert figures.count("\x1b") == 2
        with Terminal("chat", "Hi", "--raw", "--base-url", server.base_url) as terminal:
            assert terminal.end() == 0
            assert terminal.shown.startswith(text.rstrip("\n"))
        assert run("chat", "Hi", "--base-url", server.base_url).out == text.rstrip("\n") + "\n"


def test_an_error_at_a_terminal() -> None:
    body = b'{"error": {"message": "no \\u001b]0;owned\\u0007 key"}}'
    with (
        ScriptedServer(reply(body, 401, "application/json")) as server,
        Terminal("chat", "Hi", "--base-url", server.base_url) as terminal,
    ):
        assert terminal.end() == 1
        assert terminal.shown == "duologue: openai answered 401: no \\x1b]0;owned\\x07 key\n"
