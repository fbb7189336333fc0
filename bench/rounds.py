"""Runs the cases: rounds in which the subjects take turns, since a machine's speed drifts."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from bench.environments import ROOT, own_python
from bench.subject import OURS, Subject, peer
from bench.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.cases import Case

Figures = dict[str, list[float]]  # a figure's values, round by round


class Row(NamedTuple):
    """What was found for one shape and one twin of a case.

    Attributes:
        case: which.
        shape, twin: of the row.
        found: the figures of each subject.
    """

    case: Case
    shape: str
    twin: str
    found: dict[str, Figures]


@contextmanager
def server() -> Iterator[str]:
    """The replay server's address; it ends with the block, or with this process."""
    command = [sys.executable, "-m", "bench.server"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()


def run(cases: Sequence[Case], peers: Sequence[str], rounds: int, *, small: bool = False) -> Iterator[Row]:
    """The rows of the cases, one after the other."""
    # One that runs only to show that it does takes the environment that is there.
    python = sys.executable if small else str(own_python())
    ours = [subject._replace(python=python) for subject in OURS]
    others = [peer(name) for name in peers]
    with server() as address:
        for case in cases:
            subjects = [subject for subject in ours if subject.name in case.subjects]
            subjects += others if case.peers else []
            for shape in case.shapes:
                readers = [subject for subject in subjects if subject.shape in ("", shape)]
                for twin in case.twins:
                    task = Task(address, shape, **(case.small if small else case.counts))
                    yield Row(case, shape, twin, _turns(case, readers, twin, task, rounds))


def _turns(case: Case, subjects: list[Subject], twin: str, task: Task, rounds: int) -> dict[str, Figures]:
    found: dict[str, Figures] = {subject.name: {} for subject in subjects}
    for number in range(min(rounds, case.rounds or rounds)):
        for subject in subjects:
            _progress(f"{case.name}, {task.shape} {twin}, round {number + 1}: {subject.name}")
            figures = case.measure(subject, twin, _share(case, task, subject))
            for name, value in figures.items():
                found[subject.name].setdefault(name, []).append(value)
    _progress("")
    return found


def _share(case: Case, task: Task, subject: Subject) -> Task:
    """Fewer events where they only add to the time that it takes."""
    return task._replace(events=task.events // subject.share) if case.name == "burst" else task


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:70}\r", end="", file=sys.stderr, flush=True)
