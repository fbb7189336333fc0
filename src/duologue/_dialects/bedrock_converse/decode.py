"""Converse, from frames to events.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. A whole answer is taken apart
into the pieces that a stream would have brought, so one road decodes both.

The stream's end marker is `messageStop`, but the counts come after it, in `metadata`, as a rule: so the answer is over
when both have come. `stopped` tells that the first has: a body that ends then, without counts, is a whole answer too.
Text and thoughts begin without a `contentBlockStart`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.api_errors import api_error
from duologue._dialects.bedrock_converse.blocks import Block, Message
from duologue._dialects.bedrock_converse.parts import FINISH_REASONS, given, read_usage
from duologue._dialects.shape import a_string, an_array, an_index, an_object, kind_of, string_or_none
from duologue._json import loads
from duologue.errors import DecodeError, ProtocolError
from duologue.events import Start, StreamEvent, Unknown, UsageUpdate

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    from duologue._frames import eventstream
    from duologue.models import FinishReason, Provider

# `p` is padding against traffic analysis: noise on purpose.
_PADDING = "p"
_BLOCK_KEYS = frozenset({"contentBlockIndex", "start", "delta"})
_WHOLE_KEYS = frozenset({"output", "stopReason", "usage", "additionalModelResponseFields"})


class Decoder:
    """One answer's state."""

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.stopped = False
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        self._started = False
        self._counted = False
        self._message = Message()
        self._blocks: dict[int, Block] = {}
        self._current = 0

    def feed(self, frame: eventstream.Message, events: list[StreamEvent]) -> None:
        """Decode one message of the event stream; see `duologue._dialects.Decoder`."""
        kind = _header(frame, ":message-type")
        if kind == "event":
            self._event(_header(frame, ":event-type"), _payload(frame), events)
            return
        for block in self._blocks.values():
            block.flush(events)
        raise _error(kind, frame)

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed; see `duologue._dialects.Decoder`."""
        answer = loads(body)
        if not isinstance(answer, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(answer)}")
        if "output" not in answer:
            raise _no_answer(answer)
        output = an_object(answer["output"], "output")
        message = an_object(output.get("message") or {}, "output.message")
        self._start({key: value for key, value in message.items() if key != "content"}, events)
        for index, block in enumerate(an_array(message.get("content"), "output.message.content")):
            self._whole_block(index, an_object(block, f"output.message.content[{index}]"), events)
        self._note(output, {"message"}, events)
        stop_keys = ("stopReason", "additionalModelResponseFields")
        self._message_stop({key: answer[key] for key in stop_keys if key in answer}, events)
        rest = {key: value for key, value in answer.items() if key not in _WHOLE_KEYS}
        self._metadata({"usage": answer.get("usage"), **rest}, events)
        self.ended = True

    # -- events --------------------------------------------------------------------------------------------------------

    def _event(self, name: str, payload: Any, events: list[StreamEvent]) -> None:
        take = _EVENTS.get(name)
        if take is None:
            events.append(Unknown({name: payload}))
            return
        body = an_object(payload, name)
        take(self, {key: value for key, value in body.items() if key != _PADDING}, events)

    def _start(self, payload: dict[str, Any], events: list[StreamEvent]) -> None:
        """`messageStart`, or, where that is missing, the first event."""
        if self._started:
            return
        self._started = True
        extra = {key: value for key, value in payload.items() if (key, value) != ("role", "assistant")}
        events.append(Start(provider=self._provider, extra=extra))

    def _block(self, payload: dict[str, Any], events: list[StreamEvent]) -> Block:
        self._start({}, events)
        index = payload.get("contentBlockIndex")
        if index is not None:
            if an_index(index) is None:
                raise DecodeError(f"contentBlockIndex: expected a number, got {kind_of(index)}")
            self._current = index
        return self._blocks.setdefault(self._current, Block(self._current, self._message))

    def _block_start(self, payload: dict[str, Any], events: list[StreamEvent]) -> None:
        self._block(payload, events).start(an_object(payload.get("start") or {}, "start"), events)
        self._note(payload, _BLOCK_KEYS, events)

    def _block_delta(self, payload: dict[str, Any], events: list[StreamEvent]) -> None:
        self._block(payload, events).delta(an_object(payload.get("delta") or {}, "delta"), events)
        self._note(payload, _BLOCK_KEYS, events)

    def _block_stop(self, payload: dict[str, Any], events: list[StreamEvent]) -> None:
        self._block(payload, events).stop(events)
        self._note(payload, _BLOCK_KEYS, events)

    def _message_stop(self, payload: dict[str, Any], events: list[StreamEvent]) -> None:
        self._start({}, events)
        for block in self._blocks.values():
            block.stop(events)
        events += self._message.places.told()
        word = a_string(payload.get("stopReason"), "stopReason")
        if word:
            self.finish[0] = (FINISH_REASONS.get(word, "unknown"), word)
        self._note(payload, {"stopReason"}, events)
        self.stopped = True
        self.ended = self._counted

    def _metadata(self, payload: dict[str, Any], events: list[StreamEvent]) -> None:
        self._start({}, events)
        usage = payload.get("usage")
        if usage is not None:
            events.append(UsageUpdate(read_usage(an_object(usage, "usage"))))
            self._counted = True
        self._note(payload, {"usage"}, events)
        self.ended = self.stopped and self._counted

    def _note(self, payload: dict[str, Any], known: Set[str], events: list[StreamEvent]) -> None:
        """What is said beside what is known: a guardrail's trace, the time it took."""
        news = {key: value for key, value in given(payload).items() if key not in known}
        if news:
            events.append(Unknown(news))

    # -- a whole answer ------------------------------------------------------------------------------------------------

    def _whole_block(self, index: int, said: dict[str, Any], events: list[StreamEvent]) -> None:
        block = self._block({"contentBlockIndex": index}, events)
        for kind, value in said.items():
            if kind in _WHOLE:
                _WHOLE[kind](block, value, events)
            elif kind != "type" and value is not None:
                block.unknown(kind, value, events)
        block.stop(events)


_EVENTS: dict[str, Callable[[Decoder, dict[str, Any], list[StreamEvent]], None]] = {
    "messageStart": Decoder._start,
    "contentBlockStart": Decoder._block_start,
    "contentBlockDelta": Decoder._block_delta,
    "contentBlockStop": Decoder._block_stop,
    "messageStop": Decoder._message_stop,
    "metadata": Decoder._metadata,
}


def _header(frame: eventstream.Message, name: str) -> str:
    value = frame.headers.get(name)
    if not isinstance(value, str):
        raise ProtocolError(f"event stream: a message without {name}, or with one that is no text")
    return value


def _payload(frame: eventstream.Message) -> Any:
    """JSON, or the text where it is none and says so."""
    text = frame.payload.decode("utf-8", "replace")
    kind = frame.headers.get(":content-type")
    return loads(text) if kind in (None, "application/json") and text else text


def _error(kind: str, frame: eventstream.Message) -> Exception:
    """What a message says that is no event; whatever calls itself an error is one, even where it says little more."""
    headers = frame.headers
    if kind == "exception":
        try:
            said = _payload(frame)
        except DecodeError:
            said = frame.payload.decode("utf-8", "replace")
        return api_error(said, error_type=_text(headers.get(":exception-type")))
    if kind == "error":
        message = {"message": _text(headers.get(":error-message"))}
        return api_error(message, error_type=_text(headers.get(":error-code")))
    return ProtocolError(f"event stream: a message of the unknown type {kind!r}")


def _text(value: Any) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else string_or_none(value)


def _no_answer(answer: dict[str, Any]) -> Exception:
    if answer.keys() & {"message", "Message", "__type"}:
        return api_error(answer)
    keys = ", ".join(sorted(map(repr, answer))[:8])
    return DecodeError(f"no Converse answer: it has no `output`, but {keys or 'nothing'}")


def _whole_text(block: Block, value: Any, events: list[StreamEvent]) -> None:
    block.delta({"text": value}, events)


def _whole_reasoning(block: Block, value: Any, events: list[StreamEvent]) -> None:
    piece = dict(an_object(value, "reasoningContent"))
    text = an_object(piece.pop("reasoningText", None) or {}, "reasoningContent.reasoningText")
    block.delta({"reasoningContent": {**piece, **text}}, events)


def _whole_result(block: Block, value: Any, events: list[StreamEvent]) -> None:
    result = dict(an_object(value, "toolResult"))
    content = result.pop("content", None)
    block.start({"toolResult": result}, events)
    block.delta({"toolResult": content}, events)


def _whole_citations(block: Block, value: Any, events: list[StreamEvent]) -> None:
    cited = an_object(value, "citationsContent")
    for note in an_array(cited.get("citations"), "citationsContent.citations"):
        block.delta({"citation": note}, events)
    for piece in an_array(cited.get("content"), "citationsContent.content"):
        block.delta(an_object(piece, "citationsContent.content[]"), events)
    rest = {key: item for key, item in given(cited).items() if key not in ("citations", "content")}
    if rest:
        block.unknown("citationsContent", rest, events)


def _whole_media(kind: str) -> Callable[[Block, Any, list[StreamEvent]], None]:
    return lambda block, value, events: block.delta({kind: value}, events)


_WHOLE: dict[str, Callable[[Block, Any, list[StreamEvent]], None]] = {
    "text": _whole_text,
    "reasoningContent": _whole_reasoning,
    "toolUse": Block.whole_tool,
    "toolResult": _whole_result,
    "citationsContent": _whole_citations,
    "image": _whole_media("image"),
    "audio": _whole_media("audio"),
}
