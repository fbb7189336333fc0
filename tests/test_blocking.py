"""Connections of the blocking twin, where a stream through a server does not reach them."""

from __future__ import annotations

import socket
import ssl
import threading
from time import monotonic
from typing import Any

import pytest

from duologue._core.line import ConnectError, ConnectTimeout, ReadError, ReadTimeout, WriteError, WriteTimeout
from duologue._waiting.blocking import Network, _Inner
from tests.kit.tls import client_context, server_context


def test_reading_and_writing_have_their_ends() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        network = Network(ours)
        with pytest.raises(ReadTimeout):
            network.read(10, 0.01)
        with pytest.raises(WriteTimeout):
            network.write(b"x" * 10_000_000, 0.01)
        theirs.close()
        with pytest.raises(WriteError):
            network.write(b"x" * 10_000_000, 1)
        network.close()
        with pytest.raises(ReadError):
            network.read(10, 1)


def test_a_write_behind_a_read_waits_where_it_has_to() -> None:
    """What goes out at once goes out without a word about time-outs; of the rest, all."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        network = Network(ours)
        theirs.sendall(b"x")
        assert network.read(1, 5) == b"x"
        network.write(b"hello", 5)
        assert theirs.recv(10) == b"hello"
        with pytest.raises(WriteTimeout):
            network.write(b"x" * 10_000_000, 0.05)  # some of it at once
        theirs.sendall(b"y")
        assert network.read(1, 5) == b"y"
        with pytest.raises(WriteTimeout):
            network.write(b"x", 0.05)  # and now nothing


def test_a_write_behind_a_read_comes_whole() -> None:
    ours, theirs = socket.socketpair()
    body, came = bytes(range(256)) * 20_000, bytearray()

    def take() -> None:
        while len(came) < len(body):
            came.extend(theirs.recv(65536))

    with ours, theirs:
        network = Network(ours)
        theirs.sendall(b"x")
        assert network.read(1, 5) == b"x"
        reader = threading.Thread(target=take, daemon=True)
        reader.start()
        network.write(body, 20)
        reader.join(20)
    assert came == body


def test_a_read_may_take_longer_than_the_one_before() -> None:
    """The system is not told anew, so it ends the wait too early, and that goes on."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        network = Network(ours)
        for seconds in (0.1, 0.15):
            began = monotonic()
            with pytest.raises(ReadTimeout):
                network.read(10, seconds)
            assert monotonic() - began >= seconds


def test_what_does_not_speak_tls() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        network = Network(ours)
        with pytest.raises(ConnectTimeout):
            network.start_tls(client_context(), "localhost", 0.01)
        network.close()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        network = Network(ours)
        with pytest.raises(ConnectError, match="SSL"):
            network.start_tls(client_context(), "localhost", 1)
        network.close()


class Outer:
    """A connection to a proxy, behind which an encrypted server sits; nothing of it waits."""

    socket: Any = None

    def __init__(self) -> None:
        self.came, self.goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server_context("localhost").wrap_bio(self.came, self.goes, server_side=True)
        self.ready = self.over = False
        self.other = b""

    def write(self, data: bytes, _: float | None) -> None:
        self.came.write(data)
        if not self.ready:
            try:
                self.server.do_handshake()
            except ssl.SSLWantReadError:
                return
            self.ready = True

    def read(self, _: int, __: float | None) -> bytes:
        if self.other or self.goes.pending:
            other, self.other = self.other, b""
            return other or self.goes.read()
        if self.over:
            return b""
        raise ReadTimeout


def inner() -> tuple[_Inner, Outer]:
    outer: Any = Outer()
    return _Inner(outer, client_context(), "localhost", 1), outer


def test_encrypted_within_what_is_encrypted() -> None:
    network, outer = inner()
    outer.server.write(b"hello")
    assert network.read(3, 1) == b"hel"
    assert network.read(100, None) == b"lo"
    network.write(b"hi", 1)
    assert outer.server.read(10) == b"hi"
    with pytest.raises(ReadTimeout):
        network.read(10, 1)
    with pytest.raises(ssl.SSLWantReadError):  # the server says that it is done, and waits for us to say so too
        outer.server.unwrap()
    assert network.read(10, 1) == b""


def test_the_end_of_the_line_is_the_end_of_what_is_in_it() -> None:
    network, outer = inner()
    outer.over = True
    assert network.read(10, 1) == b""


def test_what_is_no_tls_within() -> None:
    network, outer = inner()
    outer.goes.read()
    outer.other = b"no TLS at all"
    with pytest.raises(ReadError, match="SSL"):
        network.read(10, 1)
