"""Start and end the child process that runs llama.cpp, see `_engine`.

Takes its settings, gives the process and its address. Raises `ConfigurationError` with the reason when
the engine is not installed, cannot be had on this platform, or does not come up within `START_SECONDS`.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from duologue.local._engine import Settings

START_SECONDS = 120.0  # half a second is usual; a cold disk under load takes a while
LOG_VARIABLE = "DUOLOGUE_LOCAL_LOG"

_HERE = Path(__file__).parent
_MARK = "_DUOLOGUE_LOCAL_ENGINE"  # set in the child
_PREBUILT = {("linux", "x86_64"), ("darwin", "arm64"), ("darwin", "x86_64"), ("win32", "amd64")}
_ELSEWHERE = "Any OpenAI-compatible server works too: give the client its base_url."


def require_engine() -> None:
    """Raise `ConfigurationError` unless xllamacpp is installed; it is not loaded for that."""
    if importlib.util.find_spec("xllamacpp") is not None:
        return
    system, machine = sys.platform, platform.machine()
    if system == "linux" and platform.libc_ver()[0] != "glibc":
        system = "Linux without glibc, on"
    if (system, machine.lower()) in _PREBUILT:
        raise ConfigurationError(
            "The embedded model needs its engine, xllamacpp, which is not installed. "
            "Install it with: pip install 'duologue[local]'"
        )
    raise ConfigurationError(
        f"The embedded model does not run on {system} {machine}: its engine, xllamacpp, is only prebuilt for "
        f"Linux on x86_64 (glibc), macOS on arm64 and x86_64, and Windows on x86_64. {_ELSEWHERE}"
    )


def tools_template() -> str:
    """Give the chat template that makes so small a model call tools."""
    return (_HERE / "tools.jinja").read_text(encoding="utf-8")


def verbosity() -> int:
    """Give llama.cpp's log level: silent, or everything when the user asked."""
    return 3 if _logged() else -1


def launch(settings: Settings) -> tuple[subprocess.Popen[str], str]:
    """Start the process and wait until it answers; give it with its address, `http://host:port`."""
    process = _spawn()
    try:
        address = _handshake(process, settings)
        _wait_healthy(address)
    except BaseException:  # Ctrl-C too must not leave it behind
        end(process)
        raise
    return process, address


def end(process: subprocess.Popen[str]) -> None:
    """Kill the process: it has nothing to save. Its clients see their connections close."""
    process.kill()
    process.wait()
    _close_pipes(process)


def disown(process: subprocess.Popen[str]) -> None:
    """Forget the process of the parent that this one was forked from, and let go of its lifeline."""
    _close_pipes(process)
    process.returncode = 0  # else subprocess would warn that it still runs, or wait for a stranger


def _logged() -> bool:
    return os.environ.get(LOG_VARIABLE, "") not in ("", "0")


def _spawn() -> subprocess.Popen[str]:
    if _MARK in os.environ:
        # In a frozen or embedding program `sys.executable` is that program, which would start itself for ever.
        raise ConfigurationError(f"The embedded model needs a Python interpreter, not {sys.executable!r}. {_ELSEWHERE}")
    # -P: the folder of the script must not come before the user's own modules.
    command = [sys.executable, "-P", "-W", "ignore", str(_HERE / "_engine.py")]
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and script
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if _logged() else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), _MARK: "1"},
            start_new_session=True,  # Ctrl-C at the terminal is for the parent to handle
            creationflags=flags,
        )
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The embedded model could not be started with the interpreter {sys.executable!r}: {error}. {_ELSEWHERE}"
        ) from error


def _handshake(process: subprocess.Popen[str], settings: Settings) -> str:
    """Send the settings and give the address that comes back."""
    # A pipe cannot be read with a time limit on every platform; killing the writer ends the wait on all.
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        message = _exchange(process, settings)
    finally:
        watchdog.cancel()
    if "address" not in message:
        _fail(settings, message.get("error") or _last_words(process))
    return str(message["address"])


def _exchange(process: subprocess.Popen[str], settings: Settings) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):  # it died at once: the empty answer tells
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
    answer = process.stdout.readline()
    return dict(json.loads(answer)) if answer else {}


def _last_words(process: subprocess.Popen[str]) -> str:
    return f"its process ended with code {process.wait()}, or was ended after {START_SECONDS:.0f} seconds"


def _fail(settings: Settings, reason: str) -> NoReturn:
    where = f" on {settings['host']} port {settings['port']} (is that port in use?)" if settings["port"] else ""
    raise ConfigurationError(
        f"The embedded model's server did not start{where}: {reason}. "
        f"{LOG_VARIABLE}=1 shows llama.cpp's own log. {_ELSEWHERE}"
    )


def _wait_healthy(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(address):
        if time.monotonic() > deadline:
            raise ConfigurationError(f"The embedded model's server at {address} did not become ready. {_ELSEWHERE}")
        time.sleep(0.05)


def _healthy(address: str) -> bool:
    # Not httpx: it would be asked to mind the user's proxies, and this is used before anything is sent.
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _close_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was never flushed has no reader any more
                pipe.close()
