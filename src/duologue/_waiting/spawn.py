"""Beginning something that goes on by itself: a task of the event loop, a thread, an event loop in a thread."""

from __future__ import annotations

import inspect
import sys
import threading
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_tasks: set[Any] = set()


def _trio_token() -> Any:
    """The running trio loop's, if there is one."""
    if "trio" in sys.modules:
        import trio

        with suppress(RuntimeError):
            return trio.lowlevel.current_trio_token()
    return None


def spawn(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it in a task of this event loop that nobody has to wait for. It must not raise."""
    if _trio_token() is not None:
        import trio

        trio.lowlevel.spawn_system_task(work, context=copy_context())
        return
    import asyncio

    task = asyncio.get_running_loop().create_task(work())
    # The loop itself holds tasks only weakly.
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def is_cancelled() -> bool:
    """Whether somebody cancels this task, and it does not only say so itself; on trio nothing can say so itself."""
    if _trio_token() is not None:
        return True
    import asyncio

    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def caller() -> Callable[[Callable[[], object]], None]:
    """A function that has something called in this event loop, from whichever thread; nothing where that is gone."""
    token = _trio_token()
    if token is not None:
        import trio

        def call_in_trio(function: Callable[[], object]) -> None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(function)

        return call_in_trio
    import asyncio

    loop = asyncio.get_running_loop()

    def call(function: Callable[[], object]) -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(function)

    return call


async def async_in_thread(function: Callable[[], T]) -> T:
    """What a blocking function gives, run in a thread with this task's context; cancelled, the thread is left to
    itself."""
    import anyio

    done, soon, context = anyio.Event(), caller(), copy_context()
    outcome: list[tuple[Any, BaseException | None]] = []

    def work() -> None:
        try:
            outcome.append((context.run(function), None))
        except BaseException as reason:  # noqa: BLE001 - raised again in the caller's task
            outcome.append((None, reason))
        soon(done.set)

    threading.Thread(target=work, name="duologue", daemon=True).start()
    await done.wait()
    result, reason = outcome[0]
    if reason is not None:
        raise reason if isinstance(reason, Exception) else RuntimeError(f"the tool raised {type(reason).__name__}")
    value: T = result
    return value


def in_own_loop(work: Callable[[], Coroutine[Any, Any, T]], stoppable: Callable[[Callable[[], None]], None]) -> T:
    """What a coroutine gives, run in an event loop of this thread's own; `stoppable` is given what ends it from
    outside.

    Raises:
        TimeoutError: it was ended.
    """
    import anyio

    async def main() -> T:
        with anyio.CancelScope() as scope:
            soon = caller()
            stoppable(lambda: soon(scope.cancel))
            return await work()
        raise TimeoutError("it was stopped")

    return anyio.run(main)


async def async_settled(value: Any) -> Any:
    """What a function of the caller's gave, which may be to be waited for."""
    return await value if inspect.isawaitable(value) else value


def settled(value: Any) -> Any:
    """What a function of the caller's gave.

    Raises:
        TypeError: it is to be waited for, and nobody can.
    """
    if inspect.isawaitable(value):
        getattr(value, "close", lambda: None)()
        raise TypeError("an async function needs the async client")
    return value
