"""From events to the response so far.

Feed it all events in order; `response()` is the answer as it stands. Text grows in place, so the cost is linear
however small the pieces are.

Parts stand in the order of their blocks, as in a whole answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from functools import reduce
from io import StringIO
from itertools import chain
from typing import Any

from duologue._dialects.shape import string_or_none
from duologue._partial_json import Pieces
from duologue._view import ToolCallSoFar
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
    __slots__ = ("arguments", "extra", "generated_id", "id", "name", "so_far", "type")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.type = "function"
        self.generated_id = False
        self.arguments = Pieces()
        # Events may be looked at later than they were added, the whole at any time: each is read on its own.
        self.so_far = Pieces(self.arguments.texts)
        self.extra: dict[str, Any] = {}

    def add(self, event: ToolCallDelta) -> None:
        if event.id is not None:
            self.id, self.generated_id, self.type = event.id, event.generated_id, event.call_type
        if event.name is not None:
            self.name += event.name
        texts = self.arguments.texts
        texts.append(event.arguments)
        event.hear(self.arguments, len(texts))
        if event.extra:
            self.extra = _merged(self.extra, event.extra)

    def call(self) -> ToolCall:
        return ToolCall(
            self.id, self.name, "".join(self.arguments.texts), self.type, self.generated_id, dict(self.extra)
        )


# The order of a message's parts within a block. Chat Completions has one block, and one text, one reasoning and one
# refusal in it, so however their pieces are mixed in the stream they come out as one part each.
_REASONING, _TEXT, _REFUSAL, _OTHER = range(4)
_MAKE: dict[int, Callable[[str], ContentPart]] = {_TEXT: TextContent, _REFUSAL: RefusalContent}


class _Choice:
    __slots__ = ("calls", "extra", "other", "refused", "signatures", "texts")

    def __init__(self) -> None:
        # By block and kind.
        self.texts: dict[tuple[int, int], StringIO] = {}
        self.signatures: dict[int, str] = {}
        # Each is one part's pieces, after its block.
        self.other: list[tuple[int, list[ContentPart]]] = []
        self.calls: dict[int, _Call] = {}
        self.extra: dict[str, Any] = {}
        self.refused = False

    def text(self, block: int, kind: int) -> StringIO:
        """Where such text goes. A list of its pieces would take ten times the memory."""
        text = self.texts.get((block, kind))
        if text is None:
            text = self.texts[block, kind] = StringIO()
        return text

    def message(self) -> Message:
        parts: list[tuple[int, int, ContentPart]] = []
        for (block, kind), pieces in self.texts.items():
            text = pieces.getvalue()
            if kind == _REASONING:
                parts.append((block, kind, ReasoningContent(text, self.signatures.get(block))))
            else:
                parts.append((block, kind, _MAKE[kind](text)))
        parts += [(block, _OTHER, _joined(pieces)) for block, pieces in self.other]
        parts.sort(key=lambda part: part[:2])
        calls = tuple(self.calls[number].call() for number in sorted(self.calls))
        return Message("assistant", tuple(part for _, _, part in parts), tool_calls=calls)

    def choice(self, index: int, finish: tuple[FinishReason, str] | None, *, untooled: bool) -> Choice:
        message = self.message()
        reason, word = finish or ("unknown", None)
        if untooled and reason == "tool_calls" and not message.tool_calls:
            reason = "stop"
        # Several servers say `stop`, or nothing at all, over an answer that wants tools run, or that is a refusal.
        if reason in ("stop", "unknown") and message.tool_calls:
            reason = "tool_calls"
        elif reason == "stop" and self.refused:
            reason = "refusal"
        return Choice(index, message, reason, word, dict(self.extra))


class Accumulator:
    """The response so far; `untooled` where a tool that stood for the answer has been taken out of the events."""

    def __init__(self, provider: str, *, untooled: bool = False) -> None:
        self._provider = provider
        self._untooled = untooled
        self._id: str | None = None
        self._model: str | None = None
        self._usage: Usage | None = None
        self._choices: dict[int, _Choice] = {}
        self._extra: dict[str, Any] = {}
        # Where the last piece of text went.
        self._write: Callable[[str], object] = str
        self._index = self._block = -1

    @property
    def tool_calls(self) -> tuple[ToolCallSoFar, ...]:
        """The calls of the first choice, as far as they have come."""
        calls = self._choices[0].calls if 0 in self._choices else {}
        return tuple(ToolCallSoFar(call.id, call.name, call.so_far) for _, call in sorted(calls.items()))

    @property
    def indexes(self) -> Set[int]:
        """Which choices have come."""
        return self._choices.keys()

    def add(self, events: Iterable[StreamEvent]) -> None:
        """Take in events, in their order. What adds nothing to a response is passed over."""
        for event in events:
            # As nearly always:
            if type(event) is TextDelta and event.index == self._index and event.block == self._block:
                self._write(event.text)
            elif take := _TAKE.get(type(event)):
                take(self, event)

    def response(self, finish: Finish, *, complete: bool = False, terminator_missing: bool = False) -> ChatResponse:
        """The answer as it stands; `finish` tells why each choice ended, as far as it has."""
        indexes = sorted(self._choices.keys() | finish.keys())
        return ChatResponse(
            id=self._id,
            model=self._model,
            provider=self._provider,
            choices=tuple(
                self._choice(index).choice(index, finish.get(index), untooled=self._untooled) for index in indexes
            ),
            usage=self._usage or Usage(),
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
        text = self._choice(event.index).text(event.block, _TEXT)
        text.write(event.text)
        self._write, self._index, self._block = text.write, event.index, event.block

    def _reasoning(self, event: ReasoningDelta) -> None:
        choice = self._choice(event.index)
        choice.text(event.block, _REASONING).write(event.text)
        if event.signature is not None:
            choice.signatures[event.block] = event.signature

    def _refusal(self, event: RefusalDelta) -> None:
        choice = self._choice(event.index)
        choice.text(event.block, _REFUSAL).write(event.text)
        choice.refused = True

    def _call(self, event: ToolCallDelta) -> None:
        self._choice(event.index).calls.setdefault(event.call_index, _Call()).add(event)

    def _content(self, event: ContentDelta) -> None:
        other = self._choice(event.index).other
        for block, pieces in other:
            if block == event.block and _goes_on(pieces[0], event.content):
                pieces.append(event.content)
                return
        other.append((event.block, [event.content]))

    def _set_usage(self, event: UsageUpdate) -> None:
        self._usage = event.usage

    def _unknown(self, event: Unknown) -> None:
        if event.index is None and "type" in event.raw:
            return  # an event of an unknown kind, whole: its fields are its own, and the next one's would cover them
        extra = self._extra if event.index is None else self._choice(event.index).extra
        if event.index is None:
            # A server may tell who answers only after it has begun.
            self._id = self._id or _first_text(event.raw, "id", "responseId")
            self._model = self._model or _first_text(event.raw, "model", "modelVersion")
        for key, value in event.raw.items():
            extra[key] = _merged(extra.get(key), value) if key in _GROWING else value


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


# What comes in pieces: log probabilities token by token, a delta's own unknown fields, and Gemini's citations.
_GROWING = frozenset({"citationMetadata", "delta", "logprobs", "logprobsResult"})
# Those of `reasoning_details` that come in pieces: https://openrouter.ai/docs/use-cases/reasoning-tokens
_GROWING_DETAILS = frozenset({"reasoning.text", "reasoning.summary"})


def _first_text(raw: Mapping[str, Any], *names: str) -> str | None:
    """The first of these fields that has a text in it."""
    return next(filter(None, (string_or_none(raw.get(name)) for name in names)), None)


def _merged(before: Any, piece: Any) -> Any:
    """Two objects as one, their lists joined, and likewise all the way down; or two lists, as Ollama and Cohere have
    log probabilities."""
    if isinstance(before, list) and isinstance(piece, list):
        return before + piece
    if not isinstance(before, dict) or not isinstance(piece, dict):
        return piece
    merged = dict(before)
    for key, value in piece.items():
        known = merged.get(key)
        if isinstance(known, list) and isinstance(value, list):
            merged[key] = known + value
        elif isinstance(known, dict) and isinstance(value, dict):
            merged[key] = _merged(known, value)
        elif value is not None:
            merged[key] = value
    return merged


def _goes_on(part: ContentPart, piece: ContentPart) -> bool:
    """Whether the second is more of the first: sound, or a list that grows under the same name."""
    if isinstance(part, AudioContent) and isinstance(piece, AudioContent):
        return piece.id in (None, part.id)
    if isinstance(part, UnknownContent) and isinstance(piece, UnknownContent):
        kind = str(part.raw.get("type"))
        raws = (part.raw.get(kind), piece.raw.get(kind))
        growing = any(all(isinstance(raw, shape) for raw in raws) for shape in (list, dict))
        return kind == piece.raw.get("type") and growing
    return False


def _joined(pieces: list[Any]) -> ContentPart:
    """The pieces of a part as one."""
    first: ContentPart = pieces[0]
    if len(pieces) == 1:
        return first
    if isinstance(first, AudioContent):
        return AudioContent(
            data=b"".join(piece.data or b"" for piece in pieces) or None,
            media_type=first.media_type,
            transcript="".join(piece.transcript or "" for piece in pieces) or None,
            id=first.id,
            extra={key: value for piece in pieces for key, value in piece.extra.items()},
        )
    kind = pieces[0].raw["type"]
    lists = [piece.raw[kind] for piece in pieces]
    if isinstance(lists[0], dict):
        return UnknownContent({"type": kind, kind: reduce(_merged, lists)})
    joined = _joined_details(lists) if kind == "reasoning_details" else list(chain.from_iterable(lists))
    return UnknownContent({"type": kind, kind: joined})


def _joined_details(lists: list[list[Any]]) -> list[Any]:
    """Reasoning's details with the pieces of each put together, since they have to go back whole."""
    runs: list[list[Any]] = []
    for details in lists:
        before = len(runs)  # two of one piece are two, however alike
        for detail in details:
            run = next((run for run in reversed(runs[:before]) if _same_detail(run[0], detail)), None)
            if run is None:
                runs.append([detail])
            else:
                run.append(detail)
    return [_joined_detail(run) if len(run) > 1 else run[0] for run in runs]


def _same_detail(before: Any, detail: Any) -> bool:
    if not isinstance(before, dict) or not isinstance(detail, dict):
        return False
    kind = str(detail.get("type"))
    return kind in _GROWING_DETAILS and before.get("type") == kind and before.get("index") == detail.get("index")


def _joined_detail(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for piece in pieces:
        joined.update((key, value) for key, value in piece.items() if value or key not in joined)
    for key in ("text", "summary"):
        texts = [piece[key] for piece in pieces if isinstance(piece.get(key), str)]
        if texts:
            joined[key] = "".join(texts)
    return joined
