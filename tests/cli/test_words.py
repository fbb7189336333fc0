"""A provider's words on the whole way to the terminal, from wherever in its answer they are: none of them is obeyed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.hostile import HOSTILE
from tests.cli.kit import FakeTerminal
from tests.cli.test_terminal import harmless
from tests.kit.server import ScriptedServer, reply
from tests.kit.wire import DONE, answer, data, delta

if TYPE_CHECKING:
    from tests.cli.kit import Command

WORDS = "A" + "|".join(HOSTILE.values()) + "Z"
SHOWN = "\\x1b"
CALL = {"index": 0, "id": WORDS, "type": WORDS, "function": {"name": WORDS, "arguments": WORDS}}


def refused(body: Any, status: int = 400, content_type: str = "application/json") -> list[Any]:
    return reply(body if isinstance(body, bytes) else json.dumps(body).encode(), status, content_type)


def streamed(*pieces: bytes) -> list[Any]:
    return reply([*pieces, delta(finish="stop"), DONE])


BODY = WORDS.encode("utf-8", "replace")
# Where in the answer they stand, and whether they are to be seen at all, in their visible form.
PLACES: dict[str, tuple[list[Any], bool]] = {
    "an error's message": (refused({"error": {"message": WORDS, "type": WORDS, "code": WORDS, "param": WORDS}}), True),
    "an error as text": (refused({"error": WORDS}), True),
    "a list of errors": (refused({"detail": [{"loc": [WORDS], "msg": WORDS}]}, 422), True),
    "an error without JSON": (refused(BODY, 500, "text/plain"), True),
    "an error's content type": (refused(b"x", 200, "text/\x9b2Jx"), False),
    "a page": (refused(BODY, 200, "text/html"), True),
    "an error in the stream": (streamed(delta("a"), data({"error": {"message": WORDS, "code": WORDS}})), True),
    "text": (streamed(delta(WORDS)), True),
    "text in single characters": (streamed(*map(delta, WORDS)), True),
    "thoughts": (streamed(delta(reasoning_content=WORDS), delta("a")), True),
    "a refusal": (streamed(delta(refusal=WORDS)), True),
    "a call": (streamed(delta(tool_calls=[CALL])), False),
    "a model's name": (streamed(data({"id": WORDS, "model": WORDS, "choices": []}), delta("a")), True),
    "a finish reason": (reply([delta("a", WORDS), DONE]), False),
    "counts": (streamed(data({"choices": [], "usage": {"prompt_tokens": WORDS, "completion_tokens": WORDS}})), False),
    "what is no JSON": (
        streamed(delta("a"), b"data: {" + BODY.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n\n"),
        False,
    ),
    "what is no chunk": (streamed(delta("a"), data([WORDS]), data({WORDS: WORDS})), False),
    "bytes that are no text": (
        streamed(delta("a"), data({"choices": []}).replace(b"[]", b'["\x9b2J\xff\x1b"]')),
        False,
    ),
}


@pytest.mark.parametrize("twin", [(), ("--async",)], ids=["blocking", "async"])
@pytest.mark.parametrize("place", PLACES)
def test_words(command: Command, place: str, twin: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    script, seen = PLACES[place]
    out, err = FakeTerminal(), FakeTerminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("NO_COLOR", "1")
    with ScriptedServer(script) as server:
        code = command("chat", "Hi", "-p", "llamacpp", "-m", "m", "--base-url", server.base_url, *twin).code
        assert code in (0, 1)
    shown = out.getvalue() + err.getvalue()
    assert shown
    assert harmless(shown)
    assert (SHOWN in shown) is seen
    assert err.getvalue().count("\n") == len(err.getvalue().splitlines()) <= 2


@pytest.mark.parametrize("place", PLACES)
def test_as_lines_of_json(command: Command, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, _ = PLACES[place]
    out, err = FakeTerminal(), FakeTerminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with ScriptedServer(script) as server:
        command("chat", "Hi", "-p", "llamacpp", "-m", "m", "--json", "--base-url", server.base_url)
    assert harmless(out.getvalue() + err.getvalue())
    assert [json.loads(line)["type"] for line in out.getvalue().splitlines()][-1] in ("done", "error")


def test_raw_is_for_the_answer_alone(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong is shown as ever."""
    out, err = FakeTerminal(), FakeTerminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with ScriptedServer(reply(answer("\x1b[1m")), PLACES["an error's message"][0]) as server:
        for _ in range(2):
            command("chat", "Hi", "-p", "llamacpp", "-m", "m", "--raw", "--base-url", server.base_url)
    assert out.getvalue() == "\x1b[1m\n"
    assert harmless(err.getvalue().replace("\x1b[2m", "").replace("\x1b[0m", ""))
    assert SHOWN in err.getvalue()
