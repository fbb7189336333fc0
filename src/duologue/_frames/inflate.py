"""From a compressed body to its bytes, as they arrive.

gzip (RFC 1952) and deflate (RFC 1950, or bare RFC 1951, which some servers send under the same name). A body that ends
inside its compressed data raises `StreamTruncated`: httpx would take it for whole.
"""

from __future__ import annotations

import zlib
from typing import Protocol

from duologue.errors import ProtocolError, StreamTruncated

# What a request says it takes; also the order of preference.
ACCEPT = "gzip, deflate"

_ZLIB_HEAD = 2


# So much is unpacked at once: a few bytes can stand for a thousand times as many, and nobody may want them all.
_PIECE = 65536


class Body(Protocol):
    """A reader of body bytes."""

    more: bool
    """Whether there is more in what was fed; then `feed(b"")` gives it."""

    def feed(self, data: bytes) -> bytes:
        """The next bytes that the data so far stands for."""
        ...

    def close(self) -> None:
        """The body has ended.

        Raises:
            StreamTruncated: it cannot have been whole.
        """
        ...


class Plain:
    """A body that is not compressed."""

    more = False

    def feed(self, data: bytes) -> bytes:
        """The bytes themselves."""
        return data

    def close(self) -> None:
        """Any length will do."""


class Inflate:
    """A body compressed with gzip or deflate; gzip's may be of several members."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._wbits = 31
        self._inflate = zlib.decompressobj(self._wbits)
        # The first bytes tell the two kinds of deflate apart, and it takes two of them.
        self._head: bytes | None = b"" if encoding == "deflate" else None
        self._empty = True
        self._rest = b""
        self.more = False

    def feed(self, data: bytes) -> bytes:
        """The next bytes that the data so far stands for.

        Raises:
            ProtocolError: the data is not of this kind.
        """
        if data:
            self._empty = False
        if self._head is not None:
            data = self._head + data
            self._head = data if len(data) < _ZLIB_HEAD else None
            if self._head is not None:
                return b""
            self._wbits = 15 if _is_zlib(data) else -15
            self._inflate = zlib.decompressobj(self._wbits)
        self._rest += data
        out, room = [], _PIECE
        while room and (self._rest or self.more):
            out.append(self._unpack(room))
            room -= len(out[-1])
        return b"".join(out)

    def _unpack(self, most: int) -> bytes:
        try:
            out = self._inflate.decompress(self._rest, most)
        except zlib.error as reason:
            raise ProtocolError(f"the body is not {self._encoding} data: {reason}") from None
        if self._inflate.eof:
            self._rest = self._inflate.unused_data
            self._inflate = zlib.decompressobj(self._wbits)
            self._empty = not self._rest
            self.more = bool(self._rest)
        else:
            self._rest = self._inflate.unconsumed_tail
            self.more = bool(self._rest) or len(out) == most
        return out

    def close(self) -> None:
        """The body has ended.

        Raises:
            StreamTruncated: inside its compressed data.
        """
        if not self._empty:
            raise StreamTruncated(f"the body ended inside its {self._encoding} data")


def _is_zlib(data: bytes) -> bool:
    """Whether the first two bytes are those of RFC 1950, section 2.2: method 8, and a check in five bits."""
    return data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0


def open_body(encoding: str) -> Body:
    """A reader for a `Content-Encoding`.

    Raises:
        ProtocolError: it is one that was not asked for.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return Plain()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return Inflate(encoding.removeprefix("x-"))
    raise ProtocolError(f"the body comes as {encoding!r}, though only {ACCEPT} were asked for")
