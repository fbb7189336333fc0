"""Waiting for a while, or for a function, and being woken by another task or thread."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from duologue._waiting.network import stop_reading
from duologue._waiting.watchdog import WATCHDOG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


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


class AsyncInterrupt:
    """Ends what a task waits for: when another one says so, or when its time is up.

    Attributes:
        called: whether another one has said so.
        late: whether the last guard was left because its time was up.
    """

    def __init__(self) -> None:
        self._scope: Any = None
        self.called = self.late = False

    def set(self) -> None:
        """End it, or the next one."""
        self.called = True
        if self._scope is not None:
            self._scope.cancel()

    @contextmanager
    def guard(self, end: float = inf, _network: Any = None) -> Iterator[None]:
        """What is waited for in here can be ended, and ends at that time of the monotonic clock; then the block is
        left."""
        import anyio

        outer, self.late = self._scope, False
        try:
            # Each event loop has its own clock.
            with anyio.CancelScope(deadline=anyio.current_time() + end - time.monotonic()) as self._scope:
                if self.called:
                    self._scope.cancel()
                yield
            self.late = self._scope.cancelled_caught and not self.called
        finally:
            self._scope = outer

    def until(self, end: float, _network: Any) -> None:
        """What is waited for just now ends at that time instead."""
        import anyio

        self._scope.deadline = anyio.current_time() + end - time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        with self.guard():
            await async_sleep(seconds)


class Interrupt:
    """Ends what a thread waits for, as far as that can be: when another one says so, a wait for another try, since a
    socket is woken by `stop_reading`; when its time is up, a read.

    Attributes:
        called: whether another one has said so.
        late: whether the last guard was left because its time was up.
    """

    def __init__(self) -> None:
        self.called = False
        self._sleeper: threading.Event | None = None
        self._watched: object = None
        self._bitten = self.late = False

    def set(self) -> None:
        """End it, or the next one."""
        self.called = True
        if self._sleeper is not None:
            self._sleeper.set()

    def guard(self, end: float = inf, network: Any = None) -> Self:
        """What is read from that connection in a block of this ends at that time of the monotonic clock; then the block
        is left."""
        self.until(end, network)
        return self

    def __enter__(self) -> None:
        """See `guard`."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        # What a connection says that was shut is only that.
        return self._ends() and kind is not None and issubclass(kind, Exception)

    def until(self, end: float, network: Any) -> None:
        """What is waited for just now is read from that connection, and ends at that time instead."""
        self._release()
        if network is not None and end < inf:
            self._watched = WATCHDOG.watch(end, partial(stop_reading, network))

    def _release(self) -> None:
        if self._watched is not None:
            self._bitten |= not WATCHDOG.release(self._watched)
            self._watched = None

    def _ends(self) -> bool:
        """Whether it was the watchdog that ended what was waited for."""
        self._release()
        self.late, self._bitten = self._bitten, False
        return self.late

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._sleeper = threading.Event()  # before the look: who says so sees it, or has said so before
        if not self.called:
            self._sleeper.wait(seconds)
