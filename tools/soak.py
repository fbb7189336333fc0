"""`python -m tools.soak [--seed N] [WORD]`: holds for long what tests/faults/soaking.py promises.

Prints the figures. With a word, it holds only those that have it in their names. Exit code 1 where one is broken.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from typing import TYPE_CHECKING

from tests.faults.soaking import SOAKS
from tests.kit.twins import Twin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.row import Figure
    from tests.faults.soaking import Soak


def main(arguments: list[str], soaks: list[Soak] = SOAKS) -> int:
    """Run them, each with each twin."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="a word of the names of those to run")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="what chance is made from")
    given = parser.parse_args(arguments)
    say(f"seed {given.seed}")
    broken = 0
    for soak in soaks:
        if given.word in soak.what:
            broken += sum(not figure.kept for figure in run(soak, given.seed))
    say(f"{broken} figures are more than promised" if broken else "all promises held")
    return 1 if broken else 0


def run(soak: Soak, seed: int) -> Iterator[Figure]:
    """Run one, and print its figures."""
    say(f"\n{soak.what}")
    for name in soak.twins:
        began = time.monotonic()
        figures = soak.run(Twin(name), soak.many, seed)
        for figure in figures:
            mark = "" if figure.kept else "  !"
            say(f"  {name:8} {figure.what:35} {figure.found:8}  of at most {figure.most:8}{mark}")
        say(f"  {name:8} {'seconds':35} {time.monotonic() - began:8.1f}")
        yield from figures


def say(line: str) -> None:
    """At once, also into a pipe: it takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
