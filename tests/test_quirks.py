"""The table of quirks: every row has a name of its own, a source, and tests that exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.kit.named import TESTS, assert_there, functions

if TYPE_CHECKING:
    from pathlib import Path

PAGE = TESTS.parent / "docs" / "quirks.md"

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
    assert_there(row.test)


def test_how_cases_are_found(tmp_path: Path) -> None:
    page = tmp_path / "test_x.py"
    page.write_text('CASES: list[str] = ["a"]\nOTHERS = [b"b", 5]\n\n\n@mark(CASES)\ndef test_x():\n    assert "c"\n')
    assert functions(page) == {"test_x": {"a", "c"}}
    page = tmp_path / "test_y.py"
    page.write_text('OTHERS = [b"b", 5]\n\n\ndef test_y():\n    assert OTHERS\n')
    assert functions(page) == {"test_y": {"b", "5"}}
