"""What servers really sent: read at every cut, cut short anywhere, taken whole, and sent back."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue import from_json, to_json
from duologue._dialects.openai_responses import encode
from duologue.errors import APIError, StreamTruncated
from duologue.models import ChatRequest, ChatResponse, Message
from tests.dialects.openai_responses.reading import PROVIDER, read
from tests.dialects.reading import JSON, Reading, dumped
from tests.kit.recordings import Recording, cuts, differences, needs_shared, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = recordings("openai-responses")
STREAMED = [recording for recording in ALL if recording.about["framing"] == "sse" and recording.about["status"] == 200]
ANSWERS = [recording for recording in ALL if recording.expected["outcome"] == "done"]
STREAMED_ANSWERS = [recording for recording in STREAMED if recording in ANSWERS]

# Where the last event of a stream differs from what the stream said before, and in what.
DISAGREE = {
    # OpenAI encrypts anew, and both are good: the one to keep is that of `response.output_item.done`.
    "genai-openairesponses-gpt-5.6-sol-thinking-genstream-tools-squareroot-2-0-38a61d": "encrypted_content",
    # OpenRouter makes its ids up as it goes.
    "pydai-openai-responses-openai-responses-raw-cot-stream-openrouter-0-35bbea": "id",
}
_OUTPUTS = {"function": "function_call_output", "custom": "custom_tool_call_output"}
# Bodies up to this size are cut short at every byte, longer ones at a sample of places.
_EVERY_BYTE = 2000
_SAMPLE = 60


def each(found: list[Recording]) -> pytest.MarkDecorator:
    params = [pytest.param(recording, id=recording.name) for recording in found]
    return pytest.mark.parametrize("recording", params or [pytest.param(None, id="recordings", marks=needs_shared)])


def read_recording(recording: Recording, pieces: list[bytes], **options: Any) -> Reading:
    about = recording.about
    return read(pieces, status=about["status"], headers=recording.headers, stream=bool(about["stream"]), **options)


def payloads(body: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data:").strip() for line in body.decode("utf-8", "replace").splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def without(field: str | None, value: Any) -> Any:
    """JSON data without a field, wherever it is."""
    if isinstance(value, dict):
        return {key: without(field, item) for key, item in value.items() if key != field}
    return [without(field, item) for item in value] if isinstance(value, list) else value


def test_there_are_as_many_as_there_should_be() -> None:
    assert {recording.about["wire"] for recording in ALL} <= {"openai-responses"}
    assert not ALL or (len(ALL), len(STREAMED), len(ANSWERS)) == (41, 34, 36)


@each(ALL)
def test_every_cut(recording: Recording) -> None:
    first = None
    for cut, pieces in cuts(recording.body):
        reading = read_recording(recording, pieces)
        assert differences(recording, reading.response, reading.error) == [], cut
        first = first or reading.events
        assert reading.events == first, cut
        assert reading.done.response == reading.response if reading.error is None else reading.error.partial


@each(ALL)
def test_json_round_trip(recording: Recording) -> None:
    found = read_recording(recording, [recording.body]).response
    assert from_json(ChatResponse, to_json(found)) == found


@each(STREAMED)
def test_no_false_end(recording: Recording) -> None:
    """However short the body was cut, the answer counts as whole only where the server said so."""
    full = read_recording(recording, [recording.body])
    for place, known in places(recording.body):
        begun = recording.body[:place]
        reading = read_recording(recording, [begun], known=known)
        if reading.error is None:
            assert b"response.completed" in begun or b"response.incomplete" in begun
            assert reading.response == full.response
            assert not reading.response.terminator_missing
        else:
            assert isinstance(reading.error, (StreamTruncated, APIError) if full.error else StreamTruncated)
            assert reading.error.partial is not None
            assert not reading.error.partial.complete
        assert full.message.text.startswith(reading.message.text)
        assert full.message.reasoning.startswith(reading.message.reasoning)


def places(body: bytes) -> Iterator[tuple[int, bool]]:
    draw = random.Random(len(body))
    found = set(range(len(body) + 1))
    if len(body) > _EVERY_BYTE:
        ends = [place + 1 for place, byte in enumerate(body) if byte == 10]
        found = {*draw.sample(ends, min(_SAMPLE // 4, len(ends))), *draw.sample(range(len(body)), _SAMPLE)}
        found |= {len(body), *ends[-8:], *range(len(body) - 20, len(body))}
    for place in sorted(found):
        yield place, bool(draw.randrange(2))


@each(STREAMED_ANSWERS)
def test_a_stream_says_what_the_whole_answer_says(recording: Recording) -> None:
    """Its last event has the whole answer."""
    answer = payloads(recording.body)[-1]["response"]
    streamed = read_recording(recording, [recording.body]).response
    taken = read([dumped(answer)], headers=JSON, stream=False).response
    field = DISAGREE.get(recording.name)
    assert without(field, json.loads(to_json(taken.message))) == without(field, json.loads(to_json(streamed.message)))
    assert (taken.usage, taken.finish_reason, taken.extra) == (streamed.usage, streamed.finish_reason, streamed.extra)
    # The deltas have log probabilities with all their digits, the whole answer has them rounded.
    assert taken.choices[0].extra.keys() == streamed.choices[0].extra.keys()


@each(ANSWERS)
def test_an_answer_goes_back_as_the_items_that_it_came_as(recording: Recording) -> None:
    message = read_recording(recording, [recording.body]).message
    message = from_json(Message, to_json(message))
    results = [Message.tool(call.id, "42") for call in message.tool_calls]
    body = encode(ChatRequest(["hi", message, *results, "go on"]), PROVIDER, model="m", stream=False).body
    given = given_items(recording)
    assert without("logprobs", body["input"][1 : 1 + len(given)]) == without("logprobs", given)
    assert body["input"][1 + len(given) : -1] == [
        {"type": _OUTPUTS[call.type], "call_id": call.id, "output": "42"} for call in message.tool_calls
    ]


def given_items(recording: Recording) -> list[dict[str, Any]]:
    """The items as the server gave them at their ends."""
    if recording.about["framing"] == "json":
        items = json.loads(recording.body)["output"]
    else:
        ends = [found for found in payloads(recording.body) if found["type"] == "response.output_item.done"]
        items = [found["item"] for found in sorted(ends, key=lambda found: int(found["output_index"]))]
    return list(items)
