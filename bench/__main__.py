"""Measure and print the table: `python -m bench [--cases burst short] [--peers openai] [--rounds 5] [--markdown]`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from itertools import groupby

import httpx

from bench.cases import CASES
from bench.environments import PEERS, ROOT, version_of
from bench.rounds import run
from bench.table import lines, markdown

PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    """Run the rounds and print the tables; on request, put them into their page too."""
    given = options(sys.argv[1:])
    cases = [case for case in CASES if case.name in given.cases]
    notes = about(given.peers, given.rounds)
    for _, found in groupby(run(cases, given.peers, given.rounds, small=given.small), lambda row: row.case.name):
        rows = list(found)
        print(f"{rows[0].case.title}\n{lines(rows)}\n", flush=True)
        if given.markdown:
            PAGE.write_text(put(PAGE.read_text(), rows[0].case.name, f"{markdown(rows)}\n\n{notes}"))
    print(notes)


def put(page: str, name: str, text: str) -> str:
    """The page with the text between the marks of that name."""
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}"


def options(arguments: list[str]) -> argparse.Namespace:
    """What is wanted."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="What an event costs.")
    names = [case.name for case in CASES]
    parser.add_argument(
        "--cases", nargs="+", choices=names, default=names, help="which comparisons; all where none is named"
    )
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=[], help="other clients to measure")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    parser.add_argument("--markdown", action="store_true", help="write the tables into docs/performance.md")
    parser.add_argument("--small", action="store_true", help="only show that it runs; the figures mean nothing")
    return parser.parse_args(arguments)


def about(peers: list[str], rounds: int) -> str:
    """What was measured, on what."""
    versions = [f"httpx {httpx.__version__}", *(f"{PEERS[name].distribution} {version_of(name)}" for name in peers)]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores"
    return f"{datetime.now(UTC):%Y-%m-%d}, {rounds} rounds, {python}, {machine}; {', '.join(versions)}."


if __name__ == "__main__":
    main()
