"""Compressed bodies, at every cut."""

from __future__ import annotations

import gzip
import zlib

import pytest

from duologue._frames.inflate import ACCEPT, Plain, open_body
from duologue.errors import ProtocolError, StreamTruncated
from tests.kit.corpora import cuts

TEXT = b"data: {}\n\n" * 20 + bytes(range(256))


def raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


KINDS = {
    "gzip": ("gzip", gzip.compress(TEXT, mtime=0)),
    "gzip in upper case": (" GZIP ", gzip.compress(TEXT, mtime=0)),
    "x-gzip": ("x-gzip", gzip.compress(TEXT, mtime=0)),
    "gzip of three members": ("gzip", b"".join(gzip.compress(part, mtime=0) for part in (TEXT[:9], b"", TEXT[9:]))),
    "deflate": ("deflate", zlib.compress(TEXT)),
    "deflate without a head": ("deflate", raw_deflate(TEXT)),
    "deflate that begins with a window of its own": ("deflate", zlib.compress(TEXT, wbits=9)),
    "identity": ("identity", TEXT),
    "none": ("", TEXT),
}
COMPRESSED = {name: kind for name, kind in KINDS.items() if not kind[1].startswith(b"data")}


def read(encoding: str, pieces: list[bytes]) -> bytes:
    body = open_body(encoding)
    found = b"".join([body.feed(piece) for piece in pieces])
    assert not body.more
    body.close()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut(kind: str) -> None:
    encoding, data = KINDS[kind]
    for at in range(len(data) + 1):
        assert read(encoding, [data[:at], data[at:]]) == TEXT
    for pieces in cuts(data, []):
        assert read(encoding, pieces) == TEXT


@pytest.mark.parametrize("kind", COMPRESSED)
def test_cut_short_anywhere(kind: str) -> None:
    encoding, data = KINDS[kind]
    ends = {0, len(data)}  # an empty body has no compressed data to be cut
    if kind == "gzip of three members":
        first = len(gzip.compress(TEXT[:9], mtime=0))
        ends |= {first, first + len(gzip.compress(b"", mtime=0))}
    for at in set(range(len(data))) - ends:
        for pieces in ([data[:at]], [data[i : i + 1] for i in range(at)]):
            body = open_body(encoding)
            found = b"".join([body.feed(piece) for piece in pieces])
            assert TEXT.startswith(found)
            with pytest.raises(StreamTruncated, match=encoding.strip().lower().removeprefix("x-")):
                body.close()
    for at in ends:
        assert TEXT.startswith(read(encoding, [data[:at]]))


@pytest.mark.parametrize("kind", ["gzip", "deflate", "deflate without a head"])
def test_what_was_flushed_is_given_at_once(kind: str) -> None:
    encoding = KINDS[kind][0]
    squeeze = zlib.compressobj(wbits={"gzip": 31, "deflate": 15}.get(kind, -15))
    body = open_body(encoding)
    for text in (b"data: 1\n\n", b"data: 2\n\n"):
        assert body.feed(squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH)) == text


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", TEXT),
        ("gzip", gzip.compress(TEXT) + b"garbage"),
        ("gzip", gzip.compress(TEXT)[:-8] + bytes(8)),
        ("gzip", zlib.compress(TEXT)),
        ("deflate", b"\xff" * 20),
        ("deflate", zlib.compress(TEXT)[:-4] + bytes(4)),
        ("deflate", gzip.compress(TEXT)),
    ],
)
def test_garbage(encoding: str, data: bytes) -> None:
    for pieces in cuts(data, []):
        with pytest.raises(ProtocolError, match=f"not {encoding} data") as caught:
            read(encoding, pieces)
        assert not isinstance(caught.value, StreamTruncated)
        assert not caught.value.retryable


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "*"])
def test_an_encoding_that_was_not_asked_for(encoding: str) -> None:
    with pytest.raises(ProtocolError, match=f"only {ACCEPT} were asked for"):
        open_body(encoding)


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_what_is_unpacked_at_once_is_bounded(kind: str) -> None:
    text = b"data: {}\n" * 1_000_000
    body, found = open_body(kind), 0
    data = gzip.compress(text) if kind == "gzip" else zlib.compress(text)
    for place in range(0, len(data), 5000):
        piece = body.feed(data[place : place + 5000])
        while True:
            assert len(piece) <= 65536
            found += len(piece)
            if not body.more:
                break
            piece = body.feed(b"")
    body.close()
    assert found == len(text)


def test_plain() -> None:
    assert isinstance(open_body(" Identity "), Plain)
