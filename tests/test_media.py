"""Images, files and sound: what they are, and reading them."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from duologue import AudioContent, FileContent, ImageContent, Message, TextContent
from duologue._media import media_type_of, read_file

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
    ],
)
def test_the_bytes_tell(data: bytes, media_type: str) -> None:
    assert media_type_of(data) == media_type
    assert media_type_of(data, "misleading.txt") == media_type
    assert FileContent.from_bytes(data).media_type == media_type


@pytest.mark.parametrize(
    ("data", "is_image", "is_sound"),
    [(PNG, True, False), (b"%PDF-1.7", False, False), (b"fLaC", False, True), (b"\xff\xf3\x90", False, True)],
)
def test_no_image_that_is_sound_nor_the_other_way(data: bytes, is_image: bool, is_sound: bool) -> None:
    for made, fits, words in ((ImageContent, is_image, "an image cannot be"), (AudioContent, is_sound, "sound")):
        if fits:
            assert made.from_bytes(data).data == data
        else:
            with pytest.raises(ValueError, match=words):
                made.from_bytes(data)


@pytest.mark.parametrize("media_type", ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"])
def test_sound_by_another_name(media_type: str) -> None:
    wave = b"RIFF\0\0\0\0WAVEfmt "
    assert AudioContent.from_bytes(wave, media_type).media_type == media_type
    for data in (PNG, b"ID3\x04"):
        with pytest.raises(ValueError, match=f"the sound is said to be {media_type}, and its bytes are "):
            AudioContent.from_bytes(data, media_type)
    with pytest.raises(ValueError, match="sound cannot be text/plain"):
        AudioContent.from_bytes(b"la la la", "text/plain")


def test_from_file(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    with path.open("rb") as file:
        assert ImageContent.from_file(file, detail="low") == ImageContent(
            data=PNG, media_type="image/png", detail="low"
        )
        assert not file.closed
        file.seek(0)
        assert FileContent.from_file(file).filename == "cat.png"
        file.seek(0)
        assert FileContent.from_file(file, filename="dog.png").filename == "dog.png"
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as file:  # its name is a number
        assert FileContent.from_file(file).filename is None
    notes = tmp_path / "notes.txt"
    notes.write_bytes(b"notes")
    with notes.open("rb") as file:
        file.seek(2)
        assert FileContent.from_file(file) == FileContent(data=b"tes", media_type="text/plain", filename="notes.txt")
    assert AudioContent.from_file(io.BytesIO(b"x"), "audio/x-own").data == b"x"


def test_a_file_that_gives_less_at_once_than_it_has() -> None:
    reader, writer = os.pipe()
    sending = threading.Thread(target=_slowly, args=(writer, [PNG[:5], PNG[5:9], PNG[9:]]))
    sending.start()
    with os.fdopen(reader, "rb", buffering=0) as file:
        assert ImageContent.from_file(file).data == PNG
    sending.join()


def _slowly(writer: int, pieces: list[bytes]) -> None:
    with os.fdopen(writer, "wb", buffering=0) as file:
        for piece in pieces:
            file.write(piece)
            time.sleep(0.05)


def test_no_more_is_read_of_a_file_than_it_may_have() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += min(size, 2)
            return b"ab"[:size]

    file: Any = Endless()
    with pytest.raises(ValueError, match="more than max_bytes=5"):
        FileContent.from_file(file, "text/plain", max_bytes=5)
    assert file.given == 6


def test_a_file_that_has_nothing_yet() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(reader, "rb", buffering=0) as file, pytest.raises(TypeError, match="it gives NoneType"):
        FileContent.from_file(file, "text/plain")
    os.close(writer)


def test_a_file_object_that_cannot_be_taken(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than max_bytes=5"):
        FileContent.from_file(io.BytesIO(b"123456"), "text/plain", max_bytes=5)
    assert FileContent.from_file(io.BytesIO(b"12345"), "text/plain", max_bytes=5).data == b"12345"
    text: Any = io.StringIO("text")
    with pytest.raises(TypeError, match="open the file for bytes, with 'rb': it gives str"):
        FileContent.from_file(text, "text/plain")
    wrong = tmp_path / "cat.jpg"
    wrong.write_bytes(PNG)
    with wrong.open("rb") as file, pytest.raises(ValueError, match="the image's name says image/jpeg"):
        ImageContent.from_file(file)
    with pytest.raises(ValueError, match="pass media_type"):
        FileContent.from_file(io.BytesIO(b"?"))


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.txt", "text/plain"), ("a.JSON", "application/json"), ("a.csv", "text/csv"), ("a.html", "text/html")],
)
def test_else_the_name_tells(name: str, media_type: str) -> None:
    assert media_type_of(b"whatever", name) == media_type


@pytest.mark.parametrize("data", [b"", b"whatever", b"RIFF\0\0\0\0AVI ", b"RIFF", PNG[:7], b"\x00" + PNG])
@pytest.mark.parametrize("name", ["", "noext", "a.unknownkind"])
def test_neither_tells(data: bytes, name: str) -> None:
    with pytest.raises(ValueError, match="pass media_type, such as 'image/png'"):
        media_type_of(data, name)
    with pytest.raises(ValueError, match="pass media_type"):
        FileContent.from_bytes(data)


def test_from_bytes() -> None:
    assert ImageContent.from_bytes(PNG, detail="low") == ImageContent(data=PNG, media_type="image/png", detail="low")
    assert AudioContent.from_bytes(b"x", "audio/x-own") == AudioContent(data=b"x", media_type="audio/x-own")
    assert ImageContent.from_bytes(memoryview(PNG)) == ImageContent(data=PNG, media_type="image/png")
    text: Any = "text"
    with pytest.raises(TypeError, match="a bytes-like object is required, not 'str'"):
        FileContent.from_bytes(text)
    mutable = bytearray(b"x")
    found = FileContent.from_bytes(mutable, "text/plain").data
    assert type(found) is bytes


def test_from_url() -> None:
    given = FileContent.from_url("https://a/b.pdf?c=d.png", filename="b.pdf")
    assert given == FileContent("https://a/b.pdf?c=d.png", media_type="application/pdf", filename="b.pdf")
    assert ImageContent.from_url("https://a/b.jpg").media_type == "image/jpeg"
    assert ImageContent.from_url("https://a/b.jpg", media_type="image/png").media_type == "image/png"
    assert AudioContent.from_url("https://a.mp3/b").media_type is None


def test_from_path(tmp_path: Path) -> None:
    image, notes = tmp_path / "cat.dat", tmp_path / "notes.txt"
    image.write_bytes(PNG)
    notes.write_bytes(b"notes")
    assert ImageContent.from_path(image) == ImageContent(data=PNG, media_type="image/png")
    assert ImageContent.from_path(str(image), "image/png").media_type == "image/png"
    assert FileContent.from_path(notes) == FileContent(data=b"notes", media_type="text/plain", filename="notes.txt")
    assert FileContent.from_path(notes, filename="other.txt").filename == "other.txt"
    link = tmp_path / "link.md"
    link.symlink_to(notes)
    assert read_file(link, "text/plain", 9) == (b"notes", "text/plain", "link.md")


def test_only_the_base_name_is_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret-project"
    secret.mkdir()
    (secret / "a.txt").write_bytes(b"x")
    assert FileContent.from_path(secret / ".." / "secret-project" / "a.txt").filename == "a.txt"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a b.txt", "a b.txt"),
        ("größe.txt", "größe.txt"),
        ("a\r\nx-own: 1.txt", "a__x-own: 1.txt"),
        ("a\x1b]0;owned\x07.txt", "a_]0;owned_.txt"),
        ("file-\u202etxt.exe", "file-_txt.exe"),
        ("a\x7f\u2028\udc80.txt", "a___.txt"),
    ],
)
def test_the_name_is_cleaned(name: str, told: str, tmp_path: Path) -> None:
    """A file's name may come from anywhere, and goes into a request, and from there onto screens."""
    (tmp_path / name).write_bytes(b"x")
    assert FileContent.from_path(tmp_path / name, "text/plain").filename == told


def test_no_string_is_taken_for_a_path(tmp_path: Path) -> None:
    """Text stays text, and an address goes to the provider as it is."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"canary")
    for text in (str(path), path.as_uri(), f"@{path}"):
        assert Message.user(text).content == (TextContent(text),)
        for made in (ImageContent(text), FileContent(text), AudioContent.from_url(text)):
            assert (made.url, made.data) == (text, None)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link.png"
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    for path in (tmp_path, Path("/dev/zero"), pipe, link):
        read = threading.Thread(target=_refused, args=(path,), daemon=True)
        read.start()
        read.join(10)
        assert not read.is_alive(), f"{path} was waited for"
        with pytest.raises(OSError, match="is no regular file"):
            read_file(path, "text/plain", 9)


def _refused(path: Path) -> None:
    with pytest.raises(OSError, match="is no regular file"):
        read_file(path, None, 9)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ImageContent.from_path(tmp_path / "nothing.png")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/jpeg"),
        (b"%PDF-1.7", "image/png"),
        (b"<svg onload='alert(1)'/>", "image/png"),
        (b"GIF8", "image/gif"),
        (b"", "image/webp"),
        (PNG, "image/x-own"),
    ],
)
def test_an_image_that_is_not_what_it_is_said_to_be(data: bytes, media_type: str, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(data)
    words = f"the image is said to be {media_type}, and its bytes are "
    with pytest.raises(ValueError, match=words):
        ImageContent.from_bytes(data, media_type)
    with pytest.raises(ValueError, match=words):
        ImageContent.from_path(path, media_type)
    assert FileContent.from_bytes(data, media_type).data == data  # of files, the provider is the judge
    assert ImageContent.from_bytes(b"\0\0\0\x1cftypavif", "image/avif").media_type == "image/avif"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cat.png", b"\xff\xd8\xff\xe0"),
        ("cat.jpg", PNG),
        ("cat.svg", PNG),
        ("cat.gif", b"%PDF-1.7"),
        ("cat.jpeg", b"GIF89a"),
    ],
)
def test_an_image_that_is_not_what_its_name_says(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=r"the image's name says image/.*, and its bytes are "):
        ImageContent.from_path(tmp_path / name)
    assert FileContent.from_path(tmp_path / name).data == data


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a/*\xff\xd8\xff*/=1;alert(1)",
        b"%PDF-1.7" + PNG,
        b"RIFF\0\0\0\0WEBP<script>",
        b"\x89PNG\r\n\x1a" + b"\n<svg onload='alert(1)'/>",
        b"\n" + PNG,
        b"\xef\xbb\xbf" + PNG,
    ],
)
def test_what_is_of_two_kinds_is_of_the_first(data: bytes) -> None:
    kinds = {"image/png", "image/jpeg", "image/gif", "image/webp"}
    taken = []
    for kind in kinds:
        with contextlib.suppress(ValueError):
            taken.append(ImageContent.from_bytes(data, kind).media_type)
    assert taken in ([], [next((kind for magic, kind in STARTS if data.startswith(magic)), None)])


STARTS = [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF89a", "image/gif"), (b"RIFF", "image/webp")]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)  # sparse: it takes no room
    with pytest.raises(ValueError, match=r"huge.png' has 10737418240 bytes, more than max_bytes=67108864"):
        ImageContent.from_path(path)
    with pytest.raises(ValueError, match="has 10737418240 bytes, more than max_bytes=5"):
        ImageContent.from_path(path, max_bytes=5)
