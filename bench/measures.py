"""How a figure is found: each measure takes a subject, its twin and a `Task`, starts fresh processes, and gives figures
by name."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.environments import ROOT, find_uv

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.subject import Subject
    from bench.task import Task

    Measure = Callable[[Subject, str, Task], dict[str, float]]

_SECONDS = 600  # for a process that hangs
TIMES = 3  # the least of so many is how long a start takes; what is above it is the machine's
_TIMED = """\
import bench, time
wall, cpu = time.perf_counter(), time.process_time()
{code}
print((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000)
"""
_STREAM = {
    "blocking": """\
from bench.subjects.{module} import Blocking
client = Blocking({url!r}, {shape!r})
size = client.run()
client.close()
""",
    "async": """\
import asyncio
from bench.subjects.{module} import Async
async def main():
    client = Async({url!r}, {shape!r})
    size = await client.run()
    await client.aclose()
    return size
size = asyncio.run(main())
""",
}


def by_driver(program: str) -> Measure:
    """What a program of `bench/programs` finds."""

    def measure(subject: Subject, twin: str, task: Task) -> dict[str, float]:
        options = json.dumps(task._asdict())
        out = _run(subject, "-m", "bench.driver", subject.module, twin, program, options)
        figures: dict[str, float] = json.loads(out.splitlines()[-1])
        return figures

    return measure


def imported(subject: Subject, _twin: str, _task: Task) -> dict[str, float]:
    """The time that an import takes, in a fresh interpreter."""
    return _least(subject, "import", f"import {subject.imports}")


def cold(subject: Subject, twin: str, task: Task) -> dict[str, float]:
    """The time from nothing to the end of the first stream."""
    return _least(subject, "cold", _STREAM[twin].format(module=subject.module, url=task.url, shape=task.shape))


def installed(_subject: Subject, _twin: str, _task: Task) -> dict[str, float]:
    """What lies in an environment into which nothing but duologue was installed, without extras."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        wheel = next(Path(folder).glob("*.whl"))
        site = Path(folder, "site")
        command = [find_uv(), "pip", "install", "-q", "--python", sys.executable, "--target", str(site), str(wheel)]
        subprocess.run(command, check=True, cwd=ROOT)
        size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
        return {"installed_mb": size / 1e6, "distributions": len(list(site.glob("*.dist-info")))}


def _least(subject: Subject, name: str, code: str) -> dict[str, float]:
    found = [_run(subject, "-c", _TIMED.format(code=code)).split() for _ in range(TIMES)]
    cpu, wall = (min(map(float, times)) for times in zip(*found, strict=True))
    return {f"{name}_cpu_ms": cpu, f"{name}_ms": wall}


def _run(subject: Subject, *arguments: str) -> str:
    """The output of a fresh process."""
    command = [subject.python, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=subject.variables, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{subject.name}, {' '.join(arguments)}:\n{done.stderr}")
    return done.stdout
