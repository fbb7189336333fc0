"""What Gemini and Vertex AI really sent: read at every cut, cut short anywhere, kept as JSON, and sent back."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue import from_json, to_json
from duologue._dialects.gemini.encode import encode
from duologue._json import dumps
from duologue.errors import APIError, StreamTruncated
from duologue.models import ChatRequest, ChatResponse, Message
from tests.dialects.gemini.reading import GEMINI, read
from tests.kit.recordings import Recording, cuts, differences, needs_shared, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dialects.reading import Reading

ALL = recordings("gemini")
GOOD = [recording for recording in ALL if recording.about["status"] == 200]
STREAMED = [recording for recording in GOOD if recording.about["framing"] == "sse"]
# Bodies up to this size are cut short at every byte, longer ones at a sample of places.
_EVERY_BYTE = 2000
_SAMPLE = 60


def each(found: list[Recording]) -> pytest.MarkDecorator:
    params = [pytest.param(recording, id=recording.name) for recording in found]
    return pytest.mark.parametrize("recording", params or [pytest.param(None, id="recordings", marks=needs_shared)])


def read_recording(recording: Recording, pieces: list[bytes], **options: Any) -> Reading:
    options = {"stream": bool(recording.about["stream"])} | options
    return read(pieces, status=recording.about["status"], headers=recording.headers, **options)


def test_there_are_as_many_as_there_should_be() -> None:
    assert not ALL or (len(ALL), len(GOOD), len(STREAMED)) == (44, 33, 21)


@each(ALL)
def test_every_cut(recording: Recording) -> None:
    first = None
    for cut, pieces in cuts(recording.body):
        reading = read_recording(recording, pieces)
        assert differences(recording, reading.response, reading.error) == [], cut
        first = first or reading.events
        assert reading.events == first, cut
        assert reading.done.response == reading.response if reading.error is None else reading.error.partial


@each(STREAMED)
def test_no_false_end(recording: Recording) -> None:
    """However short the body was cut, the answer counts as whole only where there was a reason to end."""
    full = read_recording(recording, [recording.body])
    for place, known in places(recording.body):
        begun = recording.body[:place]
        reading = read_recording(recording, [begun], known=known)
        if reading.error is None:
            assert has_reason(begun)
            assert reading.done.response.terminator_missing
        else:
            assert isinstance(reading.error, StreamTruncated)
            assert reading.error.partial is not None
            assert not reading.error.partial.complete
        assert full.response.text.startswith(reading.response.text)
        assert full.message.reasoning.startswith(reading.message.reasoning)


@each([recording for recording in GOOD if recording not in STREAMED])
def test_no_false_end_of_a_whole_answer(recording: Recording) -> None:
    body = recording.body.rstrip()
    for place, known in places(body[:-1]):
        reading = read_recording(recording, [body[:place]], known=known)
        assert isinstance(reading.error, StreamTruncated)


@each([recording for recording in GOOD if recording.body[:1] == b"["])
def test_a_recorded_array_is_a_stream(recording: Recording) -> None:
    """Cut short, it keeps the elements that were whole; each is decoded by the time that its last byte has come."""
    full = read_recording(recording, [recording.body])
    cut = read_recording(recording, [recording.body.rstrip()[:-1]])
    assert isinstance(cut.error, StreamTruncated)
    assert cut.message == full.message
    assert cut.events[:-1] == full.events[:-1]


def places(body: bytes) -> Iterator[tuple[int, bool]]:
    draw = random.Random(len(body))
    found = set(range(len(body) + 1))
    if len(body) > _EVERY_BYTE:
        ends = [place + 1 for place, byte in enumerate(body) if byte == 10]
        found = {*draw.sample(ends, min(_SAMPLE // 4, len(ends))), *draw.sample(range(len(body)), _SAMPLE)}
        found |= {len(body), *ends[-8:], *range(len(body) - 20, len(body))}
    for place in sorted(found):
        yield place, bool(draw.randrange(2))


def has_reason(body: bytes) -> bool:
    for line in body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        try:
            found = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
        except ValueError:
            continue
        if any(each.get("finishReason") for each in found.get("candidates") or ()):
            return True
        if found.get("promptFeedback", {}).get("blockReason"):
            return True
    return False


@each(GOOD)
def test_kept_as_json(recording: Recording) -> None:
    response = read_recording(recording, [recording.body]).response
    assert from_json(ChatResponse, to_json(response)) == response


# -- the second turn ---------------------------------------------------------------------------------------------------


@each(GOOD)
def test_what_the_model_said_goes_back(recording: Recording) -> None:
    """Every part that means something is in the second turn, in its place, with all that is opaque in it."""
    message = read_recording(recording, [recording.body]).message
    results = [Message.tool(call.id, {"ok": True}) for call in message.tool_calls]
    request = ChatRequest(["q", message, *results])
    body = json.loads(dumps(encode(request, GEMINI, model="m", stream=True).body))
    answer, *after = body["contents"][1:]
    assert answer["role"] == "model"
    assert [meaning(part) for part in answer["parts"]] == ([*said(recording)] or [{"text": ""}])
    assert [part["functionResponse"]["name"] for turn in after for part in turn["parts"]] == [
        call.name for call in message.tool_calls
    ]
    assert len(after) == bool(results)


def said(recording: Recording) -> Iterator[dict[str, Any]]:
    """The parts of a recorded answer, unsigned pieces of one kind joined, those that say nothing left out, and calls in
    pieces left to their first."""
    joined: dict[str, Any] | None = None
    for part in sent(recording):
        if part.get("text") == "" and "thoughtSignature" not in part:
            continue
        plain = "text" in part and "thoughtSignature" not in part
        if plain and joined is not None and joined.keys() == part.keys():
            joined["text"] += part["text"]
            continue
        if joined is not None:
            yield joined
        joined = dict(part) if plain else None
        if not plain and ("functionCall" not in part or part["functionCall"].get("name")):
            yield meaning(part)
    if joined is not None:
        yield joined


def sent(recording: Recording) -> Iterator[dict[str, Any]]:
    text = recording.body.decode()
    if recording.about["framing"] == "sse":
        chunks = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]
    else:
        found = json.loads(text)
        chunks = found if isinstance(found, list) else [found]
    for found in chunks:
        for each in found.get("candidates", ()):
            yield from each.get("content", {}).get("parts", ())


def meaning(part: dict[str, Any]) -> dict[str, Any]:
    """A part with what is as good as left out, and without arguments, which are another test's."""
    if "functionCall" not in part:
        return part
    left_out = ("args", "willContinue")
    return {**part, "functionCall": {k: v for k, v in part["functionCall"].items() if k not in left_out}}


@each([recording for recording in ALL if recording not in GOOD])
def test_errors(recording: Recording) -> None:
    """They say the same under every content type, asked for as a stream or not."""
    first = read_recording(recording, [recording.body]).error
    assert isinstance(first, APIError)
    for kind in ("application/json", "text/event-stream", "application/json; charset=UTF-8", ""):
        for stream in (True, False):
            error = read(
                [recording.body], status=recording.about["status"], headers={"content-type": kind}, stream=stream
            ).error
            assert (type(error), str(error)) == (type(first), str(first))
