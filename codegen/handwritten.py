"""What is written by hand in `src/duologue/` and the specification names: the mixins, the converters, the dialects.

Read from the syntax trees, since the compiler imports nothing of `src/`. Raises `SpecError` where a file is missing, is
not Python, or lacks what is looked for.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

import attrs

from .model import Place, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_METHODS: Final = "src/duologue/_methods.py"
_DIALECTS: Final = "src/duologue/_dialects/__init__.py"


@attrs.frozen
class Handwritten:
    """The mixins with the names that each brings along, and the possible converters with what each takes."""

    mixins: Mapping[str, frozenset[str]]
    functions: Mapping[str, str]

    @classmethod
    def read(cls, root: Path) -> Handwritten:
        """The top level of `_methods.py`."""
        tree = _tree(root, _METHODS)
        functions = {node.name: _taken(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
        mixins: dict[str, frozenset[str]] = {}
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                bases = (mixins.get(base.id, frozenset()) for base in node.bases if isinstance(base, ast.Name))
                mixins[node.name] = frozenset(_members(node)).union(*bases)
        return cls(mixins, functions)


def read_dialects(root: Path) -> frozenset[str]:
    """The names of the dialects: the keys of `_MODULES` in `_dialects/__init__.py`."""
    for node in _tree(root, _DIALECTS).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and "_MODULES" in _targets(node):
            keys = node.value.keys if isinstance(node.value, ast.Dict) else []
            names = {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
            if names and len(names) == len(keys):
                return frozenset(names)
    raise SpecError(Place(_DIALECTS, 0), "has no table _MODULES with names as its keys")


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _tree(root: Path, file: str) -> ast.Module:
    try:
        return ast.parse((root / file).read_bytes())
    except OSError as error:
        raise SpecError(Place(file, 0), f"cannot be read: {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        raise SpecError(Place(file, 0), f"is not Python: {error}") from error


def _taken(node: ast.FunctionDef) -> str:
    """The type of the first argument, as it is written."""
    found = [argument.annotation for argument in node.args.args[:1]]
    return ast.unparse(found[0]) if found and found[0] is not None else "Any"


def _members(node: ast.ClassDef) -> Iterator[str]:
    """Methods and values. A bare annotation only says what the generated class will have, so it is none."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            yield item.name
        elif isinstance(item, ast.Assign):
            yield from (target.id for target in item.targets if isinstance(target, ast.Name))
