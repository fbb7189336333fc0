"""What Cohere sent: read at every cut, cut short anywhere, and sent back."""

from __future__ import annotations

import json
from typing import Any

import duologue
from duologue._dialects.cohere import encode
from duologue._json import dumps
from duologue._tables import PROVIDERS
from duologue.errors import APIError, StreamTruncated
from duologue.models import ChatRequest, ChatResponse, Message
from tests.dialects.openai_chat.test_recordings import each, payloads, places
from tests.dialects.reading import Reading, read
from tests.kit.recordings import Recording, cuts, differences, recordings

ALL = recordings("cohere")
READABLE = [recording for recording in ALL if recording.about["status"] == 200]
STREAMED = [recording for recording in READABLE if recording.about["framing"] == "sse"]
DONE = [recording for recording in READABLE if recording.expected["outcome"] == "done"]


def read_recording(recording: Recording, pieces: list[bytes]) -> Reading:
    stream = bool(recording.about["stream"])
    return read(pieces, provider="cohere", status=recording.about["status"], headers=recording.headers, stream=stream)


def test_there_are_as_many_as_there_should_be() -> None:
    assert not ALL or (len(ALL), len(READABLE), len(STREAMED), len(DONE)) == (22, 17, 13, 16)


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
        if reading.error is None:
            assert has_end(recording, begun)
            assert reading.done.response.complete
        else:
            assert isinstance(reading.error, (StreamTruncated, APIError) if full.error else StreamTruncated)
            assert full.error or not has_end(recording, begun)
            assert reading.error.partial is not None
            assert not reading.error.partial.complete
        assert full.message.text.startswith(reading.message.text)
        assert full.message.reasoning.startswith(reading.message.reasoning)


@each(READABLE)
def test_to_json_and_back(recording: Recording) -> None:
    response = read_recording(recording, [recording.body]).response
    assert duologue.from_json(ChatResponse, duologue.to_json(response)) == response


@each(DONE)
def test_the_second_turn(recording: Recording) -> None:
    """What Cohere said goes back as it came: thoughts, the plan, text, calls and citations."""
    answer = read_recording(recording, [recording.body]).message
    results = [Message.tool(call.id, {"ok": True}) for call in answer.tool_calls]
    request = ChatRequest([Message.user("hi"), answer, *results, Message.user("go on")])
    body = encode(request, PROVIDERS["cohere"], model="m", stream=True).body
    _, back, *told, _ = body["messages"]
    said = assembled(recording)
    assert back == {"role": "assistant", **{key: value for key, value in said.items() if value}}
    assert told == [
        {"role": "tool", "content": '{"ok": true}', "tool_call_id": call["id"]} for call in said.get("tool_calls", ())
    ]
    assert json.loads(dumps(body)) == body


def assembled(recording: Recording) -> dict[str, Any]:
    """The message of a recording, put together from its events without much ado."""
    if recording.about["framing"] != "sse":
        return dict(json.loads(recording.body)["message"])
    message: dict[str, Any] = {}
    for event in events(recording.body):
        piece = (event.get("delta") or {}).get("message") or {}
        match event["type"]:
            case "message-start":
                message = piece
            case "content-start":
                message["content"].append(piece["content"])
            case "content-delta":
                for key, text in piece["content"].items():
                    message["content"][-1][key] += text  # an index may come twice, but one block follows another
            case "tool-plan-delta":
                message["tool_plan"] += piece["tool_plan"]
            case "tool-call-start":
                message["tool_calls"].append(piece["tool_calls"])
            case "tool-call-delta":
                call = message["tool_calls"][event["index"]]
                call["function"]["arguments"] += piece["tool_calls"]["function"]["arguments"]
            case "citation-start":
                message["citations"].append(piece["citations"])
    return message


def events(body: bytes) -> list[dict[str, Any]]:
    found = []
    for payload in payloads(body):
        try:
            found.append(json.loads(payload))
        except ValueError:
            continue
    return found


def has_end(recording: Recording, begun: bytes) -> bool:
    if recording.about["framing"] == "sse":
        return any(event["type"] == "message-end" for event in events(begun))
    return begun == recording.body
