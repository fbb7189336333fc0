"""A top-level JSON array, element by element, and any other body whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue._frames.array import END, ArrayReader, Element
from duologue.errors import DecodeError
from tests.frames.limits import until_limit
from tests.kit.corpora import cuts

VALUES: list[Any] = [
    {"a": [1, {"b": "]}"}], "c": {}},
    {"quote": 'a "b", \\', "escaped": "\\\\", "text": "é🙂[{,"},
    [],
    [[1], ",", {"d": "\\"}],
    "x, ]",
    5,
    None,
    {},
]


def frames(pieces: list[bytes]) -> list[Any]:
    reader = ArrayReader()
    return [frame for piece in pieces for frame in reader.feed(piece)] + list(reader.close())


def text(frame: Element | str) -> str:
    assert isinstance(frame, Element)
    return frame.data


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_elements(indent: int | None, ascii_only: bool) -> None:
    body = json.dumps(VALUES, indent=indent, ensure_ascii=ascii_only).encode()
    for pieces in cuts(b"\r\n\t " + body + b"\n", []):
        *elements, end = frames(pieces)
        assert [json.loads(text(element)) for element in elements] == VALUES
        assert end == END


def test_an_element_comes_with_its_last_byte() -> None:
    reader = ArrayReader()
    assert list(reader.feed(b'[{"a": "}"')) == []
    assert list(reader.feed(b"}")) == [Element('{"a": "}"}')]
    assert list(reader.feed(b"\n,\r\n[2")) == []
    assert list(reader.feed(b"]\n")) == [Element("[2]")]
    assert list(reader.feed(b"]")) == [END]


@pytest.mark.parametrize("body", [b"[]", b" [ ] \n"])
def test_an_empty_array(body: bytes) -> None:
    for pieces in cuts(body, []):
        assert frames(pieces) == [END]


@pytest.mark.parametrize("body", [b"{}", b'{"a": [1, 2]}', b"null", b"<html>[1]", "é[".encode()])
def test_what_is_no_array_comes_whole(body: bytes) -> None:
    for pieces in cuts(b"\n" + body, []):
        assert frames(pieces) == [body.decode()]


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_nothing(body: bytes) -> None:
    for pieces in cuts(body, []):
        assert frames(pieces) == []


def test_every_cut_of_a_body() -> None:
    """What had ended is given, then the beginning of what had not; and whether the array is whole can be told."""
    body = json.dumps(VALUES, indent=1).encode()
    for size in range(len(body) + 1):
        reader = ArrayReader()
        whole = [text(frame) for frame in reader.feed(body[:size]) if frame != END]
        rest = [text(frame) for frame in reader.close()]
        assert [json.loads(each) for each in whole] == VALUES[: len(whole)]
        assert len(rest) <= 1
        assert "".join(rest) in body.decode()
        assert reader.cut is (0 < size < len(body))


@pytest.mark.parametrize("body", [b"[,", b"[1,,", b"[1,]", b"[{} {}", b"[{}]]", b"[{}x", b"[[]:", b'[{}"a"', b"[] ,"])
def test_what_no_array_has(body: bytes) -> None:
    for pieces in cuts(body, []):
        with pytest.raises(DecodeError, match=r"^an array has no "):
            frames(pieces)


@pytest.mark.parametrize(
    ("body", "texts"), [(b"[1 2]", ["1 2"]), (b"[5}]", ["5}"]), (b"[{]]", ["{]"]), (b'["a"{},]', ['"a"{}'])]
)
def test_what_is_between_commas_is_the_user_s_to_judge(body: bytes, texts: list[str]) -> None:
    reader = ArrayReader()
    elements = (text(frame) for frame in reader.feed(body))
    assert [next(elements) for _ in texts] == texts


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert frames([b'["\xff"]']) == [Element('"\ufffd"'), END]


def test_limit() -> None:
    for pieces in cuts(b'[1 , [2]\n, "\\"45"]', []):
        found, error = until_limit(ArrayReader(max_bytes=5), pieces)
        assert [text(frame).strip() for frame in found] == ["1", "[2]"]
        assert error is not None
        assert str(error) == "an array's element of more than 5 bytes"
        assert error.limit == "max_event_bytes"


def test_limit_of_a_whole_body() -> None:
    for pieces in cuts(b"\n123456", []):
        _, error = until_limit(ArrayReader(max_bytes=5), pieces)
        assert error is not None
        assert error.limit == "max_event_bytes"
        assert until_limit(ArrayReader(max_bytes=6), pieces) == ([], None)


def test_white_space_between_elements_is_not_held() -> None:
    reader = ArrayReader(max_bytes=5)
    for piece in (b"\n" * 10, b"[", b" " * 10, b"1,", b" " * 10, b"[2]", b" " * 10):
        list(reader.feed(piece))
    assert list(reader.feed(b"]")) == [END]
