"""The other commands, and what is loaded for them."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import duologue
from duologue._model_table import MODELS
from duologue._tables import PROVIDERS

if TYPE_CHECKING:
    from duologue.models import Provider
    from tests.cli.kit import Command


def test_providers(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code, out, err = command("providers")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["NAME", "TITLE", "DEFAULT", "MODEL", "KEY", "VARIABLE", "KEY"]
    assert [line.split()[0] for line in lines[1:]] == list(PROVIDERS)
    rows = {line.split()[0]: " ".join(line.split()) for line in lines[1:]}
    assert rows["openai"].endswith(" gpt-4o-mini OPENAI_API_KEY set")
    assert rows["llamacpp"].endswith(" default LLAMACPP_API_KEY not set")
    assert rows["local"].endswith(" smollm2-135m - none needed")
    assert "sk-secret" not in out
    assert not any(line.endswith(" ") for line in lines)


def test_what_others_have_added_is_shown_in_a_visible_form(command: Command, added: dict[str, Provider]) -> None:
    added["mine"] = attrs.evolve(PROVIDERS["openai"], name="mine", title="M\x1b]0;owned\x07")
    _, out, _ = command("providers")
    assert out.replace("\n", "").isprintable()
    assert "M\\x1b]0;owned\\x07" in out


def test_providers_in_json(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code, out, err = command("providers", "--json")
    rows = json.loads(out)
    assert (code, err) == (0, "")
    assert [row["name"] for row in rows] == list(PROVIDERS)
    for row, provider in zip(rows, PROVIDERS.values(), strict=True):
        assert row["key_env"] == list(provider.key_env)
        assert row["key_set"] is ("OPENAI_API_KEY" in provider.key_env)
        assert {name: getattr(provider, name) for name in row.keys() - {"key_env", "key_set"}}.items() <= row.items()
    assert "sk-secret" not in out


def test_models(command: Command) -> None:
    code, out, err = command("models")
    heads, *rows = out.splitlines()
    assert (code, err) == (0, "")
    assert heads.split() == ["MODEL", "CONTEXT", "OUTPUT", "$", "IN", "$", "OUT", "AS", "OF", "CAN", "DO"]
    assert [row.split()[0] for row in rows] == list(MODELS)
    [row] = [row.split() for row in rows if row.startswith("local:smollm2-135m ")]
    assert row[1:5] == ["8192", "?", "?", "?"]
    assert row[6] == "streaming,"
    assert "json_schema" in row
    assert "vision," not in row
    [row] = [row.split() for row in rows if row.startswith("openai:gpt-4o-mini ")]
    assert row[1:6] == ["128000", "16384", "0.15", "0.6", MODELS["openai:gpt-4o-mini"].as_of]
    [row] = [row.split() for row in rows if row.startswith("openai:o1-pro ")]
    assert "streaming," not in row


def test_models_in_json(command: Command) -> None:
    code, out, err = command("models", "--json")
    assert (code, err) == (0, "")
    assert [duologue.from_dict(duologue.ModelInfo, row) for row in json.loads(out)] == list(MODELS.values())


@pytest.mark.parametrize(
    ("arguments", "port", "tools"),
    [((), 0, False), (("--port", "8099"), 8099, False), (("--tools",), 0, True)],
)
def test_serve_local(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], port: int, tools: bool
) -> None:
    from duologue._cli import serve_local

    asked: list[Any] = []

    def serve(port: int, *, tools: bool) -> int:
        asked.append((port, tools))
        return 1

    monkeypatch.setattr(serve_local, "serve", serve)
    assert command("serve-local", *arguments).code == 1
    assert asked == [(port, tools)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required: COMMAND"),
        (("talk",), "invalid choice: 'talk'"),
        (("chat", "two", "words"), "unrecognized arguments: words"),
        (("chat", "--max", "5"), "unrecognized arguments: --max"),
        (("chat", "--max-tokens", "many"), "invalid int value: 'many'"),
        (("serve-local", "--port", "65536"), "65536 is no port: 0 to 65535"),
        (("serve-local", "--port", "x"), "invalid _port value: 'x'"),
        (("chat", "two", "\x1b]0;owned\x07\u202e"), "unrecognized arguments: \\x1b]0;owned\\x07\\u202e"),
        (("chat", "two", "\x1b[2J\udc9b"), "unrecognized arguments: \\x1b[2J\\udc9b"),
    ],
)
def test_arguments_that_cannot_be_read(command: Command, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.replace("\n", "").isprintable()


@pytest.mark.parametrize("arguments", [("--help",), ("chat", "--help"), ("serve-local", "--help")])
def test_help_tells_the_exit_codes(command: Command, arguments: tuple[str, ...]) -> None:
    code, out, err = command(*arguments)
    assert (code, err) == (0, "")
    assert "130  interrupted" in out


def test_help_loads_nothing_else() -> None:
    # The package's own names are another matter: here it is empty.
    code = f"""
import sys, types
package = sys.modules["duologue"] = types.ModuleType("duologue")
package.__path__ = {[*duologue.__path__]!r}
from duologue._cli import main
try:
    main(["chat", "--help"])
finally:
    loaded = {{name for name in sys.modules if name.startswith("duologue")}}
    own = {{"duologue._cli", "duologue._cli.parser", "duologue._cli.terminal"}}
    assert loaded == {{"duologue", "duologue._version", *own}}, loaded
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["duologue", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("duologue", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"duologue {duologue.__version__}\n"
    assert "main" in runpy.run_module("duologue", run_name="imported")
