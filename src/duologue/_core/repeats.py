"""Events that differ from the one before in a text alone, and in what means nothing.

Nearly all of a stream is one event over and over, each time with another piece of text in it, or of the arguments of a
call. Once one of them was read that is nothing but that, the next with the same bytes before it and the same behind it
means the same with its own: there is nothing to be learned from reading the rest again. That takes a third of the time,
however often events come. What differs in anything else goes the long way. Tests hold the two ways to the same events.

The text has to stand in its frame once and as it is, and nothing beside it in escapes: else the same words elsewhere,
in an id, say, might be taken for it.

Most providers put something into each event that nobody reads: padding against traffic analysis, the number of the
event, the time. The decoder says what that looks like, see `_dialects/noise.py`; it may be in one place before the text
and in one behind it, in the outermost object: what is in others may well be read.
"""

from __future__ import annotations

from functools import partial
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, TypeAlias

from duologue._json import scan_string
from duologue.events import ReasoningDelta, TextDelta, ToolCallDelta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from duologue._dialects.noise import Noise
    from duologue.events import StreamEvent

    Delta: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta
    Take: TypeAlias = Callable[[Any], None]


class Repeats:
    """What the last events had in common.

    Args:
        take_text, take_arguments: the decoder's, to be told of each text, and piece of a call's arguments, that was
            read without it; None where that is not to be done.
        noises: what means nothing, whatever is in it.
    """

    __slots__ = ("_form", "_noises", "_take_arguments", "_take_text")

    def __init__(
        self, take_text: Take | None, take_arguments: Take | None = None, noises: Iterable[Noise] = ()
    ) -> None:
        self._take_text = take_text
        self._take_arguments = take_arguments
        self._noises = noises
        self._form: _Form | None = None

    def find(self, frame: bytes) -> Delta | None:
        """The event that a frame stands for, where it is like those before."""
        form = self._form
        if form is None:
            return None
        if frame.startswith(form.head) and frame.endswith(form.tail):
            start, end = form.start, len(frame) - form.rest
            if form.before is not None:
                at = frame.find(form.lead, start)
                start = at + form.skip if at >= 0 and form.before.fits(frame[start:at]) else end
            if form.behind is not None:
                at = frame.find(form.trail, start, end)
                end = at if at >= 0 and form.behind.fits(frame[at + form.gap : end]) else start
            text = _text(frame[start:end])
            if text:
                event: Delta = form.make(text)
                form.take(event)
                return event
        self._form = None
        return None

    def learn(self, frame: bytes, events: list[StreamEvent]) -> None:
        """A frame was read the long way and gave these. It may have changed what others mean, so none before it counts
        any more; `frame` is empty where it did not come in one piece."""
        self._form = None
        if len(events) != 1:
            return
        said, make, take = self._said(events[0])
        text = encode_basestring(said).encode("utf-8", "replace")
        head, found, tail = frame.partition(text)
        if take is None or not found or text in b'"' + tail or b"\\" in head + tail or "\ufffd" in said:
            return  # where it is there twice, or written in another way, the next one may do
        self._form = _Form(make, take, head + b'"', b'"' + tail, self._noises)

    def _said(self, event: StreamEvent) -> tuple[str, Callable[[str], Delta], Take | None]:
        """What an event says, how to make one that says something else, and who is to be told."""
        if isinstance(event, TextDelta) or (isinstance(event, ReasoningDelta) and event.signature is None):
            return event.text, partial(type(event), index=event.index, block=event.block), self._take_text
        if isinstance(event, ToolCallDelta) and event.id is None and event.name is None and not event.extra:
            make = partial(ToolCallDelta, event.call_index, None, None, index=event.index, call_type=event.call_type)
            return event.arguments, make, self._take_arguments
        return "", TextDelta, None


class _Form:
    """An event's frame without its text and its noise.

    Attributes:
        head: the bytes up to the text, or to noise before it.
        before, lead: that noise, None where there is none, and the bytes between it and the text.
        trail, behind: the bytes between the text and noise behind it, and that noise.
        tail: those from there on.
        start, skip, gap, rest: how long `head`, `lead`, `trail` and `tail` are.
        make: makes the event of a text.
        take: is told of it.
    """

    __slots__ = (
        "before",
        "behind",
        "gap",
        "head",
        "lead",
        "make",
        "rest",
        "skip",
        "start",
        "tail",
        "take",
        "trail",
    )

    def __init__(
        self, make: Callable[[str], Delta], take: Take, head: bytes, tail: bytes, noises: Iterable[Noise]
    ) -> None:
        self.make, self.take = make, take
        self.before, self.head, self.lead = _parted(head, noises, behind=False)
        self.behind, self.trail, self.tail = _parted(tail, noises, behind=True)
        if self.behind is None:
            self.trail, self.tail = b"", tail
        self.start, self.skip, self.gap, self.rest = map(len, (self.head, self.lead, self.trail, self.tail))


def _parted(part: bytes, noises: Iterable[Noise], *, behind: bool) -> tuple[Noise | None, bytes, bytes]:
    """The noise in a part of a frame, and what is before and behind it."""
    for noise in noises:
        at = part.find(noise.key)
        if at == 0 or (at > 0 and not noise.first):
            at += len(noise.key)
            before, rest = part[:at], part[at:].lstrip(noise.plain)
            brackets = rest.count(b"}") if behind else before.count(b"{")
            if brackets == 1 and rest.startswith(noise.ends):
                return noise, before, rest
    return None, part, b""


def _text(said: bytes) -> str:
    """The text that these bytes are, between quotes, in JSON; empty where they are none."""
    try:
        raw = said.decode()
        if '"' not in raw and "\\" not in raw and raw.isprintable():
            return raw  # as nearly always
        text, length = scan_string(raw + '"', 0)
    except ValueError:  # no JSON, or no UTF-8: the long way knows what is to be made of it
        return ""
    return text if length == len(raw) + 1 else ""
