"""Counts, citations and reasons."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._dialects.anthropic_messages.parts import FINISH_REASONS, read_citation, read_usage
from duologue.errors import DecodeError
from duologue.models import FINISH_REASON_VALUES, CitationContent, Usage


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        ({}, {}),
        ({"input_tokens": 3, "output_tokens": 2}, {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}),
        (
            {"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100, "output_tokens": 2},
            {"input_tokens": 3, "output_tokens": 2, "total_tokens": 115, "cached_tokens": 100},
        ),
        ({"input_tokens": None, "cache_read_input_tokens": None, "output_tokens_details": None}, {}),
        (
            {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 7}},
            {"output_tokens": 9, "total_tokens": 9, "reasoning_tokens": 7},
        ),
    ],
)
def test_usage(raw: dict[str, Any], counts: dict[str, int]) -> None:
    assert read_usage(raw) == Usage(**counts, source="reported", raw=raw)


@pytest.mark.parametrize(
    "raw",
    [
        {"input_tokens": "3"},
        {"output_tokens": []},
        {"cache_creation_input_tokens": True},
        {"cache_read_input_tokens": {}},
        {"output_tokens_details": {"thinking_tokens": "3"}},
    ],
)
def test_counts_that_are_no_numbers(raw: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"^usage\.\w+: expected a number"):
        read_usage(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"type": "web_search_result_location", "url": "u", "title": "t", "cited_text": "c", "encrypted_index": "e"},
            {"url": "u", "title": "t", "text": "c"},
        ),
        (
            {"type": "char_location", "document_title": "d", "cited_text": "c", "start_char_index": 1},
            {"title": "d", "text": "c"},
        ),
        ({"type": "char_location", "document_title": None, "cited_text": None, "url": 5}, {}),
        ({}, {}),
    ],
)
def test_citation(raw: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_citation(raw) == CitationContent(**expected, raw=raw)


def test_reasons_are_our_words() -> None:
    assert set(FINISH_REASONS.values()) <= set(FINISH_REASON_VALUES)
