"""Fetching what an address of the caller's points at: where it may lead, and what may come.

An address may come from anybody, so it must not lead to where only this machine can look: the addresses that a name
stands for are checked after they are found, and it is one of those that is connected to, so that the name cannot mean
another one a moment later. No IO here.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from posixpath import basename
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

import attrs

from duologue._core.headers import media_type
from duologue._core.network import Address
from duologue._dialects.request import with_data
from duologue._media import CHECKS, cleaned, media_type_of
from duologue.errors import FetchError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue.models import AudioContent, FileContent, ImageContent

Media = TypeVar("Media", bound="ImageContent | FileContent | AudioContent")

# https://www.rfc-editor.org/rfc/rfc6052: IPv6 addresses that stand for those of IPv4.
_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL = ip_network("2000::/3")
# https://www.rfc-editor.org/rfc/rfc2928: for protocols; Python's own view of parts of it has changed with its versions.
_PROTOCOLS = ip_network("2001::/23")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\]")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_SAYS_NOTHING = ("", "application/octet-stream", "binary/octet-stream")


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, however it is written."""
    try:
        found = ip_address(address)
    except ValueError:  # one with a zone is of a network nearby
        return False
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast
    if found in _NAT64:
        return is_public(str(IPv4Address(int(found) & 0xFFFFFFFF)))
    return _is_public_6(found)


def _is_public_6(address: IPv6Address) -> bool:
    tunnelled = address.sixtofour is not None or address.teredo is not None
    return address in _GLOBAL and address not in _PROTOCOLS and address.is_global and not tunnelled


def target(url: str) -> tuple[Address, str]:
    """Where to ask: the server, and the path with the query.

    Raises:
        FetchError: it is no address of HTTPS, or one that is not to be used.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _refused("it must have no blanks, backslashes, control or non-ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("it is none") from None
    host, at, _ = parts.netloc.partition("@")
    name = parts.netloc[: -len(f":{port}")] if port is not None else parts.netloc.removesuffix(":")
    if parts.scheme != "https":
        raise _refused("it must begin with https://")
    if at or port == 0 or not host or not _HOST.fullmatch(name):
        raise _refused("it must have a host and no user, as https://example.com/cat.png")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address("https", name.strip("[]").lower().encode("ascii"), port or 443), path


def _refused(why: str) -> FetchError:
    return FetchError(f"the address is not fetched: {why}", phase="address")


class Download:
    """One download's state: where to ask next, and what has come.

    Attributes:
        to, path: where to ask.
        media_type: what the server says that it is, empty where that says nothing.
    """

    def __init__(self, url: str, max_bytes: int) -> None:
        self._url = url
        self._max_bytes = max_bytes
        self._redirects = 0
        self._data = bytearray()
        self.media_type = ""
        self.to, self.path = target(url)

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Those of the request: nothing of the caller's goes along."""
        return [(b"host", self.to.netloc), (b"accept-encoding", b"identity"), (b"user-agent", b"duologue")]

    def allowed(self, found: list[str]) -> list[str]:
        """The addresses that the host stands for, once they are all known to be public.

        Raises:
            FetchError: one is not, or there is none.
        """
        if not found or not all(map(is_public, found)):
            raise _refused("its host is not in the open internet")
        return found

    def head(self, status: int, headers: Mapping[str, str]) -> bool:
        """The head of an answer has come; whether its body is wanted. Otherwise it is to be asked elsewhere.

        Raises:
            FetchError: it is a refusal, too large, or leads nowhere.
        """
        if status in _REDIRECTS and "location" in headers:
            self._redirects += 1
            if self._redirects > _MOST_REDIRECTS:
                raise FetchError(f"the address leads on more than {_MOST_REDIRECTS} times", phase="redirect")
            self._url = urljoin(self._url, headers["location"])
            self.to, self.path = target(self._url)
            return False
        if status != 200:
            raise FetchError(f"the server of the address answered with the status {status}", phase="response")
        if headers.get("content-encoding", "identity") != "identity":
            raise FetchError("the server of the address packs what was to come unpacked", phase="response")
        length = headers.get("content-length", "")
        if length.isdecimal() and len(length) < 20:
            self._check_size(int(length))
        self.media_type = media_type(headers)
        return True

    def feed(self, data: bytes) -> None:
        """The next piece of the body.

        Raises:
            FetchError: it is too large.
        """
        self._check_size(len(self._data) + len(data))
        self._data += data

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise FetchError(f"what the address points at has more than max_bytes={self._max_bytes}", phase="response")

    def fill(self, part: Media) -> Media:
        """The part with what came in place of its address.

        Raises:
            FetchError: what came is not what it is said to be.
        """
        data, name = bytes(self._data), cleaned(basename(unquote(self.path.partition("?")[0])))
        said = [kind for kind in (part.media_type, self.media_type) if kind not in (None, *_SAYS_NOTHING)]
        try:
            kind = said[0] if said else media_type_of(data, name)
            for one in [kind, *said[1:]]:
                if check := CHECKS.get(type(part).__name__):
                    check(data, str(one))
        except ValueError as reason:
            raise FetchError(f"what the address points at cannot be taken: {reason}", phase="response") from None
        named: dict[str, Any] = {"filename": name} if name and getattr(part, "filename", "") is None else {}
        return attrs.evolve(part, url=None, data=data, media_type=kind, **named)


def unfetched(part: Media) -> Media | None:
    """The part, where there is nothing to fetch: it has no address, or one that holds its data; None else.

    Raises:
        FetchError: its `data:` address cannot be read.
    """
    if part.url is None:
        return part
    try:
        inside = with_data(part)
    except UnsupportedError as reason:
        raise _refused(reason.message) from None
    return None if inside is part else inside
