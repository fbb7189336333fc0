"""Counts, citations and sound, in the shapes that servers give them in."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from duologue._dialects.openai_chat.parts import read_audio, read_citation, read_usage
from duologue.errors import DecodeError
from duologue.models import AudioContent, CitationContent, Usage


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        ({}, {}),
        (
            {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 6},
            {"input_tokens": 3, "output_tokens": 2, "total_tokens": 6},
        ),
        ({"prompt_tokens": 3, "completion_tokens": 2}, {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}),
        ({"prompt_tokens": 3.0, "completion_tokens": None}, {"input_tokens": 3, "total_tokens": 3}),
        ({"prompt_tokens_details": None, "completion_tokens_details": None}, {}),
        ({"prompt_tokens_details": [], "completion_tokens_details": "?"}, {}),
        (
            {
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            {"cached_tokens": 4, "reasoning_tokens": 7},
        ),
        ({"prompt_tokens_details": {"cached_tokens": None}, "completion_tokens_details": {}}, {}),
        ({"prompt_cache_hit_tokens": 4}, {"cached_tokens": 4}),
        ({"cached_tokens": 4}, {"cached_tokens": 4}),
        ({"reasoning_tokens": 4}, {"reasoning_tokens": 4}),
    ],
)
def test_usage(raw: dict[str, Any], counts: dict[str, int]) -> None:
    assert read_usage(raw) == Usage(**counts, source="reported", raw=raw)


@pytest.mark.parametrize("value", ["3", True, [], {}, float("inf"), float("nan")])
@pytest.mark.parametrize(
    ("field", "within"),
    [
        ("prompt_tokens", None),
        ("completion_tokens", None),
        ("total_tokens", None),
        ("cached_tokens", "prompt_tokens_details"),
        ("reasoning_tokens", "completion_tokens_details"),
        ("prompt_cache_hit_tokens", None),
    ],
)
def test_counts_that_are_no_numbers(field: str, within: str | None, value: Any) -> None:
    raw = {within: {field: value}} if within else {field: value}
    with pytest.raises(DecodeError, match=f"^usage.{field}: expected a number"):
        read_usage(raw)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (
            {"url_citation": {"url": "u", "title": "t", "content": "c", "start_index": 0, "end_index": 9}},
            {"url": "u", "title": "t", "text": "c", "start": 0, "end": 9},
        ),
        ({"url": "u", "title": "t", "summary": "s"}, {"url": "u", "title": "t", "text": "s"}),
        ({"url_citation": "?", "url": "u"}, {"url": "u"}),
        ({"url": 1, "title": "", "start_index": "0", "end_index": True, "content": ["x"]}, {}),
        ({}, {}),
    ],
)
def test_citation(note: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_citation(note) == CitationContent(**expected, raw=note)


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        ({"data": base64.b64encode(b"\0\1").decode()}, {"data": b"\0\1"}),
        ({"data": None, "id": "a", "transcript": "t"}, {"id": "a", "transcript": "t"}),
        ({"data": "", "id": "", "transcript": ""}, {}),
        ({"expires_at": 9, "format": None}, {"extra": {"expires_at": 9}}),
    ],
)
def test_audio(audio: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_audio(audio) == AudioContent(**expected)


@pytest.mark.parametrize("data", ["?", "AAE", 5, "ä", ["AAEC"]])
def test_audio_that_is_no_base64(data: Any) -> None:
    with pytest.raises(DecodeError, match=r"not Base64|expected a string"):
        read_audio({"data": data})
