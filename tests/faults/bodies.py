"""A good answer in each wire format, "Hello" in two pieces: its frames, the last of which says that it is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.dialects.bedrock_converse.wire import event as aws
from tests.kit.wire import answer, data

if TYPE_CHECKING:
    from collections.abc import Sequence


class Format(NamedTuple):
    """One wire format: a provider that speaks it, what its bodies are called, and one of them."""

    provider: str
    content_type: str
    frames: Sequence[bytes]
    with_version: bool = False  # whether the path to its version belongs to `base_url`

    @property
    def body(self) -> bytes:
        """The frames, joined."""
        return b"".join(self.frames)


def _named(*events: dict[str, Any]) -> list[bytes]:
    """Server-sent events whose names are their types."""
    return [f"event: {one['type']}\n".encode() + data(one) for one in events]


def _lines(*objects: dict[str, Any]) -> list[bytes]:
    return [json.dumps(one).encode() + b"\n" for one in objects]


_ANTHROPIC = _named(
    {
        "type": "message_start",
        "message": {"id": "m", "model": "m-1", "role": "assistant", "usage": {"input_tokens": 3}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
)

_ITEM = {"id": "msg_1", "type": "message", "role": "assistant"}
_PART = {"type": "output_text", "annotations": []}
_WHERE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_FULL = {**_ITEM, "status": "completed", "content": [{**_PART, "text": "Hello"}]}
_RESPONSE = {"id": "resp_1", "object": "response", "model": "m-1"}
_RESPONSES = _named(
    {"type": "response.created", "response": {**_RESPONSE, "status": "in_progress", "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": {**_ITEM, "content": []}},
    {"type": "response.content_part.added", **_WHERE, "part": {**_PART, "text": ""}},
    {"type": "response.output_text.delta", **_WHERE, "delta": "Hel"},
    {"type": "response.output_text.delta", **_WHERE, "delta": "lo"},
    {"type": "response.output_text.done", **_WHERE, "text": "Hello"},
    {"type": "response.output_item.done", "output_index": 0, "item": _FULL},
    {"type": "response.completed", "response": {**_RESPONSE, "status": "completed", "output": [_FULL]}},
)


def _gemini(text: str, **more: Any) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": text}]}
    return {"candidates": [{"content": content, "index": 0, **more}], "responseId": "r", "modelVersion": "m-1"}


_GEMINI = [data(_gemini("Hel")), data(_gemini("lo")), data(_gemini("", finishReason="STOP"))]

_OLLAMA = _lines(
    {"model": "m-1", "message": {"role": "assistant", "content": "Hel"}, "done": False},
    {"model": "m-1", "message": {"role": "assistant", "content": "lo"}, "done": False},
    {"model": "m-1", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"},
)

_BEDROCK = [
    aws("messageStart", {"role": "assistant"}),
    aws("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hel"}}),
    aws("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}}),
    aws("contentBlockStop", {"contentBlockIndex": 0}),
    aws("messageStop", {"stopReason": "end_turn"}),
    aws("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}),
]


def _cohere(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more}


_COHERE = _named(
    _cohere("message-start", id="c-1", delta={"message": {"role": "assistant", "content": []}}),
    _cohere("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}}),
    _cohere("content-delta", index=0, delta={"message": {"content": {"text": "Hel"}}}),
    _cohere("content-delta", index=0, delta={"message": {"content": {"text": "lo"}}}),
    _cohere("content-end", index=0),
    _cohere("message-end", delta={"finish_reason": "COMPLETE"}),
)

SSE = "text/event-stream"
FORMATS = {
    "openai-chat": Format("llamacpp", SSE, answer("Hel", "lo"), with_version=True),
    "openai-responses": Format("openai-responses", SSE, _RESPONSES, with_version=True),
    "anthropic-messages": Format("anthropic", SSE, _ANTHROPIC),
    "gemini": Format("gemini", SSE, _GEMINI),
    "ollama": Format("ollama", "application/x-ndjson", _OLLAMA),
    "bedrock-converse": Format("bedrock", "application/vnd.amazon.eventstream", _BEDROCK),
    "cohere": Format("cohere", SSE, _COHERE),
}
