"""Responses, from frames to events.

https://platform.openai.com/docs/api-reference/responses-streaming and what other servers make of it. A whole answer is
what the last event of a stream carries, so the same road takes both: what its items say that was not given yet is given
then. The kind of an event is its JSON's `type`, since some servers leave out the `event:` lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.api_errors import api_error
from duologue._dialects.openai_responses.calls import CALLS, Calls, rest_of_arguments
from duologue._dialects.openai_responses.errors import named_error, no_answer
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
    from duologue.models import FinishReason, Provider

    Text = type[TextDelta | ReasoningDelta | RefusalDelta]

_DONE = "[DONE]"  # OpenRouter's last line; the end is said before it
_UNDER_WAY = frozenset({"queued", "in_progress"})
_RESPONSE_KEYS = frozenset({"id", "object", "model", "output", "usage", "status", "error"})
# `obfuscation` is padding against traffic analysis.
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


class Decoder:
    """One answer's state."""

    def __init__(self, provider: Provider) -> None:
        self.ended = False
        self.finish: dict[int, tuple[FinishReason, str]] = {}
        self._provider = provider.name
        self._started = False
        self._response_id: str | None = None
        self._extra: dict[str, Any] = {}
        self._items = Items()
        self._calls = Calls()

    def feed(self, frame: ServerSentEvent, events: list[StreamEvent]) -> None:
        """Decode one server-sent event; see `duologue._dialects.Decoder`."""
        if frame.data.strip() == _DONE:
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

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed; see `duologue._dialects.Decoder`."""
        response = loads(body)
        if not isinstance(response, dict):
            raise DecodeError(f"expected a JSON object, got {kind_of(response)}")
        if "output" not in response and response.get("object") != "response":
            raise no_answer(response)
        self._end(response, string_or_none(response.get("status")) or "completed", events)

    def _event(self, kind: str, event: dict[str, Any], events: list[StreamEvent]) -> None:
        take = _EVENTS.get(kind)
        if kind == "error":
            raise no_answer(event)
        if take is None and kind not in _SILENT:
            events.append(Unknown(event))
            return
        if not event.keys() <= _EVENT_KEYS:
            self._note(event, events)
        if take is not None:
            take(self, event, events)

    # -- the answer ----------------------------------------------------------------------------------------------------

    def _head(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        self._response(an_object(event.get("response"), "response"), events)

    def _last(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        response = an_object(event.get("response"), "response")
        status = string_or_none(response.get("status"))
        if status is None or status in _UNDER_WAY:
            status = event["type"].rpartition(".")[2]
        self._end(response, status, events)

    def _response(self, response: dict[str, Any], events: list[StreamEvent]) -> None:
        """What stands beside the items: settings as the provider took them, times, filter results."""
        news = self._news(response, _RESPONSE_KEYS)
        if not self._started:
            self._started = True
            self._response_id = a_string(response.get("id"), "response.id") or None
            model = a_string(response.get("model"), "response.model") or None
            events.append(Start(self._response_id, model, self._provider, news))
        elif news:
            events.append(Unknown(news))

    def _end(self, response: dict[str, Any], status: str, events: list[StreamEvent]) -> None:
        """The answer as a whole, and whether it is one: one that runs in the background may not be at its end."""
        self._response(response, events)
        for place, raw in enumerate(an_array(response.get("output"), "response.output")):
            item = an_object(raw, f"response.output[{place}]")
            self._item(self._items.final(place, item), item, events)
        if response.get("usage"):
            events.append(UsageUpdate(read_usage(an_object(response["usage"], "response.usage"))))
        if response.get("error") or status == "failed":
            raise api_error(response)
        if status not in _UNDER_WAY:
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
            self._calls.tell(item, raw, "", self._response_id, events)

    def _ended(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        raw = an_object(event.get("item"), "item")
        self._item(self._items.ended(event, raw), raw, events)

    def _item(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        """An item at its end."""
        if not item.done:
            item.done = True
            _WHOLE.get(item.kind, Decoder._other)(self, item, raw, events)

    def _other(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        """The work of a tool on the provider's side, and whatever is not known here."""
        events.append(ContentDelta(UnknownContent(raw), block=item.last_block))

    def _message(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        place, rest = 0, []
        for part in an_array(raw.get("content"), "item.content"):
            kind = string_or_none(an_object(part, "item.content[]").get("type"))
            if kind in _TEXTS:
                self._rest(item.nth(CONTENT, place), part, events)
                place += 1
            if kind not in _TEXTS or not part.get(_TEXTS[kind][0]):
                rest.append(part)  # no part of a message stands for it
        shell = {key: value for key, value in raw.items() if key != "content"}
        self._other(item, shell | {"content": rest} if rest else shell, events)

    def _reasoning(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        for section in (SUMMARY, CONTENT):
            for place, part in enumerate(an_array(raw.get(section), f"item.{section}")):
                if string_or_none(an_object(part, f"item.{section}[]").get("type")) in _TEXTS:
                    self._rest(item.nth(section, place), part, events)
        self._other(item, raw, events)

    def _image(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        image = read_image(raw)
        if image is not None:
            events.append(ContentDelta(image, block=item.last_block))
            raw = {key: value for key, value in raw.items() if key != "result"}
        self._other(item, raw, events)

    # -- texts ---------------------------------------------------------------------------------------------------------

    def _part_added(self, event: dict[str, Any], _events: list[StreamEvent]) -> None:
        if string_or_none(an_object(event.get("part"), "part").get("type")) in _TEXTS:
            self._items.about(event).part(CONTENT, an_index(event.get("content_index")) or 0)

    def _rest(self, part: Part, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        """What a whole part says that its pieces did not; some servers give no pieces."""
        key, text_event = _TEXTS[raw["type"]]
        self._text_rest(part, a_string(raw.get(key), f"item.content[].{key}"), text_event, events)
        for note in an_array(raw.get("annotations"), "item.content[].annotations")[part.notes :]:
            self._citation(part, note, events)
        self._logprobs(part, an_array(raw.get("logprobs"), "item.content[].logprobs")[part.logprobs :], events)

    def _text_rest(self, part: Part, text: str, text_event: Text, events: list[StreamEvent]) -> None:
        if len(text) > part.length:
            events.append(text_event(text[part.length :], block=part.block))
            part.length = len(text)

    def _delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        section, key, text_event, _ = _PIECES[event["type"].rpartition(".")[0]]
        part = self._items.about(event).part(section, an_index(event.get(key)) or 0)
        text = a_string(event.get("delta"), "delta")
        if text:
            part.length += len(text)
            events.append(text_event(text, block=part.block))
        if event.get("logprobs"):
            self._logprobs(part, an_array(event["logprobs"], "logprobs"), events)

    def _text_done(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        section, key, text_event, field = _PIECES[event["type"].rpartition(".")[0]]
        part = self._items.about(event).part(section, an_index(event.get(key)) or 0)
        self._text_rest(part, a_string(event.get(field), field), text_event, events)

    def _logprobs(self, part: Part, tokens: list[Any], events: list[StreamEvent]) -> None:
        if tokens:
            part.logprobs += len(tokens)
            events.append(Unknown({"logprobs": {"content": tokens}}, 0))

    def _annotation(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        part = self._items.about(event).part(CONTENT, an_index(event.get("content_index")) or 0)
        self._citation(part, event.get("annotation"), events)

    def _citation(self, part: Part, note: Any, events: list[StreamEvent]) -> None:
        part.notes += 1
        events.append(ContentDelta(read_citation(an_object(note, "annotation")), block=part.block))

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _arguments_delta(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        piece = a_string(event.get("delta"), "delta")
        self._calls.tell(self._call_of(event), {}, piece, self._response_id, events)

    def _arguments_done(self, event: dict[str, Any], events: list[StreamEvent]) -> None:
        item = self._call_of(event)
        self._calls.tell(item, {}, rest_of_arguments(item, event), self._response_id, events)

    def _call(self, item: Item, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        self._calls.tell(item, raw, rest_of_arguments(item, raw), self._response_id, events)

    def _call_of(self, event: dict[str, Any]) -> Item:
        item = self._items.about(event)
        if item.kind not in CALLS:  # its beginning was left out
            item.kind = "custom_tool_call" if "custom" in event["type"] else "function_call"
        return item


_WHOLE: dict[str, Callable[[Decoder, Item, dict[str, Any], list[StreamEvent]], None]] = {
    "message": Decoder._message,
    "reasoning": Decoder._reasoning,
    "function_call": Decoder._call,
    "custom_tool_call": Decoder._call,
    "image_generation_call": Decoder._image,
}
# Of the events with texts: which of an item's parts they are about, what the text becomes, and where it is when whole.
_PIECES: dict[str, tuple[str, str, Text, str]] = {
    "response.output_text": (CONTENT, "content_index", TextDelta, "text"),
    "response.refusal": (CONTENT, "content_index", RefusalDelta, "refusal"),
    "response.reasoning_text": (CONTENT, "content_index", ReasoningDelta, "text"),
    "response.reasoning_summary_text": (SUMMARY, "summary_index", ReasoningDelta, "text"),
}
_EVENTS: dict[str, Callable[[Decoder, dict[str, Any], list[StreamEvent]], None]] = {
    "response.created": Decoder._head,
    "response.queued": Decoder._head,
    "response.in_progress": Decoder._head,
    "response.completed": Decoder._last,
    "response.incomplete": Decoder._last,
    "response.failed": Decoder._last,
    "response.cancelled": Decoder._last,
    "response.output_item.added": Decoder._added,
    "response.output_item.done": Decoder._ended,
    "response.content_part.added": Decoder._part_added,
    "response.reasoning_part.added": Decoder._part_added,  # Bedrock Mantle and vLLM
    "response.output_text.annotation.added": Decoder._annotation,
    "response.function_call_arguments.delta": Decoder._arguments_delta,
    "response.function_call_arguments.done": Decoder._arguments_done,
    "response.custom_tool_call_input.delta": Decoder._arguments_delta,
    "response.custom_tool_call_input.done": Decoder._arguments_done,
    **{f"{name}.delta": Decoder._delta for name in _PIECES},
    **{f"{name}.done": Decoder._text_done for name in _PIECES},
}
# What says nothing new.
_SILENT = frozenset(
    {
        "keepalive",
        "ping",
        "response.content_part.done",
        "response.reasoning_part.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
    }
)
