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


class Body(Protocol):
    """A reader of body bytes."""

    def feed(self, data: bytes) -> bytes:
        """The bytes that `data` stands for."""
        ...

    def close(self) -> None:
        """The body has ended.

        Raises:
            StreamTruncated: it cannot have been whole.
        """
        ...


class Plain:
    """A body that is not compressed."""

    def feed(self, data: bytes) -> bytes:
        """The bytes themselves."""
        return data

    def close(self) -> None:
        """Any length will do."""


class Inflate:
    """A body compressed with gzip or deflate; gzip's may be of several members."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._wbits = 31 if encoding == "gzip" else 15
        self._inflate = zlib.decompressobj(self._wbits)
        self._first = True
        self._empty = True

    def feed(self, data: bytes) -> bytes:
        """The bytes that `data` completes.

        Raises:
            ProtocolError: the data is not of this kind.
        """
        out = []
        while data:
            self._empty = False
            out.append(self._some(data))
            data = self._inflate.unused_data
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(self._wbits)
                self._empty = not data
        return b"".join(out)

    def _some(self, data: bytes) -> bytes:
        try:
            return self._inflate.decompress(data)
        except zlib.error as reason:
            if self._first and self._encoding == "deflate":
                self._wbits = -15
                self._inflate = zlib.decompressobj(self._wbits)
                self._first = False
                return self._some(data)
            raise ProtocolError(f"the body is not {self._encoding} data: {reason}") from None
        finally:
            self._first = False

    def close(self) -> None:
        """The body has ended.

        Raises:
            StreamTruncated: inside its compressed data.
        """
        if not self._empty:
            raise StreamTruncated(f"the body ended inside its {self._encoding} data")


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
