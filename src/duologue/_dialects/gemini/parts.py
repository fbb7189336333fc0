"""The parts of a Gemini answer that have a shape of their own: finish reasons, counts, media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import a_count, a_string, some_bytes
from duologue.models import AudioContent, FileContent, ImageContent, Usage

if TYPE_CHECKING:
    from duologue.models import FinishReason

# https://ai.google.dev/api/generate-content#FinishReason, and Vertex's MODEL_ARMOR. A stop with tool calls in it is
# `STOP` too. `OTHER` and `IMAGE_OTHER` say nothing, so they stay unknown.
FINISH_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "NO_IMAGE": "error",
    "MALFORMED_FUNCTION_CALL": "error",
    "MALFORMED_RESPONSE": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
}


def read_usage(counts: dict[str, Any]) -> Usage:
    """The counts of an answer so far. Thoughts are counted apart from the answer, and what built-in tools fed to the
    model apart from the prompt.

    Objects that say neither how long the prompt was nor how much it was in all are no account, and stay as they are.
    """
    if "promptTokenCount" not in counts and "totalTokenCount" not in counts:
        return Usage(raw=counts)
    read, written = a_count(counts, "promptTokenCount"), a_count(counts, "candidatesTokenCount")
    thoughts, tools = a_count(counts, "thoughtsTokenCount"), a_count(counts, "toolUsePromptTokenCount")
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=a_count(counts, "totalTokenCount") or read + written + thoughts + tools,
        cached_tokens=a_count(counts, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
        source="reported",
        raw=counts,
    )


def read_media(blob: dict[str, Any], path: str) -> ImageContent | AudioContent | FileContent:
    """An image, sound, or a file of another kind."""
    media_type = a_string(blob.get("mimeType"), f"{path}.mimeType") or None
    data = some_bytes(blob.get("data"), f"{path}.data")
    kind = (media_type or "").partition("/")[0]
    if kind == "image":
        return ImageContent(data=data, media_type=media_type)
    if kind == "audio":
        return AudioContent(data=data, media_type=media_type)
    return FileContent(data=data, media_type=media_type)
