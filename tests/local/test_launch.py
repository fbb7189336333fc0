"""`_launch`: the reasons for which no server comes up, and what the user is told."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from duologue.errors import ConfigurationError
from duologue.local import _launch

from .test_engine import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("linux", "x86_64", "glibc", r"pip install 'duologue\[local\]'"),
        ("darwin", "arm64", "", r"pip install 'duologue\[local\]'"),
        ("win32", "AMD64", "", r"pip install 'duologue\[local\]'"),
        ("linux", "aarch64", "glibc", "does not run on linux aarch64: .*base_url"),
        ("linux", "x86_64", "", "does not run on Linux without glibc, on x86_64"),
    ],
)
def test_without_the_engine(
    system: str, machine: str, libc: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, ""))
    with pytest.raises(ConfigurationError, match=expected):
        _launch.require_engine()


def child(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a script in the place of the engine."""
    (folder / "_engine.py").write_text(script)
    monkeypatch.setattr(_launch, "_HERE", folder)


def test_no_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ConfigurationError, match="'/nowhere/python'") as caught:
        _launch.launch(SETTINGS)
    assert isinstance(caught.value.__cause__, OSError)


def test_a_program_that_is_its_own_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A frozen one, which the parent has started in the belief that it was Python."""
    script = f"""
import json, sys
sys.path[:0] = {sys.path!r}
from duologue.local import _launch
try:
    _launch.launch({{}})
except Exception as error:
    print(json.dumps({{"error": str(error)}}))
"""
    child(monkeypatch, tmp_path, script)
    with pytest.raises(ConfigurationError, match="did not start: The embedded model needs a Python interpreter"):
        _launch.launch(SETTINGS)


def test_no_endless_chain_of_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_DUOLOGUE_LOCAL_ENGINE", "1")
    with pytest.raises(ConfigurationError, match="needs a Python interpreter"):
        _launch.launch(SETTINGS)


def test_the_engine_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child(monkeypatch, tmp_path, 'print(\'{"error": "no such file"}\')')
    with pytest.raises(ConfigurationError, match=r"did not start: no such file\. DUOLOGUE_LOCAL_LOG=1 .*base_url"):
        _launch.launch(SETTINGS)
    with pytest.raises(ConfigurationError, match=r"on 127\.0\.0\.1 port 99 \(is that port in use\?\)"):
        _launch.launch({**SETTINGS, "port": 99})


def test_the_engine_crashes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child(monkeypatch, tmp_path, "import os; os._exit(3)")
    # More than a pipe holds, so that the write meets the closed end.
    with pytest.raises(ConfigurationError, match="ended with code 3"):
        _launch.launch({**SETTINGS, "template": "x" * 1_000_000})


def test_the_engine_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child(monkeypatch, tmp_path, "import time; time.sleep(60)")
    monkeypatch.setattr(_launch, "START_SECONDS", 0.2)
    with pytest.raises(ConfigurationError, match="or was ended after 0 seconds"):
        _launch.launch(SETTINGS)


def test_the_address_never_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = 'import sys; print(\'{"address": "http://127.0.0.1:1"}\', flush=True); sys.stdin.read()'
    child(monkeypatch, tmp_path, script)
    began: list[subprocess.Popen[str]] = []
    spawn = _launch._spawn

    def spawned() -> subprocess.Popen[str]:
        began.append(spawn())
        return began[0]

    monkeypatch.setattr(_launch, "_spawn", spawned)
    monkeypatch.setattr(_launch, "START_SECONDS", 0.5)
    with pytest.raises(ConfigurationError, match="did not become ready"):
        _launch.launch(SETTINGS)
    assert began[0].returncode is not None


def test_pipes_that_were_never_made_need_no_closing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], text=True)
    _launch.end(process)
    assert process.returncode is not None


@pytest.mark.parametrize(("value", "level"), [("", -1), ("0", -1), ("1", 3)])
def test_the_log_is_silent_unless_asked_for(value: str, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOGUE_LOCAL_LOG", value)
    assert _launch.verbosity() == level
