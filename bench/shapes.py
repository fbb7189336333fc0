"""The answers that are replayed, as the providers write them: the same text in five wire formats, and the arguments
of a tool. What differs from event to event at the provider differs here: padding, times, counts.

`SHAPES[name]` tells where its requests go and what they say; `pieces(texts)` gives those of a body, one an event.
Uses nothing but the standard library, since servers and drivers of every environment read it.
"""

from __future__ import annotations

import json
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Several words, so that no two events that follow each other are equal.
WORDS = ["A", " river", " runs", " from", " its", " spring", " down", " to", " the", " sea", ",", " slowly", ".", " It"]
_PIECE = 8
STAMP = "@" * 20  # in its place comes the time of sending, where events are sent one by one


class Shape(NamedTuple):
    """A wire format.

    Attributes:
        base: the path below the server's address that clients take as part of their base URL.
        path: the path of a request below that.
        request: its body.
        media_type: the content type of the answer.
        frame: what is around the JSON text of an event, with its name and the text in braces.
        first, text, last: the events before the text, the one of some number, in which a piece of text stands, and
            those after it. Each is a name (of which most formats make nothing) and data.
    """

    base: str
    path: str
    request: dict[str, Any]
    media_type: str
    frame: str
    first: list[tuple[str, Any]]
    text: Callable[[int], tuple[str, Any]]
    last: list[tuple[str, Any]]

    def pieces(self, texts: Iterable[str]) -> Iterator[bytes]:
        """The events of a body whose text comes in these pieces."""
        yield b"".join(self._event(*event) for event in self.first)
        for number, text in enumerate(texts):
            yield self._event(*self.text(number)).replace(STAMP.encode(), json.dumps(text)[1:-1].encode())
        yield b"".join(self._event(*event) for event in self.last)

    def _event(self, name: str, data: Any) -> bytes:
        text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        return self.frame.replace("{name}", name).replace("{data}", text).encode()


def texts(events: int) -> Iterator[str]:
    """The pieces of a text, one an event."""
    return islice(cycle(WORDS), events)


def arguments(events: int) -> Iterator[str]:
    """The pieces of a tool's arguments, a JSON text, one an event."""
    text = json.dumps({"text": "a" * (events * _PIECE - len('{"text": ""}'))})
    return (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))


def size(events: int) -> int:
    """The characters of the text that so many events make."""
    return sum(map(len, texts(events)))


def _padding(number: int) -> str:
    """Of any length, so that nobody can tell from the size of an event how long its text is."""
    return "Avo8mEx2kPq4Z"[: number * 7 % 13 + 1]


_ASKED = [{"role": "user", "content": "hi"}]
_SSE = "data: {data}\n\n"


def _chunk(delta: dict[str, Any], finish: str | None = None, number: int = 0) -> tuple[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return "", {
        "id": "chatcmpl-9f2c",
        "object": "chat.completion.chunk",
        "created": 1750959982,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_34a54ae93c",
        "choices": [choice],
        "obfuscation": _padding(number),
    }


def _call(number: int = 0, **fields: Any) -> tuple[str, Any]:
    return _chunk({"tool_calls": [{"index": 0, **fields}]}, number=number)


def _counts(number: int) -> dict[str, Any]:
    return {
        "promptTokenCount": 4,
        "candidatesTokenCount": number + 7,
        "totalTokenCount": number + 11,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}],
    }


def _gemini(text: str, usage: dict[str, Any], **end: Any) -> tuple[str, Any]:
    return "", {
        "candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, **end, "index": 0}],
        "usageMetadata": usage,
        "modelVersion": "gemini-2.5-flash",
        "responseId": "AqXiaImDB5mdnvgPr864oAw",
    }


def _block(kind: str, **fields: Any) -> tuple[str, Any]:
    return kind, {"type": kind, **fields}


def _padded(number: int, kind: str, **fields: Any) -> tuple[str, Any]:
    """A block with blanks before its last bracket."""
    return kind, json.dumps({"type": kind, **fields}, separators=(",", ":"))[:-1] + " " * (number * 7 % 13) + "}"


def _line(text: str, number: int = 0, **end: Any) -> tuple[str, Any]:
    return "", {
        "model": "m",
        "created_at": f"2026-05-04T22:48:31.{number * 97 % 1_000_000:06}Z",
        "message": {"role": "assistant", "content": text},
        "done": bool(end),
        **end,
    }


_OPENAI = Shape(
    base="/v1",
    path="/chat/completions",
    request={"model": "m", "messages": _ASKED, "stream": True},
    media_type="text/event-stream; charset=utf-8",
    frame=_SSE,
    first=[_chunk({"role": "assistant", "content": ""})],
    text=lambda number: _chunk({"content": STAMP}, number=number),
    last=[_chunk({}, "stop"), ("", "[DONE]")],
)

# Counts that grow with every event, as Google's AI Studio has them: each is an event of its own.
_GEMINI = Shape(
    base="",
    path="/v1beta/models/m:streamGenerateContent?alt=sse",
    request={"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    media_type="text/event-stream",
    frame="data: {data}\r\n\r\n",
    first=[],
    text=lambda number: _gemini(STAMP, _counts(number)),
    last=[_gemini("", _counts(1000), finishReason="STOP")],
)

SHAPES = {
    "openai": _OPENAI,
    "anthropic": Shape(
        base="",
        path="/v1/messages",
        request={"model": "m", "messages": _ASKED, "max_tokens": 1024, "stream": True},
        media_type="text/event-stream; charset=utf-8",
        frame="event: {name}\ndata: {data}\n\n",
        first=[
            _block(
                "message_start",
                message={
                    "id": "msg_01N1",
                    "type": "message",
                    "role": "assistant",
                    "model": "claude-sonnet-4-20250514",
                    "content": [],
                    "stop_reason": None,
                    "stop_sequence": None,
                    "usage": {"input_tokens": 18, "output_tokens": 1, "service_tier": "standard"},
                },
            ),
            _block("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _block("ping"),
        ],
        text=lambda number: _padded(
            number, "content_block_delta", index=0, delta={"type": "text_delta", "text": STAMP}
        ),
        last=[
            _block("content_block_stop", index=0),
            _block(
                "message_delta",
                delta={"stop_reason": "end_turn", "stop_sequence": None},
                usage={"output_tokens": 100},
            ),
            _block("message_stop"),
        ],
    ),
    "gemini": _GEMINI,
    # The same on Vertex AI, which counts at the end.
    "vertex": _GEMINI._replace(text=lambda _: _gemini(STAMP, {"trafficType": "ON_DEMAND"})),
    "ollama": Shape(
        base="",
        path="/api/chat",
        request={"model": "m", "messages": _ASKED, "stream": True},
        media_type="application/x-ndjson",
        frame="{data}\n",
        first=[],
        text=lambda number: _line(STAMP, number),
        last=[_line("", done=True, done_reason="stop", total_duration=478390333, prompt_eval_count=38, eval_count=8)],
    ),
    "tools": Shape(
        base="/v1",
        path="/chat/completions",
        request={
            "model": "m",
            "messages": _ASKED,
            "stream": True,
            "tools": [{"type": "function", "function": {"name": "write", "parameters": {"type": "object"}}}],
        },
        media_type="text/event-stream; charset=utf-8",
        frame=_SSE,
        first=[_call(id="call_jTy9", type="function", function={"name": "write", "arguments": ""})],
        text=lambda number: _call(number, function={"arguments": STAMP}),
        last=[_chunk({}, "tool_calls"), ("", "[DONE]")],
    ),
}
