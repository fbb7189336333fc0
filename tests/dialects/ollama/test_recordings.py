"""What real servers of Ollama's sent: read at every cut, cut short anywhere, and sent back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duologue
from duologue._dialects.ollama import encode
from duologue._json import dumps
from duologue._tables import PROVIDERS
from duologue.errors import APIError, StreamTruncated
from duologue.models import ChatRequest, ChatResponse, Message
from tests.dialects.openai_chat.test_recordings import each, places
from tests.dialects.reading import Reading, read
from tests.kit.recordings import Recording, cuts, differences, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = recordings("ollama")
READABLE = [recording for recording in ALL if recording.about["status"] == 200]
CALLING = [recording for recording in READABLE if recording.expected["tool_calls"]]


def read_recording(recording: Recording, pieces: list[bytes]) -> Reading:
    stream = bool(recording.about["stream"])
    return read(pieces, provider="ollama", status=recording.about["status"], headers=recording.headers, stream=stream)


def test_there_are_as_many_as_there_should_be() -> None:
    assert not ALL or (len(ALL), len(READABLE), len(CALLING)) == (26, 23, 5)


@each(ALL)
def test_every_cut(recording: Recording) -> None:
    first = None
    for cut, pieces in cuts(recording.body):
        reading = read_recording(recording, pieces)
        assert differences(recording, reading.response, reading.error) == [], cut
        first = first or reading.events
        assert reading.events == first, cut
        assert reading.done.response == reading.response if reading.error is None else reading.error.partial


@each(READABLE)
def test_no_false_end(recording: Recording) -> None:
    full = read_recording(recording, [recording.body])
    for place, _ in places(recording.body):
        begun = recording.body[:place]
        reading = read_recording(recording, [begun])
        ended = any(line.get("done") for line in lines(begun))
        if ended:
            assert reading.error is None
            assert reading.done.response.complete
        else:
            assert isinstance(reading.error, (StreamTruncated, APIError) if full.error else StreamTruncated)
            assert reading.error.partial is not None
            assert not reading.error.partial.complete
        assert full.message.text.startswith(reading.message.text)
        assert full.message.reasoning.startswith(reading.message.reasoning)


@each(READABLE)
def test_to_json_and_back(recording: Recording) -> None:
    response = read_recording(recording, [recording.body]).response
    assert duologue.from_json(ChatResponse, duologue.to_json(response)) == response


@each(READABLE)
def test_the_second_turn(recording: Recording) -> None:
    """What the server said goes back as it came, and a result with the name and the id of its call."""
    answer = read_recording(recording, [recording.body]).message
    results = [Message.tool(call.id, {"ok": True}) for call in answer.tool_calls]
    request = ChatRequest([Message.user("hi"), answer, *results, Message.user("go on")])
    body = encode(request, PROVIDERS["ollama"], model="m", stream=True).body
    _, back, *told, _ = body["messages"]
    said = [line.get("message", {}) for line in lines(recording.body)]
    assert back["content"] == "".join(message.get("content", "") for message in said)
    assert back.get("thinking", "") == "".join(message.get("thinking", "") for message in said)
    calls = [call for message in said for call in message.get("tool_calls", ())]
    assert back.get("tool_calls", []) == calls
    assert told == [
        {"role": "tool", "content": '{"ok": true}', "tool_name": call["function"]["name"], "tool_call_id": call["id"]}
        for call in calls
    ]
    assert json.loads(dumps(body)) == body


def lines(body: bytes) -> Iterator[dict[str, Any]]:
    for line in body.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
