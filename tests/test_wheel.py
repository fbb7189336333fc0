"""What is installed: this package and nothing else, and no code that runs while it is."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = sorted(path for path in (ROOT / "requirements").glob("*.txt"))


def wheel(folder: Path) -> Path:
    return Path(next(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("dist"))


def test_what_is_in_it(built: Path) -> None:
    names = zipfile.ZipFile(built).namelist()
    inside = {name for name in names if name.startswith("duologue/")}
    about = {re.sub(r"^duologue-[^/]+\.dist-info/", "", name) for name in set(names) - inside}
    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    source = ROOT / "src"
    files = {path.relative_to(source).as_posix() for path in (source / "duologue").rglob("*") if path.is_file()}
    assert inside == {name for name in files if "__pycache__" not in name}
    assert {Path(name).suffix for name in inside} == {".py", ".json", ".jinja", ".typed"}


def test_nothing_runs_while_it_is_installed(built: Path) -> None:
    about = zipfile.ZipFile(built).read(f"{built.name.rsplit('-', 3)[0]}.dist-info/WHEEL").decode()
    assert "Root-Is-Purelib: true" in about
    assert not any((ROOT / name).exists() for name in ("setup.py", "setup.cfg", "hatch_build.py"))
    assert "hooks" not in PROJECT["tool"]["hatch"]["build"]
    assert [re.split("[<>=]", one)[0] for one in PROJECT["build-system"]["requires"]] == ["hatchling"]


def test_two_builds_are_the_same(built: Path, tmp_path: Path) -> None:
    assert wheel(tmp_path).read_bytes() == built.read_bytes()


def test_it_needs_little() -> None:
    needed = {re.split(r"[<>=]", one)[0] for one in PROJECT["project"]["dependencies"]}
    assert needed == {"attrs", "cattrs", "httpx"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_what_it_is_tested_with_is_pinned_by_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=[a-z])", re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text("utf-8")))
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[^\s;]+", entry), entry
        assert "--hash=sha256:" in entry, entry
