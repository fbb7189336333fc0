"""One measurement in a process of its own: `python -m bench.driver SUBJECT TWIN PROGRAM TASK` prints its figures as
JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module

from bench.programs import programs
from bench.task import Task

CLASSES = {"blocking": "Blocking", "async": "Async"}


def main() -> None:
    """Run one program and print what it gives."""
    name, twin, program, task = sys.argv[1:]
    subject = getattr(import_module(f"bench.subjects.{name}"), CLASSES[twin])
    print(json.dumps(programs(twin)[program](subject, Task(**json.loads(task)))))


if __name__ == "__main__":
    main()
