"""From bytes to the elements of a JSON array, each as soon as its last byte has come.

Google's servers stream so where no server-sent events are asked for. `feed` gives an `Element` for each value at the
top of the array, and `END` where the array is over; a body that is no array is one text, given by `close`. Whether an
element is JSON is for the reader's user to find out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from duologue._frames.whole import WholeReader
from duologue.errors import DecodeError, LimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

_SPACES = b" \t\r\n"
_BETWEEN = re.compile(rb"[^ \t\r\n]")
# The only bytes that matter inside of an element: in a string, in an object or array, and in neither.
_IN_STRING = re.compile(rb'["\\]')
_NESTED = re.compile(rb'["\[\]{}]')
_BARE = re.compile(rb'["\[\]{,]')
_VALUE = b"value"
# What may come after what.
_NEXT: dict[bytes, Set[bytes]] = {
    b"[": {_VALUE, b"]"},
    _VALUE: {b",", b"]"},
    b",": {_VALUE},
    b"]": frozenset(),
}


class Element(NamedTuple):
    """An element's text."""

    data: str


END = Element("")


class ArrayReader:
    """Reads the elements of an array, or another body whole."""

    __slots__ = ("_depth", "_held", "_last", "_max_bytes", "_open", "_size", "_skip", "_string", "_whole")

    def __init__(self, *, max_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        # What of the array came last; nothing before it begins.
        self._last = b""
        # A body that turned out to be no array.
        self._whole: WholeReader | None = None
        # Whether an element has begun and not ended, and its pieces so far.
        self._open = False
        self._held: list[bytes] = []
        self._size = 0
        # Where in the element we are, and how many bytes of the next piece a backslash escapes.
        self._depth = 0
        self._string = False
        self._skip = 0

    @property
    def cut(self) -> bool:
        """Whether an array has begun and not ended."""
        return self._last not in (b"", b"]")

    def feed(self, data: bytes) -> Iterator[Element | str]:
        """The elements that end in `data`, and `END`.

        Raises:
            DecodeError: what stands between two elements is no comma.
            LimitExceeded: an element, or a body that is no array, is longer than `max_bytes`.
        """
        if not self._last and self._whole is None:
            data = self._begin(data)
        if self._whole is None:
            yield from self._elements(data)
        else:
            yield from self._whole.feed(data)

    def close(self) -> list[Element | str]:
        """The element that the end of the body cut off, or the body that is no array."""
        if self._whole is not None:
            return list(self._whole.close())
        return [self._element()] if self._open else []

    def _begin(self, data: bytes) -> bytes:
        """Find out what the body is, by its first byte that is no white space; what is left of `data` after that."""
        data = data.lstrip(_SPACES)
        if data.startswith(b"["):
            self._last = b"["
            return data[1:]
        if data:
            self._whole = WholeReader(max_bytes=self._max_bytes)
        return data

    def _elements(self, data: bytes) -> Iterator[Element]:
        place = 0
        while place < len(data):
            if self._open:
                begin, place = place, self._scan(data, place)
                yield from self._take(data[begin:place])
            elif found := _BETWEEN.search(data, place):
                place = self._pass(found)
                if self._last == b"]":
                    yield END
            else:
                return

    def _pass(self, found: re.Match[bytes]) -> int:
        """Take in a byte between elements; where to go on."""
        kind = found[0] if found[0] in (b",", b"]") else _VALUE
        if kind not in _NEXT[self._last]:
            raise DecodeError(f"an array has no {kind.decode()} after a {self._last.decode()}")
        self._last, self._open = kind, kind is _VALUE
        return found.start() if self._open else found.end()

    def _scan(self, data: bytes, place: int) -> int:
        """Where in `data` the open element ends, or its piece."""
        place, self._skip = place + self._skip, 0
        while found := self._marks().search(data, place):
            mark, place = found[0], found.end()
            if mark == b"\\":
                place += 1
            elif mark == b'"':
                self._string = not self._string
            elif mark in b"[{":
                self._depth += 1
            elif self._depth < 2:
                # An object's or array's own end belongs to it; what follows another value does not.
                place -= 1 - self._depth
                self._open, self._depth = False, 0
                return place
            else:
                self._depth -= 1
        self._skip = max(place - len(data), 0)
        return len(data)

    def _marks(self) -> re.Pattern[bytes]:
        if self._string:
            return _IN_STRING
        return _NESTED if self._depth else _BARE

    def _take(self, piece: bytes) -> list[Element]:
        """Take in a piece of the open element; the whole one, where this was its end."""
        self._held.append(piece)
        self._size += len(piece)
        if self._max_bytes is not None and self._size > self._max_bytes:
            raise LimitExceeded(f"an array's element of more than {self._max_bytes} bytes", limit="max_event_bytes")
        return [] if self._open else [self._element()]

    def _element(self) -> Element:
        text = b"".join(self._held).decode("utf-8", "replace")
        self._held.clear()
        self._size = 0
        return Element(text)
