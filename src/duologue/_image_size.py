"""An image's width and height, out of its first bytes; None where they do not tell.

Nothing is unpacked: only the head is read, in a time that grows with its length at most.
"""

from __future__ import annotations

from struct import Struct, error, unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Size = tuple[int, int]

_SEGMENT = Struct(">H")
# Markers of JPEG that stand alone, and the frames' heads, which hold the size: ITU-T T.81, table B.1.
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_size(data: bytes) -> Size | None:
    """The width and the height in pixels of a PNG, a GIF, a JPEG or a WebP."""
    reader = next((reader for magic, reader in _READERS if data.startswith(magic)), None)
    try:
        return None if reader is None else reader(data)
    except (error, IndexError):  # it is cut short
        return None


def _png(data: bytes) -> Size | None:
    """https://www.w3.org/TR/png-3/#11IHDR"""
    return unpack_from(">II", data, 16) if data[12:16] == b"IHDR" else None


def _gif(data: bytes) -> Size:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""
    width, height = unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> Size | None:
    """From segment to segment, each of which tells its length, to the head of the first frame."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = unpack_from(">HH", data, at + 5)
            return width, height
        if marker == 0xFF:  # padding
            at += 1
        else:
            at += 2 if marker in _ALONE else 2 + _SEGMENT.unpack_from(data, at + 2)[0]
    return None


def _webp(data: bytes) -> Size | None:
    """https://developers.google.com/speed/webp/docs/riff_container, RFC 6386 (9.1) and the lossless format's page."""
    read = _WEBP.get(data[12:16]) if data[8:12] == b"WEBP" else None
    return None if read is None else read(data)


def _lossy(data: bytes) -> Size:
    width, height = unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(data: bytes) -> Size:
    (bits,) = unpack_from("<I", data, 21)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _extended(data: bytes) -> Size:
    low, mid, high = unpack_from("<HHH", data, 24)  # two numbers of three bytes
    return (low | (mid & 0xFF) << 16) + 1, (mid >> 8 | high << 8) + 1


_WEBP: dict[bytes, Callable[[bytes], Size]] = {b"VP8 ": _lossy, b"VP8L": _lossless, b"VP8X": _extended}
_READERS: tuple[tuple[bytes, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"GIF8", _gif),
    (b"\xff\xd8", _jpeg),
    (b"RIFF", _webp),
)
