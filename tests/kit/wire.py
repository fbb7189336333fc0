"""Chat Completions answers, written by hand for tests of what happens around them."""

from __future__ import annotations

import json
from typing import Any


def data(chunk: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def delta(text: str | None = None, finish: str | None = None, **fields: Any) -> bytes:
    """A chunk with a piece of text, a finish reason, or other fields of the delta."""
    fields = fields | ({"content": text} if text is not None else {})
    return data(
        {"id": "chatcmpl-1", "model": "m-1", "choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}
    )


DONE = b"data: [DONE]\n\n"


def answer(*texts: str, finish: str = "stop") -> list[bytes]:
    """A good answer, one piece for each event."""
    usage = {"prompt_tokens": 3, "completion_tokens": len(texts), "total_tokens": 3 + len(texts)}
    return [*map(delta, texts), delta(finish=finish), data({"id": "chatcmpl-1", "choices": [], "usage": usage}), DONE]


def whole(text: str, **fields: Any) -> bytes:
    """A good answer that is not streamed."""
    message = {"role": "assistant", "content": text, **fields}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "model": "m-1",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
        }
    ).encode()
