"""Cohere's Chat, from frames to events.

https://docs.cohere.com/reference/chat-stream. A whole answer's message is taken piece by piece through the same
functions as a stream's events. The plan for the tool calls is reasoning to the reader; since it has to go back under
its own name, it is kept as `UnknownContent` of the form `{"type": key, key: value}` as well, as is a key of the message
that is not known here. A key that is not known elsewhere is kept as `Unknown` (`Start` has the first event's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from duologue._dialects.api_errors import api_error
from duologue._dialects.cohere.parts import (
    FINISH_REASONS,
    PLAN_BLOCK,
    citation_block,
    content_block,
    read_citation,
    read_usage,
)
from duologue._dialects.shape import a_string, an_array, an_index, an_object, kind_of
from duologue._json import loads
from duologue.errors import DecodeError
from duologue.events import (
    ContentDelta,
    ReasoningDelta,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import UnknownContent

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._frames.sse import ServerSentEvent
    from duologue.models import FinishReason, Provider

# Comes after `message-end`, which is the end marker, and not always.
_AFTER_END = "[DONE]"
_EVENT_KEYS = frozenset({"type", "id", "index", "delta", "logprobs"})
_ANSWER_KEYS = frozenset({"id", "message", "finish_reason", "usage", "error", "logprobs"})
_DELTA_KEYS = frozenset({"message"})
_END_KEYS = frozenset({"finish_reason", "usage", "error"})
_MESSAGE_KEYS = frozenset({"role", "content", "tool_plan", "tool_calls", "citations"})
_TEXTS = ("text", "thinking")
_BLOCK_KEYS = frozenset({"type", *_TEXTS})
_CALL_KEYS = frozenset({"id", "type", "function"})
_FUNCTION_KEYS = frozenset({"name", "arguments"})


class Decoder:
    """One answer's state."""

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        self._response_id = ""
        self._plan: list[str] = []
        # How many of each there are, and which one an index means; none at all means the last one.
        self._blocks = self._calls = 0
        self._block: dict[int | None, int] = {}
        self._call: dict[int | None, int] = {}
        self.repeatable = False  # whether the last event was a piece of something; what begins is another each time

    def feed(self, frame: ServerSentEvent, events: list[StreamEvent]) -> None:
        """Decode one server-sent event; see `duologue._dialects.Decoder`."""
        if frame.data.strip() == _AFTER_END:
            return
        if frame.event == "error":
            _raise_error(frame.data)
        event = loads(frame.data)
        if not isinstance(event, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(event)}")
        kind = a_string(event.get("type"), "type") or frame.event
        take = _EVENTS.get(kind)
        self.repeatable = kind in _PIECES
        if take is not None:
            take(self, event, events)
            self._news(event, kind, events)
        elif "error" in kind or (not event.get("type") and isinstance(event.get("message"), str)):
            raise api_error(event)
        elif "type" in event:
            events.append(Unknown(event))
        else:
            raise _stranger(event, "event", "type")

    def take_text(self, event: StreamEvent) -> None:
        """A piece of text was read without this decoder; see `duologue._dialects.Decoder`."""
        if isinstance(event, ReasoningDelta) and event.block == PLAN_BLOCK:
            self._plan.append(event.text)

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed; see `duologue._dialects.Decoder`."""
        answer = loads(body)
        if not isinstance(answer, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(answer)}")
        message = answer.get("message")
        if isinstance(message, str):
            raise api_error(answer)
        if message is None and "finish_reason" not in answer:
            raise _stranger(answer, "answer", "message")
        self._begin(answer, _ANSWER_KEYS, events)
        self._message(an_object(message or {}, "message"), events)
        self._logprobs(an_array(answer.get("logprobs"), "logprobs"), events)
        self._end(answer, events)

    # -- an event ------------------------------------------------------------------------------------------------------

    def _message_start(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        self._begin(event, _EVENT_KEYS, events)
        self._message(_message_of(event), events)

    def _content_start(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        for block in _several(_message_of(event).get("content") or {}, "content"):
            self._begin_block(an_index(event.get("index")), an_object(block, "content[]"), events)

    def _content_delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        index = an_index(event.get("index"))
        for piece in _several(_message_of(event).get("content"), "content"):
            if index in self._block:
                self._add_content(an_object(piece, "content[]"), self._block[index], events)
            else:
                self._begin_block(index, an_object(piece, "content[]"), events)
        self._logprobs(_several(event.get("logprobs"), "logprobs"), events)

    def _tool_plan(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        self._add_plan(_message_of(event).get("tool_plan"), events)

    def _call_start(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        for call in _several(_message_of(event).get("tool_calls") or {}, "tool_calls"):
            self._begin_call(an_index(event.get("index")), an_object(call, "tool_calls[]"), events)

    def _call_delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        index = an_index(event.get("index"))
        for call in _several(_message_of(event).get("tool_calls"), "tool_calls"):
            if index in self._call:
                self._add_arguments(an_object(call, "tool_calls[]"), self._call[index], events)
            else:
                self._begin_call(index, an_object(call, "tool_calls[]"), events)

    def _citation_start(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        self._citations(_several(_message_of(event).get("citations"), "citations"), events)

    def _part_end(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        """The end of a block, a call or a citation, which tells nothing new."""

    def _message_end(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        delta = _delta_of(event)
        news = _rest(delta, _END_KEYS)
        if news:
            events.append(Unknown(news))
        self._end(delta, events)

    # -- what events and whole answers have in common ------------------------------------------------------------------

    def _begin(self, answer: dict[str, Any], known: frozenset[str], events: list[StreamEvent]) -> None:
        self._response_id = a_string(answer.get("id"), "id")
        events.append(Start(self._response_id or None, None, self._provider, _rest(answer, known)))

    def _message(self, message: dict[str, Any], events: list[StreamEvent]) -> None:
        """A whole message; the one that a stream begins with is empty."""
        self._add_plan(message.get("tool_plan"), events)
        for index, block in enumerate(an_array(message.get("content"), "message.content")):
            self._begin_block(index, an_object(block, f"message.content[{index}]"), events)
        for number, call in enumerate(an_array(message.get("tool_calls"), "message.tool_calls")):
            self._begin_call(number, an_object(call, f"message.tool_calls[{number}]"), events)
        self._citations(an_array(message.get("citations"), "message.citations"), events)
        for key, value in _rest(message, _MESSAGE_KEYS).items():
            events.append(ContentDelta(UnknownContent({"type": key, key: value})))

    def _begin_block(self, index: int | None, block: dict[str, Any], events: list[StreamEvent]) -> None:
        """A new block, at an index that another may have had: Command A Reasoning begins its text where its thoughts
        ended."""
        number = self._block[index] = self._block[None] = content_block(self._blocks)
        self._blocks += 1
        self._add_content(block, number, events)

    def _add_content(self, block: dict[str, Any], number: int, events: list[StreamEvent]) -> None:
        """A block, or the next piece of one, which does not name its kind."""
        thinking = a_string(block.get("thinking"), "message.content[].thinking")
        text = a_string(block.get("text"), "message.content[].text")
        if thinking:
            events.append(ReasoningDelta(thinking, block=number))
        if text:
            events.append(TextDelta(text, block=number))
        if block and not (block.keys() & _TEXTS or block.get("type") in _TEXTS):
            events.append(ContentDelta(UnknownContent(block), block=number))
        elif news := _rest(block, _BLOCK_KEYS):
            events.append(Unknown(news, 0))

    def _add_plan(self, plan: Any, events: list[StreamEvent]) -> None:
        text = a_string(plan, "message.tool_plan")
        if text:
            self._plan.append(text)
            events.append(ReasoningDelta(text, block=PLAN_BLOCK))

    def _begin_call(self, index: int | None, call: dict[str, Any], events: list[StreamEvent]) -> None:
        function = an_object(call.get("function") or {}, "tool_calls.function")
        call_id = a_string(call.get("id"), "tool_calls.id")
        number = self._call[index] = self._call[None] = self._calls
        self._calls += 1
        events.append(
            ToolCallDelta(
                number,
                # A tool's result has to name the call, so one without an id gets one: the same at every replay.
                call_id or f"call_{self._response_id or 'without_id'}_{number}",
                a_string(function.get("name"), "tool_calls.function.name") or None,
                a_string(function.get("arguments"), "tool_calls.function.arguments"),
                generated_id=not call_id,
                extra=_extra(call, function),
            )
        )

    def _add_arguments(self, call: dict[str, Any], number: int, events: list[StreamEvent]) -> None:
        function = an_object(call.get("function") or {}, "tool_calls.function")
        arguments = a_string(function.get("arguments"), "tool_calls.function.arguments")
        events.append(ToolCallDelta(number, arguments=arguments, extra=_extra(call, function)))

    def _citations(self, notes: list[Any], events: list[StreamEvent]) -> None:
        for note in notes:
            citation = read_citation(an_object(note, "message.citations[]"))
            events.append(ContentDelta(citation, block=citation_block(note)))

    def _logprobs(self, logprobs: list[Any], events: list[StreamEvent]) -> None:
        if logprobs:
            events.append(Unknown({"logprobs": logprobs}, 0))

    def _news(self, event: dict[str, Any], kind: str, events: list[StreamEvent]) -> None:
        """What a known event says that is not known, where its own function does not look for it."""
        if kind == "message-start":
            return
        news = _rest(event, _EVENT_KEYS if self._response_id else _EVENT_KEYS - {"id"})
        self._response_id = self._response_id or a_string(event.get("id"), "id")
        if kind != "message-end":
            news |= _rest(_delta_of(event), _DELTA_KEYS) | _rest(_message_of(event), _MESSAGE_KEYS)
        if news:
            events.append(Unknown(news))

    def _end(self, end: dict[str, Any], events: list[StreamEvent]) -> None:
        """Why it ends, and the counts. An error ends a stream like a success."""
        if self._plan:
            plan = UnknownContent({"type": "tool_plan", "tool_plan": "".join(self._plan)})
            events.append(ContentDelta(plan, block=PLAN_BLOCK))
        usage = an_object(end.get("usage") or {}, "usage")
        if usage:
            events.append(UsageUpdate(read_usage(usage)))
        word = a_string(end.get("finish_reason"), "finish_reason")
        if word:
            self.finish[0] = (FINISH_REASONS.get(word, "unknown"), word)
        if end.get("error") or word == "ERROR":
            raise api_error({key: value for key, value in end.items() if key in _END_KEYS})
        self.ended = True


_EVENTS: dict[str, Callable[[Decoder, dict[str, Any], list[StreamEvent]], None]] = {
    "message-start": Decoder._message_start,
    "content-start": Decoder._content_start,
    "content-delta": Decoder._content_delta,
    "content-end": Decoder._part_end,
    "tool-plan-delta": Decoder._tool_plan,
    "tool-call-start": Decoder._call_start,
    "tool-call-delta": Decoder._call_delta,
    "tool-call-end": Decoder._part_end,
    "citation-start": Decoder._citation_start,
    "citation-end": Decoder._part_end,
    "message-end": Decoder._message_end,
}


_PIECES = frozenset({"content-delta", "tool-plan-delta"})


def _delta_of(event: dict[str, Any]) -> dict[str, Any]:
    return an_object(event.get("delta") or {}, "delta")


def _message_of(event: dict[str, Any]) -> dict[str, Any]:
    return an_object(_delta_of(event).get("message") or {}, "delta.message")


def _several(value: Any, path: str) -> list[Any]:
    """One or more: what a whole message has in lists, its events have one by one, or so do most of them."""
    return [value] if isinstance(value, dict) else an_array(value, path)


def _rest(found: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """What is not known here."""
    return {key: value for key, value in found.items() if key not in known and value is not None}


def _extra(call: dict[str, Any], function: dict[str, Any]) -> dict[str, Any]:
    extra, rest = _rest(call, _CALL_KEYS), _rest(function, _FUNCTION_KEYS)
    return {**extra, "function": rest} if rest else extra


def _raise_error(data: str) -> NoReturn:
    """An event that calls itself an error is one, whatever it looks like."""
    try:
        payload = loads(data)
    except DecodeError:
        payload = data
    raise api_error(payload)


def _stranger(found: dict[str, Any], what: str, key: str) -> Exception:
    """A reply of another kind: an error in a shape of its own, or another provider's format."""
    if found.keys() & {"error", "detail"}:
        return api_error(found)
    keys = ", ".join(sorted(map(repr, found))[:8]) or "nothing"
    return DecodeError(f"no {what} of Cohere's Chat: it has no `{key}`, but {keys}")
