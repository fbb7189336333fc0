"""The few lines that cannot be written once for both twins: how each of them waits.

Every name comes as a pair; making the blocking twin drops the `async_` or `Async` in front.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import warnings
import weakref
from collections import deque
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from ipaddress import ip_address
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar, cast

from duologue._core.deadlines import Timed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator

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


async def async_connect(
    open_: Callable[..., Coroutine[Any, Any, T]], host: str, port: int, timeout: float | None, *options: Any
) -> T:
    """Open a connection. The event loop's own way tries a name's addresses side by side."""
    return await open_(host, port, timeout, *options)


def connect(open_: Callable[..., T], host: str, port: int, timeout: float | None, *options: Any) -> T:
    """Open a connection: to each of a name's addresses in turn, all within the time.

    Raises:
        OSError: the name is not known, or was not found in time.
    """
    end = inf if timeout is None else time.monotonic() + timeout
    addresses = _resolve(host, port, timeout)
    for number, address in enumerate(addresses, 1):
        left = None if timeout is None else max(0.001, end - time.monotonic()) / (len(addresses) - number + 1)
        try:
            return open_(address, port, left, *options)
        except Exception:
            if number == len(addresses):
                raise
    raise AssertionError("a name that is known has an address")


def _resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """The addresses of a name. The system's resolver knows no time-out, so it is asked in a thread, which is left to
    itself where it takes too long."""
    with suppress(ValueError):
        return [str(ip_address(host.strip("[]")))]
    outcome: list[Any] = []

    def ask() -> None:
        try:
            outcome.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as reason:
            outcome.append(reason)

    thread = threading.Thread(target=ask, name="duologue", daemon=True)
    thread.start()
    thread.join(timeout)
    if not outcome:
        raise TimeoutError(f"the name {host} was not found in time")
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    return list(dict.fromkeys(found[4][0] for found in outcome[0]))


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
    timer = threading.Timer(seconds, stop_reading, [network])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def stop_reading(network: Any) -> None:
    """Wake whoever reads from a connection or writes to it, in whichever thread: to them it is as if it had ended."""
    connection = network.get_extra_info("socket") if network is not None else None
    if connection is None:
        return
    with suppress(OSError, ValueError), _second_handle(connection) as handle:  # closed in the meantime
        handle.shutdown(socket.SHUT_RDWR)


def _second_handle(connection: Any) -> socket.socket:
    """Another handle of the same socket, since event loops and TLS do not let theirs be shut down."""
    return socket.socket(fileno=os.dup(connection.fileno()))


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


# -- what a client has in each event loop -----------------------------------------------------------------------------


def async_here() -> object:
    """The event loop that runs this, as a key."""
    if "trio" in sys.modules:
        import trio

        with suppress(RuntimeError):
            return trio.lowlevel.current_trio_token()
    import asyncio

    return asyncio.get_running_loop()


def here() -> object:
    """There is but one place."""
    return None


async def _until_the_end(close: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await close()


class AsyncKeeper:
    """Closes something when its event loop ends, if nobody did before: loops wait for their generators then."""

    def __init__(self) -> None:
        self._until: Any = None

    async def start(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Remember what is to be closed."""
        if self._until is None:
            self._until = _until_the_end(close)
            await anext(self._until)

    async def aclose(self) -> None:
        """Close it now."""
        if self._until is not None:
            await self._until.aclose()


class Keeper:
    """Closes something when nobody holds this any more, or when the program ends, if nobody did before."""

    def __init__(self) -> None:
        self._close: Callable[[], object] | None = None

    def start(self, close: Callable[[], None]) -> None:
        """Remember what is to be closed."""
        if self._close is None:
            self._close = weakref.finalize(self, close)

    def close(self) -> None:
        """Close it now."""
        if self._close is not None:
            self._close()


_forking: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def in_forked_child(owner: object, method: str) -> None:
    """Have this method called where the program is forked, in the child."""
    _forking[owner] = method


def _forked() -> None:
    for owner, method in list(_forking.items()):
        getattr(owner, method)()


# There is no forking on Windows.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_forked)


def async_forget(_: Iterable[Any]) -> None:
    """Connections of another process's event loop: there is none here to close them in."""


def forget(pools: Iterable[Any]) -> None:
    """Let go of another process's connections. Closing them here says nothing on the wire; the pool's own way would
    want a lock that a thread of the parent may have held."""
    for pool in pools:
        for stream in getattr(getattr(pool, "backend", None), "sockets", ()):
            stream.close()


# -- a place in the queue ---------------------------------------------------------------------------------------------


class AsyncGate:
    """Lets at most `limit` through at once, first come first served; None lets all through."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._semaphore: Any = None

    async def enter(self, timeout: float | None) -> bool:
        """Wait for a place; False where none came free in `timeout` seconds."""
        if self._limit is None:
            return True
        import anyio

        if self._semaphore is None:
            self._semaphore = anyio.Semaphore(self._limit)
        with anyio.move_on_after(timeout) as scope:
            await self._semaphore.acquire()
        return not scope.cancelled_caught

    def leave(self) -> None:
        """Give the place back."""
        if self._semaphore is not None:
            self._semaphore.release()


class Gate:
    """Lets at most `limit` through at once, first come first served; None lets all through."""

    def __init__(self, limit: int | None) -> None:
        self._free = limit
        self._lock = threading.Lock()
        # Each waits for its own lock to be let go.
        self._queue: deque[threading.Lock] = deque()

    def enter(self, timeout: float | None) -> bool:
        """Wait for a place; False where none came free in `timeout` seconds."""
        with self._lock:
            if self._free is None:
                return True
            if self._free:
                self._free -= 1
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._queue.append(ticket)
        try:
            called = ticket.acquire(timeout=-1 if timeout is None else timeout)
        except BaseException:  # Ctrl-C
            if not self._give_up(ticket):
                self.leave()
            raise
        return called or not self._give_up(ticket)

    def _give_up(self, ticket: threading.Lock) -> bool:
        """Leave the queue; False where the place has just come."""
        with self._lock:
            waiting = ticket in self._queue
            if waiting:
                self._queue.remove(ticket)
            return waiting

    def leave(self) -> None:
        """Give the place back, to the next in the queue if there is one."""
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            elif self._free is not None:
                self._free += 1


# -- closing from elsewhere -------------------------------------------------------------------------------------------


class AsyncInterrupt:
    """Ends a wait of another task: that for a response, or that for another try."""

    def __init__(self) -> None:
        self._scope: Any = None
        self._called = False

    def set(self) -> None:
        """End it, or the next one."""
        self._called = True
        if self._scope is not None:
            self._scope.cancel()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What is waited for in here can be ended."""
        import anyio

        with anyio.CancelScope() as self._scope:
            if self._called:
                self._scope.cancel()
            yield
        self._scope = None

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        with self.guard():
            await async_sleep(seconds)


class Interrupt:
    """Ends a wait of another thread, as far as that can be: that for another try. A socket is woken by
    `stop_reading`."""

    def __init__(self) -> None:
        self._called = threading.Event()

    def set(self) -> None:
        """End it, or the next one."""
        self._called.set()

    def guard(self) -> AbstractContextManager[None]:
        """Nothing is done here."""
        return nullcontext()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._called.wait(seconds)
