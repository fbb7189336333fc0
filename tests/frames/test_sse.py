"""Server-sent events, to the letter of the standard, wherever the bytes are cut."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest

from duologue._frames.sse import ServerSentEvent, SSEReader
from duologue.errors import LimitExceeded
from tests.frames.limits import until_limit
from tests.kit.corpora import Vector, cuts, each, input_of


def read(pieces: list[bytes], **options: Any) -> tuple[list[ServerSentEvent], SSEReader]:
    reader = SSEReader(**options)
    return [event for piece in pieces for event in reader.feed(piece)], reader


def check(vector: Vector) -> None:
    expected = [ServerSentEvent(**event) for event in vector["expected_events"]]
    for pieces in cuts(input_of(vector), vector.get("chunkings", [])):
        events, reader = read(pieces, last_event_id=vector.get("initial_last_event_id", ""))
        assert events == expected
        assert reader.retry == vector["expected_retry"]
        assert reader.stray == [] or not vector.get("expected_comments")


@each("sse")
def test_vectors(vector: Vector) -> None:
    check(vector)


@each("sse_dialects")
def test_where_clients_differ_the_standard_holds(vector: Vector) -> None:
    """`httpx-sse/test_iter_sse_id_retry` and `openai-python/test_multiple_events` want events without data: the
    standard drops those."""
    assert vector["expected_events"] != vector["upstream_expected"]
    check(vector)


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"data: x\n\n", "x"),
        (b"data: x\n", "x"),
        (b"data: x", "x"),
        (b"\xef\xbb\xbfdata: x", "x"),
        (b"data: x\ndata", "x\n"),
        (b"data: x\nevent: late", "x"),
        (b": only a comment\n", None),
        (b"event: end\n", None),
        (b"", None),
    ],
)
def test_close_gives_the_block_that_was_cut_off(body: bytes, data: str | None) -> None:
    for pieces in cuts(body, []):
        events, reader = read(pieces)
        assert [event.data for event in [*events, *reader.close()]] == ([] if data is None else [data])


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    for pieces in cuts(b"event: \xff\nid: \xc3\ndata: a\xe2\x82\n\n", []):
        assert read(pieces)[0] == [ServerSentEvent("\ufffd", "a\ufffd", "\ufffd")]


def test_a_character_may_be_cut_in_two() -> None:
    for pieces in cuts("data: 🙂é\u2028\u0085\n\n".encode(), []):
        assert read(pieces)[0] == [ServerSentEvent("message", "🙂é\u2028\u0085")]


@pytest.mark.parametrize(
    ("field", "retry"),
    [(b"007", 7), (b"+1", None), (b"1.5", None), ("٣".encode(), None), (b"9" * 19, int("9" * 19)), (b"9" * 20, None)],
)
def test_retry_takes_ascii_digits(field: bytes, retry: int | None) -> None:
    [event] = SSEReader().feed(b"retry: " + field + b"\ndata: x\n\n")
    assert event.retry == retry


def test_a_useless_retry_leaves_the_one_before_in_force() -> None:
    _, reader = read([b"retry: 5\nretry: " + b"9" * 30 + b"\n\n"])
    assert reader.retry == 5


def test_lines_that_are_no_fields_are_kept() -> None:
    for pieces in cuts(b'{"error": {\n"message": "x"\n}}\n: comment\nfoo\n', []):
        _, reader = read(pieces)
        assert reader.stray == [b'{"error": {', b'"message": "x"', b"}}", b"foo"]


@pytest.mark.parametrize("line", [b"x\n", b"x" * 100 + b"\n"])
def test_no_more_than_64_kib_and_a_line_of_them_are_kept(line: bytes) -> None:
    _, reader = read([line * 70_000])
    assert sum(map(len, reader.stray)) < 65536 + len(line)


@pytest.mark.parametrize(
    "body",
    [
        b"data: 1\n\ndata: 123456789\n\n",
        b"data: 1\n\ndata:12345\ndata: 1234\n\n",
        b"data: 1\n\n: a comment without an end",
        b"data: 1\n\ndata: 123456789",
        b"data: 1\n\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n",
    ],
)
def test_limit(body: bytes) -> None:
    for pieces in cuts(body, []):
        events, error = until_limit(SSEReader(max_bytes=10), pieces)
        assert [event.data for event in events] == ["1"]
        assert error is not None
        assert error.message.endswith("of more than 10 bytes")
        assert error.limit == "max_event_bytes"


def test_the_limit_is_for_each_event() -> None:
    events, _ = read([b"data: 1234\n\n" * 100])
    assert len(events) == 100
    reader = SSEReader(max_bytes=10)
    assert len(list(reader.feed(b"data: 1234\n\n" * 100))) == 100


def test_the_last_block_is_held_to_the_limit_as_well() -> None:
    reader = SSEReader(max_bytes=10)
    assert list(reader.feed(b"data: 1234\ndata:12345")) == []
    with pytest.raises(LimitExceeded):
        reader.close()


def test_an_event_in_98_304_pieces() -> None:
    reader = SSEReader()
    assert [event for piece in [b"data: "] + [b"x"] * 98_304 for event in reader.feed(piece)] == []
    [event] = reader.feed(b"\n\n")
    assert event.data == "x" * 98_304


def test_an_event_of_5_mib() -> None:
    [event] = SSEReader().feed(b"data: " + b"x" * (5 * 1024 * 1024) + b"\n\n")
    assert len(event.data) == 5 * 1024 * 1024


@pytest.mark.parametrize("block", [b"data: x\n\n", b": comment\n", b"stray\n", b"data\n", b"\n"])
def test_each_line_costs_the_same(block: bytes) -> None:
    """Counted in Python's function calls, not in seconds: ten times the lines, about ten times the calls."""
    few, many = calls_for(block * 200), calls_for(block * 2000)
    assert many < few * 11


def calls_for(body: bytes) -> int:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        reader = SSEReader()
        for _ in reader.feed(body):
            pass
    finally:
        sys.setprofile(None)
    return calls


def test_an_id_with_a_nul_is_none() -> None:
    events, _ = read([b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid\ndata: c\n\n"])
    assert [event.id for event in events] == ["1", "1", ""]


@pytest.mark.parametrize("body", [b"event: x\rdata: a\ndata: b\n\n", b"event: x\rid: 7\r\ndata: b\n\n"])
def test_a_lone_cr_ends_the_line_that_names_the_event(body: bytes) -> None:
    by_byte, whole = SSEReader(), SSEReader()
    expected = [event for at in range(len(body)) for event in by_byte.feed(body[at : at + 1])]
    assert list(whole.feed(body)) == expected
    assert expected[0].event == "x"


@pytest.mark.parametrize("seed", range(20))
def test_blocks_are_read_as_their_lines_are(seed: int) -> None:
    draw = random.Random(seed)
    ends = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\n\r\n"]
    fields = [
        b"data: a",
        b"data:",
        b"data",
        b"event: x",
        b"event:",
        b"id: 1",
        b"retry: 5",
        b": c",
        b"\xef\xbb\xbf",
        b"zz",
    ]
    for _ in range(100):
        body = b"".join(draw.choice(draw.choice([ends, fields])) for _ in range(draw.randrange(1, 14)))
        by_byte = SSEReader()
        expected = [event for at in range(len(body)) for event in by_byte.feed(body[at : at + 1])]
        expected += by_byte.close()
        for pieces in cuts(body, [], seed):
            reader = SSEReader()
            assert [event for piece in pieces for event in reader.feed(piece)] + list(reader.close()) == expected
            assert (reader.stray, reader.cut) == (by_byte.stray, by_byte.cut)
