"""Responses, from frames to events.

https://platform.openai.com/docs/api-reference/responses-streaming and what other servers make of it. A whole answer is
what the last event of a stream carries, so the same road takes both: what its items say that was not given yet is given
then. The kind of an event is its JSON's `type`, since some servers leave out the `event:` lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.noise import DIGITS, LETTERS, Noise
from duologue._dialects.openai_responses.calls import CALLS, Calls, rest_of_arguments
from duologue._dialects.openai_responses.errors import error_event, named_error, no_answer
from duologue._dialects.openai_responses.items import CONTENT, SUMMARY, Item, Items, Part
from duologue._dialects.openai_responses.parts import read_citation, read_finish, read_image, read_usage
from duologue._dialects.shape import a_string, an_array, an_index, an_object, kind_of, string_or_none
from duologue._json import loads
from duologue.errors import DecodeError
from duologue.events import (
    ContentDelta,
    ReasoningDelta,
    RefusalDelta,
    Start,
    StreamEvent,
    TextDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import UnknownContent

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._frames.sse import ServerSentEvent
    from duologue.events import ToolCallDelta
    from duologue.models import FinishReason, Provider

    Text = type[TextDelta | ReasoningDelta | RefusalDelta]

_EMPTY = frozenset({"", "[DONE]"})  # a ping without data; OpenRouter's last line: the end is said before it
_UNDER_WAY = frozenset({"queued", "in_progress"})
_RESPONSE_KEYS = frozenset({"id", "object", "model", "output", "usage", "status", "error"})
# `obfuscation` is padding against traffic analysis.
_ERRORS = frozenset({"error", "response.error"})
_ITEM_KEYS = frozenset({"item", "item_id", "output_index"})
_EVENT_KEYS = frozenset(
    {
        "annotation",
        "annotation_index",
        "arguments",
        "content_index",
        "delta",
        "input",
        "item",
        "item_id",
        "logprobs",
        "name",
        "obfuscation",
        "output_index",
        "part",
        "refusal",
        "response",
        "response_id",
        "sequence_number",
        "summary_index",
        "text",
        "type",
    }
)
# Of the parts of items: where the text is, and what it becomes.
_TEXTS: dict[str, tuple[str, Text]] = {
    "output_text": ("text", TextDelta),
    "refusal": ("refusal", RefusalDelta),
    "reasoning_text": ("text", ReasoningDelta),
    "summary_text": ("text", ReasoningDelta),
}
# Those that a message keeps as parts of its own, and what these have room for.
_ANSWERS = frozenset({"output_text", "refusal"})
_PART_KEYS = frozenset({"type", "text", "refusal", "annotations", "logprobs"})
# Each event has its number, and padding against traffic analysis.
_NOISE = (Noise(b'"sequence_number":', DIGITS, number=True), Noise(b'"obfuscation":"', LETTERS))


class Decoder:
    """One answer's state."""

    NOISE = _NOISE

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.pending = False  # a reply that says no more than that the answer is being made
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        self._started = False
        self._names: dict[str, str | None] = {"id": None, "model": None}
        self._usage: Any = None
        self._extra: dict[str, Any] = {}
        self._items = Items()
        self._calls = Calls()
        # What the last event was a piece of, a text or the arguments of a call.
        self._told: Part | None = None
        self._call_told: Item | None = None

    def feed(self, frame: ServerSentEvent, events: list[StreamEvent]) -> None:
        """Decode one server-sent event; see `duologue._dialects.Decoder`."""
        self._told = self._call_told = None
        if frame.data.strip() in _EMPTY:
            return
        if frame.event == "error":
            raise named_error(frame.data)
        event = loads(frame.data)
        if not isinstance(event, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(event)}")
        if not isinstance(event.get("type"), str):
            if frame.event == "message":
                raise no_answer(event)
            event["type"] = frame.event
        self._event(event["type"], event, events)

    @property
    def repeatable(self) -> bool:
        """Whether the last event was a piece of text or arguments; see `duologue._dialects.Decoder`. What a whole one
        gives depends on what was said before."""
        return self._told is not None or self._call_told is not None

    def take_text(self, event: StreamEvent) -> None:
        """A piece of text was read without this decoder; see `duologue._dialects.Decoder`."""
        assert self._told is not None
        self._told.said.add(event.text)

    def take_arguments(self, event: ToolCallDelta) -> None:
        """A piece of a call's arguments was read without this decoder, as above."""
        assert self._call_told is not None
        self._call_told.said.add(event.arguments)

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed; see `duologue._dialects.Decoder`."""
        response = loads(body)
        if not isinstance(response, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(response)}")
        if "output" not in response and response.get("object") != "response":
            raise no_answer(response)
        status = string_or_none(response.get("status")) or "completed"
        self.pending = status in _UNDER_WAY
        self._end(response, status, events)

    def _event(self, kind: str, event: dict[str, Any], events: list[StreamEvent]) -> None:
        take = _EVENTS.get(kind)
        if kind in _ERRORS or (event.get("error") and not event.keys() & _ITEM_KEYS):
            raise error_event(event)
        if take is None and kind not in _SILENT:
            events.append(Unknown(event))
            return
        if not event.keys() <= _EVENT_KEYS:
            self._note(event, events)
        if take is not None:
            take(self, event, events)

    # -- the answer ----------------------------------------------------------------------------------------------------

    def _head(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        response = an_object(event.get("response"), "response")
        self._response(response, events)
        self._usage_of(response, events)

    def _last(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        response = an_object(event.get("response"), "response")
        status = string_or_none(response.get("status"))
        if status is None or status in _UNDER_WAY:
            status = event["type"].rpartition(".")[2].replace("done", "completed")
        self._end(response, status, events)

    def _response(self, response: dict[str, Any], events: list[StreamEvent]) -> None:
        """What stands beside the items: who answers, settings as the provider took them, times, filter results."""
        news = self._news(response, _RESPONSE_KEYS)
        names = {key: a_string(response.get(key), f"response.{key}") or None for key in ("id", "model")}
        if not self._started:
            self._started = True
            events.append(Start(names["id"], names["model"], self._provider, news))
        else:
            news |= {key: name for key, name in names.items() if name and self._names[key] is None}
            if news:
                events.append(Unknown(news))
        self._names = {key: self._names[key] or name for key, name in names.items()}

    def _usage_of(self, response: dict[str, Any], events: list[StreamEvent]) -> None:
        usage = response.get("usage")
        if usage and usage != self._usage:
            self._usage = usage
            events.append(UsageUpdate(read_usage(an_object(usage, "response.usage"))))

    def _end(self, response: dict[str, Any], status: str, events: list[StreamEvent]) -> None:
        """The answer as a whole. One that runs in the background is whole as a reply, whatever its status: to ask again
        would be to begin another one."""
        self._response(response, events)
        output = an_array(response.get("output"), "response.output")
        raws = [an_object(raw, f"response.output[{place}]") for place, raw in enumerate(output)]
        for item, raw in zip(self._items.final(raws), raws, strict=True):
            self._item(item, raw, events)
        self._usage_of(response, events)
        if response.get("error") or status == "failed":
            raise error_event(response)
        self.finish[0] = read_finish(status, response.get("incomplete_details"))
        self.ended = True

    def _note(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        """What an event says beside what is known of it: the same in every event, as a rule."""
        news = self._news(event, _EVENT_KEYS)
        if news:
            events.append(Unknown(news))

    def _news(self, said: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
        news = {
            key: value
            for key, value in said.items()
            if key not in known and value is not None and self._extra.get(key) != value
        }
        self._extra.update(news)
        return news

    # -- items ---------------------------------------------------------------------------------------------------------

    def _added(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        raw = an_object(event.get("item"), "item")
        item = self._items.added(event, raw)
        if item.kind in CALLS and not item.done:
            # The arguments that it may have already come again as pieces.
            self._calls.tell(item, raw, "", self._names["id"], events)

    def _ended(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        raw = an_object(event.get("item"), "item")
        self._item(self._items.ended(event, raw), raw, events)

    def _item(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        """An item at its end; where it was told before, only what its texts have now and had not then."""
        if item.kind and raw.get("type") is None:
            raw = {**raw, "type": item.kind}
        _WHOLE.get(item.kind, Decoder._other)(self, item, raw, events)
        item.done = True

    def _other(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        """The work of a tool on the provider's side, and whatever is not known here."""
        if not item.done:
            events.append(ContentDelta(UnknownContent(raw), block=item.last_block))

    def _message(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        place, rest = 0, []
        for part in an_array(raw.get("content"), "item.content"):
            kind = string_or_none(an_object(part, "item.content[]").get("type"))
            if kind in _TEXTS:
                self._rest(item.nth(CONTENT, place), part, events)
                place += 1
            if kind not in _ANSWERS or not part.get(_TEXTS[kind][0]):
                rest.append(part)  # no part of a message stands for it
            elif not item.done:
                self._part_news(part, events)
        shell = {key: value for key, value in raw.items() if key != "content"}
        self._other(item, shell | {"content": rest} if rest else shell, events)

    def _part_news(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        news = {key: value for key, value in part.items() if key not in _PART_KEYS and value is not None}
        if news:
            events.append(Unknown(news, 0))

    def _reasoning(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        for section in (SUMMARY, CONTENT):
            for place, part in enumerate(an_array(raw.get(section), f"item.{section}")):
                if string_or_none(an_object(part, f"item.{section}[]").get("type")) in _TEXTS:
                    self._rest(item.nth(section, place), part, events)
        self._other(item, raw, events)

    def _image(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        image = read_image(raw)
        if image is not None and not item.done:
            events.append(ContentDelta(image, block=item.last_block))
            raw = {key: value for key, value in raw.items() if key != "result"}
        self._other(item, raw, events)

    # -- texts ---------------------------------------------------------------------------------------------------------

    def _part_added(self, event: dict[str, Any], _events: list[StreamEvent]) -> None:
        self._part(event)

    def _part_done(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        part = self._part(event)
        if part is not None:
            self._rest(part, event["part"], events)

    def _part(self, event: dict[str, Any]) -> Part | None:
        """The part that an event about a whole one is about; None where it has no text, or is left out."""
        kind = None if event.get("part") is None else string_or_none(an_object(event["part"], "part").get("type"))
        if kind not in _TEXTS:
            return None
        section, key = (SUMMARY, "summary_index") if kind == "summary_text" else (CONTENT, "content_index")
        item = self._items.about(event, "reasoning" if _TEXTS[kind][1] is ReasoningDelta else "message")
        return item.part(section, an_index(event.get(key)) or 0)

    def _rest(self, part: Part, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        """What a whole part says that its pieces did not; some servers give no pieces."""
        key, text_event = _TEXTS[raw["type"]]
        self._text_rest(part, a_string(raw.get(key), f"item.content[].{key}"), text_event, events)
        for note in an_array(raw.get("annotations"), "item.content[].annotations")[part.notes :]:
            self._citation(part, note, events)
        self._logprobs(part, an_array(raw.get("logprobs"), "item.content[].logprobs")[part.logprobs :], events)

    def _text_rest(self, part: Part, text: str, text_event: Text, events: list[StreamEvent]) -> None:
        rest = part.said.rest(text)
        if rest:
            part.said.add(rest)
            events.append(text_event(rest, block=part.block))

    def _delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        part, text_event, _ = self._about(event)
        self._told = part
        text = a_string(event.get("delta"), "delta")
        if text:
            part.said.add(text)
            events.append(text_event(text, block=part.block))
        self._logprobs(part, an_array(event.get("logprobs"), "logprobs"), events)

    def _text_done(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        part, text_event, field = self._about(event)
        self._text_rest(part, a_string(event.get(field), field), text_event, events)
        self._logprobs(part, an_array(event.get("logprobs"), "logprobs")[part.logprobs :], events)

    def _about(self, event: dict[str, Any]) -> tuple[Part, Text, str]:
        """The part that an event with a text is about, what the text becomes, and where it is when whole."""
        kind, section, key, text_event, field = _PIECES[event["type"].rpartition(".")[0]]
        return self._items.about(event, kind).part(section, an_index(event.get(key)) or 0), text_event, field

    def _logprobs(self, part: Part, tokens: list[Any], events: list[StreamEvent]) -> None:
        if tokens:
            part.logprobs += len(tokens)
            events.append(Unknown({"logprobs": {"content": tokens}}, 0))

    def _annotation(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        part = self._items.about(event, "message").part(CONTENT, an_index(event.get("content_index")) or 0)
        if event.get("annotation") is not None:
            self._citation(part, event["annotation"], events)

    def _citation(self, part: Part, note: Any, events: list[StreamEvent]) -> None:
        part.notes += 1
        events.append(ContentDelta(read_citation(an_object(note, "annotation")), block=part.block))

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _arguments_delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        item = self._call_told = self._call_of(event)
        self._piece(item, event, a_string(event.get("delta"), "delta"), events)

    def _arguments_done(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        item = self._call_of(event)
        self._piece(item, event, rest_of_arguments(item, event) if item.kind in CALLS else "", events)

    def _piece(self, item: Item, event: dict[str, Any], piece: str, events: list[StreamEvent]) -> None:
        if item.kind in CALLS:
            self._calls.tell(item, {}, piece, self._names["id"], events)
        else:
            events.append(Unknown(event))  # the arguments of a call that is none of the caller's

    def _call_of(self, event: dict[str, Any]) -> Item:
        kinds = sorted(CALLS, reverse="function" in event["type"])
        return self._items.about(event, *kinds)

    def _call(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        self._calls.tell(item, {} if item.done else raw, rest_of_arguments(item, raw), self._names["id"], events)


_WHOLE: dict[str, Callable[[Decoder, Item, dict[str, Any], list[StreamEvent]], None]] = {
    "message": Decoder._message,
    "reasoning": Decoder._reasoning,
    "function_call": Decoder._call,
    "custom_tool_call": Decoder._call,
    "image_generation_call": Decoder._image,
}
# Of the events with texts: which kind of item and which of its parts they are about, what the text becomes, and the
# field that has the whole text at its end.
_PIECES: dict[str, tuple[str, str, str, Text, str]] = {
    "response.output_text": ("message", CONTENT, "content_index", TextDelta, "text"),
    "response.refusal": ("message", CONTENT, "content_index", RefusalDelta, "refusal"),
    "response.reasoning_text": ("reasoning", CONTENT, "content_index", ReasoningDelta, "text"),
    "response.reasoning_summary_text": ("reasoning", SUMMARY, "summary_index", ReasoningDelta, "text"),
    # The same under the names that https://www.openresponses.org and OpenAI's first versions have for them.
    "response.reasoning": ("reasoning", CONTENT, "content_index", ReasoningDelta, "text"),
    "response.reasoning_summary": ("reasoning", SUMMARY, "summary_index", ReasoningDelta, "text"),
}
_EVENTS: dict[str, Callable[[Decoder, dict[str, Any], list[StreamEvent]], None]] = {
    "response.created": Decoder._head,
    "response.queued": Decoder._head,
    "response.in_progress": Decoder._head,
    "response.completed": Decoder._last,
    "response.incomplete": Decoder._last,
    "response.failed": Decoder._last,
    "response.cancelled": Decoder._last,
    "response.done": Decoder._last,  # the backend of Codex
    "response.output_item.added": Decoder._added,
    "response.output_item.done": Decoder._ended,
    "response.content_part.added": Decoder._part_added,
    "response.content_part.done": Decoder._part_done,
    "response.reasoning_part.added": Decoder._part_added,  # Bedrock Mantle and vLLM
    "response.reasoning_part.done": Decoder._part_done,
    "response.reasoning_summary_part.added": Decoder._part_added,
    "response.reasoning_summary_part.done": Decoder._part_done,
    "response.output_text.annotation.added": Decoder._annotation,
    "response.function_call_arguments.delta": Decoder._arguments_delta,
    "response.function_call_arguments.done": Decoder._arguments_done,
    "response.custom_tool_call_input.delta": Decoder._arguments_delta,
    "response.custom_tool_call_input.done": Decoder._arguments_done,
    **{f"{name}.delta": Decoder._delta for name in _PIECES},
    **{f"{name}.done": Decoder._text_done for name in _PIECES},
}
# What says nothing new.
_SILENT = frozenset({"keepalive", "ping"})
