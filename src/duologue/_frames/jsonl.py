"""From bytes to JSON lines (NDJSON): one JSON text a line, https://github.com/ndjson/ndjson-spec.

Blank lines are skipped, a CR before the LF is white space, a byte order mark is left out, and the last line needs no
end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from duologue._frames.lines import LineReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class JSONLinesReader:
    """Reads the texts; whether they are JSON is for the reader's user to find out."""

    __slots__ = ("_lines",)

    def __init__(self, *, max_bytes: int | None = None) -> None:
        # A bare CR is white space inside JSON, so only LF ends a line here.
        self._lines = LineReader(max_bytes=max_bytes, cr=False)

    def feed(self, data: bytes) -> Iterator[str]:
        """The texts whose lines end in `data`.

        Raises:
            LimitExceeded: a line is longer than `max_bytes`.
        """
        return _texts(self._lines.feed(data))

    def close(self) -> Iterator[str]:
        """The text of the last line, where it had no end."""
        return _texts([self._lines.close()])


def _texts(lines: Iterable[bytes]) -> Iterator[str]:
    return (line.decode("utf-8-sig", "replace") for line in lines if line and not line.isspace())
