"""The environments of those that are compared, under `.bench/`, made when they are first asked for.

duologue and the two loops beside it have one as a user has it. What developers need lies in another: trio, which
httpcore imports where it finds it, would take 200 ms of every start.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_PLACE = ROOT / ".bench"
_PROJECT = ROOT / "pyproject.toml"
_LOCK = ROOT / "requirements" / "dev.txt"


class Peer(NamedTuple):
    """A client.

    Attributes:
        requirement: what to install.
        imports: what a program that uses it imports.
        shape: the format that it is measured with.
    """

    requirement: str
    imports: str
    shape: str = "openai"

    @property
    def distribution(self) -> str:
        """The name of what is installed."""
        return self.requirement.partition("[")[0]


PEERS = {
    "openai": Peer("openai", "openai"),
    "anthropic": Peer("anthropic", "anthropic", "anthropic"),
    "google-genai": Peer("google-genai", "google.genai", "gemini"),
    "ollama": Peer("ollama", "ollama", "ollama"),
    "pydantic-ai": Peer("pydantic-ai-slim[openai]", "pydantic_ai, pydantic_ai.models.openai"),
    "litellm": Peer("litellm", "litellm"),
    "langchain-openai": Peer("langchain-openai", "langchain_openai"),
    "llm": Peer("llm", "llm"),
    "any-llm": Peer("any-llm-sdk[openai]", "any_llm"),
}
_VERSION = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, which is made where it is not there."""
    place = _PLACE / name
    ready = place / ".ready"
    if not ready.exists():
        _make(place, PEERS[name].requirement)
        ready.touch()
    return place / "bin" / "python"


def own_python() -> Path:
    """The interpreter of an environment with duologue, this checkout's, and what the extra `speed` and `c` need."""
    place = _PLACE / "duologue"
    ready = place / ".ready"
    if not ready.exists() or any(ready.stat().st_mtime < file.stat().st_mtime for file in (_PROJECT, _LOCK)):
        _make(place, "--constraint", str(_LOCK), "--editable", f"{ROOT}[speed]", "orjson")
        ready.touch()
    return place / "bin" / "python"


def _make(place: Path, *requirements: str) -> None:
    print(f"Making {place.relative_to(ROOT)} (once) ...", file=sys.stderr)
    shutil.rmtree(place, ignore_errors=True)
    uv = find_uv()
    subprocess.run([uv, "venv", "-q", "--no-python-downloads", "--python", sys.executable, place], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", place / "bin" / "python", *requirements], check=True)


def version_of(name: str) -> str:
    """What is measured."""
    command = [str(python_of(name)), "-c", _VERSION, PEERS[name].distribution]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def find_uv() -> str:
    """The path of uv, which is fetched where the machine has none."""
    command = ["sh", "tools/find_uv.sh", sys.executable]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
