"""The keeper ends its program when its own standard input ends, however that comes about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KEEPER = str(Path(__file__).parent / "kit" / "keeper.py")


def keep(code: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, KEEPER, sys.executable, "-c", code]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_the_end_of_the_input_ends_the_program() -> None:
    with keep("import os, time; print(os.getpid(), flush=True); time.sleep(60)") as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        program = int(keeper.stdout.readline())
        os.kill(program, 0)  # it is there
        keeper.stdin.close()
        assert keeper.wait(30) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(program, 0)


def test_the_end_of_the_program_is_the_keepers() -> None:
    with keep("raise SystemExit(3)") as keeper:
        assert keeper.wait(30) == 3
