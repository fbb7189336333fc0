"""A scripted HTTP/2 server on loopback, over TLS: real frames, by the library h2.

A script is one function a request, in order over all connections; the last one is used again. It is called with an
`Answer`, in a thread of its own, so that the streams of a connection are answered side by side.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, NamedTuple, Self

import h2.config
import h2.connection
import h2.events

from tests.kit.tls import server_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

NO_ERROR, REFUSED_STREAM, INTERNAL_ERROR, CANCEL = 0, 7, 2, 8  # RFC 9113, section 7


class H2Request(NamedTuple):
    """What a client sent."""

    headers: dict[str, str]
    body: bytes
    connection: int


class Connection:
    """One connection; frames go out under its lock."""

    def __init__(self, number: int, line: ssl.SSLSocket) -> None:
        self.number = number
        self.line = line
        self.lock = threading.Condition()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.bodies: dict[int, bytes] = {}
        self.heads: dict[int, dict[str, str]] = {}

    def flush(self) -> None:
        """Send what h2 has to send."""
        self.line.sendall(self.h2.data_to_send())


class Answer:
    """The stream of one request, for a script to answer on."""

    def __init__(self, connection: Connection, stream: int, request: H2Request) -> None:
        self._connection = connection
        self._stream = stream
        self.request = request
        self.gone = threading.Event()
        """The client reset it, or the connection is closed."""

    def head(self, status: int = 200, content_type: str = "text/event-stream", length: int | None = None) -> None:
        """Send the head of a response, which may announce the length of the body."""
        headers = [(":status", str(status)), ("content-type", content_type)]
        if length is not None:
            headers.append(("content-length", str(length)))
        with self._connection.lock:
            self._connection.h2.send_headers(self._stream, headers)
            self._connection.flush()

    def say(self, *pieces: bytes, ends: bool = False) -> None:
        """Send pieces of the body, each when the client has room for it; where it `ends`, it does so with each."""
        for piece in pieces:
            with self._connection.lock:
                window = self._connection.h2.local_flow_control_window
                assert self._connection.lock.wait_for(lambda: window(self._stream) >= len(piece), 10)  # noqa: B023
                self._connection.h2.send_data(self._stream, piece, end_stream=ends)
                self._connection.flush()

    def end(self) -> None:
        """End the body in good order."""
        with self._connection.lock:
            self._connection.h2.end_stream(self._stream)
            self._connection.flush()

    def whole(self, pieces: Iterable[bytes]) -> None:
        """A good response, whose end comes with its last piece: a client may leave once it has that."""
        *first, last = pieces
        self.head()
        self.say(*first)
        self.say(last, ends=True)

    def reset(self, code: int = INTERNAL_ERROR) -> None:
        """Break the stream off, and nothing else."""
        with self._connection.lock:
            self._connection.h2.reset_stream(self._stream, code)
            self._connection.flush()

    def go_away(self, last: int | None = None, code: int = NO_ERROR) -> None:
        """Announce that the connection ends, and which stream was the last one to be answered."""
        with self._connection.lock:
            self._connection.h2.close_connection(code, last_stream_id=self._stream if last is None else last)
            self._connection.flush()

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.line.sendall(data)

    def hang_up(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._connection.line.shutdown(socket.SHUT_RDWR)


class H2Server:
    """The server; a context manager.

    Attributes:
        requests: all that came, in order.
        connections: how many were opened.
        open: how many are open now.
        resets: how many streams clients have reset.
        base_url: the address for an OpenAI-compatible client.
    """

    def __init__(self, *script: Callable[[Answer], None]) -> None:
        self.script = list(script)
        self.requests: list[H2Request] = []
        self.connections = self.open = self.resets = 0
        self._lock = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._tls = server_context(protocols=["h2"])
        self.base_url = f"https://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._lines: set[ssl.SSLSocket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for line in self._lines:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def wait_until(self, seen: Callable[[Self], bool], seconds: float = 5) -> bool:
        """Whether the server sees something before the time is up."""
        with self._lock:
            return self._lock.wait_for(lambda: seen(self), seconds)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                number = self.connections
            self._begin(self._serve, plain, number)

    def _begin(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        answers: dict[int, Answer] = {}
        with (
            contextlib.suppress(OSError, h2.exceptions.ProtocolError),
            self._tls.wrap_socket(plain, server_side=True) as line,
        ):
            connection = Connection(number, line)
            self._count(line, 1)
            try:
                connection.h2.initiate_connection()
                connection.flush()
                while data := line.recv(65536):
                    self._hear(connection, data, answers)
            finally:
                for answer in answers.values():
                    answer.gone.set()
                self._count(line, -1)

    def _count(self, line: ssl.SSLSocket, change: int) -> None:
        with self._lock:
            self.open += change
            (self._lines.add if change > 0 else self._lines.discard)(line)
            self._lock.notify_all()

    def _hear(self, connection: Connection, data: bytes, answers: dict[int, Answer]) -> None:
        with connection.lock:
            for event in connection.h2.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    connection.heads[event.stream_id] = dict(event.headers)  # type: ignore[arg-type]  # text, as told
                    connection.bodies[event.stream_id] = b""
                elif isinstance(event, h2.events.DataReceived):
                    connection.bodies[event.stream_id] += event.data
                    connection.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    answers[event.stream_id] = self._ask(connection, event.stream_id)
                elif isinstance(event, h2.events.StreamReset):
                    self._reset(answers[event.stream_id])
            connection.flush()
            connection.lock.notify_all()

    def _ask(self, connection: Connection, stream: int) -> Answer:
        request = H2Request(connection.heads.pop(stream), connection.bodies.pop(stream), connection.number)
        with self._lock:
            script = self.script[min(len(self.requests), len(self.script) - 1)]
            self.requests.append(request)
            self._lock.notify_all()
        answer = Answer(connection, stream, request)
        self._begin(self._answer, script, answer)
        return answer

    def _answer(self, script: Callable[[Answer], None], answer: Answer) -> None:
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):  # the client is gone
            script(answer)

    def _reset(self, answer: Answer) -> None:
        answer.gone.set()
        with self._lock:
            self.resets += 1
            self._lock.notify_all()
