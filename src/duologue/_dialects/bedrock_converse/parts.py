"""What answers and requests of Converse share, and the parts of an answer that have a shape of their own."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import a_count, a_string, an_object, objects, some_bytes, string_or_none
from duologue.models import AudioContent, CitationContent, ImageContent, UnknownContent, Usage

if TYPE_CHECKING:
    from duologue.models import FinishReason

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html
FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "refusal": "refusal",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}

# Converse names formats, where others name media types. The first type of a format is the one that answers get.
IMAGE_FORMATS = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
AUDIO_FORMATS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/opus": "opus",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "mp4",
    "audio/x-m4a": "m4a",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "audio/x-matroska": "mka",
    "audio/pcm": "pcm",
}
VIDEO_FORMATS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/matroska": "mkv",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
}
DOCUMENT_FORMATS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_MEDIA: dict[str, tuple[type[ImageContent | AudioContent], dict[str, str]]] = {
    "image": (ImageContent, IMAGE_FORMATS),
    "audio": (AudioContent, AUDIO_FORMATS),
}


def read_usage(usage: dict[str, Any]) -> Usage:
    """The counts. `inputTokens` has neither what was read from a cache nor what was written to one."""
    read, written = a_count(usage, "inputTokens"), a_count(usage, "outputTokens")
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=a_count(usage, "totalTokens") or read + written,
        cached_tokens=a_count(usage, "cacheReadInputTokens"),
        source="reported",
        raw=usage,
    )


def read_citation(note: dict[str, Any], start: int | None, end: int | None) -> CitationContent:
    """A citation of the answer's text from `start` to `end`, in characters."""
    location = note.get("location")
    web = location.get("web") if isinstance(location, dict) else None
    return CitationContent(
        url=string_or_none(web.get("url")) if isinstance(web, dict) else None,
        title=string_or_none(note.get("title")),
        text="".join(string_or_none(piece.get("text")) or "" for piece in objects(note.get("sourceContent"))),
        start=start,
        end=end,
        raw=note,
    )


def read_media(kind: str, pieces: list[dict[str, Any]]) -> ImageContent | AudioContent | UnknownContent:
    """An image or a sound out of its pieces: its format, then its bytes.

    One that has more to it, such as an error in its place, is kept as it is.
    """
    cls, formats = _MEDIA[kind]
    block, data = _joined_media(kind, pieces)
    source = block.get("source", {})
    place = an_object(source.get("s3Location") or {}, f"{kind}.source.s3Location")
    name = a_string(block.get("format"), f"{kind}.format")
    url = a_string(place.get("uri"), f"{kind}.source.s3Location.uri")
    if any(found.keys() - known for found, known in zip((block, source, place), _MEDIA_KEYS, strict=True)):
        return UnknownContent({"type": kind, kind: block})
    media_type = next((media for media, known in formats.items() if known == name), f"{kind}/{name}") if name else None
    return cls(url=url or None, data=data or None, media_type=media_type)


_MEDIA_KEYS = ({"format", "source"}, {"bytes", "s3Location"}, {"uri"})


def _joined_media(kind: str, pieces: list[dict[str, Any]]) -> tuple[dict[str, Any], bytes]:
    """The pieces as one block, and the bytes in it."""
    block: dict[str, Any] = {}
    source: dict[str, Any] = {}
    data = b""
    for piece in pieces:
        found = given(an_object(piece.get("source") or {}, f"{kind}.source"))
        data += some_bytes(found.get("bytes"), f"{kind}.source.bytes")
        block |= given(piece)
        source |= found
    if data:
        source["bytes"] = base64.b64encode(data).decode()
    return {**block, "source": source} if source else block, data


def given(value: dict[str, Any]) -> dict[str, Any]:
    """An object without its nulls."""
    return {key: item for key, item in value.items() if item is not None}
