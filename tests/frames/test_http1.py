"""Bodies of HTTP/1.1, wherever the bytes are cut, held against h11."""

from __future__ import annotations

import random

import h11
import pytest

from duologue._frames.http1 import Chunked, Counted, ToTheEnd, framing, keeps_alive
from duologue.errors import ProtocolError, StreamInterrupted
from tests.kit.corpora import cuts

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
GOOD = b"5\r\nhello\r\n1\r\n,\r\n6;name=value\r\n world\r\n0\r\n\r\n"


def read(pieces: list[bytes]) -> tuple[bytes, str]:
    """What our reader makes of a chunked body, and how it ends."""
    body, found = Chunked(), b""
    for piece in pieces:
        found += body.feed(piece)
        if body.broken:
            return found, "broken"
    return found, "cut" if not body.ended else "ended" if body.clean else "more"


def h11_reads(data: bytes) -> tuple[bytes, str]:
    """What h11 makes of it."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(HEAD)
    assert isinstance(connection.next_event(), h11.Response)
    connection.receive_data(data)
    found = b""
    try:
        while isinstance(event := connection.next_event(), h11.Data):
            found += event.data
    except h11.RemoteProtocolError:
        return found, "broken"
    if event is h11.NEED_DATA:
        return found, "cut"
    return found, "more" if connection.trailing_data[0] else "ended"


def test_every_cut_gives_the_same() -> None:
    for pieces in cuts(GOOD, []):
        assert read(pieces) == (b"hello, world", "ended")


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_a_part_of_it_is_told_from_the_whole(size: int) -> None:
    for pieces in cuts(GOOD[:size], []):
        found, end = read(pieces)
        assert end == "cut"
        assert b"hello, world".startswith(found)
        assert found == h11_reads(GOOD[:size])[0]


@pytest.mark.parametrize(
    ("data", "found", "end"),
    [
        (b"0\r\n\r\n", b"", "ended"),
        (b"0\r\na: b\r\nc: d\r\n\r\n", b"", "ended"),
        (b"0\r\na: b\r\n c\r\n\td: e\r\n\r\n", b"", "ended"),
        (b"0\r\n a: b\r\n\r\n", b"", "broken"),
        (b"00a \t\r\n0123456789\r\n0\r\n\r\n", b"0123456789", "ended"),
        (b"1\r\nx\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n", b"x", "more"),
        (b"1\r\nx\r\nzz\r\n", b"x", "broken"),
        (b"1\r\nxy\r\n0\r\n\r\n", b"x", "broken"),
        (b"-1\r\nx\r\n", b"", "broken"),
        (b"0x1\r\nx\r\n", b"", "broken"),
        (b"1_0\r\nx\r\n", b"", "broken"),
        (b"\r\n1\r\nx\r\n", b"", "broken"),
        (b"0\r\nno field\r\n\r\n", b"", "broken"),
        (b"1\nx\r\n", b"", "broken"),
        (b"1" * 21 + b"\r\n", b"", "broken"),
    ],
)
def test_what_is_a_chunk_and_what_is_none(data: bytes, found: bytes, end: str) -> None:
    for pieces in cuts(data, []):
        assert read(pieces) == (found, end)
    assert h11_reads(data) == (found, end)


@pytest.mark.parametrize("line", [b"1;", b"0\r\na: "])
def test_lines_have_an_end(line: bytes) -> None:
    body = Chunked()
    body.feed(line)
    fed = 0
    while body.broken is None:
        body.feed(b"x" * 1000)
        fed += 1000
        assert fed < 20_000
    assert isinstance(body.broken, ProtocolError)


def test_trailers_have_an_end() -> None:
    body = Chunked()
    body.feed(b"0\r\n")
    fed = 0
    while body.broken is None:
        body.feed(b"a: b\r\n" * 100)
        fed += 600
        assert fed < 70_000


@pytest.mark.parametrize("seed", range(20))
def test_mutations_are_read_as_h11_reads_them(seed: int) -> None:
    """But for where it is noticed that what was cut off is broken."""
    chance = random.Random(seed)
    for _ in range(200):
        data = bytearray()
        for _ in range(chance.randrange(4)):
            piece = chance.randbytes(chance.choice([1, 2, 15, 16, 300]))
            data += b"%x\r\n%b\r\n" % (len(piece), piece)
        data += b"0\r\n\r\n"
        for _ in range(chance.randrange(3)):
            data[chance.randrange(len(data))] = chance.choice(b"\r\n0159afxyz; \t\0")
        found, end = read([bytes(data)])
        theirs, their_end = h11_reads(bytes(data))
        assert found == theirs or end == their_end == "broken", bytes(data)
        assert end == their_end or {end, their_end} <= {"broken", "cut"}, bytes(data)
        pieces = [bytes(data[at : at + 1]) for at in range(len(data))]
        assert read(pieces) == (found, end)


def test_a_body_of_a_known_length() -> None:
    for pieces in cuts(b"hello", []):
        body = framing(200, [(b"content-length", b"5")])
        assert isinstance(body, Counted)
        assert b"".join(map(body.feed, pieces)) == b"hello"
        assert body.ended
        assert body.clean
        body.close()
    assert body.feed(b"x") == b""
    assert not body.clean


def test_a_body_of_a_known_length_that_is_cut() -> None:
    body = Counted(5)
    assert body.feed(b"hell") == b"hell"
    with pytest.raises(StreamInterrupted, match="1 bytes still to come"):
        body.close()


def test_chunks_that_are_cut() -> None:
    body = Chunked()
    assert body.feed(b"5\r\nhel") == b"hel"
    with pytest.raises(StreamInterrupted, match="without its last chunk"):
        body.close()
    body.feed(b"lo\r\n0\r\n\r\n")
    body.close()


def test_a_body_that_ends_with_its_connection() -> None:
    body = framing(200, [])
    assert isinstance(body, ToTheEnd)
    assert body.feed(b"hello") == b"hello"
    assert (body.ended, body.clean) == (False, False)
    body.close()
    assert (body.ended, body.clean) == (True, False)


@pytest.mark.parametrize("status", [204, 304])
def test_no_body(status: int) -> None:
    for headers in ([], [(b"content-length", b"5")], [(b"transfer-encoding", b"chunked")]):
        body = framing(status, headers)
        assert body.ended
        assert body.clean


@pytest.mark.parametrize(
    ("version", "value", "kept"),
    [
        (b"1.1", b"keep-alive", True),
        (b"1.1", b"close", False),
        (b"1.1", b"x, Close", False),
        (b"1.1", b"closed", True),
        (b"1.0", b"keep-alive", False),
    ],
)
def test_whether_a_connection_stays_open(version: bytes, value: bytes, kept: bool) -> None:
    assert keeps_alive(version, [(b"connection", value)]) is kept
