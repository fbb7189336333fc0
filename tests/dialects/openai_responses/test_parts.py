"""Counts, citations, images, and why an answer ended."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from duologue._dialects.openai_responses.parts import (
    read_citation,
    read_finish,
    read_image,
    read_usage,
)
from duologue._dialects.request import to_base64
from duologue.errors import DecodeError
from duologue.models import CitationContent, ImageContent, Usage


@pytest.mark.parametrize(
    ("status", "details", "expected"),
    [
        ("completed", None, ("stop", "completed")),
        ("complete", None, ("stop", "complete")),
        ("completed", {"reason": None}, ("stop", "completed")),
        ("incomplete", {"reason": "max_output_tokens"}, ("length", "max_output_tokens")),
        ("incomplete", {"reason": "max_tokens"}, ("length", "max_tokens")),
        ("incomplete", {"reason": "length"}, ("length", "length")),
        ("incomplete", {"reason": "content_filter"}, ("content_filter", "content_filter")),
        ("incomplete", {"reason": "novel"}, ("unknown", "novel")),
        ("incomplete", {"reason": 3}, ("unknown", "incomplete")),
        ("incomplete", "odd", ("unknown", "incomplete")),
        ("cancelled", None, ("unknown", "cancelled")),
    ],
)
def test_finish(status: str, details: Any, expected: tuple[str, str]) -> None:
    assert read_finish(status, details) == expected


def test_usage() -> None:
    usage = {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 9,
    }
    assert read_usage(usage) == Usage(5, 3, 9, 4, 2, "reported", usage)
    assert read_usage({"input_tokens": 5, "output_tokens": 3, "input_tokens_details": None}).total_tokens == 8
    assert read_usage({"input_tokens": None}).source == "reported"
    with pytest.raises(DecodeError, match=r"usage\.input_tokens"):
        read_usage({"input_tokens": "5"})


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (
            {"type": "url_citation", "url": "https://x", "title": "X", "start_index": 1, "end_index": 5},
            {"url": "https://x", "title": "X", "start": 1, "end": 5},
        ),
        ({"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 3}, {"title": "a.pdf"}),
        (
            {"type": "container_file_citation", "filename": "a.csv", "start_index": 0, "end_index": 0},
            {"title": "a.csv", "start": 0, "end": 0},
        ),
        ({"type": "novel"}, {}),
    ],
)
def test_citations(note: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_citation(note) == CitationContent(**expected, raw=note)


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", bytes(range(256))])
def test_images_go_back_as_they_came(data: bytes) -> None:
    result = base64.b64encode(data).decode()
    found = read_image({"result": result, "output_format": "webp"})
    assert found == (ImageContent(data=data, media_type="image/webp") if data else None)
    assert to_base64(data) == result


@pytest.mark.parametrize("result", [None, 5, "", "no base64!", "QQ", "QR==", "https://x/a.png", "\u00e9"])
def test_what_is_no_image(result: Any) -> None:
    assert read_image({"result": result}) is None


def test_an_image_of_an_unknown_kind() -> None:
    assert read_image({"result": "QQ=="}) == ImageContent(data=b"A")
