"""Reading bodies through an `Exchange`, and writing such bodies by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from duologue.events import Done, Error, StreamEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from duologue.errors import DuologueError
    from duologue.models import ChatResponse, Message

SSE = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}
DONE = b"data: [DONE]\n\n"


class Reading(NamedTuple):
    """What came of a body."""

    events: list[StreamEvent]
    response: ChatResponse

    @property
    def error(self) -> DuologueError | None:
        """What the last event says went wrong."""
        return self.events[-1].error if isinstance(self.events[-1], Error) else None

    @property
    def done(self) -> Done:
        """The last event, which has to be the good end."""
        assert isinstance(self.events[-1], Done), self.events[-1]
        return self.events[-1]

    @property
    def message(self) -> Message:
        """The first choice's message."""
        return self.response.message

    def of(self, *kinds: type) -> list[Any]:
        """The events of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]


def open_exchange(
    provider: str = "openai", *, stream: bool = True, known: bool = True, limits: Limits | None = None, **row: Any
) -> Exchange:
    """An exchange with a provider; `row` changes its row of the table."""
    changed = attrs.evolve(PROVIDERS[provider], **row)
    return Exchange(find_dialect(changed.dialect), changed, limits or Limits(), stream=stream, known=known)


def read(pieces: Iterable[bytes], *, status: int = 200, headers: Mapping[str, str] = SSE, **options: Any) -> Reading:
    """Read a body to its end."""
    exchange = open_exchange(**options)
    events = exchange.begin(status, headers)
    for piece in pieces:
        events += exchange.feed(piece)
    events += exchange.close()
    assert exchange.close() == exchange.feed(b"data: more\n\n") == [], "something came after the last event"
    assert [event.is_done or event.is_error for event in events] == [False] * (len(events) - 1) + [True]
    return Reading(events, exchange.response)


def dumped(value: Any) -> bytes:
    """JSON; an infinity becomes a number that is too large, as Python's reader makes the one out of the other."""
    return json.dumps(value).replace("Infinity", "1e999").encode()


def data(chunk: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + (chunk if isinstance(chunk, bytes) else dumped(chunk)) + b"\n\n"


def chunk(*choices: Any, **top: Any) -> dict[str, Any]:
    """A chunk of these choices."""
    return {"id": "r-1", "object": "chat.completion.chunk", "model": "m-1", "choices": list(choices), **top}


def choice(finish_reason: str | None = None, index: int = 0, **delta: Any) -> dict[str, Any]:
    """A choice with this delta."""
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


def stream(*chunks: Any, **options: Any) -> Reading:
    """What a stream of these chunks says, `[DONE]` after them."""
    return read([*map(data, chunks), DONE], **options)


def deltas(*given: dict[str, Any], finish_reason: str | None = "stop", **options: Any) -> Reading:
    """What a stream of these deltas of one choice says."""
    return stream(*(chunk(choice(**delta)) for delta in given), chunk(choice(finish_reason)), **options)


def whole(message: Any, *, finish_reason: str | None = "stop", **top: Any) -> Reading:
    """What a whole answer with this message says."""
    answer = {**chunk(), "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}], **top}
    return read([dumped(answer)], headers=JSON, stream=False)
