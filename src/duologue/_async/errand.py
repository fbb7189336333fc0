"""A short piece of work beside the streams, such as a fetch, that ends where its client is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._core.deadlines import Opening, opening
from duologue._core.failures import is_transport_failure, transport_error, without_frames
from duologue._waiting.interrupt import AsyncInterrupt
from duologue._waiting.network import stop_reading
from duologue._waiting.places import async_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._core.deadlines import Deadlines
    from duologue.errors import ClosedError, DuologueError


class AsyncErrand:
    """One such piece of work.

    Attributes:
        home: the event loop that it runs in.
        way: how far its request is.
        interrupt: ends what it waits for.
        begun: whether the head of an answer has come.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self.home = async_here()
        self.way = Opening(deadlines)
        self.interrupt = AsyncInterrupt()
        self.begun = False

    async def run(self, work: Callable[[], Any]) -> Any:
        """Do it; what it gives.

        Raises:
            ClosedError: it was stopped.
            TransportError: the line failed.
        """
        before = opening.set(self.way)
        outcome: Any = None
        try:
            with self.interrupt.guard():
                outcome = await work()
            self.way.uses(self.way.network)  # where it was stopped, the block may just have been left
        except Exception as reason:
            if self.way.closed is not None:
                raise self.way.closed from None
            if not is_transport_failure(reason):
                raise
            raise self._error(reason) from without_frames(reason)
        finally:
            opening.reset(before)
        return outcome

    def _error(self, reason: Exception) -> DuologueError:
        phases = {"phase": "total", "connect_phase": "total"}
        return transport_error(reason, begun=self.begun, stage=self.way.stage, **phases)

    async def stop(self, reason: ClosedError) -> None:
        """End it from wherever; whoever waits for it gets the reason. Where a thread looks a name up or connects, it
        does so when that is done."""
        self.way.closed = reason  # first: see `Opening.uses`
        self.interrupt.set()
        if not self.way.shared:
            stop_reading(self.way.network)
