"""Who is measured: a module of `bench/subjects`, and the interpreter and environment that it runs in."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from bench.environments import PEERS, python_of


class Subject(NamedTuple):
    """One of those compared.

    Attributes:
        name: as in the table.
        module: in `bench/subjects`.
        imports: what a program that uses it imports.
        python: the interpreter that it is installed for.
        environment: variables to set.
        shape: the only one that it reads; empty for all.
        share: a stream's events are divided by it, for what would take too long.
    """

    name: str
    module: str
    imports: str
    python: str = sys.executable
    environment: tuple[tuple[str, str], ...] = ()
    shape: str = ""
    share: int = 1

    @property
    def variables(self) -> dict[str, str]:
        """The environment of its process."""
        return {**os.environ, **dict(self.environment)}


OURS = (
    Subject("a", "a", "httpx"),
    Subject("c", "c", "httpx, orjson"),
    Subject("us", "us", "duologue", environment=(("DUOLOGUE_JSON", "stdlib"),)),
    Subject("us+speed", "us", "duologue"),
)


def peer(name: str) -> Subject:
    """Another client, which is installed where it is not there."""
    row = PEERS[name]
    return Subject(name, name.replace("-", "_"), row.imports, str(python_of(name)), shape=row.shape, share=4)
