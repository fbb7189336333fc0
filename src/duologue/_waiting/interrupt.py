"""Waiting for a while, or for a function, and being woken by another task or thread."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, cast

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
