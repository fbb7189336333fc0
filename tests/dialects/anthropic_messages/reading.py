"""Reading Messages answers, and writing such answers by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from tests.dialects.reading import JSON, SSE, Reading, dumped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ANTHROPIC = PROVIDERS["anthropic"]
STOP: dict[str, Any] = {"type": "message_stop"}


def read(
    pieces: Iterable[bytes], *, stream: bool = True, status: int = 200, headers: Mapping[str, str] = SSE
) -> Reading:
    """Read a body to its end."""
    exchange = Exchange(find_dialect("anthropic-messages"), ANTHROPIC, Limits(), stream=stream, known=True)
    events = exchange.begin(status, headers)
    for piece in pieces:
        events += exchange.feed(piece)
    events += exchange.close()
    assert exchange.close() == exchange.feed(b"data: more\n\n") == [], "something came after the last event"
    assert [event.is_done or event.is_error for event in events] == [False] * (len(events) - 1) + [True]
    return Reading(events, exchange.response)


def sse(event: Any) -> bytes:
    """One server-sent event, with the spaces that Anthropic pads with."""
    return b"event: x\ndata: " + (event if isinstance(event, bytes) else dumped(event) + b"   ") + b"\n\n"


def stream(*events: Any) -> Reading:
    """What these events say."""
    return read(map(sse, events))


def head(**message: Any) -> dict[str, Any]:
    """A `message_start`."""
    return {"type": "message_start", "message": {"id": "msg_1", "model": "m-1", "content": [], **message}}


def tail(reason: str | None = "end_turn", **delta: Any) -> dict[str, Any]:
    """A `message_delta`."""
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None, **delta}}


def begin(number: int | None, kind: str | None, **block: Any) -> dict[str, Any]:
    """A `content_block_start`."""
    return {"type": "content_block_start", "index": number, "content_block": {"type": kind, **block}}


def piece(number: int | None, kind: str, **delta: Any) -> dict[str, Any]:
    """A `content_block_delta`."""
    return {"type": "content_block_delta", "index": number, "delta": {"type": f"{kind}_delta", **delta}}


def end(number: int | None) -> dict[str, Any]:
    """A `content_block_stop`."""
    return {"type": "content_block_stop", "index": number}


def answer(*events: Any, reason: str | None = "end_turn") -> Reading:
    """What a whole stream with these events of its blocks says."""
    return stream(head(), *events, tail(reason), STOP)


def whole(*blocks: Any, reason: str | None = "end_turn", **top: Any) -> Reading:
    """What an answer that was not streamed says."""
    body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": list(blocks), **top}
    return read([dumped({**body, "stop_reason": reason})], stream=False, headers=JSON)
