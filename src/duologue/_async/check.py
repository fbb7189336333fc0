"""Asking a provider whether it answers: see `duologue._core.checking`."""

from __future__ import annotations

from functools import partial
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from duologue._async.errand import AsyncErrand
from duologue._core.checking import MOST_BYTES, NO_LIST, Health, Probe, outcome
from duologue.errors import ClosedError, DuologueError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._async.http import AsyncRoad


async def check(road: AsyncRoad, probe: Probe | None, ask: Callable[[], Any], provider: str) -> Health:
    """Whether it answers.

    Args:
        road: the way there.
        probe: what asks for the list of models, or about the key; None where there is neither.
        ask: asks the model itself, where that does not tell.
        provider: the provider's name.

    Raises:
        ClosedError: the client is closed, or was in the meantime.
    """
    at, began = time(), monotonic()
    error: DuologueError | None = None
    try:
        status, body = (404, b"") if probe is None else await _answer(road, probe)
        if status in NO_LIST:
            await ask()
        else:
            error = outcome(status, body)
    except ClosedError:
        raise
    except DuologueError as reason:
        error = reason.with_traceback(None)
    if error is not None:
        error.provider = provider
    return Health(error is None, provider, at, monotonic() - began, error)


async def _answer(road: AsyncRoad, probe: Probe) -> tuple[int, bytes]:
    """The status, and as much of the body as tells an error."""
    errand = AsyncErrand(probe.deadlines)
    answer: tuple[int, bytes] = await road.run(errand, partial(_ask, road, probe, errand))
    return answer


async def _ask(road: AsyncRoad, probe: Probe, errand: AsyncErrand) -> tuple[int, bytes]:
    answer: Any = None
    try:
        answer = await road.send(probe, errand.interrupt)
        errand.begun = True
        network: Any = getattr(answer, "extensions", {}).get("network_stream")
        errand.way.uses(network)  # not if it was stopped, where there may be no answer
        body = bytearray()
        async for piece in answer.stream:
            body += piece
            if len(body) > MOST_BYTES:
                break
        return answer.status_code, bytes(body)
    finally:
        if answer is not None:
            await answer.stream.aclose()
