"""From bytes to server-sent events, to the letter of the WHATWG standard.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

Two things go beyond it, both asked for and neither changing what `feed` gives. `close` returns the block that the end
of the body cut off before its blank line: some servers leave out the last one. And lines that are no fields are kept in
`stray`, since some servers answer with bare JSON under the content type `text/event-stream`.
"""

from __future__ import annotations

from typing import NamedTuple

from duologue._frames.lines import LineReader
from duologue.errors import LimitExceeded

_BOM = b"\xef\xbb\xbf"
_STRAY_BYTES = 65536


class ServerSentEvent(NamedTuple):
    """One event: its type, its data, the last id in force, and the reconnection time (ms) that its block set."""

    event: str
    data: str
    id: str = ""
    retry: int | None = None


class SSEReader:
    """Reads an event stream."""

    __slots__ = ("_data", "_event", "_first", "_id", "_lines", "_max_bytes", "_retry", "_size", "retry", "stray")

    def __init__(self, *, max_bytes: int | None = None, last_event_id: str = "") -> None:
        self._lines = LineReader(max_bytes=max_bytes)
        self._max_bytes = max_bytes
        self._first = True
        self._data: list[bytes] = []
        self._size = 0
        self._event = b""
        self._id = last_event_id
        self._retry: int | None = None
        self.retry: int | None = None
        self.stray: list[bytes] = []

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that `data` completes.

        Raises:
            LimitExceeded: a line, or one event's data, is longer than `max_bytes`.
        """
        events: list[ServerSentEvent] = []
        for line in self._lines.feed(data):
            self._line(line, events)
        return events

    def close(self) -> list[ServerSentEvent]:
        """The event in hand where the body ended, if any: its block had no blank line after it."""
        events: list[ServerSentEvent] = []
        rest = self._lines.close()
        if rest:
            self._line(rest, events)
        self._dispatch(events)
        return events

    def _line(self, line: bytes, events: list[ServerSentEvent]) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            self._dispatch(events)
            return
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._data.append(value)
            self._size += len(value) + 1
            if self._max_bytes is not None and self._size > self._max_bytes:
                raise LimitExceeded(f"an event of more than {self._max_bytes} bytes", limit="max_event_bytes")
        elif name:  # a line that begins with a colon is a comment
            self._field(name, value, line)

    def _field(self, name: bytes, value: bytes, line: bytes) -> None:
        if name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry":
            if value.isdigit():
                self.retry = self._retry = int(value) if len(value) < 20 else None
        elif sum(map(len, self.stray)) < _STRAY_BYTES:
            self.stray.append(line)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        if self._data:
            data = b"\n".join(self._data).decode("utf-8", "replace")
            event = self._event.decode("utf-8", "replace") or "message"
            events.append(ServerSentEvent(event, data, self._id, self._retry))
            self._data = []
            self._size = 0
        self._event = b""
        self._retry = None
