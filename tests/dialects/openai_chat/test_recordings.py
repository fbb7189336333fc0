"""What real providers sent: read at every cut, and cut short anywhere."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue.errors import APIError, StreamTruncated
from tests.dialects.reading import Reading, read
from tests.kit.recordings import Recording, cuts, differences, needs_shared, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOLS = ("openai-chat", "openai-compatible", "deepseek", "groq", "mistral", "xai", "openrouter")
ALL = recordings(*PROTOCOLS)
STREAMED = [recording for recording in ALL if recording.about["framing"] == "sse" and recording.about["status"] == 200]

# Bodies up to this size are cut short at every byte, longer ones at a sample of places.
_EVERY_BYTE = 2000
_SAMPLE = 60


def each(found: list[Recording]) -> pytest.MarkDecorator:
    params = [pytest.param(recording, id=recording.name) for recording in found]
    return pytest.mark.parametrize("recording", params or [pytest.param(None, id="recordings", marks=needs_shared)])


def read_recording(recording: Recording, pieces: list[bytes], **options: Any) -> Reading:
    """As from a server that the table does not know: which of them send `[DONE]` is another table's business."""
    options = {"known": False, "stream": bool(recording.about["stream"])} | options
    return read(pieces, status=recording.about["status"], headers=recording.headers, **options)


def test_there_are_as_many_as_there_should_be() -> None:
    assert {recording.about["wire"] for recording in ALL} <= {"openai-chat"}
    assert not ALL or (len(ALL), len(STREAMED)) == (193, 118)


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
    """However short the body was cut, the answer counts as whole only where the provider said so."""
    full = read_recording(recording, [recording.body])
    for place, known in places(recording.body):
        begun = recording.body[:place]
        reading = read_recording(recording, [begun], known=known)
        if reading.error is None:
            assert has_end_marker(begun) or (not known and has_finish_reason(begun))
            assert reading.done.response.terminator_missing is not has_end_marker(begun)
        else:
            assert isinstance(reading.error, (StreamTruncated, APIError) if full.error else StreamTruncated)
            assert not has_end_marker(begun) or full.error
            assert reading.error.partial is not None
            assert not reading.error.partial.complete
        full_texts = {choice.index: choice.message for choice in full.response.choices}
        for choice in reading.response.choices:
            assert full_texts[choice.index].text.startswith(choice.message.text)
            assert full_texts[choice.index].reasoning.startswith(choice.message.reasoning)


def places(body: bytes) -> Iterator[tuple[int, bool]]:
    draw = random.Random(len(body))
    found = set(range(len(body) + 1))
    if len(body) > _EVERY_BYTE:
        ends = [place + 1 for place, byte in enumerate(body) if byte == 10]
        found = {*draw.sample(ends, min(_SAMPLE // 4, len(ends))), *draw.sample(range(len(body)), _SAMPLE)}
        found |= {len(body), *ends[-8:], *range(len(body) - 20, len(body))}
    for place in sorted(found):
        yield place, bool(draw.randrange(2))


def payloads(body: bytes) -> Iterator[str]:
    for line in body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if line.startswith("data:"):
            yield line.removeprefix("data:").strip()


def has_end_marker(body: bytes) -> bool:
    return "[DONE]" in payloads(body)


def has_finish_reason(body: bytes) -> bool:
    for payload in payloads(body):
        try:
            found = json.loads(payload)
        except ValueError:
            continue
        if any(choice.get("finish_reason") for choice in found.get("choices") or ()):
            return True
    return False
