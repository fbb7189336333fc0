"""The value of a JSON text that comes in pieces of eight characters: asked for at the end, at every tenth, at each.

Beside `json.loads` of the whole, which is what it is measured by: `make bench-micro ARGS='-k partial_json'`.
"""

from __future__ import annotations

import json
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import pytest

from duologue._partial_json import Pieces

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SIZE = 1_000_000
PIECE = 8
PROSE = "the rivers run down to the wide sea, and a heron stands in the reeds until it is evening "


def record(number: int) -> dict[str, Any]:
    """What a tool may be called with."""
    return {
        "id": number,
        "name": PROSE[number % 30 :][: 20 + number % 40],
        "tags": [PROSE[number % 7 :][:24]] * (number % 4),
        "price": number * 37 % 9973 / 100,
        "place": {"street": PROSE[: 20 + number % 60], "north": number / 7, "open": number % 2 == 0, "note": None},
        "counts": [number * step % 9973 for step in range(number % 8)],
    }


def records() -> list[dict[str, Any]]:
    """As many of them as make the size."""
    return list(islice(map(record, count()), SIZE // 280))


SHAPES: dict[str, Any] = {
    "object": {"records": records()},
    "string": {"text": PROSE * (SIZE // len(PROSE))},
    "numbers": {"numbers": [number * 37 % 99_991 / (100 if number % 2 else 1) for number in range(SIZE // 8)]},
}


def read(pieces: list[str], every: int) -> Any:
    """What `partial` of each event does, at so many of them and at the end."""
    read = Pieces()
    for number, piece in enumerate(pieces, 1):
        read.texts.append(piece)
        if every and number % every == 0:
            read.value(number)
    return read.value(len(pieces))


@pytest.mark.parametrize("name", SHAPES)
def test_loads(benchmark: BenchmarkFixture, name: str) -> None:
    """The measure."""
    assert benchmark(json.loads, json.dumps(SHAPES[name])) == SHAPES[name]


@pytest.mark.parametrize("every", [0, 10, 1])
@pytest.mark.parametrize("name", SHAPES)
def test_partial_json(benchmark: BenchmarkFixture, name: str, every: int) -> None:
    """In pieces."""
    text = json.dumps(SHAPES[name])
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    assert benchmark(read, pieces, every) == SHAPES[name]
