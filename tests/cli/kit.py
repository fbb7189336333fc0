"""Ways to run the command: in this process, in one of its own, and at a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from duologue._cli import main

if TYPE_CHECKING:
    from types import TracebackType

    import pytest

COMMAND = [sys.executable, "-W", "error", "-m", "duologue"]
SECONDS = 60


class Result(NamedTuple):
    """How a command ended."""

    code: int | str | None
    out: str
    err: str


class FakeTerminal(io.StringIO):
    """Text in memory that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Command:
    """Runs the command in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str | io.StringIO | None = "") -> Result:
        stdin = io.StringIO(stdin) if isinstance(stdin, str) else stdin
        self._monkeypatch.setattr(sys, "stdin", stdin)
        code: int | str | None
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = ended.code
        return Result(code, *self._capsys.readouterr())


def run(*arguments: str, stdin: str = "") -> Result:
    """Run the command in a process of its own."""
    # As bytes, since Python's own reading of text turns every \r into \n.
    done = subprocess.run(
        [*COMMAND, *arguments], input=stdin.encode(), capture_output=True, timeout=SECONDS, check=False
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


class Terminal:
    """The command at a terminal of its own, as a person has it; a context manager.

    Attributes:
        shown: all that the terminal got, with `\\n` at the ends of lines.
    """

    def __init__(self, *arguments: str) -> None:
        self._master, slave = os.openpty()
        settings = termios.tcgetattr(slave)
        settings[1] &= ~termios.OPOST  # else every \n comes as \r\n, and a \r of the model's would not stand out
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            preexec_fn=lambda: os.login_tty(slave),  # noqa: PLW1509 - what else makes it the controlling terminal?
        )
        os.close(slave)
        self._bytes = b""

    @property
    def shown(self) -> str:
        return self._bytes.decode()

    def until(self, text: str) -> None:
        """Read until a text has been shown."""
        deadline = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            assert self._read(), f"{text!r} never came: {self.shown!r}"

    def enter(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read to the end; give the exit code."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def _read(self) -> bytes:
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other side is closed
            piece = b""
        self._bytes += piece
        return piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)
