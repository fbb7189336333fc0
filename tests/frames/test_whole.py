"""A body that is one text."""

from __future__ import annotations

import pytest

from duologue._frames.whole import WholeReader
from duologue.errors import LimitExceeded
from tests.kit.corpora import cuts


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"{}", ["{}"]), (b"", []), (b" \n", []), ("é🙂".encode(), ["é🙂"]), (b"\xff", ["\ufffd"])],
)
def test_the_text_comes_at_the_end(body: bytes, text: list[str]) -> None:
    for pieces in cuts(body, []):
        reader = WholeReader()
        assert [frame for piece in pieces for frame in reader.feed(piece)] == []
        assert reader.close() == text


def test_limit() -> None:
    for pieces in cuts(b"123456", []):
        with pytest.raises(LimitExceeded, match="more than 5 bytes") as caught:
            _read(WholeReader(max_bytes=5), pieces)
        assert caught.value.limit == "max_event_bytes"
        assert _read(WholeReader(max_bytes=6), pieces) == ["123456"]


def test_an_error_is_cut_instead() -> None:
    for pieces in cuts(b"123456789", []):
        assert _read(WholeReader(max_bytes=5, cut=True), pieces) == ["12345"]
    assert _read(WholeReader(max_bytes=5, cut=True), [b""]) == [""]


def test_the_end_of_an_endless_error_is_not_waited_for() -> None:
    reader = WholeReader(max_bytes=5, cut=True)
    assert reader.feed(b"1234") == []
    assert reader.feed(b"5") == []
    assert reader.feed(b"67") == ["12345"]


def _read(reader: WholeReader, pieces: list[bytes]) -> list[str]:
    for piece in pieces:
        text = reader.feed(piece)
        if text:
            return text
    return reader.close()
