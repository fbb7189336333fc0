"""How large, and how many, images, documents and recordings may be that are sent to a provider as data.

The numbers are in its row, under the names in `LIMITS`; sizes are those of the files, before they become Base64. What
is sent by URL is the provider's to measure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from duologue._image_size import image_size
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from duologue.models import ChatRequest, ContentPart, Provider

LIMITS = {
    "images": "images in a request, by URL too",
    "image_bytes": "bytes of an image",
    "all_images_bytes": "bytes of all images in a request",
    "image_side": "pixels of an image's longer side",
    "image_pixels": "pixels of an image",
    "many_images": "images in a request, above which `many_images_side` holds",
    "many_images_side": "pixels of an image's longer side where there are many",
    "image_request_bytes": "bytes of a request with an image as data",
    "files": "documents in a request, by URL too",
    "file_bytes": "bytes of a document",
    "all_files_bytes": "bytes of all documents in a request",
    "pdf_bytes": "bytes of a PDF",
    "docx_bytes": "bytes of a DOCX file",
    "other_file_bytes": "bytes of a document that is neither PDF nor DOCX",
    "audio_bytes": "bytes of a recording",
    "request_bytes": "bytes of a request with data in it",
}
_COUNTED = {"image": "images", "file": "files"}
_ONE_TOO_LARGE = {"image": "image_bytes", "file": "file_bytes", "audio": "audio_bytes"}
_ALL_TOO_LARGE = {"image": "all_images_bytes", "file": "all_files_bytes"}
_BY_MEDIA_TYPE = {
    "application/pdf": "pdf_bytes",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx_bytes",
}
_NAMES = {"image": "an image", "file": "a document", "audio": "a recording"}
_Measure = tuple[str, int, str]  # the limit's name, how much it is here, and of what


def check_media(request: ChatRequest, provider: Provider) -> None:
    """Refuse a part, or a number of parts, that is more than the provider takes.

    Raises:
        UnsupportedError: one is.
    """
    parts = _media(request)
    if parts and provider.media_limits:
        _check(provider, _measures(parts, provider.media_limits))


def check_size(request: ChatRequest, provider: Provider, size: int) -> None:
    """Refuse a request with data in it that has more bytes than the provider takes.

    Raises:
        UnsupportedError: it has.
    """
    kinds = {part.type for part in _media(request) if getattr(part, "data", None)}
    if kinds and provider.media_limits:
        names = ["request_bytes", *(["image_request_bytes"] if "image" in kinds else [])]
        _check(provider, ((name, size, "bytes of a request") for name in names))


def _media(request: ChatRequest) -> list[ContentPart]:
    return [part for message in request.messages for part in message.content if part.type in _NAMES]


def _check(provider: Provider, measures: Iterable[_Measure]) -> None:
    for limit, value, what in measures:
        most = provider.media_limits.get(limit)
        if most is not None and value > most:
            raise UnsupportedError(f"{provider.title} takes at most {most:,} {what}; got {value:,} ({limit})")


def _measures(parts: list[ContentPart], limits: Mapping[str, int]) -> Iterator[_Measure]:
    kinds: list[str] = [part.type for part in parts]
    for kind, limit in _COUNTED.items():
        yield limit, kinds.count(kind), f"{limit} in a request"
    many = kinds.count("image") > limits.get("many_images", len(kinds))
    with_data = [(part, data) for part in parts if (data := getattr(part, "data", None))]
    for part, data in with_data:
        yield _ONE_TOO_LARGE[part.type], len(data), f"bytes of {_NAMES[part.type]}"
        yield from _of_image(data, many=many) if part.type == "image" else _of_file(part, data)
    for kind, limit in _ALL_TOO_LARGE.items():
        yield limit, sum(len(data) for part, data in with_data if part.type == kind), LIMITS[limit]


def _of_file(part: ContentPart, data: bytes) -> Iterator[_Measure]:
    media_type = getattr(part, "media_type", None)
    if part.type == "file" and media_type:
        limit = _BY_MEDIA_TYPE.get(media_type, "other_file_bytes")
        yield limit, len(data), LIMITS[limit]


def _of_image(data: bytes, *, many: bool) -> Iterator[_Measure]:
    width, height = image_size(data) or (0, 0)
    yield "image_pixels", width * height, "pixels of an image"
    yield "image_side", max(width, height), "pixels of an image's longer side"
    if many:
        yield "many_images_side", max(width, height), "pixels of an image's longer side, where there are so many"
