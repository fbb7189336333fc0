"""Prints the CPU time an event costs, with its ratio to the loop by hand: `python -m bench [--events N] [--rounds N]`.

The drivers take turns, round by round, since a machine's speed drifts; the medians are shown.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from bench.drivers import DRIVERS

_YARDSTICK = "httpx, by hand"


def main() -> None:
    """Run the rounds and print the table."""
    options = argparse.ArgumentParser(prog="python -m bench", description="What an event costs.")
    options.add_argument("--events", type=int, default=2000, help="events of a stream")
    options.add_argument("--requests", type=int, default=3, help="streams of a turn")
    options.add_argument("--rounds", type=int, default=7, help="turns of each driver")
    given = options.parse_args()
    command = [sys.executable, "-m", "bench.server", str(given.events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
            show(rounds(url, given.requests, given.rounds, given.events))
        finally:
            server.terminate()


def rounds(url: str, requests: int, number: int, events: int) -> dict[str, list[float]]:
    """The microseconds of CPU time that an event cost each driver, turn by turn; a first turn is not counted."""
    costs: dict[str, list[float]] = {name: [] for name in DRIVERS}
    for turn in range(number + 1):
        for name, driver in DRIVERS.items():
            start = time.process_time()
            driver(url, requests)
            cost = (time.process_time() - start) / (requests * events) * 1e6
            if turn:
                costs[name].append(cost)
    return costs


def show(costs: dict[str, list[float]]) -> None:
    """Print medians, and the median of the ratios turn by turn."""
    print(f"{'':22}{'us an event':>14}{'ratio':>8}")  # noqa: T201 - the program's output
    for name, own in costs.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(own, costs[_YARDSTICK], strict=True))
        print(f"{name:22}{statistics.median(own):14.1f}{ratio:8.2f}")  # noqa: T201 - likewise


if __name__ == "__main__":
    main()
