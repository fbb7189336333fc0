"""The table of what was found: medians, in brackets the median of the ratios to `c` round by round, and the bars.

`lines(rows)` for a terminal, `markdown(rows)` for a page.
"""

from __future__ import annotations

from math import inf
from statistics import median
from typing import TYPE_CHECKING

from bench.subject import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.cases import Bar
    from bench.rounds import Row

_YARDSTICK = "c"
_OURS = [subject.name for subject in OURS]
_MET = {True: "met", False: "not met"}


def cells(rows: Sequence[Row]) -> Iterator[list[str]]:
    """The table's head and its lines; a column for each subject and one for the bars."""
    peers = list(dict.fromkeys(name for row in rows for name in row.found if name not in _OURS))
    names = [*_OURS, *peers]
    yield ["case", "what", *names, "bars"]
    for row in rows:
        for figure, words in row.case.figures.items():
            what = ", ".join(filter(None, [_shape(row), row.twin, words]))
            values = [_value(row, name, figure) for name in names]
            yield [row.case.name, what, *values, "; ".join(_verdicts(row, figure))]


def lines(rows: Sequence[Row]) -> str:
    """For a terminal."""
    table = list(cells(rows))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in table)


def markdown(rows: Sequence[Row]) -> str:
    """For a page: the table of a case, with its title, and without the columns that would be empty."""
    head, *body = (line[1:] for line in cells(rows))
    kept = [number for number in range(len(head)) if any(line[number] for line in body)]
    table = [[line[number] for number in kept] for line in [head, ["---"] * len(head), *body]]
    return f"**{rows[0].case.title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in table)


def _shape(row: Row) -> str:
    return row.shape if len(row.case.shapes) > 1 else ""


def _value(row: Row, name: str, figure: str) -> str:
    values = row.found.get(name, {}).get(figure)
    if values is None:
        return ""
    ratio = _ratio(row, name, figure, _YARDSTICK)
    return _number(median(values)) + (f" ({ratio:.2f})" if ratio is not None and name != _YARDSTICK else "")


def _ratio(row: Row, name: str, figure: str, of: str) -> float | None:
    """The median of the ratios, round by round; None where the other was not measured, or is nothing."""
    own, theirs = row.found[name][figure], row.found.get(of, {}).get(figure)
    if theirs is None or not all(theirs):
        return None
    return median(mine / other for mine, other in zip(own, theirs, strict=True))


def _verdicts(row: Row, figure: str) -> Iterator[str]:
    for bar in row.case.bars:
        wanted = bar.figure == figure and bar.twin in ("", row.twin) and bar.shape in ("", row.shape)
        found = _held(row, bar) if wanted and bar.subject in row.found else None
        if found is not None:
            yield f"{_words(bar)}: {_verdict(bar, found)}"


def _held(row: Row, bar: Bar) -> float | None:
    """What the bar is held against."""
    if bar.of is not None:
        return _ratio(row, bar.subject, bar.figure, bar.of)
    return median(row.found[bar.subject][bar.figure])


def _words(bar: Bar) -> str:
    asked = bar.most < inf
    most = bar.most if asked else bar.beyond
    assert most is not None
    return f"{'' if asked else 'beyond: '}{bar.subject} ≤ {_number(most)}{f' {bar.of}' if bar.of else ''}"


def _verdict(bar: Bar, found: float) -> str:
    """Whether it is met, with the ratio where no cell of the table has it."""
    beyond = bar.beyond is not None and found <= bar.beyond
    said = (
        f"beyond (≤ {_number(bar.beyond or 0)})"
        if beyond and bar.most < inf
        else _MET[beyond or found <= bar.most < inf]
    )
    return said if bar.of in (None, _YARDSTICK) else f"{said} ({_number(found)})"


def _number(value: float) -> str:
    """Three figures of it, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
