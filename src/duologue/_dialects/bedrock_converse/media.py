"""Images, documents, films and sound on their way to the model: as data, or by an address in S3.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from duologue._dialects.bedrock_converse.parts import AUDIO_FORMATS, DOCUMENT_FORMATS, IMAGE_FORMATS, VIDEO_FORMATS
from duologue._dialects.request import to_base64, with_data
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from duologue.models import AudioContent, FileContent, ImageContent

_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z()\[\]-]+")


class Names:
    """The names of a request's documents, which all have to differ."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def name(self, filename: str | None) -> str:
        """A name made of the allowed characters: letters, digits, single blanks, hyphens and brackets."""
        stem = (filename or "").rpartition(".")[0] or filename or ""
        name = wanted = _NOT_IN_NAMES.sub(" ", stem).strip()[:180].strip() or "document"
        number = 1
        while name in self._given:
            number += 1
            name = f"{wanted} {number}"
        self._given.add(name)
        return name


def encode_image(part: ImageContent) -> dict[str, Any]:
    if part.detail is not None:
        raise UnsupportedError("the bedrock-converse format has no detail of images")
    part = with_data(part)
    return {"image": {"format": _format(part, IMAGE_FORMATS), "source": _source(part)}}


def encode_file(part: FileContent, names: Names) -> dict[str, Any]:
    if part.file_id is not None:
        raise UnsupportedError("the bedrock-converse format takes files as data or by an s3:// address, not by file_id")
    part = with_data(part)
    if _is_video(part):
        return {"video": {"format": _format(part, VIDEO_FORMATS), "source": _source(part)}}
    document = {"format": _format(part, DOCUMENT_FORMATS), "name": names.name(part.filename), "source": _source(part)}
    return {"document": document}


def encode_audio(part: AudioContent) -> dict[str, Any]:
    part = with_data(part)
    return {"audio": {"format": _format(part, AUDIO_FORMATS), "source": _source(part)}}


def _is_video(part: FileContent) -> bool:
    media_type = (part.media_type or "").lower()
    return media_type.startswith("video/") if media_type else _ending(part) in VIDEO_FORMATS.values()


def _ending(part: ImageContent | FileContent | AudioContent) -> str:
    return (part.url or "").rpartition(".")[2].lower()


def _format(part: ImageContent | FileContent | AudioContent, formats: dict[str, str]) -> str:
    media_type = (part.media_type or "").partition(";")[0].strip().lower()
    if media_type in formats:
        return formats[media_type]
    if not media_type and _ending(part) in formats.values():
        return _ending(part)
    raise UnsupportedError(
        f"the bedrock-converse format takes {part.type} content as {', '.join(sorted(set(formats.values())))}; "
        f"got {part.media_type or 'no media_type'}"
    )


def _source(part: ImageContent | FileContent | AudioContent) -> dict[str, Any]:
    if part.data is not None:
        return {"bytes": to_base64(part.data)}
    if part.url is not None and part.url.startswith("s3://"):
        return {"s3Location": {"uri": part.url}}
    raise UnsupportedError(
        f"the bedrock-converse format takes {part.type} content as data or by an s3:// address: "
        "client.fetch gets what is at another"
    )
