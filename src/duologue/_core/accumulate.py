"""From events to the response so far.

Feed it every event in order; `response()` is the answer as it stands. Text is kept in pieces and joined when asked
for, so the cost is linear however small the pieces are.

A Chat Completions message has one text, one reasoning and one refusal, so however its pieces are mixed in the stream,
they come out as one part each, in the order of a whole answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from duologue.events import (
    ContentDelta,
    ReasoningDelta,
    RefusalDelta,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import (
    AudioContent,
    ChatResponse,
    Choice,
    ContentPart,
    FinishReason,
    Message,
    ReasoningContent,
    RefusalContent,
    TextContent,
    ToolCall,
    UnknownContent,
    Usage,
)

Finish = Mapping[int, tuple[FinishReason, str]]


class _Call:
    __slots__ = ("arguments", "extra", "generated_id", "id", "name", "type")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.type = "function"
        self.generated_id = False
        self.arguments: list[str] = []
        self.extra: dict[str, Any] = {}

    def add(self, event: ToolCallDelta) -> None:
        if event.id is not None:
            self.id, self.generated_id, self.type = event.id, event.generated_id, event.call_type
        if event.name is not None:
            self.name = event.name
        self.arguments.append(event.arguments)
        self.extra.update(event.extra)

    def call(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.arguments), self.type, self.generated_id, self.extra)


class _Choice:
    __slots__ = ("calls", "extra", "parts", "reasoning", "refusal", "signature", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.signature: str | None = None
        self.parts: list[ContentPart] = []
        self.calls: dict[int, _Call] = {}
        self.extra: dict[str, Any] = {}

    def message(self) -> Message:
        parts: list[ContentPart] = []
        if self.reasoning or self.signature:
            parts.append(ReasoningContent("".join(self.reasoning), self.signature))
        if self.text:
            parts.append(TextContent("".join(self.text)))
        if self.refusal:
            parts.append(RefusalContent("".join(self.refusal)))
        calls = tuple(self.calls[number].call() for number in sorted(self.calls))
        return Message("assistant", (*parts, *self.parts), tool_calls=calls)

    def choice(self, index: int, finish: tuple[FinishReason, str] | None) -> Choice:
        message = self.message()
        reason, word = finish or ("unknown", None)
        # Several servers say `stop`, or nothing at all, over an answer that wants tools run, or that is a refusal.
        if reason in ("stop", "unknown") and message.tool_calls:
            reason = "tool_calls"
        elif reason == "stop" and self.refusal:
            reason = "refusal"
        return Choice(index, message, reason, word, self.extra)


class Accumulator:
    """The response so far."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._id: str | None = None
        self._model: str | None = None
        self._usage = Usage()
        self._choices: dict[int, _Choice] = {}
        self._extra: dict[str, Any] = {}

    def add(self, event: StreamEvent) -> None:
        """Take in one event. What adds nothing to a response is passed over."""
        take = _TAKE.get(type(event))
        if take is not None:
            take(self, event)

    def response(self, finish: Finish, *, complete: bool = False, terminator_missing: bool = False) -> ChatResponse:
        """The answer as it stands; `finish` tells why each choice ended, as far as it has."""
        indexes = sorted(self._choices.keys() | finish.keys())
        return ChatResponse(
            id=self._id,
            model=self._model,
            provider=self._provider,
            choices=tuple(self._choice(index).choice(index, finish.get(index)) for index in indexes),
            usage=self._usage,
            complete=complete,
            terminator_missing=terminator_missing,
            extra=dict(self._extra),
        )

    def _choice(self, index: int) -> _Choice:
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice()
        return choice

    def _start(self, event: Start) -> None:
        self._id, self._model = event.id, event.model
        self._extra.update(event.extra)

    def _text(self, event: TextDelta) -> None:
        self._choice(event.index).text.append(event.text)

    def _reasoning(self, event: ReasoningDelta) -> None:
        choice = self._choice(event.index)
        choice.reasoning.append(event.text)
        choice.signature = event.signature or choice.signature

    def _refusal(self, event: RefusalDelta) -> None:
        self._choice(event.index).refusal.append(event.text)

    def _call(self, event: ToolCallDelta) -> None:
        self._choice(event.index).calls.setdefault(event.call_index, _Call()).add(event)

    def _content(self, event: ContentDelta) -> None:
        parts = self._choice(event.index).parts
        for place, part in enumerate(parts):
            joined = _join(part, event.content)
            if joined is not None:
                parts[place] = joined
                return
        parts.append(event.content)

    def _set_usage(self, event: UsageUpdate) -> None:
        self._usage = event.usage

    def _unknown(self, event: Unknown) -> None:
        extra = self._extra if event.index is None else self._choice(event.index).extra
        for key, value in event.raw.items():
            extra[key] = _join_logprobs(extra[key], value) if key == "logprobs" and extra.get(key) else value


_TAKE: dict[type, Callable[[Any, Any], None]] = {
    Start: Accumulator._start,
    TextDelta: Accumulator._text,
    ReasoningDelta: Accumulator._reasoning,
    RefusalDelta: Accumulator._refusal,
    ToolCallDelta: Accumulator._call,
    ContentDelta: Accumulator._content,
    UsageUpdate: Accumulator._set_usage,
    Unknown: Accumulator._unknown,
}


def _join(part: ContentPart, piece: ContentPart) -> ContentPart | None:
    """The two as one, where the second goes on with the first: sound, or a list that grows under the same name."""
    if isinstance(part, AudioContent) and isinstance(piece, AudioContent) and piece.id in (None, part.id):
        return AudioContent(
            data=(part.data or b"") + (piece.data or b"") or None,
            media_type=part.media_type,
            transcript=(part.transcript or "") + (piece.transcript or "") or None,
            id=part.id,
            extra={**part.extra, **piece.extra},
        )
    if isinstance(part, UnknownContent) and isinstance(piece, UnknownContent):
        kind = str(part.raw.get("type"))
        before, after = part.raw.get(kind), piece.raw.get(kind)
        if piece.raw.get("type") == kind and isinstance(before, list) and isinstance(after, list):
            return UnknownContent({"type": kind, kind: before + after})
    return None


def _join_logprobs(before: Any, piece: Any) -> Any:
    """Log probabilities come token by token: `{"content": [...], "refusal": [...]}`."""
    if not isinstance(before, dict) or not isinstance(piece, dict):
        return piece
    return {
        key: (before.get(key) or []) + piece[key] if isinstance(piece[key], list) else before.get(key) for key in piece
    }
