"""From bytes to messages of `application/vnd.amazon.eventstream`.

A message is a prelude (total length, length of the headers, CRC-32 of both), the headers, the payload, and a CRC-32 of
all before it; numbers are big-endian. https://smithy.io/2.0/aws/amazon-eventstream.html

`feed` gives the messages that are whole; `close` raises where the last one is not. A message that breaks the format
raises `ProtocolError` as early as that can be told.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from zlib import crc32

from duologue.errors import LimitExceeded, ProtocolError, StreamTruncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PRELUDE = Struct(">III")
_CRC = Struct(">I")
_LENGTH = Struct(">H")
_FRAME = _PRELUDE.size + _CRC.size
# The format's own limits.
_MAX_HEADERS = 128 * 1024
_MAX_PAYLOAD = 16 * 1024 * 1024
_MAX_VALUE = 0x7FFF

HeaderValue = bool | int | bytes | str | UUID


class Message(NamedTuple):
    """One message. A header of the type timestamp is the milliseconds since 1970."""

    headers: dict[str, HeaderValue]
    payload: bytes


class EventStreamReader:
    """Reads the messages; what they mean is for the reader's user to find out."""

    __slots__ = ("_held", "_max_bytes", "_total")

    def __init__(self, *, max_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()
        # The length of the message that has begun, once its prelude is there and good.
        self._total: int | None = None

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes.

        Raises:
            ProtocolError: a checksum, a length or a header is wrong.
            LimitExceeded: a message is longer than `max_bytes`.
        """
        self._held += data
        while True:
            if self._total is None and len(self._held) >= _PRELUDE.size:
                self._total = self._read_prelude()
            if self._total is None or len(self._held) < self._total:
                return
            message = bytes(self._held[: self._total])
            del self._held[: self._total]
            self._total = None
            yield _read_message(message)

    def close(self) -> tuple[()]:
        """Nothing: every message has been given.

        Raises:
            StreamTruncated: the last one is not whole.
        """
        if self._held:
            raise StreamTruncated("the answer ended inside an event")
        return ()

    def _read_prelude(self) -> int:
        total, headers, checksum = _PRELUDE.unpack_from(self._held)
        if crc32(self._held[: _PRELUDE.size - _CRC.size]) != checksum:
            raise ProtocolError("event stream: the checksum of a prelude is wrong")
        payload = total - headers - _FRAME
        if payload < 0 or headers > _MAX_HEADERS or payload > _MAX_PAYLOAD:
            raise ProtocolError(f"event stream: a message of {total} bytes with {headers} bytes of headers")
        if self._max_bytes is not None and total > self._max_bytes:
            raise LimitExceeded(f"an event of {total} bytes", limit="max_event_bytes")
        return int(total)


def _read_message(message: bytes) -> Message:
    end = len(message) - _CRC.size
    if crc32(message[:end]) != _CRC.unpack_from(message, end)[0]:
        raise ProtocolError("event stream: the checksum of a message is wrong")
    headers_end = _PRELUDE.size + _PRELUDE.unpack_from(message)[1]
    return Message(_Headers(message[_PRELUDE.size : headers_end]).read(), message[headers_end:end])


class _Headers:
    """Reads the headers of one message."""

    __slots__ = ("_data", "_place")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def read(self) -> dict[str, HeaderValue]:
        found: dict[str, HeaderValue] = {}
        while self._place < len(self._data):
            name = _text(self._take(self._take(1)[0]))
            if name in found:
                raise ProtocolError(f"event stream: two headers are named {name!r}")
            found[name] = self._value()
        return found

    def _value(self) -> HeaderValue:
        kind = self._take(1)[0]
        if kind in _VARIABLE:
            (size,) = _LENGTH.unpack(self._take(_LENGTH.size))
            if size > _MAX_VALUE:
                raise ProtocolError(f"event stream: a header of {size} bytes")
            return _VARIABLE[kind](self._take(size))
        if kind in _FIXED:
            size, convert = _FIXED[kind]
            value: HeaderValue = convert(self._take(size))
            return value
        raise ProtocolError(f"event stream: a header of the unknown type {kind}")

    def _take(self, size: int) -> bytes:
        taken = self._data[self._place : self._place + size]
        if len(taken) < size:
            raise ProtocolError("event stream: a header is longer than the headers")
        self._place += size
        return taken


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProtocolError("event stream: a header is not UTF-8") from None


# By the type's number. The size of the fixed ones, and how to read the value.
_FIXED: dict[int, tuple[int, Callable[[bytes], Any]]] = {
    0: (0, lambda _: True),
    1: (0, lambda _: False),
    2: (1, _number),
    3: (2, _number),
    4: (4, _number),
    5: (8, _number),
    8: (8, _number),
    9: (16, lambda data: UUID(bytes=data)),
}
_VARIABLE: dict[int, Callable[[bytes], bytes | str]] = {6: bytes, 7: _text}
