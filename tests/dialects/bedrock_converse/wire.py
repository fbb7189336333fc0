"""Writing answers of Converse by hand: as messages of an event stream, and whole."""

from __future__ import annotations

import json
from struct import pack
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tests.dialects.reading import JSON, Reading, read

if TYPE_CHECKING:
    from collections.abc import Iterable

EVENT_STREAM = {"content-type": "application/vnd.amazon.eventstream"}
STOP: tuple[str, Any] = ("messageStop", {"stopReason": "end_turn"})
USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
METADATA: tuple[str, Any] = ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 7}})


def message(headers: dict[str, str | bytes | None], payload: bytes) -> bytes:
    """One message; headers are strings or, to be wrong, bytes, and those that are None are left out."""
    packed = b""
    for name, value in headers.items():
        if value is not None:
            kind, data = (7, value.encode()) if isinstance(value, str) else (6, value)
            packed += pack(">B", len(name)) + name.encode() + pack(">BH", kind, len(data)) + data
    prelude = pack(">II", len(packed) + len(payload) + 16, len(packed))
    begun = prelude + pack(">I", crc32(prelude)) + packed + payload
    return begun + pack(">I", crc32(begun))


def event(name: str, payload: Any, **headers: Any) -> bytes:
    """An event."""
    named = {":event-type": name, ":content-type": "application/json", ":message-type": "event", **headers}
    return message(named, payload if isinstance(payload, bytes) else json.dumps(payload).encode())


def exception(kind: str, payload: Any) -> bytes:
    """An exception."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return message({**headers}, json.dumps(payload).encode())


def read_stream(*pieces: bytes | tuple[str, Any], **options: Any) -> Reading:
    """What a stream of these events says."""
    written = [piece if isinstance(piece, bytes) else event(*piece) for piece in pieces]
    return read(written, headers=EVENT_STREAM, **{"provider": "bedrock", **options})


def start(index: int, **start: Any) -> tuple[str, Any]:
    """A block's head."""
    return "contentBlockStart", {"contentBlockIndex": index, "start": start}


def delta(index: int, **delta: Any) -> tuple[str, Any]:
    """A piece of a block."""
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


def stop(index: int) -> tuple[str, Any]:
    """A block's end."""
    return "contentBlockStop", {"contentBlockIndex": index}


def deltas(*pieces: tuple[str, Any], stop_reason: str | None = "end_turn") -> Reading:
    """What a good stream of these blocks says."""
    end = ("messageStop", {"stopReason": stop_reason})
    return read_stream(("messageStart", {"role": "assistant"}), *pieces, end, METADATA)


def whole(*content: Any, stop_reason: str | None = "end_turn", **top: Any) -> Reading:
    """What a whole answer of these blocks says."""
    answer = {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop_reason,
        "usage": USAGE,
        "metrics": {"latencyMs": 7},
        **top,
    }
    return read_body(answer)


def read_body(answer: Any, **options: Any) -> Reading:
    """What a JSON body says."""
    return read([json.dumps(answer).encode()], headers=JSON, **{"provider": "bedrock", "stream": False, **options})


def read_parts(reading: Reading) -> Iterable[Any]:
    """The message's parts."""
    return reading.message.content
