"""The parts of a Responses answer that have a shape of their own: counts, citations, images, the reason of the end."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from duologue._dialects.request import to_base64
from duologue._dialects.shape import a_count, an_index, string_or_none
from duologue.models import CitationContent, ImageContent, Usage

if TYPE_CHECKING:
    from duologue.models import FinishReason

# The status, or what `incomplete_details` says of it: https://platform.openai.com/docs/api-reference/responses/object
FINISH_REASONS: dict[str, FinishReason] = {
    "completed": "stop",
    "complete": "stop",  # some servers' word for it
    "max_output_tokens": "length",
    "max_tokens": "length",  # servers that put Responses in front of another format, as the next
    "length": "length",
    "content_filter": "content_filter",
}


def read_finish(status: str, details: Any) -> tuple[FinishReason, str]:
    """Why an answer of this status ended, in our word and the provider's."""
    reason = details.get("reason") if isinstance(details, dict) else None
    word = string_or_none(reason) or status
    return FINISH_REASONS.get(word, "unknown"), word


def read_usage(usage: dict[str, Any]) -> Usage:
    """The counts."""
    read, written = a_count(usage, "input_tokens"), a_count(usage, "output_tokens")
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=a_count(usage, "total_tokens") or read + written,
        cached_tokens=a_count(usage.get("input_tokens_details"), "cached_tokens"),
        reasoning_tokens=a_count(usage.get("output_tokens_details"), "reasoning_tokens"),
        source="reported",
        raw=usage,
    )


def read_citation(note: dict[str, Any]) -> CitationContent:
    """Any of the annotations: a page, a file, or a file in a container."""
    return CitationContent(
        url=string_or_none(note.get("url")),
        title=string_or_none(note.get("title")) or string_or_none(note.get("filename")),
        start=an_index(note.get("start_index")),
        end=an_index(note.get("end_index")),
        raw=note,
    )


def read_image(item: dict[str, Any]) -> ImageContent | None:
    """The image that an `image_generation_call` made; None where its result is not Base64 in the usual form."""
    result = string_or_none(item.get("result"))
    if result is None:
        return None
    try:
        data = base64.b64decode(result, validate=True)
    except (binascii.Error, ValueError):
        return None
    # It has to come out the same when it goes back.
    if to_base64(data) != result:
        return None
    kind = string_or_none(item.get("output_format"))
    return ImageContent(data=data, media_type=f"image/{kind}" if kind else None)
