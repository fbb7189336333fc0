"""Heads of HTTP/1.1, wherever the bytes are cut, held against h11."""

from __future__ import annotations

import random

import h11
import pytest

from duologue._frames.http1_head import BadHead, Head, HeadReader, written
from tests.kit.corpora import cuts

GOOD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Empty:\r\nX-Spaces: \t a b \t\r\n"
    b"X-Text: caf\xe9\r\nTransfer-Encoding: Chunked\r\n\r\n"
)


def read(pieces: list[bytes]) -> tuple[Head | None, bytes] | str:
    """The last head and what is behind it, as far as it came, or that it is none."""
    reader = HeadReader()
    try:
        for piece in pieces:
            reader.feed(piece)
            while head := reader.next():
                if head.status >= 200:
                    return head, reader.rest + b"".join(pieces[pieces.index(piece) + 1 :])
    except BadHead:
        return "bad"
    return None, b""


def h11_reads(data: bytes) -> tuple[Head | None, bytes] | str:
    """What h11 makes of it."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=102400)
    connection.send(h11.Request(method="POST", target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    try:
        while isinstance(event := connection.next_event(), h11.InformationalResponse):
            pass
    except h11.RemoteProtocolError:
        return "bad"
    if not isinstance(event, h11.Response):
        return None, b""
    head = Head(bytes(event.http_version), event.status_code, bytes(event.reason), list(event.headers))
    return head, bytes(connection.trailing_data[0])


def test_a_head_however_it_is_cut() -> None:
    for pieces in cuts(GOOD + b"5\r\nhello", []):
        found = read(pieces)
        assert isinstance(found, tuple)
        head = found[0]
        assert head is not None
        assert head[:3] == (b"1.1", 200, b"OK")
        assert dict(head.headers) == {
            b"content-type": b"text/event-stream",
            b"x-empty": b"",
            b"x-spaces": b"a b",
            b"x-text": b"caf\xe9",
            b"transfer-encoding": b"Chunked",
        }


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_a_part_of_a_head_is_none(size: int) -> None:
    assert read([GOOD[:size]]) == (None, b"")


HEADS = [
    GOOD + b"5\r\nhello",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.0 404\r\na: b\r\n\r\nbody",
    b"HTTP/1.1 200 OK\na: b\n\nbody",
    b"HTTP/1.1 200 \r\n\r\n",
    b"HTTP/1.1 200\r\n\r\n",
    b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\td\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\na: b\r\nA: c\r\n\r\n",
    b"HTTP/1.1 200 OK\r\na:b:c\r\n\r\n",
]
BAD = [
    b"\r\nHTTP/1.1 200 OK\r\n\r\n",
    b"\x16\x03\x01\x02\x00",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/11 200 OK\r\n\r\n",
    b"ICY 200 OK\r\n\r\n",
    b"HTTP/1.1 200 O\0K\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
    b"HTTP/1.1 200 OK\r\na : b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\na: b\0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: " + b"1" * 30 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n",
]


def same(ours: tuple[Head | None, bytes] | str, theirs: tuple[Head | None, bytes] | str) -> bool:
    """Whether two readings agree, but for the case of an encoding, which h11 makes lower."""
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    (head, rest), (their_head, their_rest) = ours, theirs
    if head is None or their_head is None:
        return head is their_head
    lower = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in head.headers]
    return (head[:3], sorted(lower), rest) == (their_head[:3], sorted(their_head.headers), their_rest)


@pytest.mark.parametrize("data", HEADS)
def test_heads_are_read_as_h11_reads_them(data: bytes) -> None:
    assert read([data]) != (None, b"")
    assert same(read([data]), h11_reads(data))


@pytest.mark.parametrize("data", BAD)
def test_what_is_no_head(data: bytes) -> None:
    assert read([data]) == h11_reads(data) == "bad"


@pytest.mark.parametrize("seed", range(20))
def test_mutations_are_read_as_h11_reads_them(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(300):
        data = bytearray(draw.choice(HEADS))
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(data))
            choice = draw.randrange(3)
            letter = draw.choice(b"\r\n\t :;,019aZ\x00\x0b\x0c\x7f\x80\xff")
            if choice == 0:
                data[at] = letter
            elif choice == 1:
                data.insert(at, letter)
            else:
                del data[at]
        ours, theirs = read([bytes(data)]), h11_reads(bytes(data))
        assert same(ours, theirs), (bytes(data), ours, theirs)


def test_a_head_has_an_end() -> None:
    reader = HeadReader()
    reader.feed(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        reader.feed(b"x: " + b"y" * 1000 + b"\r\n")
        assert reader.next() is None
    reader.feed(b"x: " + b"y" * 3000)
    with pytest.raises(BadHead, match="without an end"):
        reader.next()


def test_a_request() -> None:
    head = written(b"POST", b"/v1/chat?x=1", [(b"host", b"a"), (b"x-text", b"a \t b"), (b"x-empty", b"")])
    assert head == b"POST /v1/chat?x=1 HTTP/1.1\r\nhost: a\r\nx-text: a \t b\r\nx-empty: \r\n\r\n"


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        (b"/a b", b"a", b"b"),
        (b"/a\r\nx: y", b"a", b"b"),
        (b"", b"a", b"b"),
        (b"/", b"a\r\nb", b"c"),
        (b"/", b"a b", b"c"),
        (b"/", b"", b"c"),
        (b"/", b"a", b"b\r\nc: d"),
        (b"/", b"a", b"b\nc"),
        (b"/", b"a", b"b\0"),
    ],
)
def test_what_would_be_read_as_something_else(target: bytes, name: bytes, value: bytes) -> None:
    with pytest.raises(BadHead) as caught:
        written(b"POST", target, [(b"host", b"a"), (name, value)])
    assert "\r" not in str(caught.value)
