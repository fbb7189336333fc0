"""The heads of HTTP/1.1: what is written before a request's body, and read before an answer's.

https://www.rfc-editor.org/rfc/rfc9112.html#section-2. As strict as h11, beside which it is tested, and as generous:
line ends without a CR, and values that go on in the next line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_END = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/([0-9]\.[0-9]) ([1-9][0-9]{2})(?: ([^\x00\n\r\f\v]*))?")
_FIELD = re.compile(rb"(%b):([^\x00\n\r\f\v]*)" % _TOKEN)
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_NAME = re.compile(_TOKEN)
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_LENGTH = re.compile(rb"[0-9]{1,20}")
# The most that a head may have, interim ones before it not counted. h11 has such a limit, too.
_MOST_BYTES = 102400


class BadHead(ValueError):  # noqa: N818 - it is what came that is bad
    """What was to be said cannot be, or what came is no head; the words tell."""


class Head(NamedTuple):
    """An answer's head: the version, the status, its reason, and the headers by their names in lower case."""

    version: bytes
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]


def written(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A request's head.

    Raises:
        BadHead: something in it would be read as something else.
    """
    if not _TARGET.fullmatch(target):
        raise BadHead("the address has characters that HTTP has no place for")
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    for name, value in headers:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadHead(f"the header {name.decode('ascii', 'replace')!r} has characters that HTTP has no place for")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", b""])


class HeadReader:
    """Reads the heads of answers: `feed` bytes, then ask for the `next` head until there is a final one; `rest` is what
    came behind it."""

    def __init__(self) -> None:
        self.rest = b""
        self._looked = 0

    def feed(self, data: bytes) -> None:
        """Bytes have come."""
        self.rest += data

    def next(self) -> Head | None:
        """The next head, or None where it is not whole.

        Raises:
            BadHead: there is none.
        """
        if self.rest[:1] < b"!" and self.rest:  # an empty line, or bytes of TLS
            raise BadHead("illegal status line")
        found = _END.search(self.rest, self._looked)
        if found is None:
            self._looked = max(0, len(self.rest) - 2)
            if len(self.rest) > _MOST_BYTES:
                raise BadHead("a head without an end")
            return None
        head, self.rest, self._looked = self.rest[: found.start()], self.rest[found.end() :], 0
        return _read(head)


def _read(head: bytes) -> Head:
    first, _, rest = head.partition(b"\n")
    status = _STATUS.fullmatch(first.removesuffix(b"\r"))
    if status is None:
        raise BadHead("illegal status line")
    headers = []
    if b"\n " in rest or b"\n\t" in rest:
        rest = _FOLDED.sub(b" ", rest)
    for line in rest.split(b"\n") if rest else ():
        field = _FIELD.fullmatch(line.removesuffix(b"\r"))
        if field is None:
            raise BadHead("illegal header line")
        headers.append((field[1].lower(), field[2].strip(b" \t")))
    return Head(status[1], int(status[2]), status[3] or b"", _checked(headers))


def _checked(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers, where those that tell how long the body is say one thing."""
    lengths: set[bytes] = set()
    encodings = []
    for name, value in headers:
        if name == b"content-length":
            lengths.update(length.strip() for length in value.split(b","))
        elif name == b"transfer-encoding":
            encodings.append(value.lower())
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise BadHead("lengths that are none, or differ")
    if encodings not in ([], [b"chunked"]):
        raise BadHead("an encoding that was not asked for")
    if lengths:
        headers = [field for field in headers if field[0] != b"content-length"]
        headers.append((b"content-length", lengths.pop()))
    return headers
