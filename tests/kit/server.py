"""A scripted HTTP server on loopback: it does what a script says, however rude, and counts what it sees.

A script is one reply a request, in order over all connections; the last one is used again. A reply is a list of steps:
bytes are sent as they are, and `pause`, `half_close`, `hang_up`, `reset`, `stop_reading`, `wait_for`,
`when_told`, `over_and_over` do what they say.
`reply(...)` writes the bytes of an HTTP response. The server keeps a connection open after a reply, unless a step ends
it. A reply may be a function of the request, and an `Early` one begins before the request's body has been read.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    import ssl
    from types import TracebackType


class Request(NamedTuple):
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        """The body as data."""
        return json.loads(self.body)


class _HangUp(Exception):  # noqa: N818 - no error, but the script's wish
    """The script is done with this connection."""


class _OverAndOver(NamedTuple):
    data: bytes
    every: float


class _WhenTold(NamedTuple):
    seconds: float = 10


Step = bytes | Callable[[socket.socket], None] | _OverAndOver | _WhenTold
when_told = _WhenTold()  # go on when the test sets `told`
Reply = Sequence[Any]  # of steps: a list display of several kinds is a list of objects to mypy


_PIECE = 8192


class Early(list[Any]):
    """A reply that begins when only the first `after` bytes of the request's body have been read. The rest is never
    read; after the reply, the connection is closed."""

    def __init__(self, steps: Reply, after: int = 1024) -> None:
        super().__init__(steps)
        self.after = after


def pause(seconds: float) -> Step:
    """Send nothing for a while."""
    return lambda _: time.sleep(seconds)


def wait_for(event: threading.Event, seconds: float = 10) -> Step:
    """Go on when the test says so."""

    def step(_: socket.socket) -> None:
        assert event.wait(seconds), "the test never said to go on"

    return step


def hang_up(connection: socket.socket) -> None:
    """Close the connection in good order (FIN)."""
    raise _HangUp


def reset(connection: socket.socket) -> None:
    """Close the connection without a word (RST)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise _HangUp


def half_close(connection: socket.socket) -> None:
    """Say that nothing more will be sent (FIN), and wait until the client closes."""
    connection.shutdown(socket.SHUT_WR)
    until_closed(connection)


def stop_reading(connection: socket.socket) -> None:
    """Wait until the client closes, but read nothing of what it sends before."""
    watch = select.poll()
    watch.register(connection, 0)
    watch.poll(10_000)
    raise _HangUp


def over_and_over(data: bytes, every: float = 0) -> Step:
    """Send this again and again, with a pause of so many seconds after each, until the client is gone."""
    return _OverAndOver(data, every)


def listen(connection: socket.socket) -> None:
    """Wait until the client says something more."""
    connection.recv(65536)


def tunnel(port: int) -> Step:
    """Be a proxy: from now on, let everything through to another server on this machine, and back."""

    def step(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            to = {connection: server, server: connection}
            while True:
                for ready in select.select(list(to), [], [], 10)[0]:
                    data = ready.recv(65536)
                    if not data:
                        raise _HangUp
                    to[ready].sendall(data)

    return step


def until_closed(connection: socket.socket) -> None:
    """Wait until the client closes."""
    connection.settimeout(10)
    while connection.recv(65536):
        pass
    raise _HangUp


def head(status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """The head of a response."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body; an empty one ends it."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def reply(
    body: bytes | Iterable[bytes] = b"", status: int = 200, content_type: str = "text/event-stream", **headers: str
) -> list[Step]:
    """A whole response: bytes with their length, pieces as chunks. Header names take `_` for `-`."""
    given = {"content-type": content_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        return [head(status, {**given, "content-length": str(len(body))}), body]
    pieces = [chunk(piece) for piece in body]
    return [head(status, {**given, "transfer-encoding": "chunked"}), *pieces, chunk(b"")]


class ScriptedServer:
    """The server; a context manager.

    Attributes:
        requests: all that came, in order.
        connections: how many were opened.
        open: how many are open now.
        sent: the bytes of replies that the system took.
        port: where it listens.
        told: the steps `when_told` wait for it.
        origin: the address.
        base_url: the address for an OpenAI-compatible client.

    With `greeting`, each connection begins with these steps, before anything is read; `buffer` fixes the bytes that the
    system holds for a connection on its way in and out.
    """

    def __init__(
        self,
        *script: Reply | Callable[[Request], Reply],
        tls: ssl.SSLContext | None = None,
        greeting: Reply = (),
        buffer: int | None = None,
    ) -> None:
        self.script = list(script)
        self._greeting = greeting
        self.requests: list[Request] = []
        self._asked = 0
        self.connections = 0
        self.open = 0
        self.sent = 0
        self.told = threading.Event()
        self._lock = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        if buffer is not None:
            for way in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self._listener.setsockopt(socket.SOL_SOCKET, way, buffer)
        self._tls = tls
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.base_url = f"{self.origin}/v1"
        self._sockets: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def wait_until(self, seen: Callable[[Self], bool], seconds: float = 5) -> bool:
        """Whether the server sees something before the time is up."""
        with self._lock:
            return self._lock.wait_for(lambda: seen(self), seconds)

    def restart(self, *script: Reply | Callable[[Request], Reply]) -> None:
        """Begin this script with the next request."""
        with self._lock:
            self.script, self._asked = list(script), 0

    def forget(self) -> None:
        """Let go of the requests that came and of the threads that have ended: there may be very many."""
        with self._lock:
            self.requests.clear()
            self._threads = [thread for thread in self._threads if thread.ident is None or thread.is_alive()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._sockets:
                with contextlib.suppress(OSError):  # the client was quicker
                    connection.shutdown(socket.SHUT_RDWR)
        self.told.set()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self.open += 1
                self._sockets.add(connection)
                thread = threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._tls is not None:
                connection = self._encrypt(connection, self._tls)
            self._play(connection, self._greeting)
            with connection.makefile("rb") as lines:
                while request := _read_head(lines, number):
                    steps = self._answer(request, lines)
                    self._play(connection, steps)
                    if isinstance(steps, Early):
                        break
        except (_HangUp, OSError):
            pass  # the script's wish, or the client is gone
        finally:
            with self._lock:
                self.open -= 1
                self._sockets.discard(connection)
                connection.close()
                self._lock.notify_all()

    def _encrypt(self, connection: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        self._sockets.discard(connection)
        connection = tls.wrap_socket(connection, server_side=True)
        self._sockets.add(connection)
        return connection

    def _answer(self, request: Request, lines: Any) -> Reply:
        """Read the request's body, and choose its reply."""
        with self._lock:
            steps = self.script[min(self._asked, len(self.script) - 1)]
            self._asked += 1
        size = int(request.headers.get("content-length", "0"))
        if isinstance(steps, Early):
            size = min(size, steps.after)
        request = request._replace(body=lines.read(size))
        with self._lock:
            self.requests.append(request)
            self._lock.notify_all()
        return steps(request) if callable(steps) else steps

    def _play(self, connection: socket.socket, steps: Reply) -> None:
        for step in steps:
            if isinstance(step, bytes):
                self._send(connection, step)
            elif isinstance(step, _OverAndOver):
                while True:
                    self._send(connection, step.data)
                    time.sleep(step.every)
            elif isinstance(step, _WhenTold):
                assert self.told.wait(step.seconds), "the test never said to go on"
            else:
                step(connection)

    def _send(self, connection: socket.socket, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            taken = connection.send(rest[:_PIECE])  # it would wait until all of it is taken
            with self._lock:
                self.sent += taken
            rest = rest[taken:]


def _read_head(lines: Any, connection: int) -> Request | None:
    first = lines.readline().decode()
    if not first:
        return None
    method, path, _ = first.split(" ", 2)
    headers: dict[str, str] = {}
    while (line := lines.readline().decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, path, headers, b"", connection)
