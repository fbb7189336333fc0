"""Asking a provider whether it answers: see `duologue._core.checking`."""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING, Any

from duologue._core.checking import MOST_BYTES, NO_LIST, Health, Probe, outcome
from duologue._core.deadlines import Opening, opening
from duologue._core.failures import is_transport_failure, transport_error, without_frames
from duologue._waiting.interrupt import AsyncInterrupt
from duologue.errors import DuologueError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._async.http import AsyncRoad


async def check(road: AsyncRoad, probe: Probe | None, ask: Callable[[], Any], provider: str) -> Health:
    """Whether it answers.

    Args:
        road: the way there.
        probe: what asks for the list of models; None where there is none.
        ask: asks the model itself, where that does not tell.
        provider: the provider's name.
    """
    at, began = time(), monotonic()
    error: DuologueError | None = None
    try:
        status, body = (404, b"") if probe is None else await _answer(road, probe)
        if status in NO_LIST:
            await ask()
        else:
            error = outcome(status, body)
    except DuologueError as reason:
        error = reason.with_traceback(None)
    if error is not None:
        error.provider = provider
    return Health(error is None, provider, at, monotonic() - began, error)


async def _answer(road: AsyncRoad, probe: Probe) -> tuple[int, bytes]:
    """The status, and as much of the body as tells an error."""
    way = Opening(probe.deadlines)
    before = opening.set(way)
    answer: Any = None
    try:
        answer = await road.send(probe, AsyncInterrupt())
        body = bytearray()
        async for piece in answer.stream:
            body += piece
            if len(body) > MOST_BYTES:
                break
        return answer.status_code, bytes(body)
    except Exception as reason:
        if not is_transport_failure(reason):
            raise
        phases = {"phase": "total", "connect_phase": "total"}
        error = transport_error(reason, begun=answer is not None, stage=way.stage, **phases)
        raise error from without_frames(reason)
    finally:
        opening.reset(before)
        if answer is not None:
            await answer.stream.aclose()
