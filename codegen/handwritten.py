"""What `src/duologue/_methods.py` defines: read from its syntax tree, since the compiler imports nothing of `src/`.

Raises `SpecError` where the file is missing or is not Python.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import attrs

from .model import Place, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FILE = Place("src/duologue/_methods.py", 0)


@attrs.frozen
class Handwritten:
    """The mixins with the names that each brings along, and the functions that can be converters."""

    mixins: Mapping[str, frozenset[str]]
    functions: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> Handwritten:
        """The top level of the file at `path`."""
        try:
            tree = ast.parse(path.read_bytes())
        except OSError as error:
            raise SpecError(_FILE, f"cannot be read: {error.strerror}") from error
        except (SyntaxError, ValueError) as error:
            raise SpecError(_FILE, f"is not Python: {error}") from error
        functions = frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
        mixins: dict[str, frozenset[str]] = {}
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                bases = (mixins.get(base.id, frozenset()) for base in node.bases if isinstance(base, ast.Name))
                mixins[node.name] = frozenset(_members(node)).union(*bases)
        return cls(mixins, functions)


def _members(node: ast.ClassDef) -> Iterator[str]:
    """Methods and values. A bare annotation only says what the generated class will have, so it is none."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            yield item.name
        elif isinstance(item, ast.Assign):
            yield from (target.id for target in item.targets if isinstance(target, ast.Name))
