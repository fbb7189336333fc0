"""The page of what is promised is made from the rows that are played."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from duologue import errors
from tests.faults.row import Row
from tests.faults.tables import TABLES
from tests.faults.threats import THREATS
from tests.kit.named import assert_there
from tools import reliability
from tools.reliability import PAGE, main, page

if TYPE_CHECKING:
    import pytest

SECTIONS = {title: rows for sections in TABLES.values() for title, rows in sections.items()}
# Raised before anything is sent, or by a filter's words that each format has tests for.
ELSEWHERE = {"ConfigurationError", "UnsupportedError", "ContentFilterError", "FetchError"}
BASES = {"DuologueError", "TransportError", "APIError"}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_every_row_is_on_it_once() -> None:
    text = page()
    assert sum(map(len, TABLES.values())) == len(SECTIONS)
    for title, rows in SECTIONS.items():
        assert f"\n### {title}\n" in text
        assert [fault for fault, times in Counter(row.fault for row in rows).items() if times > 1] == []
        assert all(f"\n| {row.fault} | " in text for row in rows)


def test_every_class_of_error_is_on_it() -> None:
    given = {row.gives.__name__ for rows in SECTIONS.values() for row in rows if row.gives is not None}
    assert set(errors.__all__) - given - ELSEWHERE <= BASES


def test_a_row_that_gives_no_error_says_no_more_of_one() -> None:
    for row in (row for rows in SECTIONS.values() for row in rows if row.gives is None):
        assert (row.phase, row.again, row.kept) == (None, False, "")
    for row in (row for rows in SECTIONS.values() for row in rows if isinstance(row, Row) and row.gives is not None):
        assert row.phase is not None
        assert not (row.again and row.kept), "nothing is tried again after an event"


def test_every_threat_has_tests_that_exist() -> None:
    text = page()
    threats = [threat for found in THREATS.values() for threat in found]
    assert len({threat.what for threat in threats}) == len(threats) > 20
    for threat in threats:
        assert f"\n| {threat.what} | {threat.promise} | " in text
        assert_there(", ".join(f"`{name}`" for name in threat.tests))


def test_a_stale_page_is_found(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path_factory.mktemp("docs") / "reliability.md"
    monkeypatch.setattr(reliability, "PAGE", path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    path.write_text(path.read_text("utf-8").replace("no", "yes", 1), "utf-8")
    assert main(["--check"]) == 1
