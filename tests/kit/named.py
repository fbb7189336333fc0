"""Tests that a page or a table names, as `path.py::test_function[case]`, and whether there are any such."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
NAME = re.compile(r"`(?P<path>[\w/]+\.py)::(?P<function>test_\w+)(?:\[(?P<case>.*?)\])?`")


def assert_there(text: str) -> None:
    """Whether a text is nothing but the names of tests, in backquotes, and all of them exist."""
    tests = list(NAME.finditer(text))
    assert ", ".join(test[0] for test in tests) == text, "tests alone"
    assert tests
    for test in tests:
        known = functions(TESTS / test["path"])
        assert test["function"] in known, test[0]
        case = test["case"]
        assert case is None or case.encode().decode("unicode_escape") in known[test["function"]], case


@functools.cache
def functions(path: Path) -> dict[str, set[str]]:
    """The test functions of a file, with the words that may name their cases: those around it and in its tables."""
    tree = ast.parse(path.read_text("utf-8"))
    tables = {name.id: node for node in tree.body for name in _names(node)}
    return {
        node.name: words(node) | {w for n in ast.walk(node) if isinstance(n, ast.Name) for w in words(tables.get(n.id))}
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def _names(node: ast.stmt) -> list[ast.Name]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target for target in targets if isinstance(target, ast.Name)]


def words(node: ast.AST | None) -> set[str]:
    """The constants in a piece of source."""
    if node is None:
        return set()
    values = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
    return {str(value, "utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values}
