"""Events that differ from the one before in a text alone.

Nearly all of a stream is one event over and over, each time with another piece of text in it. Once one of them was read
that is nothing but its text, the next with the same bytes before the text and the same behind it means the same with
its own: there is nothing to be learned from reading the rest again. That takes a fifth of the time, however often
events come. What differs in anything else goes the long way. Tests hold the two ways to the same events.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from duologue._json import scan_string
from duologue.events import ReasoningDelta, TextDelta

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue.events import StreamEvent


class Repeats:
    """What the last events had in common.

    Args:
        take_text: the decoder's, to be told of each text that was read without it.
    """

    __slots__ = ("_after", "_before", "_block", "_from", "_index", "_kind", "_take_text", "_to")

    def __init__(self, take_text: Callable[[Any], None]) -> None:
        self._take_text = take_text
        self._before: bytes | None = None
        self._after = b""
        self._from = self._to = 0
        self._kind: type[TextDelta] | type[ReasoningDelta] = TextDelta
        self._index = self._block = 0

    def find(self, frame: bytes) -> TextDelta | ReasoningDelta | None:
        """The event that a frame stands for, where it is like those before."""
        if self._before is None:
            return None
        if frame.startswith(self._before) and frame.endswith(self._after):
            try:
                said = frame[self._from : self._to].decode() + '"'
                text, end = scan_string(said, 0)
            except ValueError:  # no JSON, or no UTF-8: the long way knows what is to be made of it
                text, end, said = "", 0, ""
            if text and end == len(said):
                event = self._kind(text, self._index, block=self._block)
                self._take_text(event)
                return event
        self._before = None
        return None

    def learn(self, frame: bytes, events: list[StreamEvent]) -> None:
        """A frame was read the long way and gave these. It may have changed what others mean, so none before it counts
        any more; `frame` is empty where it did not come in one piece."""
        parts = _parts(frame, events)
        if parts is None:
            self._before = None
            return
        self._kind, self._index, self._block, self._before, self._after = parts
        self._from, self._to = len(self._before), -len(self._after)


def _parts(
    frame: bytes, events: list[StreamEvent]
) -> tuple[type[TextDelta] | type[ReasoningDelta], int, int, bytes, bytes] | None:
    """The event's kind, and what is before and behind its text, if that is all there is."""
    if len(events) != 1:
        return None
    event = events[0]
    if not (isinstance(event, TextDelta) or (isinstance(event, ReasoningDelta) and event.signature is None)):
        return None
    # Where the text is there twice, or written in another way, the next one may do.
    said = encode_basestring(event.text).encode("utf-8", "replace")
    if frame.count(said) != 1:
        return None
    at = frame.index(said)
    return type(event), event.index, event.block, frame[: at + 1], frame[at + len(said) - 1 :]
