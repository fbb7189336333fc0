"""A stream that was cut is never taken for whole: one recorded stream of each protocol, cut at every byte.

The end is a clean one each time, so that nothing but the provider's own end marker can tell. What had arrived is a
beginning of the whole answer, and the error says how much it was and what is missing.
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from duologue import Done, Error, RetryPolicy, StreamTruncated
from tests.dialects.reading import read
from tests.faults.bodies import FORMATS
from tests.kit.recordings import Recording, recordings
from tests.kit.server import ScriptedServer, hang_up, head
from tests.kit.twins import Twin, collect

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue import ChatResponse

_SMALL = 9000  # reading a stream as often as it has bytes takes time that grows with their square


class Sample(NamedTuple):
    """A stream: who sends it, what it is called, and its bytes."""

    provider: str
    content_type: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The response's."""
        return {"content-type": self.content_type}

    @property
    def gzipped(self) -> bytes:
        """The body as a server compresses it that sends each line at once."""
        squeeze = zlib.compressobj(wbits=31)
        lines = self.body.splitlines(keepends=True)
        return b"".join(squeeze.compress(line) + squeeze.flush(zlib.Z_SYNC_FLUSH) for line in lines) + squeeze.flush()


KINDS: dict[str, Callable[[Recording], bool]] = {
    "text": lambda one: (one.expected["n_text_deltas"] or 0) > 2,
    "a tool call": lambda one: bool(one.expected["tool_calls"]),
}


@cache
def samples() -> dict[str, Sample]:
    """Of each wire format the smallest recorded streams with some text and with a tool call, and what is written by
    hand."""
    found = {}
    for wire, spoken in FORMATS.items():
        found[f"{wire}, by hand"] = Sample(spoken.provider, spoken.content_type, spoken.body)
        streams = [one for one in recordings(wire) if one.about["stream"] and one.expected["outcome"] == "done"]
        for kind, fits in KINDS.items():
            bodies = [one.body for one in streams if fits(one) and len(one.body) < _SMALL]
            if bodies:
                found[f"{wire}, {kind}"] = Sample(spoken.provider, spoken.content_type, min(bodies, key=len))
    return found


def said(response: ChatResponse) -> tuple[Any, ...]:
    """All that an answer says."""
    return (
        response.text,
        response.message.reasoning,
        [(call.name, call.arguments) for call in response.tool_calls],
        response.finish_reason,
    )


def assert_true(last: Any, whole: Done, *, missing: bool = True) -> None:
    """Whether the last event of a stream that was cut tells the truth."""
    if isinstance(last, Done):
        assert said(last.response) == said(whole.response), "taken for whole"
        return
    assert isinstance(last, Error)
    assert isinstance(last.error, StreamTruncated), last
    partial = last.error.partial
    assert partial is not None
    assert not partial.complete
    assert whole.response.text.startswith(partial.text)
    if missing and partial.choices:
        assert re.search(r": \d+ events( and a finish reason)? came in \d+ bytes, but not ", last.error.message)


@pytest.mark.parametrize("name", samples())
def test_cut_at_every_byte(name: str) -> None:
    sample = samples()[name]
    whole = read([sample.body], headers=sample.headers, provider=sample.provider).done
    ends = set()
    for body, encoding in ((sample.body, ""), (sample.gzipped, "gzip")):
        headers = {**sample.headers, "content-encoding": encoding}
        for cut in range(len(body)):
            *_, last = read([body[:cut]], headers=headers, provider=sample.provider).events
            assert_true(last, whole)
            ends.add(type(last))
    assert Error in ends


def places_to_cut(body: bytes) -> list[int]:
    """Around the end of each line, and inside the lines; some thirty."""
    ends = [match.end() for match in re.finditer(b"\n", body)]
    if len(ends) < 10:
        ends = list(range(0, len(body), 40))
    places = {place for end in ends for place in (end - 15, end - 1, end) if 0 < place < len(body)}
    return sorted(places)[:: 1 + len(places) // 30]


@pytest.mark.parametrize("wire", FORMATS)
async def test_cut_through_a_socket(twin: Twin, wire: str) -> None:
    """The same through all of the client, with a body that ends with its connection."""
    sample = samples().get(f"{wire}, text") or samples()[f"{wire}, by hand"]
    whole = read([sample.body], headers=sample.headers, provider=sample.provider).done
    cuts = places_to_cut(sample.body)
    replies = [[head(200, sample.headers), sample.body[:cut], hang_up] for cut in cuts]
    with ScriptedServer(*replies) as server:
        base_url = server.base_url if FORMATS[wire].with_version else server.origin
        retry = RetryPolicy(max_retries=0)
        async with twin.Client(sample.provider, base_url=base_url, api_key="k", model="m", retry=retry) as client:
            for _ in cuts:
                *_, last = await collect(client.stream("hi", raise_errors=False))
                assert_true(last, whole)
        assert len(server.requests) == len(cuts) > 5
