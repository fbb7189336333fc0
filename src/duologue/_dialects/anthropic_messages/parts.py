"""The parts of a Messages answer that have a shape of their own: counts, citations, the reason why it ends.

`PLACE` is the one word that this dialect adds to a tool call, shared by its two halves: see `blocks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import a_count, string_or_none
from duologue.models import CitationContent, Usage

if TYPE_CHECKING:
    from collections.abc import Set

    from duologue.models import FinishReason

PLACE = "parts_before"

# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",  # the server's tools take long: send the answer back as it is, and the model goes on
    "compaction": "stop",  # beta: paused after the history was made short
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}


def rest(raw: dict[str, Any], known: Set[str]) -> dict[str, Any]:
    """What else an object says, besides the fields that are `known`."""
    if raw.keys() <= known:  # as nearly always
        return {}
    return {key: value for key, value in raw.items() if key not in known and value is not None}


def read_usage(usage: dict[str, Any]) -> Usage:
    """The counts. What goes into a cache or comes out of one is not in `input_tokens`, but it is in the total."""
    read, written = a_count(usage, "input_tokens"), a_count(usage, "output_tokens")
    cached = a_count(usage, "cache_read_input_tokens")
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + a_count(usage, "cache_creation_input_tokens") + cached + written,
        cached_tokens=cached,
        reasoning_tokens=a_count(usage.get("output_tokens_details"), "thinking_tokens"),
        source="reported",
        raw=usage,
    )


def read_citation(citation: dict[str, Any]) -> CitationContent:
    """One of the `*_location` objects. Their indexes count in the source, not in the answer, so they stay in `raw`."""
    return CitationContent(
        url=string_or_none(citation.get("url")),
        title=string_or_none(citation.get("title") or citation.get("document_title")),
        text=string_or_none(citation.get("cited_text")) or "",
        raw=citation,
    )
