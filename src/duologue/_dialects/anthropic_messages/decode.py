"""Anthropic's Messages, from frames to events.

What an event is tells its JSON's `type`, or else the `event:` line, which says the same. A whole answer is read
as a stream of the same message would be: its head, block after block, its end.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.anthropic_messages.blocks import Blocks
from duologue._dialects.anthropic_messages.parts import FINISH_REASONS, read_usage, rest
from duologue._dialects.api_errors import api_error
from duologue._dialects.noise import Noise
from duologue._dialects.shape import a_string, an_index, an_object, kind_of, string_or_none
from duologue._json import loads
from duologue.errors import DecodeError
from duologue.events import Start, StreamEvent, Unknown, UsageUpdate

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._frames.sse import ServerSentEvent
    from duologue.events import ToolCallDelta
    from duologue.models import FinishReason, Provider

# Why it ended, and what else there is to say of that.
_STOP_KEYS = frozenset({"stop_reason", "stop_sequence", "stop_details"})
_MESSAGE_KEYS = _STOP_KEYS | {"id", "type", "role", "model", "content", "usage"}
# Blanks before the last bracket, against traffic analysis.
_NOISE = (Noise(b'"}', b" ", first=True),)


class Decoder:
    """One answer's state."""

    NOISE = _NOISE

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        self._blocks = Blocks()
        self._usage: dict[str, Any] = {}
        self.repeatable = False  # whether the last event was a piece of a block; one that begins is another each time

    def feed(self, frame: ServerSentEvent, events: list[StreamEvent]) -> None:
        """Decode one server-sent event; see `duologue._dialects.Decoder`."""
        try:
            payload = loads(frame.data)
        except DecodeError:
            if frame.event != "error":
                raise
            payload = frame.data
        if frame.event == "error" or _is_error(payload):
            self._blocks.end_all(events)
            raise api_error(payload)
        kind = a_string(an_object(payload, "the event").get("type"), "type") or frame.event
        self.repeatable = kind == "content_block_delta"
        if kind in _EVENTS:
            take, known = _EVENTS[kind]
            take(self, payload, events)
            _beside(rest(payload, known), events)
        elif payload.get("type"):
            events.append(Unknown(payload))
        else:
            raise _no_answer(payload)

    def take_text(self, _event: StreamEvent) -> None:
        """A piece of text was read without this decoder; see `duologue._dialects.Decoder`."""

    def take_arguments(self, event: ToolCallDelta) -> None:
        """A piece of a call's arguments was read without this decoder, as above."""
        self._blocks.take_json(event.arguments)

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed; see `duologue._dialects.Decoder`."""
        message = loads(body)
        if _is_error(message):
            raise api_error(message)
        if not isinstance(message, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(message)}")
        if "content" not in message:
            raise _no_answer(message)
        self._message(message, events)
        self.ended = True

    # -- events --------------------------------------------------------------------------------------------------------

    def _message_start(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        """A message begins; that of a call by code on the server is whole at once. Proxies tell of one twice, or try
        again after a failure and begin another."""
        message = an_object(event.get("message"), "message")
        if not self._blocks.begun:
            self._message(message, events)
        elif string_or_none(message.get("id")) != self._blocks.response_id:
            raise DecodeError("a message begins within another")

    def _block_start(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        block = an_object(event.get("content_block"), "content_block")
        if block.get("type") == "fallback":
            self._fallback(block.get("to"), events)
        self._blocks.begin(an_index(event.get("index")), block, events)

    def _block_delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        self._blocks.add(an_index(event.get("index")), an_object(event.get("delta"), "delta"), events)

    def _block_stop(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        self._blocks.end(an_index(event.get("index")), events)

    def _message_delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        """The end is near: why, the final counts, and what became of the container and of the context."""
        delta = an_object(event.get("delta") or {}, "delta")
        self._stop(delta, events)
        _beside(rest(delta, _STOP_KEYS | {"type"}), events)
        self._count(event.get("usage"), events)

    def _message_stop(self, _event: dict[str, Any], events: list[StreamEvent]) -> None:
        self._blocks.end_all(events)
        self.ended = True

    def _ping(self, _event: dict[str, Any], _events: list[StreamEvent]) -> None:
        """A sign of life, no more."""

    # -- the message ---------------------------------------------------------------------------------------------------

    def _message(self, message: dict[str, Any], events: list[StreamEvent]) -> None:
        """A message as far as it goes: all of it, or the head of a stream."""
        self._blocks.response_id = a_string(message.get("id"), "message.id") or None
        model = a_string(message.get("model"), "message.model") or None
        events.append(Start(self._blocks.response_id, model, self._provider, rest(message, _MESSAGE_KEYS)))
        self._count(message.get("usage"), events)
        self._blocks.take(message.get("content"), events)
        self._stop(message, events)

    def _fallback(self, to: Any, events: list[StreamEvent]) -> None:
        """Another model takes over. A whole answer names the last one as its own.

        https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback
        """
        model = string_or_none(to.get("model")) if isinstance(to, dict) else None
        if model is not None:
            events.append(Start(self._blocks.response_id, model, self._provider))

    def _stop(self, message: dict[str, Any], events: list[StreamEvent]) -> None:
        word = a_string(message.get("stop_reason"), "stop_reason")
        if word:
            self.finish[0] = (FINISH_REASONS.get(word, "unknown"), word)
        news = {key: message[key] for key in ("stop_sequence", "stop_details") if message.get(key) is not None}
        if news:
            events.append(Unknown(news, 0))

    def _count(self, usage: Any, events: list[StreamEvent]) -> None:
        """The counts so far. The last ones hold, but only the first tell of the cache's kinds and the service tier."""
        if usage is not None:
            given = an_object(usage, "usage")
            self._usage = {**self._usage, **{k: v for k, v in given.items() if v is not None or k not in self._usage}}
            events.append(UsageUpdate(read_usage(self._usage)))


# What takes an event, and which of its fields that reads.
_EVENTS: dict[str, tuple[Callable[[Decoder, dict[str, Any], list[StreamEvent]], None], frozenset[str]]] = {
    "message_start": (Decoder._message_start, frozenset({"type", "message"})),
    "content_block_start": (Decoder._block_start, frozenset({"type", "index", "content_block"})),
    "content_block_delta": (Decoder._block_delta, frozenset({"type", "index", "delta"})),
    "content_block_stop": (Decoder._block_stop, frozenset({"type", "index"})),
    "message_delta": (Decoder._message_delta, frozenset({"type", "delta", "usage"})),
    "message_stop": (Decoder._message_stop, frozenset({"type"})),
    "ping": (Decoder._ping, frozenset({"type"})),
}


def _beside(said: dict[str, Any], events: list[StreamEvent]) -> None:
    """What is said of the answer besides: what became of the container and of the context, Bedrock's metrics."""
    if said:
        events.append(Unknown(said))


def _is_error(payload: Any) -> bool:
    """`{"type": "error", "error": {...}}`; proxies leave the type out."""
    if not isinstance(payload, dict):
        return False
    kind = payload.get("type")
    return kind == "error" or (not kind and payload.get("error") is not None)


def _no_answer(payload: dict[str, Any]) -> Exception:
    """A reply of another kind: an error in a shape of its own, or another provider's format."""
    if isinstance(payload.get("message"), str) or payload.keys() & {"detail", "code"}:
        return api_error(payload)
    keys = ", ".join(sorted(map(repr, payload))[:8])
    return DecodeError(f"no Messages answer: it has neither `content` nor `error`, but {keys or 'nothing'}")
