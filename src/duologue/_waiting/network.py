"""The network's waits: for a connection, and for what comes on it."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from math import inf
from select import select
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

T = TypeVar("T")

_LOOK_AGAIN = 0.01
# For one socket, one time: others take a file of their own.
_Selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)
# Closing a socket resets its connection. The fields of this structure are shorter on Windows.
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
# The most pieces of a body that a connection may have read already.
_BUFFERED = 20_000


def addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """The addresses of a name. The system's resolver knows no time-out, so it is asked in a thread, which is left to
    itself where it takes too long.

    Raises:
        OSError: the name is not known, or was not found in time.
    """
    with suppress(ValueError):
        return [str(ip_address(host.strip("[]")))]
    outcome: list[Any] = []

    def ask() -> None:
        try:
            outcome.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as reason:
            outcome.append(reason)
        except UnicodeError as reason:  # no name at all: with an empty label, or one that is too long
            outcome.append(socket.gaierror(socket.EAI_NONAME, str(reason)))

    thread = threading.Thread(target=ask, name="duologue", daemon=True)
    thread.start()
    thread.join(timeout)
    if not outcome:
        raise TimeoutError(f"the name {host} was not found in time")
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    return list(dict.fromkeys(found[4][0] for found in outcome[0]))


async def async_unwind(body: AsyncIterator[bytes]) -> None:
    """Let go of a body that nobody reads on. The generators that it is made of are left by a cancellation from the
    innermost one outwards: dropped instead, each would be closed by the event loop, and trio complains about each."""
    import anyio

    with suppress(StopAsyncIteration), anyio.CancelScope() as scope:
        scope.cancel()
        for _ in range(_BUFFERED):
            await anext(body)


def unwind(body: Iterator[bytes]) -> None:
    """Let go of a body that nobody reads on."""
    getattr(body, "close", bool)()


async def async_ready(network: Any, seconds: float | None) -> int:
    """Which of `EVENT_READ` and `EVENT_WRITE` a connection is ready for; none of them after that time."""
    import anyio

    end = inf if seconds is None else time.monotonic() + seconds
    # Event loops do not let others watch the sockets that they watch themselves, so this asks again and again. It has
    # to only while a server takes a long request slowly.
    while not (can := ready(network, 0)) and time.monotonic() < end:  # noqa: ASYNC110 - as above
        await anyio.sleep(_LOOK_AGAIN)
    return can


def ready(network: Any, seconds: float | None) -> int:
    """Which of `EVENT_READ` and `EVENT_WRITE` a connection is ready for; none of them after that time."""
    try:
        with _Selector() as selector:
            selector.register(network.get_extra_info("socket"), EVENT_READ | EVENT_WRITE)
            return sum(events for _, events in selector.select(seconds))
    except (OSError, ValueError):  # closed in the meantime: a read will tell
        return EVENT_READ


def readable(network: Any) -> bool:
    """Whether something has come, or the connection has ended."""
    try:
        return bool(select([network.get_extra_info("socket")], [], [], 0)[0])
    except (OSError, ValueError):  # closed, or one of more than a thousand files
        return bool(ready(network, 0) & EVENT_READ)


def stop_reading(network: Any) -> None:
    """Wake whoever reads from a connection or writes to it, in whichever thread: to them it is as if it had ended. Once
    it is closed, the server is told not to send any more: after a mere end of ours, one that sends and sends may have
    to wait for as long as the system remembers the connection, a minute on Linux."""
    connection = network.get_extra_info("socket") if network is not None else None
    if connection is None:
        return
    with suppress(OSError, ValueError), second_handle(connection) as handle:  # closed in the meantime
        handle.shutdown(socket.SHUT_RDWR)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def second_handle(connection: Any) -> socket.socket:
    """Another handle of the same socket, since event loops and TLS do not let theirs be shut down."""
    return socket.socket(fileno=os.dup(connection.fileno()))
