"""Gemini's `GenerateContentResponse`, from frames to events.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. Chunks of a stream and a whole answer have
the same shape, so one road decodes both, and a stream without `alt=sse` is an array of chunks. No marker ends a stream:
a finish reason, or the reason why the prompt was blocked, and then a clean end of the body have to do. What is not
known here is kept: at the top and in a candidate as `Unknown` (`Start` has the first chunk's), in a part as
`UnknownContent`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.api_errors import api_error
from duologue._dialects.gemini.candidate import Candidate
from duologue._dialects.gemini.parts import FINISH_REASONS, read_usage
from duologue._dialects.shape import a_string, an_array, an_index, an_object
from duologue._frames.array import END, Element
from duologue._json import loads
from duologue.errors import DecodeError
from duologue.events import Start, StreamEvent, TextDelta, Unknown, UsageUpdate

if TYPE_CHECKING:
    from duologue._frames.sse import ServerSentEvent
    from duologue.models import FinishReason, Provider

# Those with events of their own; the rest is kept as it is.
_TOP = frozenset({"candidates", "usageMetadata", "error"})
_ANY_OF = _TOP | {"promptFeedback", "modelVersion", "responseId"}
# What protocol buffers say where nothing is set: https://protobuf.dev/best-practices/dos-donts/#unspecified-enum
_UNSET = "_UNSPECIFIED"
# Gateways end other formats' streams so, and some of them this one's.
_DONE = "[DONE]"


class Decoder:
    """One answer's state."""

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        self._started = False
        self._response_id: str | None = None
        self._seen: dict[str, Any] = {}
        self._candidates: dict[int, Candidate] = {}
        self._usage: dict[str, Any] | None = None
        self._counts: dict[str, Any] = {}
        self.repeatable = True  # whether a chunk with other text gives nothing but that

    def feed(self, frame: ServerSentEvent, events: list[StreamEvent]) -> None:
        """Decode one server-sent event; see `duologue._dialects.Decoder`."""
        if frame.data.strip() != _DONE:
            self._chunks(loads(frame.data), events)

    def take_text(self, event: StreamEvent) -> None:
        """A piece of text was read without this decoder; see `duologue._dialects.Decoder`."""
        if isinstance(event, TextDelta):
            self._candidates[event.index].take_text(event.text)

    def feed_array(self, frame: Element | str, events: list[StreamEvent]) -> None:
        """Decode an element of a stream that is an array, its end, or an answer that was not streamed."""
        if isinstance(frame, str):
            self.feed_whole(frame, events)
        elif frame == END:
            self._end(array=True)
        else:
            self._chunk(an_object(loads(frame.data), "the answer"), events)

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed, or a stream as one array; see `duologue._dialects.Decoder`."""
        payload = loads(body)
        self._chunks(payload, events)
        self._end(array=isinstance(payload, list))

    def _end(self, *, array: bool) -> None:
        if self._seen and not self._started:
            raise _no_answer(self._seen)
        # The array's end tells that no byte is missing, and not that the model came to one.
        self.ended = self._started and (bool(self.finish) or not array)

    def _chunks(self, payload: Any, events: list[StreamEvent]) -> None:
        for chunk in payload if isinstance(payload, list) else [payload]:
            self._chunk(an_object(chunk, "the answer"), events)

    # -- a chunk -------------------------------------------------------------------------------------------------------

    def _chunk(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        if _ANY_OF.isdisjoint(chunk):
            _refuse_foreign(chunk)
        self._top(chunk, events)
        for position, candidate in enumerate(an_array(chunk.get("candidates"), "candidates")):
            self._candidate(an_object(candidate, f"candidates[{position}]"), position, events)
        self._usage_of(chunk, events)
        if chunk.get("promptFeedback"):
            self._feedback(chunk["promptFeedback"])
        if chunk.get("error"):
            raise api_error(chunk)

    def _top(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        """What stands beside the candidates."""
        news = {
            key: value
            for key, value in chunk.items()
            if key not in _TOP and value is not None and self._seen.get(key) != value
        }
        self._seen.update(news)
        if not news and self._started:
            return
        if not self._started and chunk.keys() & _ANY_OF - {"error"}:
            self._started = True
            self._response_id = a_string(news.pop("responseId", None), "responseId") or None
            model = a_string(news.pop("modelVersion", None), "modelVersion") or None
            events.append(Start(self._response_id, model, self._provider, news))
        elif news:
            events.append(Unknown(news))

    def _candidate(self, candidate: dict[str, Any], position: int, events: list[StreamEvent]) -> None:
        index = an_index(candidate.get("index"))
        if index is None:
            index = position
        if index not in self._candidates:
            self._candidates[index] = Candidate(index, self._response_id)
        found = self._candidates[index]
        found.add(candidate, f"candidates[{position}]", events)
        if found.grounded:
            self.repeatable = False
        word = a_string(candidate.get("finishReason"), f"candidates[{position}].finishReason")
        if word and not word.endswith(_UNSET):
            self.finish[index] = (FINISH_REASONS.get(word, "unknown"), word)
        if index in self.finish:
            found.end(self.finish[index][1], events)

    def _usage_of(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        """The counts, which come with most chunks; one that the last of them has not got holds from before."""
        usage = chunk.get("usageMetadata")
        if usage and usage != self._usage:
            self._usage = an_object(usage, "usageMetadata")
            if not usage.keys() >= self._counts.keys() or None in usage.values():
                told = {key: count for key, count in usage.items() if count is not None or key not in self._counts}
                usage = {**self._counts, **told}
            self._counts = usage
            events.append(UsageUpdate(read_usage(self._counts)))

    def _feedback(self, feedback: Any) -> None:
        """A blocked prompt has no candidates, and the reason why stands in place of theirs."""
        word = a_string(an_object(feedback, "promptFeedback").get("blockReason"), "promptFeedback.blockReason")
        if word and not word.endswith(_UNSET):
            self.finish[0] = ("content_filter", word)


def _refuse_foreign(chunk: dict[str, Any]) -> None:
    """An error in a shape of its own, and another provider's format; anything else is new, and kept."""
    if chunk.keys() & {"message", "detail", "code"}:
        raise api_error(chunk)
    if "choices" in chunk:
        raise _no_answer(chunk)


def _no_answer(chunk: dict[str, Any]) -> DecodeError:
    keys = ", ".join(sorted(map(repr, chunk))[:8])
    return DecodeError(f"no Gemini answer: it has neither `candidates` nor `error`, but {keys}")
