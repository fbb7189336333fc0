"""One candidate of a Gemini answer, from parts to events.

Every part is a block of its own, except that text goes on with text, thoughts with thoughts and sound with sound, since
a stream breaks them where it likes. A part that has a signature is neither joined to the one before nor to the one
after: https://ai.google.dev/gemini-api/docs/thought-signatures asks to have it back just so. What a part says beside
its text or data follows it as an `UnknownContent` of the type `part_fields`, for the next turn to put back.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from duologue._dialects.gemini.calls import Calls
from duologue._dialects.gemini.citations import read_citations, read_grounding
from duologue._dialects.gemini.parts import read_media
from duologue._dialects.shape import a_string, an_array, an_index, an_object
from duologue.events import ContentDelta, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta, Unknown
from duologue.models import AudioContent, UnknownContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from duologue.models import CitationContent, ContentPart

PART_FIELDS = "part_fields"
# Sources are of the whole answer, whenever they are told, so they come after all of its parts.
_AFTER_ALL = 1 << 30
_CANDIDATE_KEYS = frozenset({"index", "content", "finishReason"})
_CONTENT_KEYS = frozenset({"parts", "role"})
_TEXT = {"text"}
_PLAIN = ("text", "thought")
_BLOB_KEYS = frozenset({"mimeType", "data"})
# What may stand in a part beside its data: https://ai.google.dev/api/caching#Part
_BESIDE = frozenset({"thought", "thoughtSignature", "partMetadata", "videoMetadata", "mediaResolution"})
# These come piece by piece, and the accumulator joins them.
_GROWING = frozenset({"citationMetadata", "logprobsResult"})


class Candidate:
    """One candidate's state.

    Attributes:
        grounded: whether it has sources, whose places are looked for in the text at each chunk from its end on.
    """

    def __init__(self, index: int, response_id: str | None) -> None:
        self._index = index
        self._block = -1
        self._kind: str | None = None
        self._calls = Calls(index, response_id)
        # Calls that no content has followed so far.
        self._last_calls = range(0)
        self._text = StringIO()
        self._notes: dict[str, Any] = {}
        self._grounding: dict[str, Any] = {}
        self._uncited = False
        self.grounded = False
        self._cited: set[tuple[Any, ...]] = set()

    def add(self, candidate: dict[str, Any], path: str, events: list[StreamEvent]) -> None:
        """Decode a chunk's piece of the candidate."""
        content = an_object(candidate.get("content") or {}, f"{path}.content")
        for part in an_array(content.get("parts"), f"{path}.content.parts"):
            self._part(an_object(part, f"{path}.content.parts[]"), events)
        self._note(candidate, content, events)
        if candidate.get("citationMetadata"):
            metadata = an_object(candidate["citationMetadata"], f"{path}.citationMetadata")
            self._cite(read_citations(metadata, self._text.getvalue()), events)
        if candidate.get("groundingMetadata"):
            metadata = an_object(candidate["groundingMetadata"], f"{path}.groundingMetadata")
            self._grounding = {**self._grounding, **metadata}
            self._uncited = self.grounded = True

    def take_text(self, text: str) -> None:
        """More text came, as the part before it did."""
        self._text.write(text)

    def end(self, word: str, events: list[StreamEvent]) -> None:
        """The candidate has its finish reason, or more came after it.

        Only now is it sure what rests on which source, since a stream may tell of the sources first.
        """
        if word == "STOP":
            events += self._calls.end()
        if self._uncited:
            self._cite(read_grounding(self._grounding, self._text.getvalue()), events)
            self._uncited = False

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _part(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        if part.keys() == _TEXT:  # as nearly always
            self._read_text(part, events)
            return
        part = _said(part)
        read = next((read for key, read in _PARTS.items() if key in part), Candidate._other)
        read(self, part, events)

    def _new_block(self, events: list[StreamEvent]) -> int:
        """The number of a block that begins here. Calls stand apart from content in a message, so those that are not
        the last of it have to be told their place."""
        self._kind = None
        self._block += 1
        place = {"parts_before": self._block}
        events += [ToolCallDelta(number, index=self._index, extra=place) for number in self._last_calls]
        self._last_calls = range(0)
        return self._block

    def _block_of(self, kind: str, signed: bool, events: list[StreamEvent]) -> int:
        """The number of the block that a piece of this kind goes on with or begins."""
        if signed or kind != self._kind:
            self._new_block(events)
            self._kind = None if signed else kind
        return self._block

    def _content(self, content: ContentPart, events: list[StreamEvent]) -> None:
        block = self._new_block(events)
        events.append(ContentDelta(content, self._index, block))

    def _fields(self, fields: dict[str, Any], events: list[StreamEvent]) -> None:
        if fields:
            self._content(UnknownContent({"type": PART_FIELDS, **fields}), events)

    def _read_text(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        text = a_string(part["text"], "parts[].text")
        fields = {key: value for key, value in part.items() if key not in _PLAIN} if len(part) > 1 else {}
        if part.get("thought"):
            self._thought(text, fields, events)
        elif text:
            block = self._block_of("text", bool(fields), events)
            self._text.write(text)
            events.append(TextDelta(text, self._index, block))
            self._fields(fields, events)
        elif fields:
            # The end of a stream: a signature without anything that it signs.
            self._content(UnknownContent({"type": "text", "text": "", **fields}), events)

    def _thought(self, text: str, fields: dict[str, Any], events: list[StreamEvent]) -> None:
        signature = a_string(fields.pop("thoughtSignature", None), "parts[].thoughtSignature") or None
        if text or signature or fields:
            block = self._block_of("thought", bool(signature or fields), events)
            events.append(ReasoningDelta(text, self._index, signature, block))
            self._fields(fields, events)

    def _read_data(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        """Media. An image that is only a thought is not part of the answer, so it stays as it came."""
        if part.get("thought"):
            self._other(part, events)
            return
        blob = an_object(part["inlineData"], "parts[].inlineData")
        media = read_media(blob, "parts[].inlineData")
        fields = {key: value for key, value in part.items() if key not in ("inlineData", "thought")}
        rest = {key: value for key, value in blob.items() if key not in _BLOB_KEYS}
        if rest:
            fields["inlineData"] = rest
        if isinstance(media, AudioContent):
            block = self._block_of(f"audio {media.media_type}", bool(fields), events)
            events.append(ContentDelta(media, self._index, block))
        else:
            self._content(media, events)
        self._fields(fields, events)

    def _read_call(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        piece = an_object(part["functionCall"], "parts[].functionCall")
        if not self._calls.can_take(piece):
            self._other(part, events)
            return
        self._kind = None
        first = self._last_calls.start if self._last_calls else self._calls.count
        events += self._calls.add(part, piece)
        self._last_calls = range(first, self._calls.count)

    def _other(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        """A part that is kept as it is: a built-in tool's work, a signature alone, or something new."""
        kind = next((key for key in part if key not in _BESIDE), None) or next(iter(part), None)
        if kind is not None and any(part.values()):
            self._content(UnknownContent({"type": kind, **part}), events)

    # -- notes ---------------------------------------------------------------------------------------------------------

    def _note(self, candidate: dict[str, Any], content: dict[str, Any], events: list[StreamEvent]) -> None:
        """What else is said of the candidate. Older servers repeat it in every chunk, others give an object field by
        field."""
        if candidate.keys() <= _CANDIDATE_KEYS and content.keys() <= _CONTENT_KEYS:
            return
        found = {key: value for key, value in candidate.items() if key not in _CANDIDATE_KEYS and value is not None}
        rest = {key: value for key, value in content.items() if key not in _CONTENT_KEYS and value is not None}
        news: dict[str, Any] = {"content": rest} if rest else {}
        for key, value in found.items():
            before = self._notes.get(key)
            if key in _GROWING:
                news[key] = value
                continue
            now = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
            if now != before:
                news[key] = self._notes[key] = now
        if news:
            events.append(Unknown(news, self._index))

    def _cite(self, citations: Iterable[CitationContent], events: list[StreamEvent]) -> None:
        for citation in citations:
            told = (an_index(citation.raw.get("startIndex")), an_index(citation.raw.get("endIndex")))
            key = (citation.url, citation.title, citation.text, citation.start, citation.end, *told)
            if key not in self._cited:
                self._cited.add(key)
                events.append(ContentDelta(citation, self._index, _AFTER_ALL))


def _said(part: dict[str, Any]) -> dict[str, Any]:
    """A part without what it has not got: some gateways write that as well, as null or empty. An empty text counts only
    where there is nothing else that a signature could be of."""
    said = {key: value for key, value in part.items() if value is not None and value != ""}
    return said if said.keys() - _BESIDE or part.get("text") is None else {"text": "", **said}


_PARTS: dict[str, Callable[[Candidate, dict[str, Any], list[StreamEvent]], None]] = {
    "functionCall": Candidate._read_call,
    "inlineData": Candidate._read_data,
    "text": Candidate._read_text,
}
