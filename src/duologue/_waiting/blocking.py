"""Connections of the blocking twin. For those of event loops see `loops.py`, which is loaded only there."""

from __future__ import annotations

import socket
import struct
import sys
import time
from math import inf
from typing import TYPE_CHECKING, TypeVar

from duologue._core.line import (
    ConnectError,
    ConnectTimeout,
    LineError,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)
from duologue._waiting.network import addresses

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

T = TypeVar("T")

# Where the system itself can end a read, and how its structure for that looks is known.
_SYSTEM_WAITS = sys.platform in ("linux", "darwin") and struct.calcsize("l") == 8


class Network:
    """A connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        # The seconds after which the system itself ends a read, 0 for never; None where Python is to see to it.
        self._patience: float | None = None
        self._patient = _SYSTEM_WAITS and not hasattr(connection, "context")

    def read(self, max_bytes: int, timeout: float | None) -> bytes:
        """What has come, as soon as something has; nothing where the other side is done."""
        seconds = inf if timeout is None else timeout
        end = time.monotonic() + seconds
        try:
            if not self._patient:
                self.socket.settimeout(timeout)
                return self.socket.recv(max_bytes)
            while True:
                self._wait(seconds)
                try:
                    return self.socket.recv(max_bytes)
                except BlockingIOError:
                    seconds = end - time.monotonic()
                    if seconds <= 0:
                        raise ReadTimeout from None
        except TimeoutError:
            raise ReadTimeout from None
        except LineError:
            raise
        except OSError as reason:
            raise ReadError(str(reason)) from reason

    def _wait(self, seconds: float) -> None:
        """Have the system end a read after so many seconds, or in half the time at least: so it need not be told anew
        for each. Python's own time-out asks the system twice for each, with a turn of all the other threads between."""
        if self._patience is None:
            self.socket.settimeout(None)
        most = 0.0 if seconds == inf else max(seconds, 0.001)
        if self._patience is None or not most / 2 <= self._patience <= most:
            whole, part = divmod(most, 1)
            self.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(whole), int(part * 1e6))
            )
            self._patience = most

    def write(self, data: bytes, timeout: float | None) -> None:
        """Send all of it."""
        try:
            data = data[self._write_at_once(data) :]
            if data:
                self._patience = None
                self.socket.settimeout(timeout)
                self.socket.sendall(data)
        except TimeoutError:
            raise WriteTimeout from None
        except OSError as reason:
            raise WriteError(str(reason)) from reason

    def _write_at_once(self, data: bytes) -> int:
        """How much of it could be sent without a wait, where the system is not to be told anew how long one may be."""
        try:
            return 0 if self._patience is None else self.socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    @property
    def unread(self) -> bool:
        """Whether more has come than was read, where the socket does not show it. Here it always does: of what is
        encrypted, no more is taken from it than the record that a read gives."""
        return False

    def close(self) -> None:
        """Close it."""
        self.socket.close()

    def start_tls(self, context: ssl.SSLContext, host: str, timeout: float | None) -> Network:
        """The same, encrypted."""
        try:
            if hasattr(self.socket, "context"):  # encrypted, as it is
                return _Inner(self, context, host, timeout)
            self.socket.settimeout(timeout)
            # Before the handshake, so that whoever closes this, in whichever thread, closes that.
            self.socket = context.wrap_socket(self.socket, server_hostname=host, do_handshake_on_connect=False)
            self.socket.do_handshake()
            return Network(self.socket)
        except (TimeoutError, ReadTimeout):
            raise ConnectTimeout from None
        except OSError as reason:
            raise ConnectError(str(reason)) from reason


class _Inner(Network):
    """What is encrypted within an encrypted connection, to a proxy: sockets cannot do that."""

    def __init__(self, outer: Network, context: ssl.SSLContext, host: str, timeout: float | None) -> None:
        import ssl

        super().__init__(outer.socket)
        self._outer = outer
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=host)
        self._more: type[Exception] = ssl.SSLWantReadError
        self._done = (ssl.SSLZeroReturnError, ssl.SSLEOFError)
        self._do(self._tls.do_handshake, timeout)

    def read(self, max_bytes: int, timeout: float | None) -> bytes:
        try:
            return self._do(lambda: self._tls.read(max_bytes), timeout)
        except self._done:
            return b""
        except LineError:
            raise
        except OSError as reason:
            raise ReadError(str(reason)) from reason

    @property
    def unread(self) -> bool:
        try:
            self._tls.read(1)
        except self._more:
            return False
        except OSError:  # it is no good any more
            return True
        return True

    def write(self, data: bytes, timeout: float | None) -> None:
        self._do(lambda: self._tls.write(data), timeout)

    def _do(self, step: Callable[[], T], timeout: float | None) -> T:
        """Take a step, with as many messages there and back as it needs."""
        end = inf if timeout is None else time.monotonic() + timeout
        while True:
            try:
                result = step()
            except self._more:
                self._flush(timeout)
                left = None if timeout is None else max(0.001, end - time.monotonic())
                data = self._outer.read(65536, left)
                if data:
                    self._came.write(data)
                else:
                    self._came.write_eof()
                continue
            self._flush(timeout)
            return result

    def _flush(self, timeout: float | None) -> None:
        if self._goes.pending:
            self._outer.write(self._goes.read(), timeout)


def connect(host: str, port: int, timeout: float | None) -> Network:
    """A connection, with each of a name's addresses in turn, all within the time."""
    end = inf if timeout is None else time.monotonic() + timeout
    found = addresses(host, port, timeout)
    error: Exception = ConnectError(f"{host} has no address")
    for number, address in enumerate(found, 1):
        left = None if timeout is None else max(0.001, end - time.monotonic()) / (len(found) - number + 1)
        try:
            connection = socket.create_connection((address, port), left)
        except TimeoutError as reason:
            error = ConnectTimeout()
            error.__cause__ = reason
        except OSError as reason:
            error = ConnectError(str(reason))
            error.__cause__ = reason
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Network(connection)
    raise error
