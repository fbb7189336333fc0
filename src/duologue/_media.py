"""Reading images, files and sound, and telling what they are.

The media type comes from the first bytes where they tell it, else from the file's name.
"""

from __future__ import annotations

import mimetypes
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

# https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern and the two sections after it.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def media_type_of(data: bytes, name: str = "") -> str:
    """The media type of a file with these bytes and, where they do not tell, this name.

    Raises:
        ValueError: neither tells it.
    """
    if data[:4] == b"RIFF" and data[8:12] in _RIFF:
        return _RIFF[data[8:12]]
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    guessed = mimetypes.guess_type(name)[0]
    if guessed is None:
        raise ValueError("the bytes do not tell what they are: pass media_type, such as 'image/png'")
    return guessed


def read_file(path: str | os.PathLike[str], media_type: str | None) -> tuple[bytes, str, str]:
    """A regular file's bytes, media type and base name.

    Raises:
        OSError: it cannot be read, or is a device, a pipe or a folder.
        ValueError: nothing tells its media type.
    """
    place = Path(path)
    if not stat.S_ISREG(place.stat().st_mode):
        raise OSError(f"{str(place)!r} is no regular file")
    data = place.read_bytes()
    return data, media_type or media_type_of(data, place.name), place.name
