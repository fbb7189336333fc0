"""Counts, citations, and where things stand."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._dialects.cohere.parts import FINISH_REASONS, citation_block, content_block, read_citation, read_usage
from duologue.errors import DecodeError
from duologue.models import FINISH_REASON_VALUES, CitationContent, Usage


def test_words_for_the_end() -> None:
    assert set(FINISH_REASONS.values()) <= set(FINISH_REASON_VALUES)


@pytest.mark.parametrize(("index", "block"), [(0, 1), (2, 3), (None, 1), ("1", 1), (True, 1)])
def test_blocks(index: Any, block: int) -> None:
    assert content_block(index) == block


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"billed_units": {"input_tokens": 1}, "tokens": {"input_tokens": 7.0, "output_tokens": 2}},
            Usage(7, 2, 9),
        ),
        ({"tokens": {"input_tokens": 7}, "cached_tokens": 5}, Usage(7, 0, 7, 5)),
        ({"tokens": None}, Usage()),
        ({"billed_units": {"input_tokens": 1, "output_tokens": 2}}, Usage(1, 2, 3)),
        ({"billed_units": {"search_units": 1}, "tokens": {}}, Usage()),
    ],
)
def test_counts(usage: dict[str, Any], expected: Usage) -> None:
    found = read_usage(usage)
    assert (found.source, found.raw) == ("reported", usage)
    assert Usage(found.input_tokens, found.output_tokens, found.total_tokens, found.cached_tokens) == expected


@pytest.mark.parametrize(
    ("usage", "match"),
    [
        ({"tokens": []}, None),
        ({"tokens": [1]}, "usage.tokens: expected an object, got list"),
        ({"billed_units": [1]}, "usage.billed_units: expected an object, got list"),
        ({"tokens": {"input_tokens": "1"}}, "usage.input_tokens: expected a number, got str"),
        ({"cached_tokens": "1"}, "usage.cached_tokens: expected a number, got str"),
    ],
)
def test_counts_that_are_none(usage: dict[str, Any], match: str | None) -> None:
    if match is None:
        assert read_usage(usage).input_tokens == 0
        return
    with pytest.raises(DecodeError, match=match):
        read_usage(usage)


CITATIONS: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    ({}, {}, 1),
    ({"start": 1, "end": 3, "text": "ab"}, {"start": 1, "end": 3, "text": "ab"}, 1),
    ({"content_index": 2, "type": "TEXT_CONTENT"}, {}, 3),
    ({"content_index": 0, "type": "THINKING_CONTENT"}, {}, 1),
    ({"type": "PLAN"}, {}, 0),
    (
        {"sources": [{"type": "tool", "tool_output": {"url": "u", "title": "t"}}]},
        {"url": "u", "title": "t"},
        1,
    ),
    (
        {
            "sources": [
                "odd",
                {"document": "odd"},
                {"document": {"title": "t"}},
                {"document": {"title": "s", "url": "u"}},
            ]
        },
        {"url": "u", "title": "t"},
        1,
    ),
    ({"sources": None, "text": None, "start": "1"}, {}, 1),
]


@pytest.mark.parametrize(("note", "fields", "block"), CITATIONS)
def test_citations(note: dict[str, Any], fields: dict[str, Any], block: int) -> None:
    assert read_citation(note) == CitationContent(raw=note, **fields)
    assert citation_block(note) == block


def test_a_citation_of_no_text() -> None:
    with pytest.raises(DecodeError, match=r"citations\[\].text: expected a string, got int"):
        read_citation({"text": 1})
