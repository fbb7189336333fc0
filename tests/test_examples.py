"""Every example runs on its own, with the embedded model and no key, and shows what it promises."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from duologue import ChatResponse, Choice, Message
from duologue import Client as BlockingClient

EXAMPLES = Path(__file__).parents[1] / "examples"
SECONDS = 120

# What each must print. One without a line here fails, so that a new example comes with a promise of its own.
PROMISES = {
    "simple_streaming": [r"API", r"Finished: length", r"characters came in (?P<least_20>\d+) pieces"],
    "event_types": [r"start +smollm2-135m of local", r"text_delta +a piece", r"done +whole", r"12 deltas, 1 end"],
    "timeout": [r"river", r"Out of time \(total\); (?P<least_20>\d+) characters had come|Finished in time"],
    "progress": [r"about 10 of at most 60 tokens\n(.*\n)*about 50 of", r"It took (?P<least_40>\d+) tokens: \w+"],
    "tools": [r'Tool call: get_weather \{\s*"city": "Paris"\s*\}\nResult: .*21.*\n(.*\n)*.*(21|weather)'],
    "structured_output": [
        r"\{\}\n\{'city': ''\}\n\{'city': 'Rome'\}\n\{'city': 'Rome', 'days': 3\}",
        r"3 days in Rome\nNo trip \(length\): \{",
    ],
    "attachments": [
        r"No attachment: the image is said to be image/png, and its bytes are image/gif\n",
        r"Not fetched: the address is not fetched: its host is not in the open internet\n",
        r"Refused: smollm2-135m does not take images\n",
        r"Answer: .*Tiber",
    ],
    "patterns": [
        r"local is well\n",
        r"Attempt 1: status 200\n",
        r"(?P<least_15>\d+) deltas: text of (?P<least_40>\d+) characters\n\{'city': 'Rome'\}",
    ],
    "partial_arguments": [r"'Paris' +\{'city': 'Paris'\}\n", r"get_weather: \{'city': 'Paris'\}"],
    "tool_loop": [
        r'Tool call: get_weather \{\s*"city": "Paris"\s*\}\n',
        r"\nMay get_weather be called with \{'city': 'Paris'\}\? Yes\.\n",
        r"Result of get_weather: \{'city': 'Paris', 'celsius': 21, 'sky': 'clear'\}\n(.*\n)*.*(21|weather)",
        r"\n2 answers, 1 calls, (?P<least_100>\d+) tokens\n\['user', 'assistant', 'tool', 'assistant'\]",
    ],
    "tool_progress": [
        r"33%: part 1\nA piece: '21 degrees '\n67%: part 2\nA piece: 'and a clear sky '\n100%: part 3\n",
        r"All of it: '21 degrees and a clear sky in Paris'\nThe one: .+",
        r"The other: .*API",
    ],
    "model_check": [
        r"smollm2-135m: streaming True, images False, known True",
        r"(?P<least_15>\d+) pieces: .*API",
        r"Refused: smollm2-135m does not take images",
        r"o1-pro: streaming False, so it takes chat\(\)",
    ],
    "event_limit": [r"river", r"Event limit reached \(max_events\); (?P<least_40>\d+) characters had come"],
    "buffer_limit": [
        r"(?P<least_40>[3-6]\d) characters: .*river",
        r"Too large \(max_bytes\); (?P<least_20>\d+) characters",
    ],
    "shutdown": [
        r"Stopping\n",
        r"short: came to its end",
        r"long: (?P<least_20>\d+) characters, then the client was closed\n",
        r"late: 0 characters, then the client is closed",
    ],
    "batching": [r"'An API .{33,50}'\n", r"40 tokens came, and [2-9] pieces were drawn"],
    "watching": [r"\(nothing for \d+\.\d s\)\n", r"\n.*API"],
    "recovery": [
        r"Try 1 failed \(connect\); again in 0\.\d+ s\.\nTry 2 failed",
        r"Given up after 3 tries: no connection",
        r"local answered: .*API",
    ],
    "concurrent_streams": [r"Stream 1: .*API", r"Stream 2: \w+", r"Stream 3: \w+"],
    "demo": [
        r"(?s)--- Client.*API.*--- AsyncClient.*API",
        r"(?s)(finish reason +(length|stop)\ntokens +\d+ in, \d+ out\ntokens per second +\d.*){2}",
        r"measured here over (?P<least_100>\d+) pieces",
        r"Both twins gave the same answer",
    ],
}


def examples() -> list[str]:
    return sorted(path.stem for path in EXAMPLES.glob("*.py"))


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OPENAI_")}
    return subprocess.run(
        [sys.executable, "-W", "error", f"examples/{name}.py", *arguments],
        cwd=EXAMPLES.parent,
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("name", examples())
def test_it_runs_and_shows_what_it_promises(name: str) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: no wheel of it for this platform, or not the extra `local`")
    done = run(name)
    assert (done.returncode, done.stderr) == (0, "")
    for promise in PROMISES[name.removesuffix("_async")]:
        found = re.search(promise, done.stdout)
        assert found, f"{promise!r} is not in {done.stdout!r}"
        for least, count in found.groupdict().items():
            assert count is None or int(count) >= int(least.removeprefix("least_"))


def test_each_has_a_twin() -> None:
    names = set(examples()) - {"demo"}
    assert {f"{name}_async" for name in names if not name.endswith("_async")} == {
        name for name in names if name.endswith("_async")
    }
    assert {name.removesuffix("_async") for name in names} | {"demo"} == set(PROMISES)


def test_the_demo_fails_where_the_provider_does() -> None:
    done = run("demo", "nope")
    assert done.returncode == 1
    assert "Failed: unknown provider 'nope'" in done.stderr


@pytest.mark.parametrize(("other", "code"), [("An API is", 0), ("An API was", 1)])
def test_the_demo_fails_where_the_twins_differ(
    other: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(text: str) -> ChatResponse:
        return ChatResponse(choices=[Choice(0, Message.assistant(text))])

    async def ask_async(_: str) -> ChatResponse:
        return answer(other)

    class Idle(BlockingClient):
        def chat(self, *_: Any, **__: Any) -> Any:
            return answer("Hello")

    monkeypatch.syspath_prepend(EXAMPLES)
    demo = importlib.import_module("demo")
    monkeypatch.setattr(demo, "Client", Idle)
    monkeypatch.setattr(demo, "ask", lambda _: answer("An API is"))
    monkeypatch.setattr(demo, "ask_async", ask_async)
    assert demo.main("local") == code
    assert ("different answers" in capsys.readouterr().err) is bool(code)
