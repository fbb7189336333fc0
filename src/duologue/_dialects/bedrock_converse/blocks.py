"""The blocks of an answer, from the pieces that they come in to events.

Text, thoughts and tool calls are given on as they come. What cannot be told from a piece alone waits for the end of its
block: a citation, since what it cites may follow it; and redacted thoughts, media and the work of server-side tools,
which have to go back whole.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from duologue._dialects.bedrock_converse.parts import given, read_citation, read_media
from duologue._dialects.bedrock_converse.places import Places
from duologue._dialects.shape import a_string, an_array, an_object, some_bytes
from duologue._json import loads
from duologue.errors import DecodeError
from duologue.events import ContentDelta, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta
from duologue.models import UnknownContent

if TYPE_CHECKING:
    from collections.abc import Callable

# What Claude's answers say of every call, and no request may repeat: the field knows server-side tools only.
_PLAIN_TOOL = "tool_use"
_SERVER_TOOL = "server_tool_use"
_CALL_KEYS = frozenset({"toolUseId", "name", "input"})
_REASONING_KEYS = frozenset({"text", "signature", "redactedContent"})


class Message:
    """What the blocks of one answer share."""

    __slots__ = ("places", "text")

    def __init__(self) -> None:
        self.places = Places()
        self.text = 0  # how much there is so far, in characters


class Block:
    """One block's state; `start` and `delta` take its pieces, `stop` gives what has waited."""

    def __init__(self, index: int, message: Message) -> None:
        self._index = index
        self._message = message
        self._call: int | None = None
        self._arguments = False
        self._call_id = ""
        self._text_span: tuple[int | None, int | None] = (None, None)
        self._signature = ""
        self._redacted: list[str] = []
        self._citations: list[dict[str, Any]] = []
        self._media: dict[str, list[dict[str, Any]]] = {}
        self._server_tool: dict[str, Any] | None = None
        self._server_input: list[Any] = []
        self._server_result: dict[str, Any] | None = None

    def start(self, start: dict[str, Any], events: list[StreamEvent]) -> None:
        """The block's head, where it has one."""
        self._take(_STARTS, start, events)

    def delta(self, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        """A piece of the block."""
        self._take(_DELTAS, delta, events)

    def stop(self, events: list[StreamEvent]) -> None:
        """The block is over, or another begins at its place."""
        if self._call is not None and not self._arguments:
            # A tool without arguments: what a whole answer says of it.
            events.append(ToolCallDelta(self._call, arguments="{}"))
            self._arguments = True
        self.flush(events)

    def flush(self, events: list[StreamEvent]) -> None:
        """Give what has waited, since nothing more of the block will come."""
        for kind, pieces in self._media.items():
            self._part(ContentDelta(read_media(kind, pieces), block=self._index), events)
        if self._redacted:
            self._give("redactedContent", {"reasoningContent": {"redactedContent": _joined(self._redacted)}}, events)
        if self._server_tool is not None:
            self._give(_SERVER_TOOL, {"toolUse": {**self._server_tool, "input": self._whole_input()}}, events)
        if self._server_result is not None:
            self._give("toolResult", {"toolResult": self._server_result}, events)
        for note in self._citations:
            self._part(ContentDelta(read_citation(note, *self._text_span), block=self._index), events)
        self._media, self._redacted, self._citations = {}, [], []
        self._server_tool = self._server_result = None
        self._server_input = []

    def unknown(self, kind: str, value: Any, events: list[StreamEvent]) -> None:
        """A block, or a piece of one, of a kind that is not known here."""
        self._give(kind, {kind: value}, events)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _take(
        self,
        takers: dict[str, Callable[[Block, Any, list[StreamEvent]], None]],
        said: dict[str, Any],
        events: list[StreamEvent],
    ) -> None:
        for kind, value in said.items():
            if kind in takers:
                takers[kind](self, value, events)
            elif value is not None:
                self.unknown(kind, value, events)

    def _give(self, kind: str, raw: dict[str, Any], events: list[StreamEvent]) -> None:
        self._part(ContentDelta(UnknownContent({"type": kind, **raw}), block=self._index), events)

    def _part(self, event: TextDelta | ReasoningDelta | ContentDelta, events: list[StreamEvent]) -> None:
        self._message.places.part(event)
        events.append(event)

    def _text(self, value: Any, events: list[StreamEvent]) -> None:
        text = a_string(value, "delta.text")
        if text:
            begin = self._text_span[0]
            begin = self._message.text if begin is None else begin
            self._message.text += len(text)
            self._text_span = (begin, self._message.text)
            self._part(TextDelta(text, block=self._index), events)

    def _reasoning(self, value: Any, events: list[StreamEvent]) -> None:
        piece = an_object(value, "delta.reasoningContent")
        text = a_string(piece.get("text"), "delta.reasoningContent.text")
        if text:
            self._part(ReasoningDelta(text, block=self._index), events)
        signature = a_string(piece.get("signature"), "delta.reasoningContent.signature")
        if signature:
            self._signature += signature
            self._part(ReasoningDelta("", signature=self._signature, block=self._index), events)
        redacted = a_string(piece.get("redactedContent"), "delta.reasoningContent.redactedContent")
        if redacted:
            self._redacted.append(redacted)
        rest = {key: value for key, value in given(piece).items() if key not in _REASONING_KEYS}
        if rest:
            self.unknown("reasoningContent", rest, events)

    def _tool_start(self, value: Any, events: list[StreamEvent]) -> None:
        head = an_object(value, "start.toolUse")
        call_id = a_string(head.get("toolUseId"), "start.toolUse.toolUseId")
        if call_id and call_id == self._call_id:
            return
        self.stop(events)
        self._call_id = call_id
        if head.get("type") == _SERVER_TOOL:
            self._server_tool = dict(head)
            return
        self._call, self._arguments = self._message.places.call(self._index), False
        events.append(
            ToolCallDelta(
                self._call,
                # A tool's result has to name the call, so one without an id gets one: the same at every replay.
                call_id or f"tooluse_{self._call}",
                a_string(head.get("name"), "start.toolUse.name"),
                generated_id=not call_id,
                extra=_rest_of_call(head),
            )
        )

    def _tool_input(self, value: Any, events: list[StreamEvent]) -> None:
        piece = given(an_object(value, "delta.toolUse"))
        arguments = piece.pop("input", None)
        if self._call is None and self._server_tool is None:  # the call's head is missing
            self._tool_start(piece, events)
            piece = {}
        if self._server_tool is not None:
            self._server_tool |= piece
            self._server_input += [] if arguments is None else [arguments]
            return
        arguments, rest = a_string(arguments, "delta.toolUse.input"), _rest_of_call(piece)
        if arguments or rest:
            self._arguments |= bool(arguments)
            events.append(ToolCallDelta(self._call or 0, arguments=arguments, extra=rest))

    def whole_tool(self, tool: Any, events: list[StreamEvent]) -> None:
        """A tool call in one piece, its arguments as JSON data."""
        head = an_object(tool, "toolUse")
        self._tool_start({key: value for key, value in head.items() if key != "input"}, events)
        arguments = head.get("input")
        if self._server_tool is None and arguments is not None:
            arguments = json.dumps(arguments, ensure_ascii=False)
        self._tool_input({"input": arguments}, events)

    def _whole_input(self) -> Any:
        """The arguments of a server-side tool: pieces of JSON text, or the data itself."""
        if not all(isinstance(piece, str) for piece in self._server_input):
            return self._server_input[-1]
        text = "".join(self._server_input)
        try:
            return loads(text) if text else {}
        except DecodeError:
            return text

    def _result_start(self, value: Any, events: list[StreamEvent]) -> None:
        self.stop(events)
        self._server_result = {**an_object(value, "start.toolResult"), "content": []}

    def _result(self, value: Any, _events: list[StreamEvent]) -> None:
        if self._server_result is None:
            self._server_result = {"content": []}
        self._server_result["content"] += an_array(value, "delta.toolResult")

    def _citation(self, value: Any, _events: list[StreamEvent]) -> None:
        self._citations.append(an_object(value, "delta.citation"))

    def _image(self, value: Any, _events: list[StreamEvent]) -> None:
        self._media.setdefault("image", []).append(an_object(value, "image"))

    def _audio(self, value: Any, _events: list[StreamEvent]) -> None:
        self._media.setdefault("audio", []).append(an_object(value, "audio"))


_STARTS: dict[str, Callable[[Block, Any, list[StreamEvent]], None]] = {
    "text": Block._text,
    "reasoningContent": Block._reasoning,
    "toolUse": Block._tool_start,
    "toolResult": Block._result_start,
    "image": Block._image,
    "audio": Block._audio,
}
_DELTAS: dict[str, Callable[[Block, Any, list[StreamEvent]], None]] = {
    "text": Block._text,
    "reasoningContent": Block._reasoning,
    "toolUse": Block._tool_input,
    "toolResult": Block._result,
    "citation": Block._citation,
    "image": Block._image,
    "audio": Block._audio,
}


def _rest_of_call(call: dict[str, Any]) -> dict[str, Any]:
    """What a call says besides its id, its name and its arguments."""
    found = {key: value for key, value in given(call).items() if key not in _CALL_KEYS}
    return {key: value for key, value in found.items() if (key, value) != ("type", _PLAIN_TOOL)}


def _joined(pieces: list[str]) -> str:
    """Base64 in pieces, each padded on its own, as one; a single piece as it came."""
    if len(pieces) == 1:
        return pieces[0]
    path = "delta.reasoningContent.redactedContent"
    return base64.b64encode(b"".join(some_bytes(piece, path) for piece in pieces)).decode()
