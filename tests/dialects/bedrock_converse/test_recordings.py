"""What Bedrock really sent: read at every cut, cut short anywhere, and sent back."""

from __future__ import annotations

import random
from struct import unpack_from
from typing import TYPE_CHECKING

import pytest

from duologue import from_json, to_json
from duologue.errors import APIError, StreamTruncated
from duologue.models import ChatResponse
from tests.dialects.reading import Reading, read
from tests.kit.recordings import Recording, cuts, differences, needs_shared, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = recordings("bedrock-converse")
STREAMED = [recording for recording in ALL if recording.about["stream"]]
_EVERY_BYTE = 2500
_SAMPLE = 80


def each(found: list[Recording]) -> pytest.MarkDecorator:
    params = [pytest.param(recording, id=recording.name) for recording in found]
    return pytest.mark.parametrize("recording", params or [pytest.param(None, id="recordings", marks=needs_shared)])


def read_recording(recording: Recording, pieces: list[bytes]) -> Reading:
    return read(
        pieces,
        status=recording.about["status"],
        headers=recording.headers,
        provider="bedrock",
        stream=bool(recording.about["stream"]),
    )


def test_there_are_as_many_as_there_should_be() -> None:
    assert {recording.about["wire"] for recording in ALL} <= {"bedrock-converse"}
    assert not ALL or (len(ALL), len(STREAMED)) == (30, 22)


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
def test_as_json_and_back(recording: Recording) -> None:
    response = read_recording(recording, [recording.body]).response
    assert from_json(ChatResponse, to_json(response)) == response


@each(STREAMED)
def test_no_false_end(recording: Recording) -> None:
    """However short the body was cut, the answer counts as whole only where the end marker came whole, and nothing was
    broken off after it."""
    full = read_recording(recording, [recording.body])
    ends = message_ends(recording.body)
    for place in places(recording.body):
        reading = read_recording(recording, [recording.body[:place]])
        if reading.error is None:
            assert place in ends
            assert b"messageStop" in recording.body[:place]
            assert not reading.response.terminator_missing
        else:
            assert isinstance(reading.error, (StreamTruncated, APIError) if full.error else StreamTruncated)
            assert place not in ends or b"messageStop" not in recording.body[:place]
            assert reading.error.partial is not None
            assert not reading.error.partial.complete
        assert full.message.text.startswith(reading.message.text)
        assert full.message.reasoning.startswith(reading.message.reasoning)


@each(STREAMED)
def test_the_counts_are_never_lost(recording: Recording) -> None:
    """They are there wherever they came before the end, whichever of the two came first."""
    if b"messageStop" in recording.body and recording.expected["usage"]:
        reading = read_recording(recording, [recording.body])
        assert reading.done.usage.source == "reported"
        assert reading.done.usage == reading.response.usage


def message_ends(body: bytes) -> list[int]:
    ends, place = [0], 0
    while place < len(body):
        place += unpack_from(">I", body, place)[0]
        ends.append(place)
    return ends


def places(body: bytes) -> Iterator[int]:
    if len(body) <= _EVERY_BYTE:
        yield from range(len(body) + 1)
        return
    draw = random.Random(len(body))
    ends = message_ends(body)
    yield from sorted({*draw.sample(range(len(body)), _SAMPLE), *draw.sample(ends, min(20, len(ends))), *ends[-4:]})
    yield from range(len(body) - 30, len(body) + 1)
