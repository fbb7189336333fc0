"""The few lines that cannot be written once for both twins: how each of them waits.

Every name comes as a pair; making the blocking twin drops the `async_` or `Async` in front.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
import warnings
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from duologue._core.deadlines import Timed
from duologue.errors import PoolTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")

_closing: set[Any] = set()


async def async_sleep(seconds: float) -> None:
    """Wait, letting other tasks run."""
    import anyio

    await anyio.sleep(seconds)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


async def async_run(function: Callable[[], T]) -> T:
    """What a blocking function gives, run in a thread; cancelled, the thread is left to itself."""
    import anyio

    outcome: list[tuple[T | None, BaseException | None]] = []

    def work() -> None:
        try:
            outcome.append((function(), None))
        except BaseException as reason:  # noqa: BLE001 - raised again in the caller's task
            outcome.append((None, reason))

    # Not a worker thread of the event loop: those are waited for at the program's end, and a download that was
    # cancelled may be stuck in a read. What runs here takes a second or so: looking for its end now and then will do.
    thread = threading.Thread(target=work, name="duologue", daemon=True)
    thread.start()
    while thread.is_alive():  # noqa: ASYNC110 - see above; an Event would need the loop's own way in from a thread
        await anyio.sleep(0.01)
    result, reason = outcome[0]
    if reason is not None:
        raise reason
    return cast("T", result)


def run(function: Callable[[], T]) -> T:
    """What a function gives."""
    return function()


def async_limit(network: Any, seconds: float) -> AbstractContextManager[object]:
    """Ends what is read from a connection inside it after that time."""
    if isinstance(network, Timed):
        network.deadline = time.monotonic() + seconds
        return nullcontext()
    import anyio

    return anyio.move_on_after(seconds)


@contextmanager
def limit(network: Any, seconds: float) -> Iterator[None]:
    """Ends what is read from a connection inside it after that time.

    Where the connection has no deadline of its own, nothing here could cancel a read, so a timer shuts the socket's
    reading side.
    """
    if isinstance(network, Timed):
        network.deadline = time.monotonic() + seconds
        yield
        return
    timer = threading.Timer(seconds, _stop_reading, [network])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _stop_reading(network: Any) -> None:
    connection = network.get_extra_info("socket") if network is not None else None
    if isinstance(connection, socket.socket):
        with suppress(OSError):  # closed in the meantime
            # Past TLS, which would wait to say goodbye.
            socket.socket.shutdown(connection, socket.SHUT_RD)


def async_abandon(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Close something that nobody holds any more: in its event loop, or with a warning where there is none to do it
    in."""
    if "trio" in sys.modules:
        import trio

        try:
            trio.lowlevel.spawn_system_task(close)
        except RuntimeError:
            pass
        else:
            return
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        warnings.warn("a stream was dropped outside its event loop without being closed", ResourceWarning, stacklevel=3)
        return
    task = loop.create_task(close())
    # The loop itself holds tasks only weakly.
    _closing.add(task)
    task.add_done_callback(_closing.discard)


def abandon(close: Callable[[], None]) -> None:
    """Close something that nobody holds any more."""
    close()


def _too_many(limit: int) -> PoolTimeout:
    return PoolTimeout(f"max_concurrent={limit} streams are open: close one that is not read any more", phase="connect")


class AsyncGate:
    """Lets at most `limit` through at once, first come first served; None lets all through."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._semaphore: Any = None

    async def enter(self, timeout: float | None) -> None:
        """Wait for a place.

        Raises:
            PoolTimeout: none came free in `timeout` seconds.
        """
        if self._limit is None:
            return
        import anyio

        if self._semaphore is None:
            self._semaphore = anyio.Semaphore(self._limit)
        with anyio.move_on_after(timeout) as scope:
            await self._semaphore.acquire()
        if scope.cancelled_caught:
            raise _too_many(self._limit)

    def leave(self) -> None:
        """Give the place back."""
        if self._semaphore is not None:
            self._semaphore.release()


class Gate:
    """Lets at most `limit` through at once; None lets all through."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._semaphore = threading.Semaphore(limit) if limit is not None else None

    def enter(self, timeout: float | None) -> None:
        """Wait for a place.

        Raises:
            PoolTimeout: none came free in `timeout` seconds.
        """
        if self._semaphore is not None and self._limit is not None and not self._semaphore.acquire(timeout=timeout):
            raise _too_many(self._limit)

    def leave(self) -> None:
        """Give the place back."""
        if self._semaphore is not None:
            self._semaphore.release()
