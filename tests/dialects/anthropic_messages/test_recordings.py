"""What Anthropic really sent: read at every cut, cut short anywhere, and sent back."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue import from_json, to_json
from duologue._dialects.anthropic_messages import encode
from duologue.errors import APIError, StreamTruncated
from duologue.models import ChatRequest, ChatResponse, Message
from tests.dialects.anthropic_messages.reading import ANTHROPIC, read, whole
from tests.dialects.anthropic_messages.saying import meaning, say
from tests.kit.recordings import Recording, cuts, differences, needs_shared, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dialects.reading import Reading

ALL = recordings("anthropic-messages")
STREAMED = [recording for recording in ALL if recording.about["framing"] == "sse" and recording.about["status"] == 200]
ANSWERS = [recording for recording in ALL if recording.expected["outcome"] == "done"]
WHOLE = [recording for recording in ANSWERS if recording.about["framing"] == "json"]

# Where we say something else than the recording's page, and why.
DISAGREE = {
    "hand-overloaded-mid-stream-a-630bc4": (
        "usage",
        "The page says that no counts came before the error, but the body's message_start has them.",
    ),
}

# Bodies up to this size are cut short at every byte, longer ones at a sample of places.
_EVERY_BYTE = 2000
_SAMPLE = 60


def each(found: list[Recording]) -> pytest.MarkDecorator:
    params = [pytest.param(recording, id=recording.name) for recording in found]
    return pytest.mark.parametrize("recording", params or [pytest.param(None, id="recordings", marks=needs_shared)])


def read_recording(recording: Recording, pieces: list[bytes]) -> Reading:
    about = recording.about
    return read(pieces, status=about["status"], headers=recording.headers, stream=bool(about["stream"]))


def test_there_are_as_many_as_there_should_be() -> None:
    assert {recording.about["wire"] for recording in ALL} <= {"anthropic-messages"}
    assert not ALL or (len(ALL), len(STREAMED), len(ANSWERS), len(WHOLE)) == (42, 32, 35, 4)


@each(ALL)
def test_every_cut(recording: Recording) -> None:
    field, _why = DISAGREE.get(recording.name, ("", ""))
    first = None
    for cut, pieces in cuts(recording.body):
        reading = read_recording(recording, pieces)
        found = differences(recording, reading.response, reading.error)
        assert [difference.split(":")[0] for difference in found] == [field] * bool(field), (cut, found)
        first = first or reading.events
        assert reading.events == first, cut
        assert reading.done.response == reading.response if reading.error is None else reading.error.partial


@each(ALL)
def test_json_round_trip(recording: Recording) -> None:
    response = read_recording(recording, [recording.body]).response
    assert from_json(ChatResponse, to_json(response)) == response


@each(STREAMED)
def test_no_false_end(recording: Recording) -> None:
    """However short the body was cut, the answer counts as whole only where Anthropic said so."""
    full = read_recording(recording, [recording.body])
    for place in places(recording.body):
        begun = recording.body[:place]
        reading = read_recording(recording, [begun])
        assert (reading.error is None) is has_end_marker(begun)
        if reading.error is not None:
            assert isinstance(reading.error, (StreamTruncated, APIError) if full.error else StreamTruncated)
            assert reading.error.partial is not None
            assert not reading.error.partial.complete
        assert full.message.text.startswith(reading.message.text)
        assert full.message.reasoning.startswith(reading.message.reasoning)


def places(body: bytes) -> Iterator[int]:
    draw = random.Random(len(body))
    found = set(range(len(body) + 1))
    if len(body) > _EVERY_BYTE:
        ends = [place + 1 for place, byte in enumerate(body) if byte == 10]
        found = {*draw.sample(ends, min(_SAMPLE // 4, len(ends))), *draw.sample(range(len(body)), _SAMPLE)}
        found |= {len(body), *ends[-8:], *range(len(body) - 30, len(body))}
    yield from sorted(found)


def has_end_marker(body: bytes) -> bool:
    for line in body.decode("utf-8", "replace").split("\n"):
        if line.startswith("data:"):
            try:
                found = json.loads(line.removeprefix("data:"))
            except ValueError:
                continue
            if found["type"] == "message_stop":
                return True
    return False


# -- the second turn ---------------------------------------------------------------------------------------------------


def sent_back(message: Message) -> list[dict[str, Any]]:
    """The blocks of an answer on its way back; the results of its calls come after it."""
    results = [Message.tool(call.id, {"ok": True}) for call in message.tool_calls]
    sent = encode(ChatRequest(["q", message, *results]), ANTHROPIC, model="m", stream=True).body["messages"]
    if not message.content and not message.tool_calls:
        assert [turn["role"] for turn in sent] == ["user"]
        return []
    assert [turn["role"] for turn in sent] == ["user", "assistant", "user"][: 3 if results else 2]
    if results:
        assert [(block["type"], block["tool_use_id"]) for block in sent[2]["content"]] == [
            ("tool_result", call.id) for call in message.tool_calls
        ]
    content = sent[1]["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


@each(WHOLE)
def test_a_whole_answer_goes_back_as_it_came(recording: Recording) -> None:
    message = read_recording(recording, [recording.body]).message
    assert sent_back(message) == json.loads(recording.body)["content"]


@each(ANSWERS)
def test_what_goes_back_is_the_same_answer(recording: Recording) -> None:
    """Read as a whole answer, what is sent back is the message that the stream built."""
    message = read_recording(recording, [recording.body]).message
    assert whole(*sent_back(message)).message == message


@each([recording for recording in STREAMED if recording in ANSWERS])
def test_every_opaque_thing_goes_back(recording: Recording) -> None:
    """Signatures, encrypted text, ids: whatever string was given whole on the wire."""
    sent = json.dumps(sent_back(read_recording(recording, [recording.body]).message))
    wanted = []
    for line in recording.body.decode().splitlines():
        if line.startswith("data:"):
            event = json.loads(line.removeprefix("data:"))
            if event["type"].startswith("content_block"):
                wanted += opaque(event)
    for text in wanted:
        assert json.dumps(text) in sent


def opaque(value: Any) -> list[str]:
    """The strings under a key that tells that they are opaque."""
    found = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(inner, str) and inner and key in OPAQUE:
            found.append(inner)
        found += opaque(inner)
    return found


OPAQUE = {"signature", "encrypted_content", "encrypted_index", "data", "id", "tool_use_id", "file_id", "tool_id"}


# -- requests as others sent them --------------------------------------------------------------------------------------


def complete(recording: Recording) -> bool:
    return bool(recording.about.get("request")) and not recording.about.get("request_shortened")


@each([recording for recording in ALL if complete(recording)])
def test_a_recorded_request_can_be_said(recording: Recording) -> None:
    """Said with our names where there are some, and else through `extra`, it is the request that was recorded."""
    sent = recording.about["request"]
    request, stream = say(sent)
    said = encode(request, ANTHROPIC, model=sent["model"], stream=stream).body
    assert meaning(said) == meaning(sent)
