"""JSON lines, wherever the bytes are cut."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._frames.jsonl import JSONLinesReader
from duologue._json import loads
from duologue.errors import DecodeError
from tests.frames.limits import until_limit
from tests.kit.corpora import Vector, cuts, each, input_of

# Where we differ from a source, and why.
_DIFFERENT = {
    "jsonlines/rfc7464_text_sequences": "the record separator belongs to application/json-seq, which nobody streams",
    "ndjson-stream/empty_line/parse_always": "blank lines are skipped, whatever the source was set to",
    "jsonlines/empty_lines/strict": "blank lines are skipped, whatever the source was set to",
    "ndjson-stream/incomplete_input": "the last line needs no end, so half a text there is an error",
    "ndjson-stream/finalize_ignores_rest": "the last line needs no end",
    "ndjson-stream/input_completing_previous_rest_then_multiple": "the last line needs no end",
}


def texts(pieces: list[bytes]) -> list[str]:
    reader = JSONLinesReader()
    return [text for piece in pieces for text in reader.feed(piece)] + list(reader.close())


def value(text: str) -> dict[str, Any]:
    try:
        return {"value": loads(text)}
    except DecodeError:
        return {"error": True}


@each("ndjson")
def test_vectors(vector: Vector) -> None:
    found = [list(map(value, texts(pieces))) for pieces in cuts(input_of(vector), vector.get("chunkings", []))]
    assert all(values == found[0] for values in found)
    assert (found[0] == vector["expected"]) is (vector["name"] not in _DIFFERENT)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"\n \n\t\r\n", []),
        (b'{"a":1}', ['{"a":1}']),
        (b'{"a":\r1}\n2', ['{"a":\r1}', "2"]),
        ('"\u2028\u0085"\n'.encode(), ['"\u2028\u0085"']),
        (b'"\xff"\n', ['"\ufffd"']),
    ],
)
def test_what_is_a_line(body: bytes, expected: list[str]) -> None:
    for pieces in cuts(body, []):
        assert texts(pieces) == expected


def test_limit() -> None:
    for pieces in cuts(b"1\n123456789\n", []):
        found, error = until_limit(JSONLinesReader(max_bytes=5), pieces)
        assert found == ["1"]
        assert error is not None
