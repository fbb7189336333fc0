"""One answer, from its head to its last event."""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import Any

import pytest

from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._secret import Secret
from duologue._tables import PROVIDERS
from duologue.config import Limits
from duologue.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ClosedError,
    ContentTypeError,
    DecodeError,
    DuologueError,
    EmptyResponse,
    LimitExceeded,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    ProxyError,
    RateLimitError,
    RedirectRefused,
    ServerError,
    StreamInterrupted,
    StreamTruncated,
)
from duologue.events import Done, Error, Start, TextDelta
from tests.dialects.reading import DONE, JSON, SSE, choice, chunk, data, dumped, open_exchange, read
from tests.kit.corpora import Vector, cuts, each

GOOD = [data(chunk(choice(content="Hel"))), data(chunk(choice("stop", content="lo"))), DONE]
WHOLE = dumped({**chunk(), "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})

# -- what the head says ------------------------------------------------------------------------------------------------

# Statuses of success that the vectors want refused.
_TAKEN = {
    "wpt-http/request-status-error/205": "has an empty body, and so is an error all the same",
    "wpt-http/request-status-error/299": "other servers in the place of OpenAI's answer with 201 as well",
}


@each("sse_http")
def test_vectors(vector: Vector, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = vector.get("headers", {}) | ({"content-type": vector["content_type"]} if vector["content_type"] else {})
    exchange = open_exchange()
    asked: list[Any] = []
    monkeypatch.setattr(exchange._decoder, "feed", lambda frame, _: asked.append(frame))
    events = exchange.begin(vector["status"], headers)
    events += exchange.feed(base64.b64decode(vector["body_b64"]))
    events += exchange.close()
    assert isinstance(events[-1], Error), "a body without an answer has to end in an error"
    reads_events = vector["reads_events"] or (vector["name"] in _TAKEN and bool(vector["body_b64"]))
    assert bool(asked) is reads_events


@pytest.mark.parametrize(
    "content_type",
    [
        "text/event-stream",
        "TEXT/Event-Stream",
        "text/event-stream; charset=utf-8",
        "text/event-stream;",
        " text/event-stream ",
        "",
        None,
    ],
)
def test_content_types_of_a_stream(content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    assert read(GOOD, headers=headers).done.response.text == "Hello"
    if content_type:
        assert read(GOOD, headers=headers, stream=False).done.response.text == "Hello"


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"]
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_whole_answer_is_taken_where_a_stream_was_asked_for(content_type: str, stream: bool) -> None:
    for pieces in cuts(WHOLE, []):
        reading = read(pieces, headers={"content-type": content_type}, stream=stream)
        assert [type(event) for event in reading.events[:-1]] == [Start, TextDelta]
        assert reading.done.response.text == "Hello"
        assert not reading.response.terminator_missing


def test_a_whole_answer_without_a_content_type() -> None:
    assert read([WHOLE], headers={}, stream=False).done.response.text == "Hello"


def test_an_answer_that_asks_to_wait_is_one() -> None:
    assert read(GOOD, headers={**SSE, "retry-after": "30"}).done.response.text == "Hello"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=utf-8", "image/png", "nonsense"])
def test_other_content_types(content_type: str, stream: bool) -> None:
    body = b"<html>\x1b[2J" + b"x" * 500
    for pieces in cuts(body, []):
        error = read(pieces, headers={"content-type": content_type}, stream=stream).error
        assert type(error) is ContentTypeError
        assert f"got {content_type.partition(';')[0]}, beginning '<html>\\x1b[2Jxxx" in error.message
        assert len(error.message) < 400
        assert error.status_code == 200


def test_an_endless_page_is_not_waited_for() -> None:
    exchange = open_exchange()
    exchange.begin(200, {"content-type": "text/html"})
    events = [event for _ in range(3) for event in exchange.feed(b"x" * 40_000)]
    assert [type(event.error) for event in events if isinstance(event, Error)] == [ContentTypeError]


def test_json_lines() -> None:
    """A dialect that is framed as JSON lines."""

    class Lines:
        FRAMING = "jsonl"
        encode = None

        class Decoder:
            def __init__(self, _: object) -> None:
                self.ended = False
                self.finish: dict[int, Any] = {}

            def feed(self, frame: str, events: list[Any]) -> None:
                events.append(TextDelta(frame))

            feed_whole = feed

    for content_type in ("application/x-ndjson", "application/jsonl", ""):
        exchange = Exchange(Lines(), PROVIDERS["openai"], Limits(), stream=True, known=True)  # type: ignore[arg-type]  # as much as it takes
        exchange.begin(200, {"content-type": content_type})
        assert exchange.feed(b"1\n2\n3") == [TextDelta("1"), TextDelta("2")]
        assert exchange.close()[0] == TextDelta("3")


@pytest.mark.parametrize("header", ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "cf-ray"])
def test_request_id(header: str) -> None:
    exchange = open_exchange()
    exchange.begin(200, {**SSE, header: "req_1"})
    assert exchange.request_id == "req_1"
    [event] = exchange.close()
    assert isinstance(event, Error)
    assert event.error.request_id == "req_1"


# -- how it ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 205])
@pytest.mark.parametrize("headers", [SSE, JSON, {}])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("body", [b"", b"\n \n"])
def test_an_empty_body(status: int, headers: dict[str, str], stream: bool, body: bytes) -> None:
    error = read([body], status=status, headers=headers, stream=stream).error
    assert type(error) is (StreamTruncated if body else EmptyResponse)
    missing = "the provider's end marker, data: [DONE]" if stream else "its end"
    words = f"the answer ended too soon: 0 events came in 3 bytes, but not {missing}"
    assert error.message == (words if body else "the provider answered without a byte of an answer")
    assert error.retryable
    assert error.partial is not None
    assert error.partial.choices == ()


@pytest.mark.parametrize("known", [True, False])
def test_a_whole_answer_cut_short(known: bool) -> None:
    for size in range(1, len(WHOLE)):
        error = read([WHOLE[:size]], headers=JSON, known=known, stream=False).error
        assert type(error) is StreamTruncated
        assert error.message.startswith("the answer ended inside its last event: not JSON")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"oops", DecodeError),
        (b"[]", DecodeError),
        (b'"text"', DecodeError),
        (b'{"choices": 5}', DecodeError),
        (b'{"choices": [{"index": 1e999}]}', DecodeError),
        (b'{"choices": [{"index": NaN}]}', DecodeError),
        (b'{"error": {"message": "m"}}', APIError),
        (b'{"detail": "m"}', APIError),
    ],
)
@pytest.mark.parametrize("form", ["whole", "last line", "last event"])
def test_a_last_frame_that_is_whole_and_wrong(body: bytes, error: type[DuologueError], form: str) -> None:
    if form == "whole":
        assert type(read([body], headers=JSON, stream=False).error) is error
    else:
        assert type(read([b"data: " + body + (b"\n" if form == "last event" else b"")]).error) is error


def test_bare_json_under_a_streams_content_type() -> None:
    body = b'{\n  "error": {\n    "code": 503,\n    "message": "m"\n  }\n}\n'
    for pieces in cuts(body, []):
        error = read(pieces).error
        assert type(error) is OverloadedError
        assert error.message == "m"
    assert type(read([b"[" + body + b"]"]).error) is OverloadedError  # Gemini's
    assert type(read([b"[" + WHOLE + b"]"]).error) is DecodeError  # no answer of this format is an array
    assert read([WHOLE]).done.response.text == "Hello"


@pytest.mark.parametrize("body", [b"Internal Server Error", b"data", b"<html>\n</html>", b'{"error": {"mess'])
def test_text_under_a_streams_content_type(body: bytes) -> None:
    assert type(read([body]).error) is StreamTruncated


def test_an_error_that_is_no_event() -> None:
    bare = b'{"error": {"message": "boom", "code": 500}}'
    assert read([*GOOD[:2], bare + b"\n", DONE]).done.response.text == "Hello"
    for end in (b"", b"\n"):
        error = read([GOOD[0], bare + end]).error
        assert isinstance(error, ServerError)
        assert error.message == "boom"
        assert error.partial is not None
        assert error.partial.text == "Hel"


FINISHED = data({"id": "r-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
OTHER = data({"id": "r-1", "choices": [{"index": 1, "delta": {"content": "other"}}]})


@pytest.mark.parametrize(
    ("tail", "done"),
    [
        ([FINISHED], True),
        ([FINISHED, b": ping\n\n"], True),
        ([FINISHED, b"foo: bar\n\n"], True),
        ([FINISHED, b"dat"], False),
        ([FINISHED, b"data"], False),
        ([FINISHED, b'data: {"id"'], False),
        ([OTHER, FINISHED], False),
    ],
)
def test_without_a_marker_every_choice_has_to_be_finished_and_every_line_whole(tail: list[bytes], done: bool) -> None:
    reading = read([GOOD[0], *tail], known=False)
    if done:
        assert reading.done.response.terminator_missing
    else:
        assert type(reading.error) is StreamTruncated


@pytest.mark.parametrize(("finish", "words"), [(None, "2 events"), ("stop", "2 events and a finish reason")])
def test_an_end_that_nobody_announced(finish: str | None, words: str) -> None:
    body = data(chunk(choice(finish, content="x")))
    error = read([body]).error
    assert type(error) is StreamTruncated
    missing = "the provider's end marker, data: [DONE]"
    assert str(error) == f"the answer ended too soon: {words} came in {len(body)} bytes, but not {missing}"
    assert error.message == str(error)
    assert error.phase == "stream"


def test_nothing_comes_after_the_last_event() -> None:
    for pieces in ([*GOOD, *GOOD], [data({"error": "m"}), *GOOD]):
        exchange = open_exchange()
        exchange.begin(200, SSE)
        events = [event for piece in pieces for event in exchange.feed(piece)]
        assert exchange.close() == exchange.feed(b"data: {}\n\n") == exchange.fail(ClosedError("x")) == []
        assert [event.is_done or event.is_error for event in events].count(True) == 1
        assert exchange.finished


def test_failing_before_it_began() -> None:
    exchange = open_exchange()
    error = ClosedError("x", request_id="own")
    assert exchange.fail(error) == [Error(error)]
    assert exchange.error is error
    assert (error.partial, error.provider, error.request_id) == (None, "openai", "own")


def test_failing_in_the_middle() -> None:
    exchange = open_exchange()
    exchange.begin(200, {**SSE, "x-request-id": "req_1"})
    exchange.feed(GOOD[0])
    error = StreamInterrupted("gone")
    assert exchange.fail(error) == [Error(error)]
    assert error.partial is not None
    assert error.partial.text == "Hel"
    assert error.request_id == "req_1"
    assert not exchange.complete


# -- limits ------------------------------------------------------------------------------------------------------------


def test_max_events() -> None:
    body = b"".join(GOOD)
    for pieces in cuts(body, []):
        reading = read(pieces, limits=Limits(max_events=2))
        assert [type(event) for event in reading.events[:-1]] == [Start, TextDelta]
        assert isinstance(reading.error, LimitExceeded)
        assert reading.error.limit == "max_events"
        assert reading.response.text == "Hel"
        assert read(pieces, limits=Limits(max_events=3)).error is None


def test_max_bytes() -> None:
    body = b"".join(GOOD)
    place = len(GOOD[0])
    for pieces in cuts(body, []):
        for limit in (place, place + 1, len(body) - len(DONE) + 5):
            reading = read(pieces, limits=Limits(max_bytes=limit))
            assert isinstance(reading.error, LimitExceeded)
            assert (reading.error.limit, reading.error.retryable) == ("max_bytes", False)
            assert reading.response.text == ("Hel" if limit < place + 5 else "Hello")
        assert read(pieces, limits=Limits(max_bytes=len(body))).error is None
    # What comes after the end marker does not count.
    assert read([body + b": more\n"], limits=Limits(max_bytes=len(body))).error is None


def test_max_bytes_counts_what_was_inflated() -> None:
    body = gzip.compress(b"data: {}\n\n" + b": x\n" * 100_000)
    reading = read([body], headers={**SSE, "content-encoding": "gzip"}, limits=Limits(max_bytes=1000))
    assert len(body) < 1000
    assert isinstance(reading.error, (LimitExceeded, DecodeError))


@pytest.mark.parametrize("stream", [False, True])
def test_max_event_bytes(stream: bool) -> None:
    body = b"".join(GOOD) if stream else WHOLE
    size = len(GOOD[1]) - 2 if stream else len(WHOLE)
    headers = SSE if stream else JSON
    for pieces in cuts(body, []):
        reading = read(pieces, headers=headers, stream=stream, limits=Limits(max_event_bytes=size))
        assert reading.error is None
        reading = read(pieces, headers=headers, stream=stream, limits=Limits(max_event_bytes=size - 1))
        assert isinstance(reading.error, LimitExceeded)
        assert reading.error.limit == "max_event_bytes"
        assert reading.response.text == ("Hel" if stream else "")


def test_an_endless_line_ends_at_the_limit() -> None:
    exchange = open_exchange(limits=Limits(max_event_bytes=100_000))
    exchange.begin(200, SSE)
    fed = 0
    while not exchange.finished:
        exchange.feed(b"x" * 1000)
        fed += 1000
    assert fed == 101_000


# -- compression -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "squeeze"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed(encoding: str, squeeze: Any) -> None:
    body = squeeze(b"".join(GOOD))
    headers = {**SSE, "content-encoding": encoding}
    for pieces in cuts(body, []):
        assert read(pieces, headers=headers).done.response.text == "Hello"
    error = read([squeeze(b"".join(GOOD[:2]))[:-1]], headers=headers, known=False).error
    assert type(error) is StreamTruncated
    assert error.message.startswith(f"the body ended inside its {encoding} data: 3 events and a finish reason came in ")


def test_an_encoding_that_was_not_asked_for() -> None:
    exchange = open_exchange()
    [event] = exchange.begin(200, {**SSE, "content-encoding": "br"})
    assert isinstance(event, Error)
    assert type(event.error) is ProtocolError
    assert exchange.feed(b"x") == []


# -- errors by status --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("body", [b"", b"<html>moved</html>", b"".join(GOOD)])
def test_redirects_are_refused(status: int, body: bytes) -> None:
    error = read([body], status=status, headers={"location": "https://elsewhere", **SSE}).error
    assert type(error) is RedirectRefused
    assert error.status_code == status
    assert not error.retryable
    assert "elsewhere" not in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>who are you?</html>", b'{"error": {"message": "m"}}'])
def test_a_proxy_that_asks_for_a_password(body: bytes) -> None:
    error = read([body], status=407, headers=SSE).error
    assert type(error) is ProxyError
    assert (error.status_code, error.phase) == (407, "proxy")


ERROR_BODIES: list[tuple[bytes, str]] = [
    (b'{"error": {"message": "m"}}', "m"),
    (b'[{"error": {"message": "m"}}]', "m"),
    (b"", "HTTP {} {}, without a message"),
    (b"<html>\n<h1>Bad</h1>", "HTTP {} {}, with the body '<html>\\n<h1>Bad</h1>'"),
    (b"\xff\xfe", "HTTP {} {}, with the body '\ufffd\ufffd'"),
    (b'{"error": {"mess', 'HTTP {} {}, with the body \'{{"error": {{"mess\''),
    (b"[" * 50_000, "HTTP {} {}, with the body '" + "[" * 200 + "'"),
]


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "Bad Request", BadRequestError),
        (401, "Unauthorized", AuthenticationError),
        (404, "Not Found", NotFoundError),
        (429, "Too Many Requests", RateLimitError),
        (500, "Internal Server Error", ServerError),
        (503, "Service Unavailable", OverloadedError),
    ],
)
@pytest.mark.parametrize(("body", "message"), ERROR_BODIES)
@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/event-stream", ""])
def test_errors_by_status(status: int, words: str, kind: type, body: bytes, message: str, content_type: str) -> None:
    headers = {"content-type": content_type, "retry-after": "7", "x-request-id": "req_1"}
    error = read([body], status=status, headers=headers).error
    assert type(error) is kind
    assert isinstance(error, APIError)
    assert error.message == message.format(status, words)
    assert (error.status_code, error.retry_after, error.request_id) == (status, 7, "req_1")


def test_a_long_error_is_kept_in_part() -> None:
    for pieces in ([b"x" * (10 * 1024 * 1024)], [b"x" * 1000] * 100):
        error = read(pieces, status=500, limits=Limits(max_bytes=10, max_event_bytes=10)).error
        assert type(error) is ServerError
        assert error.body == "x" * 4096


def test_an_endless_error_is_not_waited_for() -> None:
    exchange = open_exchange()
    exchange.begin(401, JSON)
    events: list[Any] = []
    while not events:
        events = exchange.feed(b"x" * 1000)
    assert type(events[0].error) is AuthenticationError


ERROR = b'{"error": {"message": "m"}}'


@pytest.mark.parametrize(
    ("encoding", "body", "message", "cause"),
    [
        ("gzip", gzip.compress(ERROR), "m", type(None)),
        ("gzip", gzip.compress(ERROR)[:-4], "m", StreamTruncated),
        ("gzip", ERROR, "HTTP 429 Too Many Requests, without a message", ProtocolError),
        ("br", ERROR, "HTTP 429 Too Many Requests, without a message", ProtocolError),
    ],
    ids=["whole", "cut", "garbage", "not asked for"],
)
def test_the_status_says_more_than_a_body_that_cannot_be_read(
    encoding: str, body: bytes, message: str, cause: type
) -> None:
    error = read([body], status=429, headers={**JSON, "content-encoding": encoding, "retry-after": "7"}).error
    assert type(error) is RateLimitError
    assert (error.message, error.retry_after) == (message, 7)
    assert type(error.__cause__) is cause


def test_the_status_says_more_than_a_connection_that_breaks_off() -> None:
    for status, kind in ((401, AuthenticationError), (307, RedirectRefused)):
        exchange = open_exchange()
        exchange.begin(status, JSON)
        exchange.feed(b"<html>")
        [event] = exchange.fail(StreamInterrupted("gone"))
        assert isinstance(event, Error)
        assert type(event.error) is kind
        assert isinstance(event.error.__cause__, StreamInterrupted)


def test_a_stream_that_the_caller_closes_ends_so_whatever_its_status() -> None:
    exchange = open_exchange()
    exchange.begin(401, JSON)
    [event] = exchange.fail(ClosedError("x"))
    assert isinstance(event, Error)
    assert type(event.error) is ClosedError


@pytest.mark.parametrize(
    "body", [b'{"error": {"message": "Incorrect API key provided: sk-canary"}}', b"<p>sk-canary</p>"]
)
def test_a_key_that_the_provider_repeats_is_hidden(body: bytes) -> None:
    exchange = Exchange(
        find_dialect("openai-chat"), PROVIDERS["openai"], Limits(), stream=True, known=True, key=Secret("sk-canary")
    )
    exchange.begin(401, JSON)
    exchange.feed(body)
    [event] = exchange.close()
    assert isinstance(event, Error)
    assert "***" in event.error.message
    assert "sk-canary" not in repr(vars(event.error))


def test_a_short_key_is_part_of_other_words() -> None:
    exchange = Exchange(
        find_dialect("openai-chat"), PROVIDERS["openai"], Limits(), stream=True, known=True, key=Secret("key")
    )
    exchange.begin(401, JSON)
    exchange.feed(b'{"error": {"message": "invalid x-api-key"}}')
    [event] = exchange.close()
    assert isinstance(event, Error)
    assert event.error.message == "invalid x-api-key"


def test_a_body_that_unpacks_to_much_is_read_to_its_end_when_it_closes() -> None:
    """A piece is unpacked 64 KiB at a time, so the end of the body may come before all of it was looked at."""
    body = b"".join(data(chunk(choice(content="x" * 1000))) for _ in range(200)) + data(chunk(choice("stop"))) + DONE
    exchange = open_exchange()
    exchange.begin(200, {**SSE, "content-encoding": "gzip"})
    events = exchange.feed(gzip.compress(body))
    assert not exchange.finished
    events += exchange.close()
    assert events[-1].is_done
    assert len(exchange.response.text) == 200_000


def test_nothing_comes_after_the_end_that_was_found_when_it_closed() -> None:
    exchange = open_exchange()
    exchange.begin(200, {**SSE, "content-encoding": "gzip"})
    texts = data(chunk(choice(content="x" * 500))) * 2000
    events = exchange.feed(gzip.compress(texts + DONE + data(chunk(choice(content="more"))).rstrip()))
    assert exchange.more
    events += exchange.close()
    assert [type(event) for event in events[-2:]] == [TextDelta, Done]
    assert exchange.response.text == "x" * 1_000_000
