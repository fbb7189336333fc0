"""Where an address may lead, and what may come of it."""

from __future__ import annotations

from typing import Any

import pytest

from duologue import AudioContent, FetchError, FileContent, ImageContent
from duologue._core.fetching import Download, is_public, target, unfetched

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "2001:4860:4860::8888", "64:ff9b::808:808"],
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
        "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a00:1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:20::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1",
        "100::1", "3fff::1" if not is_public("3fff::1") else "::1", "", "localhost", "127.1", "0x7f.1", "2130706433",
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(FetchError, match="its host is not in the open internet"):
        Download("https://example.com", 9).allowed(["8.8.8.8", address])


def test_a_host_without_an_address() -> None:
    with pytest.raises(FetchError, match="open internet"):
        Download("https://example.com", 9).allowed([])
    assert Download("https://example.com", 9).allowed(["8.8.8.8"]) == ["8.8.8.8"]


@pytest.mark.parametrize(
    ("url", "host", "netloc", "path"),
    [
        ("https://Example.com", b"example.com", b"example.com", "/"),
        ("https://example.com:443?a=b#c", b"example.com", b"example.com", "/?a=b"),
        ("HTTPS://example.com:8443/a%20b/c.png?d=/", b"example.com", b"example.com:8443", "/a%20b/c.png?d=/"),
        ("https://[2606:2800::1]:444/", b"2606:2800::1", b"[2606:2800::1]:444", "/"),
        ("https://example.com:/a", b"example.com", b"example.com", "/a"),
    ],
)
def test_target(url: str, host: bytes, netloc: bytes, path: str) -> None:
    to, found = target(url)
    assert (to.host, to.netloc, found) == (host, netloc, path)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.png", "ftp://example.com", "file:///etc/passwd", "//example.com", "example.com", "",
        "https://", "https:///a", "https://user@example.com", "https://user:pw@example.com", "https://@example.com",
        "https://example.com:0/", "https://example.com:99999/", "https://example.com:x/", "https://[::1", "https://[x]/",
        "https://exa mple.com", "https://example.com/a\r\nhost: b", "https://example.com/\t", "https://exämple.com",
        "https://example.com\\@127.0.0.1", "https://\uff11\uff12\uff17.0.0.1/", "https://exa_mple.com/", "https://a%2e/",
        "https://example.com/\x00", "https://127.0.0.1\u3002/",
    ],
)  # fmt: skip
def test_no_target(url: str) -> None:
    with pytest.raises(FetchError, match="the address is not fetched: it ") as caught:
        target(url)
    assert caught.value.phase == "address"
    assert not caught.value.retryable


def test_each_redirect_is_looked_at() -> None:
    download = Download("https://example.com/a/b.png?c", 9)
    assert not download.head(302, {"location": "../d.png"})
    assert (download.to.host, download.path) == (b"example.com", "/d.png")
    assert not download.head(301, {"location": "//other.example/e"})
    assert (download.to.host, download.path) == (b"other.example", "/e")
    for location in ("http://other.example/", "https://u@h/", "file:///etc/passwd", "https://h/\r\na: b"):
        with pytest.raises(FetchError, match="the address is not fetched"):
            Download("https://example.com/a", 9).head(307, {"location": location})


def test_redirects_end() -> None:
    download = Download("https://example.com/a", 9)
    for _ in range(5):
        assert not download.head(308, {"location": "/a"})
    with pytest.raises(FetchError, match="leads on more than 5 times"):
        download.head(303, {"location": "/a"})


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (404, {}, "status 404"),
        (302, {}, "status 302"),
        (304, {"location": "/a"}, "status 304"),
        (200, {"content-encoding": "gzip"}, "unpacked"),
        (200, {"content-length": "10"}, "more than max_bytes=9"),
    ],
)
def test_no_answer(status: int, headers: dict[str, str], words: str) -> None:
    with pytest.raises(FetchError, match=words):
        Download("https://example.com/a", 9).head(status, headers)


def test_more_than_was_said() -> None:
    download = Download("https://example.com/a", 9)
    assert download.head(200, {"content-length": "9" * 30})  # which HTTP itself refuses
    download.feed(bytes(9))
    with pytest.raises(FetchError, match="more than max_bytes=9"):
        download.feed(b"x")


def came(part: Any, data: bytes, kind: str = "", url: str = "https://example.com/a%20b.png?c") -> Any:
    download = Download(url, 99)
    assert download.head(200, {"content-type": kind} if kind else {})
    download.feed(data)
    return download.fill(part)


def test_what_came() -> None:
    image = ImageContent(url="u", detail="low")
    whole = ImageContent(data=PNG, media_type="image/png", detail="low")
    assert (
        came(image, PNG) == came(image, PNG, "image/png; a=b") == came(image, PNG, "application/octet-stream") == whole
    )
    assert came(FileContent("u"), b"x", "text/plain; charset=utf-8") == FileContent(
        data=b"x", media_type="text/plain", filename="a b.png"
    )
    assert came(FileContent("u", filename="own", media_type="text/csv"), b"x", "text/plain").filename == "own"
    assert came(FileContent("u"), b"%PDF-", url="https://example.com").filename is None
    assert came(AudioContent("u"), b"ID3", "audio/mp3").media_type == "audio/mp3"


@pytest.mark.parametrize(
    ("part", "data", "kind"),
    [
        (ImageContent(url="u"), PNG, "image/jpeg"),
        (ImageContent(url="u", media_type="image/jpeg"), PNG, "image/png"),
        (ImageContent(url="u"), b"<html>", "text/html"),
        (ImageContent(url="u"), b"%PDF-", ""),
        (AudioContent(url="u"), PNG, "audio/wav"),
    ],
)
def test_what_is_not_what_it_is_said_to_be(part: Any, data: bytes, kind: str) -> None:
    with pytest.raises(FetchError, match="cannot be taken"):
        came(part, data, kind)


def test_what_need_not_be_fetched() -> None:
    part = ImageContent(data=PNG, media_type="image/png")
    assert unfetched(part) is part
    assert unfetched(ImageContent("data:image/png;base64,iVBORw0KGgo=")) == part
    assert unfetched(ImageContent("https://h/a")) is None
    with pytest.raises(FetchError, match="RFC 2397"):
        unfetched(ImageContent("data:image/png;base64,!"))
