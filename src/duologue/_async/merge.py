"""Several streams read at once, as one."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from duologue._async.closing import close_all
from duologue._tools.job import Source
from duologue._waiting.crew import AsyncCrew
from duologue._waiting.spawn import async_settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duologue._tools.job import News

T = TypeVar("T")


class AsyncMerge(Generic[T]):
    """The items of several streams in the order in which they arrive; made by `merge_streams`.

    Iterate over it, bare or inside `async with`. What one of the streams raises is raised here, and the others are
    closed. Leaving it closes all of them.
    """

    def __init__(self, streams: Iterable[Any]) -> None:
        self._sources = [Source(stream) for stream in streams]
        self._left = len(self._sources)
        self._crew = AsyncCrew(max(1, self._left))
        self._begun = self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            while self._left and not self._over:
                news = await self._next()
                if news is None:
                    break
                if not news.last:
                    item: T = news.event
                    return item
                self._left -= 1
        except BaseException:
            await self.aclose()
            raise
        raise StopAsyncIteration

    async def _next(self) -> News | None:
        if not self._begun:
            self._begun = True
            for source in self._sources:
                self._crew.start(source)
        news = await self._crew.next(inf)
        if news is not None and news.error is not None:
            raise news.error
        return news

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all the streams that can be closed."""
        if self._over:
            return
        self._over = True
        await close_all([self._crew.stop, *(partial(_close, source.stream) for source in self._sources)])

    def __del__(self) -> None:
        if getattr(self, "_over", True) is False:
            self._crew.abandon()


async def _close(stream: Any) -> None:
    close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    with suppress(RuntimeError, ValueError):  # a generator that still runs in a thread
        if close is not None:
            await async_settled(close())
