"""Documents and sound, in the shapes that servers take them in."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._dialects.openai_chat.media import AUDIO, FILES
from duologue.errors import UnsupportedError
from duologue.models import AUDIO_INPUT_VALUES, FILE_INPUT_VALUES, AudioContent, AudioInput, FileContent, FileInput

PDF = FileContent(data=b"%PDF-", media_type="application/pdf", filename="a.pdf")
BARE = FileContent(data=b"%PDF-", media_type="application/pdf")
THERE = FileContent.from_url("https://h/a.pdf")
KEPT = FileContent(file_id="file-1")
AS_URL = "data:application/pdf;base64,JVBERi0="
WAV = AudioContent(data=b"x", media_type="audio/wav")
OGG = AudioContent(data=b"x", media_type="audio/ogg")
FAR = AudioContent.from_url("https://h/a.wav", media_type="audio/wav")


@pytest.mark.parametrize(
    ("way", "part", "expected"),
    [
        ("file", PDF, {"type": "file", "file": {"filename": "a.pdf", "file_data": AS_URL}}),
        ("file", KEPT, {"type": "file", "file": {"file_id": "file-1"}}),
        ("file_or_url", PDF, {"type": "file", "file": {"filename": "a.pdf", "file_data": AS_URL}}),
        ("file_or_url", THERE, {"type": "file", "file": {"filename": "file", "file_data": "https://h/a.pdf"}}),
        ("file_or_url", KEPT, {"type": "file", "file": {"file_id": "file-1"}}),
        ("document_url", PDF, {"type": "document_url", "document_url": AS_URL, "document_name": "a.pdf"}),
        ("document_url", BARE, {"type": "document_url", "document_url": AS_URL}),
        ("document_url", THERE, {"type": "document_url", "document_url": "https://h/a.pdf"}),
        ("document_url", KEPT, {"type": "file", "file_id": "file-1"}),
        ("file_url", PDF, {"type": "file_url", "file_url": {"url": "JVBERi0="}, "file_name": "a.pdf"}),
        ("file_url", BARE, {"type": "file_url", "file_url": {"url": "JVBERi0="}}),
        ("file_url", THERE, {"type": "file_url", "file_url": {"url": "https://h/a.pdf"}}),
    ],
)
def test_documents(way: FileInput, part: FileContent, expected: dict[str, Any]) -> None:
    assert FILES[way](part) == expected


@pytest.mark.parametrize(
    ("way", "part", "words"),
    [
        ("file", THERE, "files as data or by file_id, not by URL"),
        ("file_url", KEPT, "an address or data, not a file_id"),
        ("document_url", FileContent(), "file content needs url or data"),
    ],
)
def test_documents_that_have_no_place(way: FileInput, part: FileContent, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        FILES[way](part)


@pytest.mark.parametrize(
    ("way", "part", "expected"),
    [
        ("data", WAV, {"data": "eA==", "format": "wav"}),
        ("base64", WAV, "eA=="),
        ("base64", OGG, "eA=="),
        ("url", WAV, {"data": "data:audio/wav;base64,eA==", "format": "wav"}),
        ("url", FAR, {"data": "https://h/a.wav", "format": "wav"}),
    ],
)
def test_sound(way: AudioInput, part: AudioContent, expected: Any) -> None:
    assert AUDIO[way](part) == {"type": "input_audio", "input_audio": expected}


@pytest.mark.parametrize(("way", "part"), [("data", FAR), ("data", OGG), ("base64", FAR), ("url", OGG)])
def test_sound_that_has_no_place(way: AudioInput, part: AudioContent) -> None:
    with pytest.raises(UnsupportedError, match=f"as WAV or MP3 data; got {part.media_type}"):
        AUDIO[way](part)


def test_every_shape_is_known() -> None:
    assert FILES.keys() == set(FILE_INPUT_VALUES)
    assert AUDIO.keys() == set(AUDIO_INPUT_VALUES)
