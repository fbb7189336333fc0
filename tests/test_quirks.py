"""The table of quirks: every row has a name of its own, a source, and tests that exist."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "quirks.md"

_TEST = re.compile(r"`(?P<path>[\w/]+\.py)::(?P<function>test_\w+)(?:\[(?P<case>.*?)\])?`")
_LINK = re.compile(r"\[[^\]]+\]\(https://[^)\s]+\)")


class Row(NamedTuple):
    """One line of a table."""

    name: str
    who: str
    what: str
    source: str
    test: str


def rows() -> list[Row]:
    lines = [line.strip("|").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    found = [Row(*(cell.strip() for cell in cells)) for cells in lines]
    return [row for row in found if row.name not in ("name", "---")]


@functools.cache
def functions(path: Path) -> dict[str, set[str]]:
    """The test functions of a file, with the words that may name their cases: those around it and in its tables."""
    tree = ast.parse(path.read_text("utf-8"))
    tables = {name.id: node for node in tree.body for name in _names(node)}
    return {
        node.name: words(node) | {w for n in ast.walk(node) if isinstance(n, ast.Name) for w in words(tables.get(n.id))}
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def _names(node: ast.stmt) -> list[ast.Name]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target for target in targets if isinstance(target, ast.Name)]


def words(node: ast.AST | None) -> set[str]:
    if node is None:
        return set()
    values = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
    return {str(value, "utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values}


def test_names_are_given_once() -> None:
    names = [row.name for row in rows()]
    assert len(names) > 80
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("row", rows(), ids=[row.name for row in rows()])
def test_every_row_has_what_it_takes(row: Row) -> None:
    assert re.fullmatch(r"[a-z][a-z-]*", row.name)
    assert row.who
    assert row.what.endswith(".")
    assert _LINK.fullmatch(row.source), "the source is one link"
    tests = list(_TEST.finditer(row.test))
    assert ", ".join(test[0] for test in tests) == row.test, "tests alone"
    assert tests
    for test in tests:
        known = functions(TESTS / test["path"])
        assert test["function"] in known
        case = test["case"]
        assert case is None or case.encode().decode("unicode_escape") in known[test["function"]], case


def test_how_cases_are_found(tmp_path: Path) -> None:
    page = tmp_path / "test_x.py"
    page.write_text('CASES: list[str] = ["a"]\nOTHERS = [b"b", 5]\n\n\n@mark(CASES)\ndef test_x():\n    assert "c"\n')
    assert functions(page) == {"test_x": {"a", "c"}}
    page = tmp_path / "test_y.py"
    page.write_text('OTHERS = [b"b", 5]\n\n\ndef test_y():\n    assert OTHERS\n')
    assert functions(page) == {"test_y": {"b", "5"}}
