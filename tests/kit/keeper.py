"""Runs a program until standard input ends, which the system sees to however the parent dies.

`python keeper.py PROGRAM ARGUMENT ...`; a script of its own, which needs none of the rest.
"""

from __future__ import annotations

import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Run it; gives its exit code, which is negative where it had to be killed."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as program:
        threading.Thread(target=end, args=(program,), daemon=True).start()
        return program.wait()


def end(program: subprocess.Popen[bytes]) -> None:
    """Kill the program once standard input has ended: it has nothing to save."""
    sys.stdin.read()
    program.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
