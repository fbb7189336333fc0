"""The content blocks of an answer, from their beginnings and pieces to events.

Text, thinking and the tools of the caller are given piece by piece. Every other kind (redacted thinking, tools that
run on the server and their results, compactions, whatever comes next) is opaque: it is put together and given whole
when it ends, as `UnknownContent`, and can go back just so.

A message keeps its calls beside its content, so their place among the blocks is lost. Nearly always they come last;
where something follows a call, the call's `extra` gets `PLACE`, the number of content parts before it.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from duologue._dialects.anthropic_messages.parts import PLACE, read_citation, rest
from duologue._dialects.shape import a_string, an_array, an_object
from duologue._json import loads
from duologue.errors import DecodeError
from duologue.events import ContentDelta, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta, Unknown
from duologue.models import UnknownContent

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT_KEYS = frozenset({"type", "text", "citations"})
_THINKING_KEYS = frozenset({"type", "thinking", "signature"})
_CALL_KEYS = frozenset({"type", "id", "name", "input"})


class _Call:
    """A call of one of the caller's tools, counted from 0."""

    __slots__ = ("number", "place")

    def __init__(self, number: int, place: int) -> None:
        self.number = number
        self.place = place


class _Block:
    """A block. `raw` is what it began with, and `kind` is empty until it is known."""

    __slots__ = ("call", "citations", "json", "kind", "number", "open", "pieces", "raw")

    def __init__(self, number: int, raw: dict[str, Any]) -> None:
        self.number = number
        self.raw = raw
        self.kind = ""
        self.open = True
        self.json: list[str] = []
        # Of an opaque block, by field.
        self.pieces: dict[str, list[Any]] = {}
        self.call: _Call | None = None
        self.citations = 0


class Blocks:
    """The blocks of one answer.

    Raises:
        DecodeError: in any method: something is not of the type that it should be.
    """

    def __init__(self) -> None:
        self.response_id: str | None = None
        # By the number that the server gave last.
        self._blocks: dict[int, _Block] = {}
        self._next = 0
        self._numbers: set[int] = set()
        self._top = -1
        self._parts: set[tuple[int, object]] = set()
        self._calls = 0
        self._json_of: list[str] = []  # where the last piece of a call's arguments went
        # Those that nothing has followed yet.
        self._last_calls: list[_Call] = []

    @property
    def begun(self) -> bool:
        """Whether there are any."""
        return bool(self._blocks)

    def take(self, blocks: Any, events: list[StreamEvent]) -> None:
        """Blocks that come whole."""
        for number, block in enumerate(an_array(blocks, "content")):
            self.begin(None, an_object(block, f"content[{number}]"), events)
            self.end(None, events)

    def begin(self, number: int | None, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        """A block begins; without a number it is the one after the last."""
        if number is None:
            number = self._next
        self.end(number, events)
        self._next = number + 1
        block = self._new(number, raw)
        kind = a_string(raw.get("type"), "content_block.type")
        if kind:
            self._decide(block, kind, events)

    def add(self, number: int | None, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        """A piece of a block comes; without a number it is the last one's."""
        if number is None:
            number = max(self._next - 1, 0)
        block = self._blocks.get(number)
        if block is None:  # a server that tells of no beginnings
            self._next = max(self._next, number + 1)
            block = self._new(number, {})
        kind = a_string(delta.get("type"), "delta.type")
        if not block.kind and kind in _ADD:
            self._decide(block, _ADD[kind][0], events)
        if block.kind in _BEGIN and kind in _ADD:
            _, key, add = _ADD[kind]
            add(self, block, delta, events)
            _beside("delta", rest(delta, {"type", key}), events)
        elif block.kind in _BEGIN or not block.open:
            _beside("delta", delta, events)
        else:
            _grow(block, kind, delta)

    def take_json(self, piece: str) -> None:
        """One more piece of the arguments that the last one was of."""
        self._json_of.append(piece)

    def end(self, number: int | None, events: list[StreamEvent]) -> None:
        """A block is whole; without a number it is the last one. One that is not open has ended before."""
        block = self._blocks.get(self._next - 1 if number is None else number)
        if block is None or not block.open:
            return
        block.open = False
        if block.kind not in _BEGIN:
            self._part((block.number, "opaque"), events)
            events.append(ContentDelta(UnknownContent(_whole(block)), block=block.number))
        elif block.call is not None and not block.json and block.raw.get("input"):
            # Not streamed. Put as the model itself writes JSON, so that mostly the same text comes out as of a stream.
            arguments = json.dumps(block.raw["input"], ensure_ascii=False)
            events.append(ToolCallDelta(block.call.number, arguments=arguments))

    def end_all(self, events: list[StreamEvent]) -> None:
        """The answer is over: so is every block."""
        for number in self._blocks:
            self.end(number, events)

    def _new(self, number: int, raw: dict[str, Any]) -> _Block:
        """Another block. A number that was another's before stands for a new one: some servers do not count."""
        place = number if number not in self._numbers else self._top + 1
        self._numbers.add(place)
        self._top = max(self._top, place)
        block = self._blocks[number] = _Block(place, raw)
        return block

    def _decide(self, block: _Block, kind: str, events: list[StreamEvent]) -> None:
        """Now it is known what kind of block it is."""
        block.kind = kind
        if block.raw and kind in _BEGIN:
            _BEGIN[kind](self, block, events)

    # -- how the known kinds begin -------------------------------------------------------------------------------------

    def _begin_text(self, block: _Block, events: list[StreamEvent]) -> None:
        for citation in an_array(block.raw.get("citations"), "content_block.citations"):
            self._citation(block, {"citation": citation}, events)
        self._text(block, block.raw, events)
        _beside(f"content[{block.number}]", rest(block.raw, _TEXT_KEYS), events)

    def _begin_thinking(self, block: _Block, events: list[StreamEvent]) -> None:
        text = a_string(block.raw.get("thinking"), "content_block.thinking")
        self._reasoning(block, text, block.raw.get("signature"), events)
        _beside(f"content[{block.number}]", rest(block.raw, _THINKING_KEYS), events)

    def _begin_call(self, block: _Block, events: list[StreamEvent]) -> None:
        raw = block.raw if block.kind == "tool_use" else {}
        an_object(raw.get("input") or {}, "content_block.input")
        call = block.call = self._new_call()
        call_id = a_string(raw.get("id"), "content_block.id") or None
        events.append(
            ToolCallDelta(
                call.number,
                # A tool's result has to name the call, so one without an id gets one: the same at every replay.
                id=call_id or f"toolu_{self.response_id or 'without_id'}_{call.number}",
                name=a_string(raw.get("name"), "content_block.name") or None,
                generated_id=call_id is None,
                extra=rest(raw, _CALL_KEYS),
            )
        )

    # -- how they grow -------------------------------------------------------------------------------------------------

    def _text(self, block: _Block, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        text = a_string(delta.get("text"), "delta.text")
        if text:
            self._part((block.number, "text"), events)
            events.append(TextDelta(text, block=block.number))

    def _thinking(self, block: _Block, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        self._reasoning(block, a_string(delta.get("thinking"), "delta.thinking"), None, events)

    def _signature(self, block: _Block, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        self._reasoning(block, "", delta.get("signature"), events)

    def _reasoning(self, block: _Block, text: str, signature: Any, events: list[StreamEvent]) -> None:
        """A piece of thinking. There may be a signature and no text, where the thoughts are not shown."""
        signature = a_string(signature, "signature") or None
        if text or signature:
            self._part((block.number, "reasoning"), events)
            events.append(ReasoningDelta(text, signature=signature, block=block.number))

    def _citation(self, block: _Block, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        citation = read_citation(an_object(delta.get("citation"), "delta.citation"))
        self._part((block.number, block.citations), events)
        block.citations += 1
        events.append(ContentDelta(citation, block=block.number))

    def _json(self, block: _Block, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        piece = a_string(delta.get("partial_json"), "delta.partial_json")
        if piece and block.call is None:  # an empty one means nothing: LiteLLM has them in blocks of text
            self._begin_call(block, events)
        if piece and block.call is not None:
            self._json_of = block.json
            block.json.append(piece)
            events.append(ToolCallDelta(block.call.number, arguments=piece))

    # -- order ---------------------------------------------------------------------------------------------------------

    def _new_call(self) -> _Call:
        call = _Call(self._calls, len(self._parts))
        self._calls += 1
        self._last_calls.append(call)
        return call

    def _part(self, key: tuple[int, object], events: list[StreamEvent]) -> None:
        """Note that there is such a part; the calls that came before a new one are told their place."""
        if key in self._parts:
            return
        self._parts.add(key)
        events += [ToolCallDelta(call.number, extra={PLACE: call.place}) for call in self._last_calls]
        self._last_calls.clear()


_BEGIN: dict[str, Callable[[Blocks, _Block, list[StreamEvent]], None]] = {
    "text": Blocks._begin_text,
    "thinking": Blocks._begin_thinking,
    "tool_use": Blocks._begin_call,
}
# For each piece: the kind of block that it is of, its field, and what takes it.
_ADD: dict[str, tuple[str, str, Callable[[Blocks, _Block, dict[str, Any], list[StreamEvent]], None]]] = {
    "text_delta": ("text", "text", Blocks._text),
    "citations_delta": ("text", "citation", Blocks._citation),
    "thinking_delta": ("thinking", "thinking", Blocks._thinking),
    "signature_delta": ("thinking", "signature", Blocks._signature),
    "input_json_delta": ("tool_use", "partial_json", Blocks._json),
}


def _beside(name: str, said: dict[str, Any], events: list[StreamEvent]) -> None:
    """What a block or a piece says besides, which its part has no place for."""
    if said:
        events.append(Unknown({name: said}, 0))


def _grow(block: _Block, kind: str, delta: dict[str, Any]) -> None:
    """Add a piece to an opaque block."""
    if kind == "input_json_delta":
        block.json.append(a_string(delta.get("partial_json"), "delta.partial_json"))
        return
    if kind == "citations_delta":
        delta = {"citations": [delta.get("citation")]}
    for key, value in rest(delta, {"type"}).items():
        block.pieces.setdefault(key, []).append(value)


def _whole(block: _Block) -> dict[str, Any]:
    """An opaque block with all its pieces: those of its input are JSON, and other fields grow, or are replaced as by a
    `compaction_delta`."""
    raw = {**block.raw, **{key: _joined(block.raw.get(key), pieces) for key, pieces in block.pieces.items()}}
    text = "".join(block.json)
    if not text:
        return raw
    try:
        given: Any = loads(text)
    except DecodeError:  # cut off by max_tokens: kept as far as it came
        given = text
    return {**raw, "input": given}


def _joined(first: Any, pieces: list[Any]) -> Any:
    values = pieces if first is None else [first, *pieces]
    if all(isinstance(value, str) for value in values):
        return "".join(values)
    if all(isinstance(value, list) for value in values):
        return list(chain.from_iterable(values))
    return values[-1]
