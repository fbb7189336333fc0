"""The JSON of an answer as it grows; made by `AsyncStream.partials`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from duologue.events import Error, Start, TextDelta

if TYPE_CHECKING:
    from duologue._async.stream import AsyncStream
    from duologue._core.call import Call
    from duologue.errors import DuologueError


class AsyncPartials:
    """Python data, as far as they have come."""

    def __init__(self, stream: AsyncStream[Any], call: Call) -> None:
        self._stream = stream
        self._call = call
        self._growing = call.growing()
        self._error: DuologueError | None = None
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        value = await self._next()
        if value is not None:
            return value
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None
                del self  # as in the stream's own
        if self._call.exchange.complete and not self._over:
            self._over = True
            self._call.parsed(self._call.response)
        raise StopAsyncIteration

    async def _next(self) -> Any:
        """The next value; None where there is no more."""
        async for event in self._stream:
            if isinstance(event, Start):  # which may be a second one, of an answer that begins again
                self._growing = self._call.growing()
            elif isinstance(event, TextDelta) and event.index == 0 and self._growing.feed(event.text):
                value = self._growing.value
                if value is not None:
                    return value
            elif isinstance(event, Error):
                self._error = event.error
                break
        return None
