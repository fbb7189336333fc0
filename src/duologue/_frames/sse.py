"""From bytes to server-sent events, to the letter of the WHATWG standard.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

Two things go beyond it, both asked for and neither changing what `feed` gives. `close` returns the block that the end
of the body cut off before its blank line: some servers leave out the last one. And lines that are no fields are kept in
`stray`, since some servers answer with bare JSON under the content type `text/event-stream`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from duologue._frames.lines import LineReader
from duologue.errors import LimitExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Of a block. Where the second is looked for, the first is not there; lone CRs end lines as well, but nobody sends them.
_ENDS = (b"\r\n\r\n", b"\n\n")
_BOM = b"\xef\xbb\xbf"
_STRAY_BYTES = 65536
_RETRY_DIGITS = 20


class ServerSentEvent(NamedTuple):
    """One event: its type, its data, the last id in force, and the reconnection time (ms) that its block set."""

    event: str
    data: str
    id: str = ""
    retry: int | None = None


class SSEReader:
    """Reads an event stream.

    Args:
        known: is asked first what a whole block of lines stands for; None where it does not know.

    Attributes:
        frame: the block of the event that was just given, where it came in one piece.
    """

    __slots__ = (
        "_begun",
        "_data",
        "_event",
        "_first",
        "_id",
        "_known",
        "_lines",
        "_max_bytes",
        "_retry",
        "_stray_size",
        "cut",
        "frame",
        "retry",
        "stray",
    )

    def __init__(
        self,
        *,
        max_bytes: int | None = None,
        last_event_id: str = "",
        known: Callable[[bytes], Any] = lambda _: None,
    ) -> None:
        self._known = known
        self.frame = b""
        self._lines = LineReader(max_bytes=max_bytes)
        self._max_bytes = max_bytes
        self._first = self._begun = True
        # One buffer for the lines of an event's data, each with an LF behind it; as objects, short ones would take ten
        # times as much memory as `max_bytes` allows.
        self._data = bytearray()
        self._event = b""
        self._id = last_event_id
        self._retry: int | None = None
        self.retry: int | None = None
        self.stray: list[bytes] = []
        self.cut = False
        self._stray_size = 0

    def feed(self, data: bytes) -> Iterator[Any]:
        """The events that `data` completes; in the place of one that is known what `known` gives for it.

        Raises:
            LimitExceeded: a line, or one event's data, is longer than `max_bytes`.
        """
        if self._first and self._lines.empty and data[:1] not in (b"", _BOM[:1]):
            self._first = self._begun = False
        ends = _ENDS if b"\r" in data else _ENDS[1:]  # a search for one byte takes no time
        if self._begun or not self._lines.empty:  # a block has begun: up to its end, line by line
            place = min(data.find(end) + len(end) if end in data else len(data) for end in ends)
            yield from self._slowly(data[:place])
            data = data[place:]
        end_of_block = ends[0] if ends[0] in data else _ENDS[1]
        *blocks, data = data.split(end_of_block)
        most, find = self._max_bytes, self._known
        for block in blocks:
            if most is not None and len(block) > most:
                yield from self._slowly(block + end_of_block)
            elif (known := find(block)) is not None:
                yield known
            elif (event := self._plain(block)) is not None:
                self.frame = block
                yield event
                self.frame = b""
            else:
                yield from self._slowly(block + end_of_block)
        if data:
            yield from self._slowly(data)

    def _plain(self, block: bytes) -> ServerSentEvent | None:
        """The event of a block that has one line of data and at most one before it that names its type; nearly all are
        so, and need no state."""
        event = "message"
        if block.startswith(b"event:"):
            name, _, block = block.partition(b"\n")
            name = name[6:].removesuffix(b"\r")
            if b"\r" in name:
                return None
            event = name.removeprefix(b" ").decode("utf-8", "replace") or event
        if not block.startswith(b"data:") or b"\n" in block or b"\r" in block:
            return None
        return ServerSentEvent(event, block[5:].removeprefix(b" ").decode("utf-8", "replace"), self._id)

    def _slowly(self, data: bytes) -> Iterator[ServerSentEvent]:
        for line in self._lines.feed(data):
            if self._line(line):
                yield from self._dispatch()

    def close(self) -> Iterator[ServerSentEvent]:
        """The event in hand where the body ended, if any: its block had no blank line after it."""
        rest = self._lines.close()
        self._line(rest)
        self.cut = bool(rest) and not self._data
        return self._dispatch()

    def _line(self, line: bytes) -> bool:
        """Take a line in; whether it ends its block."""
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        self._begun = bool(line)
        if not line:
            return True
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._data += value
            self._data += b"\n"
            if self._max_bytes is not None and len(self._data) > self._max_bytes:
                raise LimitExceeded(f"an event of more than {self._max_bytes} bytes", limit="max_event_bytes")
        elif name:  # a line that begins with a colon is a comment
            self._field(name, value, line)
        return False

    def _field(self, name: bytes, value: bytes, line: bytes) -> None:
        if name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry":
            if value.isdigit() and len(value) < _RETRY_DIGITS:
                self.retry = self._retry = int(value)
        elif self._stray_size < _STRAY_BYTES:
            self.stray.append(line)
            self._stray_size += len(line)

    def _dispatch(self) -> Iterator[ServerSentEvent]:
        if self._data:
            data = self._data[:-1].decode("utf-8", "replace")
            event = self._event.decode("utf-8", "replace") or "message"
            yield ServerSentEvent(event, data, self._id, self._retry)
            self._data = bytearray()
        self._event = b""
        self._retry = None
