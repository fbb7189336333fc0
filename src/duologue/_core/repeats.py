"""Events that differ from the one before in a text alone, and in what means nothing.

Nearly all of a stream is one event over and over, each time with another piece of text in it. Once one of them was read
that is nothing but its text, the next with the same bytes before the text and the same behind it means the same with
its own: there is nothing to be learned from reading the rest again. That takes a fifth of the time, however often
events come. What differs in anything else goes the long way. Tests hold the two ways to the same events.

Most providers put something into each event that nobody reads: padding against traffic analysis, the number of the
event, the time. The decoder's pattern for it tells where that is, one place before the text and one behind it.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from duologue._json import scan_string
from duologue.events import ReasoningDelta, TextDelta

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue.events import StreamEvent


_NO_NOISE = re.compile(rb"(?!)")


class Repeats:
    """What the last events had in common.

    Args:
        take_text: the decoder's, to be told of each text that was read without it.
        noise: what means nothing, whatever is in it; None for nothing.
    """

    __slots__ = ("_form", "_noise", "_take_text")

    def __init__(self, take_text: Callable[[Any], None], noise: re.Pattern[bytes] | None = None) -> None:
        self._take_text = take_text
        self._noise = noise or _NO_NOISE
        self._form: _Form | None = None

    def find(self, frame: bytes) -> TextDelta | ReasoningDelta | None:
        """The event that a frame stands for, where it is like those before."""
        form = self._form
        if form is None:
            return None
        if frame.startswith(form.head) and frame.endswith(form.tail):
            start, end = form.start, len(frame) - form.rest
            if form.lead is not None:
                found = form.noise(frame, start)
                start = end if found is None or not frame.startswith(form.lead, at := found.end()) else at + form.skip
            if form.trail is not None:
                at = frame.find(form.trail, start, end)
                found = form.noise(frame, at + form.gap) if at >= 0 else None
                end = start if found is None or found.end() != end else at
            try:
                said = frame[start:end].decode() + '"'
                text, length = scan_string(said, 0)
            except ValueError:  # no JSON, or no UTF-8: the long way knows what is to be made of it
                text, length, said = "", 0, ""
            if text and length == len(said):
                event = form.kind(text, form.choice, block=form.block)
                self._take_text(event)
                return event
        self._form = None
        return None

    def learn(self, frame: bytes, events: list[StreamEvent]) -> None:
        """A frame was read the long way and gave these. It may have changed what others mean, so none before it counts
        any more; `frame` is empty where it did not come in one piece."""
        self._form = _form(frame, events, self._noise)


class _Form:
    """An event's frame without its text and its noise.

    Attributes:
        head: the bytes up to the text, or to noise before it.
        lead: those between such noise and the text; None where there is none.
        trail: those between the text and noise behind it, likewise.
        tail: those from there on.
        start, skip, gap, rest: how long these are.
        noise: looks for it at a place.
        kind, choice, block: the event's.
    """

    __slots__ = (
        "block",
        "choice",
        "gap",
        "head",
        "kind",
        "lead",
        "noise",
        "rest",
        "skip",
        "start",
        "tail",
        "trail",
    )

    def __init__(
        self, event: TextDelta | ReasoningDelta, before: bytes, behind: bytes, noise: re.Pattern[bytes]
    ) -> None:
        self.kind, self.choice, self.block = type(event), event.index, event.block
        self.noise = noise.match
        self.head, self.lead = before, None
        if found := noise.search(before):
            self.head, self.lead = before[: found.start()], before[found.end() :]
        self.trail, self.tail = None, behind
        if found := noise.search(behind):
            self.trail, self.tail = behind[: found.start()], behind[found.end() :]
        self.start, self.skip = len(self.head), len(self.lead or b"")
        self.gap, self.rest = len(self.trail or b""), len(self.tail)


def _form(frame: bytes, events: list[StreamEvent], noise: re.Pattern[bytes]) -> _Form | None:
    """What is beside the event's text, if that is all there is."""
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
    return _Form(event, frame[: at + 1], frame[at + len(said) - 1 :], noise)
