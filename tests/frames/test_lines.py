"""Lines, wherever the bytes are cut."""

from __future__ import annotations

import base64

import pytest

from duologue._frames.lines import LineReader
from tests.frames.limits import until_limit
from tests.kit.corpora import Vector, cuts, each


def read(pieces: list[bytes], **options: bool) -> list[bytes]:
    reader = LineReader(**options)
    lines = [line for piece in pieces for line in reader.feed(piece)]
    rest = reader.close()
    return lines + ([rest] if rest else [])


@each("sse_lines")
def test_vectors(vector: Vector) -> None:
    pieces = [base64.b64decode(piece) for piece in vector["chunks_b64"]]
    body = b"".join(pieces)
    for given in (pieces, *cuts(body, [[len(piece) for piece in pieces]])):
        reader = LineReader()
        lines = [line.decode() for piece in given for line in reader.feed(piece)]
        rest = reader.close().decode()
        assert lines + ([rest] if rest and vector["flush"] else []) == vector["expected_lines"]


@pytest.mark.parametrize(
    ("body", "with_cr", "with_lf_only"),
    [
        (b"", [], []),
        (b"\n", [b""], [b""]),
        (b"\r", [b""], [b"\r"]),
        (b"\r\n", [b""], [b"\r"]),
        (b"\n\r", [b"", b""], [b"", b"\r"]),
        (b"a\r\n\r\nb", [b"a", b"", b"b"], [b"a\r", b"\r", b"b"]),
        (b"a\r\rb\n", [b"a", b"", b"b"], [b"a\r\rb"]),
        ("a\u2028b\u0085c\v\fd\x1ce\n".encode(), *[["a\u2028b\u0085c\v\fd\x1ce".encode()]] * 2),
        (b"a\0b\n", [b"a\0b"], [b"a\0b"]),
    ],
)
def test_what_ends_a_line(body: bytes, with_cr: list[bytes], with_lf_only: list[bytes]) -> None:
    for pieces in cuts(body, []):
        assert read(pieces) == with_cr
        assert read(pieces, cr=False) == with_lf_only


def test_a_cr_at_the_end_of_a_piece_ends_the_line_at_once() -> None:
    reader = LineReader()
    assert list(reader.feed(b"data: x\r")) == [b"data: x"]
    assert list(reader.feed(b"")) == []
    assert list(reader.feed(b"\ny\n")) == [b"y"]


@pytest.mark.parametrize("body", [b"ab\nabcdef\ncd\n", b"ab\nabcdef", b"ab\nabcdefgh"])
def test_the_lines_before_one_that_is_too_long_are_given_first(body: bytes) -> None:
    for pieces in cuts(body, []):
        lines, error = until_limit(LineReader(max_bytes=5), pieces)
        assert lines == [b"ab"]
        assert error is not None
        assert (error.message, error.limit) == ("a line of more than 5 bytes", "max_event_bytes")


def test_a_line_as_long_as_the_limit_is_taken() -> None:
    for pieces in cuts(b"abcde\r\nabcde\nabcde", []):
        reader = LineReader(max_bytes=5)
        assert [line for piece in pieces for line in reader.feed(piece)] == [b"abcde", b"abcde"]
        assert reader.close() == b"abcde"


def test_many_small_pieces_are_joined_only_once() -> None:
    """98,304 pieces of one byte: a reader that joined as it went would copy 4.8 thousand million bytes."""
    size = 98_304
    reader = LineReader()
    for _ in range(size):
        assert list(reader.feed(b"x")) == []
    # What is held back is the pieces themselves, so each byte is copied once, at the line's end.
    assert len(reader._rest) == size
    assert list(reader.feed(b"\n")) == [b"x" * size]
    assert reader._rest == []


def test_a_line_of_5_mib_in_network_sized_pieces() -> None:
    line = b"x" * (5 * 1024 * 1024)
    reader = LineReader()
    pieces = [line[i : i + 65536] for i in range(0, len(line), 65536)]
    assert [got for piece in pieces for got in reader.feed(piece)] == []
    assert list(reader.feed(b"\r\n")) == [line]
