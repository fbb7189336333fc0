"""From the bytes of a connection to those of one response's body, by the rules of HTTP/1.1.

https://www.rfc-editor.org/rfc/rfc9112.html#section-6.3. The pieces that a server cut its body into mean nothing, so all
that one read brought is given as one. h11, beside which this is tested, makes an object of each piece, which takes
several times as long as all that is done with what is in it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from duologue.errors import ProtocolError, StreamInterrupted

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;.*)?[ \t]*\r\n")
_FIELD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*\r?\n")
# The standard knows no limits for these; h11 has such, too.
_LINE_BYTES = 16384
_TRAILER_BYTES = 65536
_NO_CONTENT = (204, 304)
_SHORT = 8


class Framing(Protocol):
    """Tells where a body ends.

    Attributes:
        ended: whether it has.
        clean: whether nothing came behind it. What did was asked for by nobody, and would pass for the beginning of the
            next answer.
        broken: why nothing more can be read, where what came is no body.
    """

    ended: bool
    clean: bool
    broken: ProtocolError | None

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body in these."""
        ...

    def close(self) -> None:
        """The connection has ended.

        Raises:
            StreamInterrupted: too soon.
        """
        ...


class Chunked:
    """A body in chunks, each behind its size; one of size 0 is the last."""

    def __init__(self) -> None:
        self.ended = False
        self.clean = True
        self.broken: ProtocolError | None = None
        self._held = b""  # of a line that has not ended
        self._left = 0  # of the chunk that has begun
        self._behind = False  # the line end is next that stands behind a chunk
        self._trailers: int | None = None  # the bytes of those so far; they stand behind the last chunk

    def feed(self, data: bytes) -> bytes:
        """See `Framing`."""
        if self._held:
            data, self._held = self._held + data, b""
        pieces: list[bytes] = []
        try:
            self._take(data, pieces)
        except ProtocolError as error:
            self.broken = error.with_traceback(None)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """See `Framing`."""
        if not self.ended:
            raise _too_soon("without its last chunk")

    def _take(self, data: bytes, pieces: list[bytes]) -> None:
        at, length = 0, len(data)
        while at < length and not self.ended:
            if not self._left and not self._behind and self._trailers is None:
                at = _whole_ones(data, at, pieces)
                if at == length:
                    break
            if self._left:
                pieces.append(data[at : at + self._left])
                at += len(pieces[-1])
                self._left -= len(pieces[-1])
                continue
            end = data.find(b"\n", at) + 1
            if not end:
                self._hold(data[at:])
                return
            line, at = data[at:end], end
            if self._behind or self._trailers is not None:
                self._line(line)
                continue
            size = _size(line)
            if size:
                self._left, self._behind = size, True
            else:
                self._trailers = 0
        self.clean = self.clean and at == length

    def _hold(self, rest: bytes) -> None:
        if len(rest) > _LINE_BYTES:
            raise ProtocolError("the bytes are no HTTP: a line of chunked encoding without an end", phase="stream")
        self._held = rest

    def _line(self, line: bytes) -> None:
        if self._trailers is None:
            if line != b"\r\n":
                raise ProtocolError("the bytes are no HTTP: a chunk goes on behind its size", phase="stream")
            self._behind = False
            return
        self._trailers += len(line)
        if self._trailers > _TRAILER_BYTES:
            raise ProtocolError("the bytes are no HTTP: trailers without an end", phase="stream")
        self.ended = line in (b"\r\n", b"\n")
        folded = line[:1] in (b" ", b"\t") and self._trailers > len(line)  # it goes on with the one before
        if not self.ended and _FIELD.fullmatch(b"x:" + line if folded else line) is None:
            raise ProtocolError("the bytes are no HTTP: trailers that are none", phase="stream")


class Counted:
    """A body of a length that the head told."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = not length
        self.clean = True
        self.broken: ProtocolError | None = None

    def feed(self, data: bytes) -> bytes:
        """See `Framing`."""
        self.clean = len(data) <= self._left
        data = data[: self._left]
        self._left -= len(data)
        self.ended = not self._left
        return data

    def close(self) -> None:
        """See `Framing`."""
        if not self.ended:
            raise _too_soon(f"with {self._left} bytes still to come")


class ToTheEnd:
    """A body that ends where the connection does: nobody can tell whether it was whole."""

    def __init__(self) -> None:
        self.ended = self.clean = False
        self.broken: ProtocolError | None = None

    def feed(self, data: bytes) -> bytes:
        """See `Framing`."""
        return data

    def close(self) -> None:
        """See `Framing`."""
        self.ended = True


def framing(status: int, headers: Iterable[tuple[bytes, bytes]]) -> Framing:
    """How to read the body behind a head of `http1_head`, which has seen to it that there is but one length, and that
    `chunked` is the only encoding."""
    if status in _NO_CONTENT:  # whatever else the head says of it
        return Counted(0)
    length = None
    for name, value in headers:
        if name == b"transfer-encoding":
            return Chunked()
        if name == b"content-length":
            length = int(value)
    return ToTheEnd() if length is None else Counted(length)


def keeps_alive(version: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the connection stays open behind the body (section 9.3)."""
    for name, value in headers:
        if name == b"connection" and b"close" in [word.strip() for word in value.lower().split(b",")]:
            return False
    return version >= b"1.1"


def _size(line: bytes) -> int:
    found = _SIZE.fullmatch(line)
    if found is None:
        raise ProtocolError("the bytes are no HTTP: a chunk without a size", phase="stream")
    return int(found[1], 16)


_known_size = lru_cache(maxsize=1024)(_size)


def _whole_ones(data: bytes, at: int, pieces: list[bytes]) -> int:
    """Take the chunks that are whole, as nearly all are; where what is next begins."""
    find, take = data.find, pieces.append
    while end := find(b"\n", at, at + _SHORT) + 1:
        behind = end + _known_size(data[at:end])
        if behind == end or data[behind : behind + 2] != b"\r\n":
            break
        take(data[end:behind])
        at = behind + 2
    return at


def _too_soon(how: str) -> StreamInterrupted:
    return StreamInterrupted(
        f"the connection broke off in the middle of the answer: the body ended {how}", phase="stream"
    )
