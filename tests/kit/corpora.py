"""Test vectors out of other projects' test suites, and the ways to cut their inputs into pieces.

They lie beside the recordings; see `tests.kit.recordings` for where, and for what happens where they are missing.
"""

from __future__ import annotations

import base64
import json
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.recordings import SHARED, needs_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Vector = dict[str, Any]


def vectors(corpus: str) -> list[Vector]:
    """A corpus's vectors; none where it is missing."""
    place = SHARED / "corpora" / f"{corpus}.json"
    found: list[Vector] = json.loads(place.read_text())["vectors"] if place.is_file() else []
    return found


def each(corpus: str, which: Callable[[Vector], bool] = lambda _: True) -> pytest.MarkDecorator:
    """Run a test once for each vector, or each of those, as its argument `vector`; once skipped where they are
    missing."""
    found = [pytest.param(vector, id=vector["name"]) for vector in vectors(corpus) if which(vector)]
    return pytest.mark.parametrize("vector", found or [pytest.param({}, id=corpus, marks=needs_shared)])


def input_of(vector: Vector) -> bytes:
    """A vector's input, whole."""
    if "input_bytes_b64" in vector:
        return base64.b64decode(vector["input_bytes_b64"])
    return b"".join(map(_piece, vector["input_pieces"]))


def _piece(piece: dict[str, Any]) -> bytes:
    if "repeat_byte" in piece:
        return bytes([piece["repeat_byte"]]) * int(piece["count"])
    return base64.b64decode(piece.get("b64") or piece["repeat_b64"]) * int(piece.get("count", 1))


def cuts(data: bytes, chunkings: list[Any], seed: int = 0) -> Iterator[list[bytes]]:
    """The input whole, byte by byte, cut as the vector says, and at random, empty pieces included."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for chunking in chunkings:
        sizes = [chunking] * (len(data) // chunking + 1) if isinstance(chunking, int) else chunking
        yield at(data, [sum(sizes[: i + 1]) for i in range(len(sizes))])
    draw = random.Random(seed)
    for _ in range(5):
        yield at(data, [draw.randrange(len(data) + 1) for _ in range(draw.randrange(1, 12))])


def at(data: bytes, places: list[int]) -> list[bytes]:
    """The input cut at these places."""
    bounds = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(bounds)]
