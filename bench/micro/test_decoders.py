"""Bytes to frames, and bytes to events and a response; all in one piece, and an event a piece.

pytest-benchmark runs them: `make bench-micro`. They compare a change with what was before it
(`ARGS=--benchmark-autosave`, then `ARGS=--benchmark-compare`), not us with others: that is `make bench`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench.shapes import SHAPES, arguments, size, texts
from duologue._core.exchange import Exchange
from duologue._core.registry import find_provider
from duologue._dialects import find_dialect
from duologue._frames.jsonl import JSONLinesReader
from duologue._frames.sse import SSEReader
from duologue.config import Limits

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

EVENTS = 1000
READERS = {"application/x-ndjson": JSONLinesReader}
PROVIDERS = {"tools": "openai", "vertex": "gemini"}  # of the shapes that have other names


def pieces(name: str) -> list[bytes]:
    """A body, one event a piece."""
    return list(SHAPES[name].pieces(arguments(EVENTS) if name == "tools" else texts(EVENTS)))


def whole(name: str) -> list[bytes]:
    """The same in one piece."""
    return [b"".join(pieces(name))]


def feed_frames(name: str, body: list[bytes]) -> int:
    """The frames of a body, counted."""
    reader = READERS.get(SHAPES[name].media_type, SSEReader)(max_bytes=None)
    return sum(1 for piece in body for _ in reader.feed(piece))


def feed_exchange(name: str, body: list[bytes]) -> Any:
    """The answer that a body adds up to."""
    provider = find_provider(PROVIDERS.get(name, name))
    exchange = Exchange(find_dialect(provider.dialect), provider, Limits(), stream=True, known=True)
    exchange.begin(200, {"content-type": SHAPES[name].media_type})
    for piece in body:
        exchange.feed(piece)
    exchange.close()
    return exchange.response


@pytest.mark.parametrize("cut", [whole, pieces])
@pytest.mark.parametrize("name", SHAPES)
def test_frames(benchmark: BenchmarkFixture, name: str, cut: Any) -> None:
    """Frames alone."""
    assert benchmark(feed_frames, name, cut(name)) >= EVENTS


@pytest.mark.parametrize("cut", [whole, pieces])
@pytest.mark.parametrize("name", SHAPES)
def test_exchange(benchmark: BenchmarkFixture, name: str, cut: Any) -> None:
    """All the way."""
    response = benchmark(feed_exchange, name, cut(name))
    assert response.complete
    assert len(response.text) == (0 if name == "tools" else size(EVENTS))
