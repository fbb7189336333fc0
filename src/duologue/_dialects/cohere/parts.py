"""The parts of a Cohere answer that have a shape of their own: counts, citations, and where things stand.

A message holds a plan for its tool calls and a list of content blocks. The plan is our block 0, the first of the others
our block 1, and a citation stands in the block that it cites.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import a_count, a_string, an_index, an_object, objects, string_or_none
from duologue.models import CitationContent, Usage

if TYPE_CHECKING:
    from duologue.models import FinishReason

PLAN_BLOCK = 0

# https://docs.cohere.com/reference/chat, then words of version 1 that private deployments may still use.
FINISH_REASONS: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR": "error",
    "TIMEOUT": "error",
    "ERROR_LIMIT": "length",
    "ERROR_TOXIC": "content_filter",
}


def content_block(index: Any) -> int:
    """Our number of a content block by its place among them; where none is given, it is the first."""
    return PLAN_BLOCK + 1 + (an_index(index) or 0)


def read_usage(usage: dict[str, Any]) -> Usage:
    """The counts of what the model read and wrote, or else of what is billed, which is less."""
    name = "tokens" if usage.get("tokens") else "billed_units"
    tokens = an_object(usage.get(name) or {}, f"usage.{name}")
    read, written = a_count(tokens, "input_tokens"), a_count(tokens, "output_tokens")
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written,
        cached_tokens=a_count(usage, "cached_tokens"),
        source="reported",
        raw=usage,
    )


def read_citation(note: dict[str, Any]) -> CitationContent:
    """A citation, with the address and title of its first source that has any."""
    sources = [_source(source) for source in objects(note.get("sources"))]
    return CitationContent(
        url=next((url for source in sources if (url := string_or_none(source.get("url")))), None),
        title=next((title for source in sources if (title := string_or_none(source.get("title")))), None),
        text=a_string(note.get("text"), "message.citations[].text"),
        start=an_index(note.get("start")),
        end=an_index(note.get("end")),
        raw=note,
    )


def citation_block(note: dict[str, Any]) -> int:
    """Our number of the block that is cited."""
    return PLAN_BLOCK if note.get("type") == "PLAN" else content_block(note.get("content_index"))


def _source(source: dict[str, Any]) -> dict[str, Any]:
    """What a source says of itself: a tool's output, or a document."""
    found = source.get("tool_output") or source.get("document")
    return found if isinstance(found, dict) else {}
