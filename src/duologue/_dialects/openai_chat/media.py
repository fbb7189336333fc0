"""Images, documents and sound in a Chat Completions request.

For documents and sound, the row of the provider table names one of a few shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.request import data_url, to_base64
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue.models import AudioContent, AudioInput, FileContent, FileInput, ImageContent

_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


def encode_image(part: ImageContent) -> dict[str, Any]:
    """An image, by URL or as a URL of its data."""
    image = {"url": part.url or data_url(part)}
    if part.detail is not None:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


# -- documents ---------------------------------------------------------------------------------------------------------


def _file(part: FileContent) -> dict[str, Any]:
    if part.file_id is not None:
        return {"type": "file", "file": {"file_id": part.file_id}}
    if part.data is None:
        raise UnsupportedError("the openai-chat format takes files as data or by file_id, not by URL")
    return {"type": "file", "file": {"filename": part.filename or "file", "file_data": data_url(part)}}


def _file_or_url(part: FileContent) -> dict[str, Any]:
    """https://openrouter.ai/docs/guides/overview/multimodal/pdfs"""
    if part.url is None:
        return _file(part)
    return {"type": "file", "file": {"filename": part.filename or "file", "file_data": part.url}}


def _document_url(part: FileContent) -> dict[str, Any]:
    """https://docs.mistral.ai/capabilities/document_ai/document_qna/"""
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    document = {"type": "document_url", "document_url": part.url or data_url(part)}
    return document if part.filename is None else {**document, "document_name": part.filename}


def _file_url(part: FileContent) -> dict[str, Any]:
    """https://docs.perplexity.ai/guides/file-attachments"""
    if part.url is None and part.data is None:
        raise UnsupportedError("a file_url is an address or data, not a file_id")
    file = {"type": "file_url", "file_url": {"url": part.url or to_base64(part.data or b"")}}
    return file if part.filename is None else {**file, "file_name": part.filename}


FILES: dict[FileInput, Callable[[FileContent], dict[str, Any]]] = {
    "file": _file,
    "file_or_url": _file_or_url,
    "document_url": _document_url,
    "file_url": _file_url,
}


# -- sound -------------------------------------------------------------------------------------------------------------


def _data(part: AudioContent) -> dict[str, Any]:
    if part.data is None:
        raise _no_sound(part)
    return {"type": "input_audio", "input_audio": {"data": to_base64(part.data), "format": _format(part)}}


def _base64(part: AudioContent) -> dict[str, Any]:
    """https://docs.mistral.ai/capabilities/audio/"""
    if part.data is None:
        raise _no_sound(part)
    return {"type": "input_audio", "input_audio": to_base64(part.data)}


def _url(part: AudioContent) -> dict[str, Any]:
    """https://www.alibabacloud.com/help/en/model-studio/qwen-omni"""
    return {"type": "input_audio", "input_audio": {"data": part.url or data_url(part), "format": _format(part)}}


def _format(part: AudioContent) -> str:
    kind = _AUDIO_FORMATS.get(part.media_type or "")
    if kind is None:
        raise _no_sound(part)
    return kind


def _no_sound(part: AudioContent) -> UnsupportedError:
    return UnsupportedError(
        f"the openai-chat format takes sound as WAV or MP3 data; got {part.media_type or 'no data'}"
    )


AUDIO: dict[AudioInput, Callable[[AudioContent], dict[str, Any]]] = {"data": _data, "base64": _base64, "url": _url}
