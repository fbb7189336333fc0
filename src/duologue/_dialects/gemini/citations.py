"""Sources of an answer: Gemini's grounding and citation metadata.

https://ai.google.dev/api/generate-content#GroundingMetadata and #CitationMetadata. Places in the text are counted in
bytes of UTF-8 there, and in characters here; those that do not fit the text are left out, `raw` has them all. They are
counted from the beginning of a part, and which part is not reliably said, so where the words are told, they decide:
https://github.com/googleapis/python-genai/issues/961
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import an_index, objects, string_or_none
from duologue.models import CitationContent

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a source may be: https://ai.google.dev/api/generate-content#GroundingChunk
_SOURCES = ("web", "retrievedContext", "maps", "image")


class Places:
    """Turns places in a text's bytes into places in its characters."""

    __slots__ = ("_ends", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = (
            [0] if text.isascii() else [0, *accumulate(len(character.encode("utf-8", "replace")) for character in text)]
        )

    def find(self, start: Any, end: Any, words: str = "") -> tuple[int | None, int | None]:
        """Where the stretch begins and ends; None for both where it is none of the text's. No start means 0."""
        first, last = self._character(an_index(start) or 0), self._character(an_index(end))
        fits = first is not None and last is not None and first <= last
        if words and not (fits and self._text[first:last] == words):
            first = self._text.find(words)
            fits, last = first >= 0 and self._text.find(words, first + 1) < 0, first + len(words)
        return (first, last) if fits else (None, None)

    def _character(self, place: int | None) -> int | None:
        if place is None or place < 0:
            return None
        if len(self._ends) == 1:
            return place if place <= len(self._text) else None
        found = bisect_left(self._ends, place)
        return found if found < len(self._ends) and self._ends[found] == place else None


def read_citations(metadata: dict[str, Any], text: str) -> Iterator[CitationContent]:
    """The sources that `citationMetadata` names: `citations`, under v1beta `citationSources`."""
    places = Places(text)
    for note in [*objects(metadata.get("citations")), *objects(metadata.get("citationSources"))]:
        start, end = places.find(note.get("startIndex"), note.get("endIndex"))
        uri, title = string_or_none(note.get("uri")), string_or_none(note.get("title"))
        yield CitationContent(url=uri, title=title, start=start, end=end, raw=note)


def read_grounding(metadata: dict[str, Any], text: str) -> Iterator[CitationContent]:
    """The sources that `groundingMetadata` names: one for each stretch of text that rests on one, then those that no
    stretch rests on."""
    chunks = objects(metadata.get("groundingChunks"))
    places = Places(text)
    used: set[int] = set()
    for support in objects(metadata.get("groundingSupports")):
        for number in _indexes(support.get("groundingChunkIndices")):
            if 0 <= number < len(chunks):
                used.add(number)
                yield _supported(chunks[number], support, places)
    for number, chunk in enumerate(chunks):
        if number not in used:
            yield CitationContent(**_source(chunk), raw={"groundingChunk": chunk})


def _indexes(value: Any) -> Iterator[int]:
    for item in value if isinstance(value, list) else ():
        number = an_index(item)
        if number is not None:
            yield number


def _supported(chunk: dict[str, Any], support: dict[str, Any], places: Places) -> CitationContent:
    found = support.get("segment")
    segment = found if isinstance(found, dict) else {}
    words = string_or_none(segment.get("text")) or ""
    start, end = places.find(segment.get("startIndex"), segment.get("endIndex"), words)
    raw = {"groundingChunk": chunk, "groundingSupport": support}
    return CitationContent(**_source(chunk) | {"text": words}, start=start, end=end, raw=raw)


def _source(chunk: dict[str, Any]) -> dict[str, Any]:
    """Its address, title and words."""
    source: dict[str, Any] = next((chunk[kind] for kind in _SOURCES if isinstance(chunk.get(kind), dict)), {})
    return {
        "url": string_or_none(source.get("uri") or source.get("sourceUri")),
        "title": string_or_none(source.get("title")),
        "text": string_or_none(source.get("text")) or "",
    }
