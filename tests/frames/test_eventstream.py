"""AWS event streams: every vector of AWS's own libraries, at every cut."""

from __future__ import annotations

import base64
from struct import pack
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest

from duologue._frames.eventstream import EventStreamReader, Message
from duologue.errors import APIError, DuologueError, LimitExceeded, ProtocolError, StreamTruncated
from tests.dialects.bedrock_converse.wire import EVENT_STREAM, event, message
from tests.dialects.reading import open_exchange
from tests.kit.corpora import Vector, cuts, each, input_of

# Above this size, one byte at a time takes too long.
_SMALL = 50_000


def read(pieces: list[bytes], **options: Any) -> list[Message]:
    reader = EventStreamReader(**options)
    found = [each_message for piece in pieces for each_message in reader.feed(piece)]
    return found + list(reader.close())


def outcome(pieces: list[bytes]) -> tuple[list[Message], DuologueError | None]:
    reader, found = EventStreamReader(), []
    try:
        for piece in pieces:
            for each_message in reader.feed(piece):
                found.append(each_message)  # noqa: PERF402 - those before an error count
        reader.close()
    except DuologueError as error:
        return found, error
    return found, None


def plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


_KINDS = {"boolean": bool, "bytes": bytes, "string": str, "uuid": UUID}


@each("aws_event_stream")
def test_vectors(vector: Vector) -> None:
    data = input_of(vector)
    pieces_of = cuts(data, []) if len(data) < _SMALL else [[data], [data[:13], data[13:-1], data[-1:]]]
    for pieces in pieces_of:
        found, error = outcome(pieces)
        assert (error is None) == vector["valid"]
        if vector["valid"]:
            for given, expected in zip(found, vector["expected_messages"], strict=True):
                assert base64.b64encode(given.payload).decode() == expected["payload_b64"]
                assert list(given.headers) == [header["name"] for header in expected["headers"]]
                for header in expected["headers"]:
                    value = given.headers[header["name"]]
                    assert type(value) is _KINDS.get(header["type"], int)
                    assert plain(value) == (UUID(header["value"]) if header["type"] == "uuid" else header["value"])
        else:
            assert type(error) is (StreamTruncated if is_cut(vector) else ProtocolError)


def is_cut(vector: Vector) -> bool:
    # The one of aws-c-event-stream names a length that no message can have.
    return bool(vector["error"] == "truncated" and not vector["name"].endswith("incoming_message_too_short"))


@each("aws_event_stream")
def test_a_good_stream_cut_short_anywhere_is_an_error(vector: Vector) -> None:
    data = input_of(vector)
    if vector["valid"] and len(vector["expected_messages"]) == 1:
        for place in range(1, len(data)):
            assert isinstance(outcome([data[:place]])[1], StreamTruncated)
            assert isinstance(outcome([data, data[:place]])[1], StreamTruncated)


# Two vectors speak of another service: its first event has to be `initial-response`, which Converse has not.
_OTHER_SERVICE = "MissingRequiredInitialResponseOutput"


@each("aws_event_stream")
def test_what_a_client_has_to_raise(vector: Vector) -> None:
    level = vector.get("event_level")
    if level is None or vector["name"].endswith(_OTHER_SERVICE):
        return
    exchange = open_exchange("bedrock")
    exchange.begin(200, EVENT_STREAM)
    exchange.feed(input_of(vector))
    kinds = [message.headers.get(":message-type") for message in read([input_of(vector)])]
    if level == "ok" and "exception" not in kinds:
        assert exchange.error is None
    elif level == "error" and "error" not in kinds:
        assert type(exchange.error) is ProtocolError
    else:
        assert isinstance(exchange.error, APIError)


def test_messages_before_a_broken_one_are_given() -> None:
    good = message({"a": "b"}, b"x")
    found, error = outcome([good + good[:-1] + b"!"])
    assert found == [Message({"a": "b"}, b"x")]
    assert type(error) is ProtocolError


def framed(headers: bytes, payload: bytes = b"") -> bytes:
    prelude = pack(">II", len(headers) + len(payload) + 16, len(headers))
    begun = prelude + pack(">I", crc32(prelude)) + headers + payload
    return begun + pack(">I", crc32(begun))


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (b"\x01a\x0a", "unknown type 10"),
        (b"\x01a", "longer than the headers"),
        (b"\x05a", "longer than the headers"),
        (b"\x01a\x04\x00\x00", "longer than the headers"),
        (b"\x01a\x07\x00\x05abc", "longer than the headers"),
        (b"\x01a\x07\x00\x01\xff", "not UTF-8"),
        (b"\x01\xff\x00", "not UTF-8"),
        (b"\x01a\x00\x01a\x01", "two headers are named 'a'"),
        (b"\x01a\x07\x80\x00" + b"x" * 0x8000, "a header of 32768 bytes"),
    ],
)
def test_headers_that_break_the_rules(headers: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        read([framed(headers)])


def test_headers_that_are_numbers() -> None:
    assert read([framed(b"\x01a\x03\xff\xfe\x01b\x04\x00\x00\x01\x00")]) == [Message({"a": -2, "b": 256}, b"")]


def test_headers_that_are_too_long() -> None:
    with pytest.raises(ProtocolError, match="131073 bytes of headers"):
        read([framed(b"\x00" * 131073)])


def test_the_limit_is_told_by_the_prelude() -> None:
    data = framed(b"", b"x" * 84)
    assert len(read([data], max_bytes=100)) == 1
    with pytest.raises(LimitExceeded) as caught:
        read([data[:12]], max_bytes=99)
    assert caught.value.limit == "max_event_bytes"


def test_many_messages_in_small_pieces() -> None:
    data = event("contentBlockDelta", {"text": "x" * 100}) * 500
    assert len(read([data[place : place + 3] for place in range(0, len(data), 3)])) == 500
