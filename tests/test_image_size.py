"""The width and the height of images, out of their first bytes."""

from __future__ import annotations

import struct
import zlib

import pytest

from duologue._image_size import image_size


def png(width: int, height: int) -> bytes:
    """A whole one, in black and white."""
    rows = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height)
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0), b"IDAT" + rows, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def jpeg(width: int, height: int, *, before: bytes = b"") -> bytes:
    return b"\xff\xd8" + before + b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"


def webp(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


EXIF = b"\xff\xe1\0\x08Exif\0\0"
IMAGES = [
    png(3, 200),
    b"GIF89a" + struct.pack("<HH", 3, 200),
    jpeg(3, 200),
    jpeg(3, 200, before=EXIF + b"\xff\xd0\xff\xff\xfe\0\x04hi"),
    webp(b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", 3 | 1 << 14, 200)),
    webp(b"VP8L", b"\x2f" + struct.pack("<I", 2 | 199 << 14)),
    webp(b"VP8X", bytes(4) + (2).to_bytes(3, "little") + (199).to_bytes(3, "little")),
]


@pytest.mark.parametrize("data", IMAGES)
def test_the_head_tells(data: bytes) -> None:
    assert image_size(data) == (3, 200)


@pytest.mark.parametrize("data", IMAGES)
def test_cut_short_it_tells_nothing_or_the_truth(data: bytes) -> None:
    for end in range(len(data)):
        assert image_size(data[:end]) in (None, (3, 200))


def test_a_large_one() -> None:
    assert image_size(webp(b"VP8X", bytes(4) + b"\xff\xff\xff" * 2)) == (1 << 24, 1 << 24)
    assert image_size(png(70_000, 1)) == (70_000, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BM",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"RIFF\0\0\0\0WAVEVP8 " + bytes(40),
        webp(b"VP8Q", bytes(40)),
        b"\xff\xd8" + bytes(40),
        b"\xff\xd8\xff\xe1\0\x00" + b"\xff" * 10,
    ],
)
def test_what_tells_nothing(data: bytes) -> None:
    assert image_size(data) is None


@pytest.mark.parametrize("padding", [b"\xff", b"\xff\xd0", b"\xff\xe1\0\2", b"\xff\xe1\0\0"])
def test_a_head_without_an_end_is_read_through_once(padding: bytes) -> None:
    assert image_size(jpeg(3, 200, before=padding * 100_000)) in (None, (3, 200))
