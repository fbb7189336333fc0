"""A replay server on loopback, in a process of its own so that its work is not counted: `python -m bench.server`.

Prints its port, then answers until its standard input ends. A request's path begins with what is wanted:
`/SHAPE/EVENTS/MILLISECONDS` and then the provider's own path. One event an HTTP chunk: all at once where MILLISECONDS
is 0, else one by one at that pace, with the time of sending (of the monotonic clock, in nanoseconds) for a text.
"""

from __future__ import annotations

import heapq
import socket
import sys
import threading
import time
from functools import cache
from itertools import count
from typing import Any

from bench.shapes import SHAPES, STAMP, arguments, texts

_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n"
_LAST = b"0\r\n\r\n"
_VARIANTS = 13  # of an event, where events are sent one by one


@cache
def burst(name: str, events: int) -> bytes:
    """A whole answer, as it goes over the line."""
    shape = SHAPES[name]
    pieces = shape.pieces(arguments(events) if name == "tools" else texts(events))
    return _HEAD.format(shape.media_type).encode() + b"".join(_chunk(piece) for piece in pieces if piece) + _LAST


@cache
def parts(name: str) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """An answer in parts: what comes before the text, some events, each in two around a stamp, and the end."""
    shape = SHAPES[name]
    first, *texts, last = shape.pieces([STAMP] * _VARIANTS)
    events = [_chunk(text).split(STAMP.encode()) for text in texts]
    return (
        _HEAD.format(shape.media_type).encode() + (_chunk(first) if first else b""),
        [(before, after) for before, after in events],
        _chunk(last) + _LAST,
    )


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Pacer:
    """Sends the events of many streams, each when it is due; one thread for all."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Any]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def send(self, connection: socket.socket, name: str, events: int, pause: float) -> None:
        """Send a stream and come back at its end."""
        head, variants, last = parts(name)
        connection.sendall(head)
        over = threading.Event()
        with self._changed:
            self._put(time.monotonic() + pause, (connection, variants, events, pause, over))
            self._changed.notify()
        over.wait()
        connection.sendall(last)

    def _put(self, due: float, stream: Any) -> None:
        heapq.heappush(self._due, (due, next(self._numbers), stream))

    def _run(self) -> None:
        with self._changed:
            while True:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                else:
                    self._step(*heapq.heappop(self._due))

    def _step(self, due: float, _number: int, stream: Any) -> None:
        connection, variants, left, pause, over = stream
        before, after = variants[left % _VARIANTS]
        try:
            connection.sendall(b"%b%020d%b" % (before, time.monotonic_ns(), after))
        except OSError:
            left = 1  # nobody reads it any more
        if left > 1:
            self._put(due + pause, (connection, variants, left - 1, pause, over))
        else:
            over.set()


def answer(connection: socket.socket, pacer: Pacer) -> None:
    """Answer the requests of one connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as lines:
        try:
            while line := lines.readline():
                _take_rest(lines)
                _, name, events, pause, *_ = line.split()[1].decode().split("/")
                if int(pause):
                    pacer.send(connection, name, int(events), int(pause) / 1000)
                else:
                    connection.sendall(burst(name, int(events)))
        except OSError:
            pass  # the other side has left


def _take_rest(lines: Any) -> None:
    """Read a request's headers and body."""
    length = 0
    while (line := lines.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    lines.read(length)


def serve() -> None:
    """Answer until whoever started this process has gone."""
    threading.stack_size(256 * 1024)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    pacer = Pacer()
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(listener, pacer), daemon=True).start()
    sys.stdin.read()


def _accept(listener: socket.socket, pacer: Pacer) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, pacer), daemon=True).start()


if __name__ == "__main__":
    serve()
