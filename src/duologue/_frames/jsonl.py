"""From bytes to JSON lines (NDJSON): one JSON text a line, https://github.com/ndjson/ndjson-spec.

Blank lines are skipped, a CR before the LF is white space, a byte order mark is left out, and the last line needs no
end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._frames.lines import LineReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class JSONLinesReader:
    """Reads the texts; whether they are JSON is for the reader's user to find out.

    Args:
        known: is asked first what a line stands for; None where it does not know.

    Attributes:
        frame: the line of the text that was just given.
    """

    __slots__ = ("_known", "_lines", "frame")

    def __init__(self, *, max_bytes: int | None = None, known: Callable[[bytes], Any] = lambda _: None) -> None:
        self._known = known
        self.frame = b""
        # A bare CR is white space inside JSON, so only LF ends a line here.
        self._lines = LineReader(max_bytes=max_bytes, cr=False)

    def feed(self, data: bytes) -> Iterator[Any]:
        """The texts whose lines end in `data`; in the place of one that is known what `known` gives for it.

        Raises:
            LimitExceeded: a line is longer than `max_bytes`.
        """
        for line in self._lines.feed(data):
            if (known := self._known(line)) is not None:
                yield known
            elif line and not line.isspace():
                self.frame = line
                yield line.decode("utf-8-sig", "replace")
        self.frame = b""

    def close(self) -> Iterator[str]:
        """The text of the last line, where it had no end."""
        line = self._lines.close()
        if line and not line.isspace():
            yield line.decode("utf-8-sig", "replace")
