"""The comparison with other clients: that each case runs, and that its table says what was found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from bench import measures
from bench.__main__ import PAGE, options, put
from bench.cases import CASES, Bar, Case
from bench.driver import CLASSES
from bench.measures import by_driver
from bench.micro.test_decoders import feed_exchange, pieces
from bench.programs import programs
from bench.rounds import Row, run, server
from bench.shapes import SHAPES, arguments, size, texts
from bench.subject import OURS
from bench.subjects import a, c, us
from bench.table import cells, lines, markdown
from bench.task import Task, check, complete

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_NAME = {case.name: case for case in CASES}
MODULES = {"a": a, "c": c, "us": us}
PROGRAMS = {
    "burst": "burst",
    "short": "short",
    "streams": "crowd",
    "threads": "crowd",
    "growth": "growth",
    "tools": "tools",
}
DRIVEN = [
    pytest.param(PROGRAMS[case.name], case, name, twin, shape, id=f"{case.name}-{shape}-{twin}-{name}")
    for case in CASES
    if case.name in PROGRAMS
    for shape in case.shapes
    for twin in case.twins
    for name in case.subjects
    if name in MODULES
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The replay server's."""
    with server() as found:
        yield found


@pytest.mark.parametrize(("program", "case", "name", "twin", "shape"), DRIVEN)
def test_each_program_gives_its_figures(
    program: str, case: Case, name: str, twin: str, shape: str, address: str
) -> None:
    """Here in one process, since a start each would take long."""
    subject = getattr(MODULES[name], CLASSES[twin])
    found = programs(twin)[program](subject, Task(address, shape, **case.small))
    assert case.figures.keys() <= found.keys()
    assert all(math.isfinite(value) and value >= 0 for value in found.values())
    assert any(found.values())


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured here, so once is enough."""
    monkeypatch.setattr(measures, "TIMES", 1)


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("name", ["import", "size"])
def test_what_is_measured_from_outside(name: str) -> None:
    """Each in processes of its own."""
    case = BY_NAME[name]
    [row] = run([case._replace(subjects=("us",))], [], 1, small=True)
    assert row.found["us"].keys() == case.figures.keys()
    assert all(value > 0 for [value] in row.found["us"].values())
    assert case.title in markdown([row])


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("twin", ["blocking", "async"])
def test_from_nothing_to_the_first_stream(twin: str) -> None:
    case = BY_NAME["cold"]
    [row] = run([case._replace(subjects=("us",), twins=(twin,))], [], 1, small=True)
    assert row.found["us"].keys() == case.figures.keys()


def test_rounds_in_fresh_processes() -> None:
    case = BY_NAME["burst"]._replace(subjects=("c", "us"), shapes=("gemini",), twins=("blocking",))
    [row] = run([case], [], 2, small=True)
    assert {name: len(figures["event_cpu_us"]) for name, figures in row.found.items()} == dict.fromkeys(
        case.subjects, 2
    )


def test_a_driver_that_fails_says_why(address: str) -> None:
    us_alone = next(subject for subject in OURS if subject.name == "us")
    with pytest.raises(RuntimeError, match="KeyError"):
        by_driver("burst")(us_alone, "blocking", Task(address, "smoke signals"))


def test_what_was_not_read_is_not_counted() -> None:
    with pytest.raises(ValueError, match="read 3 characters of"):
        check(3, 10)
    check(None, 10)
    with pytest.raises(ValueError, match="read 9 events of 10"):
        complete(9, Task("", events=10))


@pytest.mark.parametrize("name", SHAPES)
def test_a_body_has_an_event_for_each_piece_of_text(name: str) -> None:
    pieces = list(SHAPES[name].pieces(arguments(20) if name == "tools" else texts(20)))
    assert len(pieces) == 22
    assert len("".join(texts(20))) == size(20)
    assert len("".join(arguments(20))) == 160


def row(us: list[float], *bars: Bar, **others: list[float]) -> Row:
    """A row with made-up figures."""
    case = BY_NAME["burst"]._replace(bars=bars, figures={"event_cpu_us": "µs"})
    found = {"us": us, "c": [10.0, 20.0, 40.0], **others}
    return Row(case, "openai", "async", {name: {"event_cpu_us": values} for name, values in found.items()})


@pytest.mark.parametrize(
    ("us", "bar", "said"),
    [
        ([4.0, 8.0, 16.0], Bar("event_cpu_us", 0.5, of="c"), "us ≤ 0.5 c: met"),
        ([6.0, 12.0, 24.0], Bar("event_cpu_us", 0.5, of="c"), "us ≤ 0.5 c: not met"),
        ([5.0, 10.0, 40.0], Bar("event_cpu_us", 0.5, of="c"), "us ≤ 0.5 c: met"),  # the median of the ratios
        ([2.0, 4.0, 8.0], Bar("event_cpu_us", 0.5, of="c", beyond=0.2), "us ≤ 0.5 c: beyond (≤ 0.2)"),
        ([2.0, 4.0, 8.0], Bar("event_cpu_us", 5.0), "us ≤ 5: met"),
        ([2.0, 6.0, 8.0], Bar("event_cpu_us", 5.0), "us ≤ 5: not met"),
        ([2.0, 6.0, 8.0], Bar("event_cpu_us", math.inf, beyond=6), "beyond: us ≤ 6: met"),
        ([2.0, 7.0, 8.0], Bar("event_cpu_us", math.inf, beyond=6), "beyond: us ≤ 6: not met"),
        ([2.0, 6.0, 8.0], Bar("event_cpu_us", 1 / 4, of="ollama"), ""),  # which was not measured
        ([2.0, 6.0, 8.0], Bar("event_cpu_us", 1.0, twin="blocking"), ""),
        ([2.0, 6.0, 8.0], Bar("event_cpu_us", 1.0, shape="gemini"), ""),
        ([2.0, 6.0, 8.0], Bar("event_cpu_us", 1.0, subject="us+speed"), ""),
    ],
)
def test_bars(us: list[float], bar: Bar, said: str) -> None:
    _, [*_, found] = cells([row(us, bar)])
    assert found == said


def test_a_table_takes_the_place_of_the_one_before() -> None:
    page = "# A\n<!-- begin: burst -->\nold\n<!-- end: burst -->\n<!-- begin: cold -->\n<!-- end: cold -->\n"
    once = put(page, "burst", "new")
    assert once == page.replace("\nold\n", "\n\nnew\n\n")
    assert put(once, "burst", "new") == once


def test_options() -> None:
    assert options([]).cases == [case.name for case in CASES]
    assert options(["--cases", "burst", "short", "--peers", "ollama"]).peers == ["ollama"]
    with pytest.raises(SystemExit):
        options(["--cases", "bursts"])


def test_a_bar_against_a_peer_shows_the_ratio() -> None:
    _, [*_, found] = cells([row([1.0, 2.0, 3.0], Bar("event_cpu_us", 0.1, of="ollama"), ollama=[20.0, 20.0, 20.0])])
    assert found == "us ≤ 0.1 ollama: met (0.1)"


def test_the_table() -> None:
    rows = [row([4.0, 8.0, 1600.0], Bar("event_cpu_us", 0.5, of="c"))]
    assert list(cells(rows)) == [
        ["case", "what", "a", "c", "us", "us+speed", "bars"],
        ["burst", "openai, async, µs", "", "20", "8 (0.40)", "", "us ≤ 0.5 c: met"],
    ]
    assert lines(rows).splitlines()[1].split("  ")[0] == "burst"
    assert markdown(rows) == (
        "**a stream that is there at once**\n\n"
        "| what | c | us | bars |\n| --- | --- | --- | --- |\n| openai, async, µs | 20 | 8 (0.40) | us ≤ 0.5 c: met |"
    )


def test_the_page_has_a_place_for_each_case() -> None:
    page = PAGE.read_text()
    assert [name for name in BY_NAME if put(page, name, "new") == page] == []
    assert all(page.count(f"<!-- {mark}: {name} -->") == 1 for name in BY_NAME for mark in ("begin", "end"))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_decoders_by_themselves_read_each_shape(shape: str) -> None:
    assert feed_exchange(shape, pieces(shape)).complete
