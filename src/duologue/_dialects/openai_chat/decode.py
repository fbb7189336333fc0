"""Chat Completions, from frames to events.

https://platform.openai.com/docs/api-reference/chat-streaming and what other servers make of it. A chunk and a whole
answer differ in one word (`delta`, `message`), so one road decodes both. A key that is not known here is kept: at the
top and in a choice as `Unknown` (`Start` has the first chunk's), inside the message as `UnknownContent`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from duologue._dialects.api_errors import api_error
from duologue._dialects.noise import LETTERS, Noise
from duologue._dialects.openai_chat.calls import Call, Calls
from duologue._dialects.openai_chat.parts import FINISH_REASONS, read_audio, read_citation, read_usage
from duologue._dialects.shape import a_string, an_array, an_index, an_object, kind_of, objects, string_or_none
from duologue._json import loads
from duologue.errors import DecodeError
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
from duologue.models import UnknownContent

if TYPE_CHECKING:
    from duologue._frames.sse import ServerSentEvent
    from duologue.models import FinishReason, Provider

_DONE = "[DONE]"
# `obfuscation` (OpenAI) and `p` (Mistral) are padding against traffic analysis: noise on purpose.
_CHUNK_KEYS = frozenset({"id", "object", "model", "choices", "usage", "error", "obfuscation", "p"})
# `text` is Together's second copy of the content, or the legacy name for it.
_CHOICE_KEYS = frozenset({"index", "delta", "message", "finish_reason", "text", "usage", "error"})
# Before an answer has begun, an object that is no chunk may be a ping, or the beginning of another provider's answer:
# one more than this and it is the latter.
_STRANGERS = 2
_ANSWER_KEYS = ("message", "delta", "text")
_DELTA_KEYS = frozenset(
    {
        "annotations",
        "audio",
        "content",
        "function_call",
        "index",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "refusal",
        "role",
        "tool_calls",
    }
)
_CALL_KEYS = frozenset({"index", "id", "type", "function", "custom"})
_FUNCTION_KEYS = frozenset({"name", "arguments", "input"})
# Against traffic analysis: see `_CHUNK_KEYS`.
_NOISE = (Noise(b'"obfuscation":"', LETTERS), Noise(b'"p":"', LETTERS))


class Decoder:
    """One answer's state."""

    NOISE = _NOISE

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        # Perplexity gives both in every choice, and only the first of the two is meant.
        self._parts = ("delta", "message")
        self._started = False
        self._strangers: list[dict[str, Any]] = []
        self._known = _CHUNK_KEYS
        self._extra: dict[str, Any] = {}
        self._missing: set[str] = set()
        self._usage: dict[str, Any] | None = None
        self._calls: dict[int, Calls] = {}
        self._call_told: Call | None = None  # that the last piece was of
        self._response_id: str | None = None
        self.repeatable = True  # whether the text of the last chunk stood in it as it is

    def feed(self, frame: ServerSentEvent, events: list[StreamEvent]) -> None:
        """Decode one server-sent event; see `duologue._dialects.Decoder`."""
        self.repeatable = True
        if frame.data.strip() == _DONE:
            self._check_known(most=0)
            self.ended = True
        elif frame.event == "error":
            self._error(frame.data, events)
        else:
            self._chunk(loads(frame.data), events)

    def take_text(self, _event: StreamEvent) -> None:
        """A piece of text was read without this decoder; see `duologue._dialects.Decoder`."""

    def take_arguments(self, event: ToolCallDelta) -> None:
        """A piece of a call's arguments was read without this decoder, as above."""
        assert self._call_told is not None
        self._call_told.arguments.append(event.arguments)

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed; see `duologue._dialects.Decoder`."""
        self._parts = ("message", "delta")
        answer = loads(body)
        self._chunk(answer, events)
        self._check_known(most=0)
        for position, choice in enumerate(answer.get("choices") or [None]):
            # Another provider's answer may have an `id` and a `usage` too, and would pass for an empty one of ours.
            if not isinstance(choice, dict) or all(choice.get(key) is None for key in _ANSWER_KEYS):
                raise DecodeError(f"no Chat Completions answer: choices[{position}] has no message")
        self.ended = True

    def _error(self, data: str, events: list[StreamEvent]) -> NoReturn:
        """An event that calls itself an error is one, whatever it looks like."""
        try:
            payload = loads(data)
        except DecodeError:
            payload = data
        if isinstance(payload, dict) and "choices" in payload:
            self._chunk({**payload, "error": None}, events)
        raise api_error(payload)

    # -- a chunk -------------------------------------------------------------------------------------------------------

    def _chunk(self, chunk: Any, events: list[StreamEvent]) -> None:
        if not isinstance(chunk, dict):
            for one in objects(chunk):
                if one.get("error"):  # Gemini's stand in an array
                    raise api_error(one)
            raise DecodeError(f"expected a JSON object, got {kind_of(chunk)}")
        choices = an_array(chunk.get("choices"), "choices")
        if not chunk.get("error") and ("choices" not in chunk and "usage" not in chunk and "id" not in chunk):
            self._stranger(chunk, events)
            return
        self._top(chunk, choices, events)
        for position, choice in enumerate(choices):
            self._choice(an_object(choice, f"choices[{position}]"), position, events)
        self._usage_of(chunk, events)
        for place in (chunk, *choices, chunk.get("x_groq")):
            # OpenRouter's may be of one choice, and Groq's the reason why it stopped early.
            if isinstance(place, dict) and place.get("error"):
                raise api_error(place)

    def _stranger(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        """An object that is no chunk: an error in a shape of its own, or an event that is new to this version."""
        if _tells_of_an_error(chunk):
            raise api_error(chunk)
        self._strangers.append(chunk)
        self._check_known(most=_STRANGERS)
        events.append(Unknown(chunk))

    def _check_known(self, *, most: int) -> None:
        """Another provider's answer has more objects that are no chunks, and no chunk before them."""
        if not self._started and len(self._strangers) > most:
            keys = ", ".join(sorted(map(repr, self._strangers[0]))[:8])
            raise DecodeError(
                f"no Chat Completions answer: it has neither `choices` nor `error`, but {keys or 'nothing'}"
            )

    def _top(self, chunk: dict[str, Any], choices: list[Any], events: list[StreamEvent]) -> None:
        """What stands beside the choices; Azure's first chunk has only filter results, and neither id nor model."""
        # In the order of the chunk; mostly there is nothing to look through.
        others = chunk.keys() - self._known
        news = {
            key: value
            for key, value in (chunk.items() if others else ())
            if key in others and value is not None and self._extra.get(key) != value
        }
        if news:
            self._extra.update(news)
        if self._started:
            if self._missing:
                news |= {key: chunk[key] for key in self._missing & chunk.keys() if chunk[key]}
                self._missing -= news.keys()
            if news:
                events.append(Unknown(news))
        elif chunk.get("id") or choices or chunk.get("usage"):
            self._started = True
            # llama.cpp stamps each chunk with its own time, but it is the answer's that is meant.
            self._known = _CHUNK_KEYS | {"created"}
            self._response_id = a_string(chunk.get("id"), "id") or None
            model = a_string(chunk.get("model"), "model") or None
            events.append(Start(self._response_id, model, self._provider, self._extra.copy()))
            self._missing = {key for key, value in (("id", self._response_id), ("model", model)) if value is None}

    def _usage_of(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        """The counts, wherever they are: Perplexity gives them with every chunk, Groq under `x_groq`, and Moonshot in
        the last choice, https://platform.kimi.ai/docs/guide/migrating-from-openai-to-kimi"""
        usage = chunk.get("usage")
        if usage is None:
            for place in (chunk.get("x_groq"), *objects(chunk.get("choices"))):
                if usage is None and isinstance(place, dict):
                    usage = place.get("usage")
        if usage is not None and usage != self._usage:
            self._usage = an_object(usage, "usage")
            events.append(UsageUpdate(read_usage(self._usage)))

    # -- a choice ------------------------------------------------------------------------------------------------------

    def _choice(self, choice: dict[str, Any], position: int, events: list[StreamEvent]) -> None:
        index = an_index(choice.get("index"))
        if index is None:
            index = position
        delta = choice.get(self._parts[0])
        if delta is None:
            delta = choice.get(self._parts[1])
        if delta:
            self._delta(an_object(delta, f"choices[{position}].delta"), index, events)
        elif delta is None and choice.get("text"):
            # The legacy completions of some servers.
            events.append(TextDelta(a_string(choice["text"], f"choices[{position}].text"), index))
        finish = choice.get("finish_reason")
        if finish:
            word = a_string(finish, f"choices[{position}].finish_reason")
            self.finish[index] = (FINISH_REASONS.get(word, "unknown"), word)
        if not choice.keys() <= _CHOICE_KEYS:
            news = {key: value for key, value in choice.items() if key not in _CHOICE_KEYS and value is not None}
            if news:
                events.append(Unknown(news, index))

    def _delta(self, delta: dict[str, Any], index: int, events: list[StreamEvent]) -> None:
        self._reasoning(delta, index, events)
        content = delta.get("content")
        if content:
            if isinstance(content, str):
                events.append(TextDelta(content, index))
            else:
                self._content_list(an_array(content, "delta.content"), index, events)
        if delta.get("refusal"):
            events.append(RefusalDelta(a_string(delta["refusal"], "delta.refusal"), index))
        if delta.get("tool_calls"):
            for piece in an_array(delta["tool_calls"], "delta.tool_calls"):
                self._call(an_object(piece, "delta.tool_calls[]"), index, events)
        if delta.get("function_call"):
            self._function_call(an_object(delta["function_call"], "delta.function_call"), index, events)
        if not delta.keys() <= _PLAIN_DELTA_KEYS:
            self._other(delta, index, events)

    def _reasoning(self, delta: dict[str, Any], index: int, events: list[StreamEvent]) -> None:
        """Reasoning under any of its names; vLLM gives the same text under two of them."""
        text = delta.get("reasoning_content") or delta.get("reasoning")
        details = delta.get("reasoning_details")
        if not text and details:
            text = _texts(details, "delta.reasoning_details")
        if text:
            events.append(ReasoningDelta(a_string(text, "delta.reasoning"), index))
            other = delta.get("reasoning")
            if other and other != text:
                events.append(Unknown({"delta": {"reasoning": other}}, index))
        if details:
            # Opaque parts (signatures, encrypted text) have to go back as they came.
            kept = {"type": "reasoning_details", "reasoning_details": details}
            events.append(ContentDelta(UnknownContent(kept), index))

    def _content_list(self, parts: list[Any], index: int, events: list[StreamEvent]) -> None:
        """Content as a list of parts, as Mistral gives it while it thinks."""
        for part in parts:
            if isinstance(part, str):
                events.append(TextDelta(part, index))
                continue
            kind = an_object(part, "delta.content[]").get("type")
            if kind == "text":
                events.append(TextDelta(a_string(part.get("text"), "delta.content[].text"), index))
            elif kind == "thinking":
                signature = string_or_none(part.get("signature"))
                text = _texts(part.get("thinking"), "delta.content[].thinking")
                self.repeatable = len(objects(part.get("thinking"))) < 2
                events.append(ReasoningDelta(text, index, signature))
            else:
                events.append(ContentDelta(UnknownContent(part), index))

    def _call(self, piece: dict[str, Any], index: int, events: list[StreamEvent]) -> None:
        # Only the first piece of a call has the type.
        custom = piece.get("type") == "custom" or ("custom" in piece and "function" not in piece)
        kind = "custom" if custom else "function"
        body = an_object(piece.get(kind) or {}, "delta.tool_calls[].function")
        name = a_string(body.get("name"), "delta.tool_calls[].function.name") or None
        arguments = body.get("input" if custom else "arguments")
        if isinstance(arguments, dict):  # some servers give them parsed
            arguments = json.dumps(arguments, ensure_ascii=False)
        arguments = a_string(arguments, "delta.tool_calls[].function.arguments")
        call_id = a_string(piece.get("id"), "delta.tool_calls[].id") or None
        call = self._calls.setdefault(index, Calls()).find(an_index(piece.get("index")), call_id, name)
        call.arguments.append(arguments)
        self._call_told = call
        event: dict[str, Any] = {"call_index": call.number, "arguments": arguments, "index": index}
        if name and name != call.name:
            # Most servers repeat it or leave it out; some give it in pieces.
            call.name += name
            event["name"] = name
        if call.id is None or (call.generated and call_id):
            # A tool's result has to name the call, so one without an id gets one: the same at every replay.
            call.id = call_id or f"call_{self._response_id or 'without_id'}_{index}_{call.number}"
            call.generated = call_id is None
            event |= {"id": call.id, "generated_id": call.generated}
        if custom:
            event["call_type"] = "custom"
        extra = {k: v for k, v in piece.items() if k not in _CALL_KEYS and v is not None}
        rest = {k: v for k, v in body.items() if k not in _FUNCTION_KEYS and v is not None}
        if rest:
            extra[kind] = rest
        events.append(ToolCallDelta(**event, extra=extra))

    def _function_call(self, call: dict[str, Any], index: int, events: list[StreamEvent]) -> None:
        """The call of before November 2023: one a message, without an id."""
        if call.get("name") or call.get("arguments"):
            self._call({"index": 0, "function": call}, index, events)

    def _other(self, delta: dict[str, Any], index: int, events: list[StreamEvent]) -> None:
        events += [ContentDelta(read_citation(note), index) for note in objects(delta.get("annotations"))]
        audio = delta.get("audio")
        if audio:
            events.append(ContentDelta(read_audio(an_object(audio, "delta.audio")), index))
        notes = {}
        for key, value in delta.items():
            if key in _DELTA_KEYS or value is None:
                continue
            if isinstance(value, (dict, list)):
                events.append(ContentDelta(UnknownContent({"type": key, key: value}), index))
            else:
                notes[key] = value
        if notes:
            events.append(Unknown({"delta": notes}, index))


_PLAIN_DELTA_KEYS = _DELTA_KEYS - {"annotations", "audio"}


def _texts(pieces: Any, path: str) -> str:
    return "".join(
        a_string(piece.get("text"), f"{path}[].text") or a_string(piece.get("summary"), f"{path}[].summary")
        for piece in objects(pieces)
    )


def _tells_of_an_error(chunk: dict[str, Any]) -> bool:
    """As the flat errors do: https://inference-docs.cerebras.ai/support/error and FastAPI's `detail`."""
    return isinstance(chunk.get("message"), str) or isinstance(chunk.get("detail"), (str, list)) or "code" in chunk
