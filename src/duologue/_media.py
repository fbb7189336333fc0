"""Reading images, files and sound, and telling what they are.

The media type comes from the first bytes where they tell it, else from the file's name.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

# https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern and the two sections after it.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    *((bytes((0xFF, second)), "audio/mpeg") for second in (0xFB, 0xFA, 0xF3, 0xF2)),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
# Other names that are in use for a kind of sound.
_SOUNDS = {
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/x-flac": "audio/flac",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
}


def media_type_of(data: bytes, name: str = "") -> str:
    """The media type of a file with these bytes and, where they do not tell, this name.

    Raises:
        ValueError: neither tells it.
    """
    guessed = _by_magic(data) or mimetypes.guess_type(name)[0]
    if guessed is None:
        raise ValueError("the bytes do not tell what they are: pass media_type, such as 'image/png'")
    return guessed


def media_type_of_url(url: str) -> str | None:
    """The media type that the ending of an address tells; None where it tells nothing."""
    return mimetypes.guess_type(urlsplit(url).path)[0]


def _by_magic(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] in _RIFF:
        return _RIFF[data[8:12]]
    return next((media_type for magic, media_type in _MAGIC if data.startswith(magic)), None)


def check_image(data: bytes, media_type: str) -> None:
    """Refuse an image that is said to be of another kind than its bytes are. Of a kind that is not known by its first
    bytes, the provider is the judge.

    Raises:
        ValueError: the two do not agree.
    """
    if not media_type.startswith("image/"):
        raise ValueError(f"an image cannot be {media_type}")
    found = _by_magic(data)
    kinds = {kind for _, kind in _MAGIC} | set(_RIFF.values())
    if found != media_type and (found is not None or media_type in kinds):
        raise ValueError(f"the image is said to be {media_type}, and its bytes are {found or 'of no kind known'}")


def check_sound(data: bytes, media_type: str) -> None:
    """Refuse sound whose bytes are known to be of another kind than they are said to be.

    Raises:
        ValueError: the two do not agree.
    """
    found = _by_magic(data)
    kind = media_type.partition(";")[0].strip().lower()
    kind = _SOUNDS.get(kind, kind)
    if not kind.startswith(("audio/", "video/")):  # a film has sound
        raise ValueError(f"sound cannot be {media_type}")
    if found not in (None, kind):
        raise ValueError(f"the sound is said to be {media_type}, and its bytes are {found}")


# By the class that it is for. Of files, the provider is the judge.
CHECKS = {"ImageContent": check_image, "AudioContent": check_sound}


def check_image_name(data: bytes, name: str) -> None:
    """Refuse an image whose bytes are known to be of another kind than its file's name says.

    Raises:
        ValueError: the two do not agree.
    """
    said, found = mimetypes.guess_type(name)[0], _by_magic(data)
    if said is not None and said.startswith("image/") and found not in (None, said):
        raise ValueError(f"the image's name says {said}, and its bytes are {found}: rename it, or use from_bytes")


def cleaned(name: str) -> str:
    """A file's name without what could command a terminal that shows it, turn it round, or be no text at all."""
    return "".join(character if character.isprintable() else "_" for character in name)


def _open_regular(path: str, flags: int) -> int:
    # Otherwise opening a pipe would wait for its other end.
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path!r} is no regular file")
    return handle


def read_file(path: str | os.PathLike[str], media_type: str | None, max_bytes: int) -> tuple[bytes, str, str]:
    """A regular file's bytes, media type and base name, which is cleaned.

    Raises:
        OSError: it cannot be read, or is a device, a pipe or a folder.
        ValueError: it is larger than `max_bytes`, or nothing tells its media type.
    """
    place = Path(path)
    with open(place, "rb", opener=_open_regular) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            raise ValueError(f"{str(place)!r} has {size} bytes, more than max_bytes={max_bytes}")
        data = file.read(max_bytes)
    return data, media_type or media_type_of(data, place.name), cleaned(place.name)


def read_object(file: IO[bytes], max_bytes: int) -> tuple[bytes, str]:
    """What an open file has from its place on, and its cleaned base name, empty where it has none.

    Raises:
        TypeError: it gives text.
        ValueError: it has more than `max_bytes`.
    """
    data = b"".join(_pieces(file, max_bytes + 1))
    if len(data) > max_bytes:
        raise ValueError(f"the file has more than max_bytes={max_bytes}")
    name = getattr(file, "name", "")  # a number, where it was opened by its handle
    return data, cleaned(Path(name).name) if isinstance(name, str) else ""


def _pieces(file: IO[bytes], most: int) -> Iterator[bytes]:
    """All that it has, up to `most` bytes: a pipe, a socket and the like give what has come, and not what was asked
    for."""
    while most > 0:
        data = file.read(most)
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"open the file for bytes, with 'rb': it gives {type(data).__name__}")
        if not data:
            return
        most -= len(data)
        yield data
