"""What is measured: programs that drive one subject in this process and give figures by name, for each twin its own.

`programs(twin)[name](subject, task)` takes a subject's class (`bench/subjects`) and a `Task`. Figures with `cpu` in
their name are CPU time of this process with all its threads, other times are of the clock; `us` is microseconds. Each
program checks that the subject read all of the text.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.task import Task

_MODULES = {"blocking": "bench.programs.threads", "async": "bench.programs.tasks"}


def programs(twin: str) -> dict[str, Callable[[Any, Task], dict[str, float]]]:
    """The programs of a twin. The other twin's are not even imported, since that is what a user pays for too."""
    found: dict[str, Callable[[Any, Task], dict[str, float]]] = import_module(_MODULES[twin]).PROGRAMS
    return found
