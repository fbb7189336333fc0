"""Where a client's connections live, an event loop or a process, and who closes them at its end."""

from __future__ import annotations

import os
import sys
import warnings
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable

_closing: set[Any] = set()


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


def async_abandon(close: Callable[[], Coroutine[Any, Any, None]], home: Any) -> None:
    """Close something that nobody holds any more: in its event loop, whichever runs here, since the garbage collector
    may come by in any thread; with a warning where that does not run any more. When the program ends, all loops have
    ended before, and have closed their connections."""
    if sys.is_finalizing():
        return
    try:
        _start_in(home, close)
    except RuntimeError:
        warnings.warn("a stream was dropped outside its event loop without being closed", ResourceWarning, stacklevel=3)


def _start_in(home: Any, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it in that event loop.

    Raises:
        RuntimeError: the loop is over, or stands still.
    """
    if not hasattr(home, "create_task"):
        import trio

        home.run_sync_soon(trio.lowlevel.spawn_system_task, close)
    elif home.is_running():
        home.call_soon_threadsafe(_start, home, close)
    else:
        raise RuntimeError("the event loop stands still")


def _start(loop: Any, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = loop.create_task(close())
    # The loop itself holds tasks only weakly.
    _closing.add(task)
    task.add_done_callback(_closing.discard)


def abandon(close: Callable[[], None], _: object) -> None:
    """Close something that nobody holds any more."""
    close()


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
    """Closes something when nobody holds this any more, if nobody did before. At the end of the program the system
    does: closed any earlier, a thread that still reads would complain."""

    def __init__(self) -> None:
        self._close: Any = None

    def start(self, close: Callable[[], None]) -> None:
        """Remember what is to be closed."""
        if self._close is None:
            self._close = weakref.finalize(self, close)
            self._close.atexit = False

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
        for stream in pool.streams:
            stream.close()
