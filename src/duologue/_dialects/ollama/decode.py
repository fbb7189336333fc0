"""Ollama's chat, from JSON lines to events.

https://docs.ollama.com/api/chat and `api/types.go` of https://github.com/ollama/ollama. A line of a stream and a whole
answer have the same shape, so one road decodes both. A message has one text, one thinking and one list of calls, so all
is in one block. What is not known here is kept: a line of another kind and a key at the top as `Unknown` (`Start` has
the first line's), a key inside the message as `UnknownContent` of the form `{"type": key, key: value}`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from duologue._dialects.api_errors import api_error
from duologue._dialects.noise import DIGITS, Noise
from duologue._dialects.shape import a_count, a_string, an_array, an_object, kind_of, some_bytes
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
from duologue.models import ImageContent, UnknownContent, Usage

if TYPE_CHECKING:
    from duologue.models import FinishReason, Provider

# `load` and `unload` answer a request without messages, which does nothing but that; a connection that the runner lost
# gives no reason at all.
FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "load": "stop", "unload": "stop"}

_COUNTS = ("prompt_eval_count", "eval_count")
_CACHED = "prompt_eval_cached_count"
_KEYS = frozenset({"message", "done", "done_reason", "error", "logprobs", _CACHED, *_COUNTS})
_SAYS = frozenset({"message", "done"})
# What other formats' chunks have in place of them.
_FOREIGN = frozenset({"choices", "candidates"})
_MESSAGE_KEYS = frozenset({"role", "content", "thinking", "tool_calls", "images"})
_FUNCTION_KEYS = frozenset({"name", "arguments"})
_CALL_KEYS = frozenset({"id", "function"})
# Each line is stamped with its own time.
_NOISE = (Noise(b'"created_at":"', DIGITS + b"TZ:.+-"),)


class Decoder:
    """One answer's state."""

    NOISE = _NOISE

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        self._seen: dict[str, Any] = {}
        self._started = False
        self._unknown: dict[str, Any] = {}
        self._stamp = ""
        self._calls = 0

    def feed(self, frame: str, events: list[StreamEvent]) -> None:
        """Decode one line; see `duologue._dialects.Decoder`."""
        line = loads(frame)
        if not isinstance(line, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(line)}")
        if not line.keys() & _SAYS:
            self._other(line, events)
            return
        self._line(line, events)
        if line.get("error"):
            raise api_error(line)
        self._end(line, events)

    def take_text(self, _event: StreamEvent) -> None:
        """A piece of text was read without this decoder; see `duologue._dialects.Decoder`."""

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed, or was so under another name; see `duologue._dialects.Decoder`."""
        for line in _lines(body):
            if not self.ended:
                self.feed(line, events)
        if not self._started:
            raise _no_answer(self._unknown)

    def _other(self, line: dict[str, Any], events: list[StreamEvent]) -> None:
        """An error, which may have a shape of its own; another provider's format; or something new."""
        if line.get("error") is not None or line.keys() & {"detail", "code"}:
            raise api_error(line)
        if line.keys() & _FOREIGN:
            raise _no_answer(line)
        self._unknown = line
        events.append(Unknown(line))

    def _line(self, line: dict[str, Any], events: list[StreamEvent]) -> None:
        self._top(line, events)
        message = line.get("message")
        if message is not None:
            self._message(an_object(message, "message"), events)
        logprobs = an_array(line.get("logprobs"), "logprobs")
        if logprobs:
            events.append(Unknown({"logprobs": logprobs}, 0))

    def _top(self, line: dict[str, Any], events: list[StreamEvent]) -> None:
        """What stands beside the message, where it is new. Each line is stamped with its own time: the first stands for
        the answer."""
        model = a_string(line.get("model"), "model")
        found = {**line, "model": model or None}
        news = {
            key: value
            for key, value in found.items()
            if key not in _KEYS and value is not None and self._seen.get(key) != value
        }
        self._seen |= news
        if not self._started:
            self._started = True
            self._stamp = "".join(filter(str.isalnum, str(line.get("created_at") or "")))
            events.append(Start(None, news.pop("model", None), self._provider, news))
        elif news.keys() - {"created_at"}:
            news.pop("created_at", None)
            events.append(Unknown(news))

    def _message(self, message: dict[str, Any], events: list[StreamEvent]) -> None:
        thinking = a_string(message.get("thinking"), "message.thinking")
        if thinking:
            events.append(ReasoningDelta(thinking))
        text = a_string(message.get("content"), "message.content")
        if text:
            events.append(TextDelta(text))
        events += [ContentDelta(_image(image)) for image in an_array(message.get("images"), "message.images")]
        for call in an_array(message.get("tool_calls"), "message.tool_calls"):
            self._call(an_object(call, "message.tool_calls[]"), events)
        events += [
            ContentDelta(UnknownContent({"type": key, key: value}))
            for key, value in message.items()
            if key not in _MESSAGE_KEYS and value is not None
        ]

    def _call(self, call: dict[str, Any], events: list[StreamEvent]) -> None:
        """A call, which always comes whole. Only servers of late 2025 and after give it an id."""
        function = an_object(call.get("function"), "message.tool_calls[].function")
        call_id = a_string(call.get("id"), "message.tool_calls[].id")
        extra = {key: value for key, value in call.items() if key not in _CALL_KEYS and value is not None}
        rest = {key: value for key, value in function.items() if key not in _FUNCTION_KEYS and value is not None}
        if rest:
            extra["function"] = rest
        number, self._calls = self._calls, self._calls + 1
        events.append(
            ToolCallDelta(
                number,
                # A tool's result has to name the call, so one without an id gets one: the same at every replay.
                call_id or f"call_{self._stamp or 'without_time'}_{number}",
                a_string(function.get("name"), "message.tool_calls[].function.name"),
                _arguments(function.get("arguments")),
                generated_id=not call_id,
                extra=extra,
            )
        )

    def _end(self, line: dict[str, Any], events: list[StreamEvent]) -> None:
        """The counts, and the end. Older servers count no prompt that they had in their cache."""
        if any(line.get(key) is not None for key in _COUNTS):
            events.append(UsageUpdate(_usage(line)))
        done = line.get("done")
        if not (done is None or isinstance(done, bool)):
            raise DecodeError(f"done: expected true or false, got {kind_of(done)}")
        if done:
            word = a_string(line.get("done_reason"), "done_reason")
            if word:
                self.finish[0] = (FINISH_REASONS.get(word, "unknown"), word)
            self.ended = True


def _lines(body: str) -> list[str]:
    """The lines of a body that should be one JSON text, where it is several: not all servers that speak like Ollama
    call a stream of lines one."""
    lines = [line for line in body.split("\n") if line and not line.isspace()]
    return lines if len(lines) > 1 and _is_json(lines[0]) else [body]


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except DecodeError:
        return False
    return True


def _arguments(arguments: Any) -> str:
    """A call's arguments as JSON text; the wire has them parsed."""
    if isinstance(arguments, dict):
        return json.dumps(arguments, ensure_ascii=False)
    return a_string(arguments, "message.tool_calls[].function.arguments")


def _image(image: Any) -> ImageContent:
    return ImageContent(data=some_bytes(image, "message.images[]"))


def _usage(line: dict[str, Any]) -> Usage:
    read, written = a_count(line, "prompt_eval_count"), a_count(line, "eval_count")
    raw = {key: line.get(key) for key in _COUNTS}
    if line.get(_CACHED) is not None:
        raw[_CACHED] = line[_CACHED]
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written,
        cached_tokens=a_count(line, _CACHED),
        source="reported",
        raw=raw,
    )


def _no_answer(line: dict[str, Any]) -> DecodeError:
    keys = ", ".join(sorted(map(repr, line))[:8])
    return DecodeError(f"no Ollama answer: it has neither `message` nor `done` nor `error`, but {keys or 'nothing'}")
