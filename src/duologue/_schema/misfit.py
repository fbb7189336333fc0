"""What does not fit, and the bounds that any data of a model's are held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

T = TypeVar("T")

# How deep a model's data may be nested: far more than a schema asks for, and far less than Python's own stack.
DEPTH: Final = 64


class Misfit(Exception):  # noqa: N818 - says what is the matter with data; `OutputValidationError` is for the caller
    """Data do not fit. On its way up, every level puts its own step in front of the path.

    Attributes:
        path: where, such as `items[2].name`; empty for the whole.
        message: what is wrong there.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def under(step: str | int, convert: Callable[..., T], *arguments: Any) -> T:
    """What `convert` gives; what does not fit in it is found below the key or the index `step`."""
    try:
        return convert(*arguments)
    except Misfit as misfit:
        own = f"[{step}]" if isinstance(step, int) else _key(step)
        dot = "." if misfit.path and not misfit.path.startswith("[") else ""
        misfit.path = f"{own}{dot}{misfit.path}"
        raise


def _key(key: str) -> str:
    """A key as a step; one that a model made up may be of any length."""
    return key if key.isidentifier() and len(key) <= 80 else f"[{key[:80]!r}]"


def bounded(value: Any) -> int:
    """How many values there are in some data; loops, not recurses.

    Raises:
        Misfit: they are nested too deeply.
    """
    count, level, depth = 0, [value], 0
    while level:
        if depth > DEPTH:
            raise Misfit("", f"nested more than {DEPTH} levels deep")
        count += len(level)
        level = [item for container in level for item in _items(container)]
        depth += 1
    return count


def _items(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()
