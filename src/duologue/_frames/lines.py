"""From bytes to lines.

`feed` gives every line that has ended, without its end; `close` the unfinished rest. A line is ended by LF or, unless
`cr=False`, also by CR or CRLF. Nothing else ends a line: U+2028 and U+0085 occur inside what models say.

Lines come one by one, so that those before a line that is too long are given before it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from duologue.errors import LimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator


class LineReader:
    """Splits a stream of bytes into lines."""

    __slots__ = ("_cr", "_max_bytes", "_rest", "_size", "_skip_lf")

    def __init__(self, *, max_bytes: int | None = None, cr: bool = True) -> None:
        self._max_bytes = max_bytes
        self._cr = cr
        # The unfinished line in pieces: joined once at its end, so that many small pieces take linear time.
        self._rest: list[bytes] = []
        self._size = 0
        self._skip_lf = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that end in `data`.

        Raises:
            LimitExceeded: a line, ended or not, is longer than `max_bytes`.
        """
        data = self._with_lf(data)
        *lines, rest = data.split(b"\n")
        # One line cannot be too long where all of them together are not; else each is looked at.
        if self._max_bytes is None or self._size + len(data) <= self._max_bytes:
            if lines:
                yield self._joined(lines[0])
                yield from lines[1:]
        else:
            for line in lines:
                self._grow(len(line))
                yield self._joined(line)
        self._grow(len(rest))
        if rest:
            self._rest.append(rest)

    def _with_lf(self, data: bytes) -> bytes:
        """The same with an LF for whatever ends a line."""
        if self._skip_lf and data:
            # The CR before it ended the line at once, since the LF might never come.
            self._skip_lf = False
            data = data.removeprefix(b"\n")
        if self._cr and b"\r" in data:
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    @property
    def empty(self) -> bool:
        """Whether no line has begun, and the one before has ended for good."""
        return not self._rest and not self._skip_lf

    def _joined(self, line: bytes) -> bytes:
        """A line that has ended, with what had come of it."""
        self._size = 0
        if self._rest:
            line = b"".join((*self._rest, line))
            self._rest.clear()
        return line

    def _grow(self, size: int) -> None:
        self._size += size
        if self._max_bytes is not None and self._size > self._max_bytes:
            raise LimitExceeded(f"a line of more than {self._max_bytes} bytes", limit="max_event_bytes")

    def close(self) -> bytes:
        """What came after the last line's end."""
        rest = b"".join(self._rest)
        self._rest.clear()
        return rest
