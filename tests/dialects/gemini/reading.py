"""Reading Gemini's bodies through an `Exchange`, and writing such bodies by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from tests.dialects.reading import JSON, SSE, Reading, data, dumped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GEMINI = PROVIDERS["gemini"]


def read(
    pieces: Iterable[bytes],
    *,
    status: int = 200,
    headers: Mapping[str, str] = SSE,
    stream: bool = True,
    known: bool = True,
) -> Reading:
    """Read a body to its end."""
    exchange = Exchange(find_dialect("gemini"), GEMINI, Limits(), stream=stream, known=known)
    events = exchange.begin(status, headers)
    for piece in pieces:
        events += exchange.feed(piece)
    events += exchange.close()
    assert exchange.close() == exchange.feed(b"data: {}\n\n") == [], "something came after the last event"
    assert [event.is_done or event.is_error for event in events] == [False] * (len(events) - 1) + [True]
    return Reading(events, exchange.response)


def candidate(*parts: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A candidate of these parts."""
    found: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, **more}
    return found if finish is None else {**found, "finishReason": finish}


def chunk(*candidates: Any, **top: Any) -> dict[str, Any]:
    """A chunk of these candidates."""
    return {"candidates": list(candidates), "modelVersion": "m-1", "responseId": "r-1", **top}


def stream(*chunks: Any) -> Reading:
    """What a stream of these chunks says."""
    return read(map(data, chunks))


def parts(*groups: list[Any], finish: str | None = "STOP", **more: Any) -> Reading:
    """What a stream says that has a chunk of one candidate for each group of parts, the last with the finish reason."""
    *first, last = groups
    return stream(*(chunk(candidate(*group)) for group in first), chunk(candidate(*last, finish=finish, **more)))


def whole(*given: Any, finish: str | None = "STOP", **more: Any) -> Reading:
    """What a whole answer of one candidate with these parts says."""
    return read([dumped(chunk(candidate(*given, finish=finish, **more)))], headers=JSON, stream=False)
