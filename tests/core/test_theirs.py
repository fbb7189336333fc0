"""A client of the caller's own: what is to be known of one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import h2.connection
import h2.exceptions
import httpx
import httpx2
import pytest

from duologue._core.theirs import (
    body_at_hand,
    break_off,
    checked_client,
    misplaced,
    refused_response,
    shorter,
    without_encoding,
)
from duologue.errors import ConfigurationError

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])


@LIBRARIES
@pytest.mark.parametrize(("close", "name"), [("close", "Client"), ("aclose", "AsyncClient")])
def test_a_client_of_the_callers_own(close: str, name: str, library: Any) -> None:
    # Never opened, so there is nothing to close.
    own = getattr(library, name).__new__(getattr(library, name))
    assert checked_client(own, close) is own


@pytest.mark.parametrize(
    ("close", "given", "words"),
    [
        ("close", httpx.AsyncClient.__new__(httpx.AsyncClient), "an httpx.Client here; got AsyncClient"),
        ("aclose", httpx.Client.__new__(httpx.Client), "an httpx.AsyncClient here; got Client"),
        ("close", object(), "got object"),
        ("close", open, "got builtin_function_or_method"),
    ],
)
def test_a_client_that_is_none(close: str, given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        checked_client(given, close)


@LIBRARIES
@pytest.mark.parametrize(
    ("theirs", "seconds"),
    [
        (None, (10, 300, None)),
        (5.0, (10, 300, None)),  # which is what the library does without being told
        (2.0, (2, 2, 2)),
        (20.0, (10, 20, 20)),
        ({"connect": 2, "read": 400, "write": None, "pool": None}, (2, 300, None)),
        ({"timeout": None}, (10, 300, None)),
    ],
)
def test_the_shorter_timeouts_count(library: Any, theirs: Any, seconds: tuple[float | None, ...]) -> None:
    given = library.Timeout(**theirs) if isinstance(theirs, dict) else theirs and library.Timeout(theirs)
    ours = {"connect": 10, "read": 300, "write": None}
    found = shorter(ours, given)
    assert tuple(found.values()) == seconds
    assert found is not ours


def test_what_went_wrong_in_another_event_loop() -> None:
    here, reason = object(), RuntimeError("closed")
    assert misplaced(reason, here, here) is reason
    other = OSError("x")
    assert misplaced(other, object(), here) is other
    found = misplaced(reason, object(), here)
    assert isinstance(found, ConfigurationError)
    assert found.__cause__ is reason


@LIBRARIES
def test_a_response_that_was_raised(library: Any) -> None:
    response = library.Response(401)
    error = library.HTTPStatusError("x", request=library.Request("GET", "http://h"), response=response)
    assert refused_response(error) is response
    assert refused_response(library.ReadError("x")) is None
    strange = ValueError("x")
    strange.response = response  # type: ignore[attr-defined]
    assert refused_response(strange) is None


@LIBRARIES
def test_a_body_that_is_at_hand(library: Any) -> None:
    assert body_at_hand(library.Response(200, content=b"x")) == b"x"
    stream = library.Response(200, content=iter([b"x"]))
    assert body_at_hand(stream) is None
    stream.close()
    assert body_at_hand(stream) == b""


def test_headers_of_what_is_no_longer_compressed() -> None:
    found = without_encoding(httpx.Headers({"Content-Encoding": "gzip", "X-A": "1"}))
    assert found == {"x-a": "1"}


class State:
    """What h2 is told."""

    def __init__(self, *, ended: bool) -> None:
        self.told: list[Any] = []
        self.ended = ended

    def acknowledge_received_data(self, size: int, number: int) -> None:
        self.told.append((size, number))

    def reset_stream(self, number: int, code: int) -> None:
        if self.ended:
            raise h2.exceptions.StreamClosedError(number)
        self.told.append(("reset", number, code))


@pytest.mark.parametrize("ended", [False, True])
def test_an_answer_over_http2_that_is_broken_off(ended: bool) -> None:
    data, head = SimpleNamespace(flow_controlled_length=7), SimpleNamespace()
    connection = SimpleNamespace(_h2_state=State(ended=ended), _events={3: [head, data, data]})
    stream = SimpleNamespace(_stream=SimpleNamespace(_connection=connection, _stream_id=3))
    assert break_off(SimpleNamespace(_httpcore_stream=stream)) is connection
    assert connection._h2_state.told == [(7, 3), (7, 3), *([] if ended else [("reset", 3, 8)])]


def test_an_answer_that_is_not_to_be_broken_off() -> None:
    done = SimpleNamespace(_connection=SimpleNamespace(_h2_state=State(ended=True), _events={}), _stream_id=3)
    for stream in (done, SimpleNamespace(_connection=SimpleNamespace()), object()):
        assert break_off(stream) is None
