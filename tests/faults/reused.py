"""Table A1, connections that were used before: a server may close them at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue import ConnectionLost, DuologueError, RetryPolicy
from duologue.events import Error
from tests.faults.leaving import GOOD, client_for, on_its_loop
from tests.faults.row import Act
from tests.kit.server import ScriptedServer, hang_up, reset
from tests.kit.twins import collect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.row import Promise
    from tests.kit.twins import Twin


def _stale(*replies: list[Any], connections: int, again: bool = False) -> Callable[[Twin], None]:
    """A good answer, then these replies on the same connection or on new ones, then good ones again."""

    async def act(twin: Twin) -> None:
        seen: list[DuologueError] = []
        retry = RetryPolicy(max_retries=1, base_delay=0.001, on_retry=lambda error, _: seen.append(error))
        with ScriptedServer(*replies, GOOD) as server:
            async with client_for(twin, server, retry=retry) as client:
                assert (await client.stream("hi").result()).text == "Hello"
                assert server.wait_until(lambda found: found.open == 1 or hang_up in replies[0])
                *_, last = await collect(client.stream("hi", raise_errors=False))
                assert not isinstance(last, Error)
                assert [type(error) for error in seen] == [ConnectionLost] * again
            assert server.connections == connections
            assert len(server.requests) == len(replies) + 1

    return on_its_loop(act)


_SILENT = "it is sent again at once on a new one, which is not counted as a try"
REUSED = [
    Act(fault="FIN while it is idle", do=_stale([*GOOD, hang_up], connections=2), note="another one is used"),
    Act(fault="FIN when the next request has been sent", do=_stale(GOOD, [hang_up], connections=2), note=_SILENT),
    Act(fault="RST when the next request has been sent", do=_stale(GOOD, [reset], connections=2), note=_SILENT),
    Act(
        fault="FIN on the new one as well",
        do=_stale(GOOD, [hang_up], [hang_up], connections=3, again=True),
        gives=ConnectionLost,
        phase="request",
        again=True,
    ),
]

TABLE: Mapping[str, list[Promise]] = {"On a connection that was used before": [*REUSED]}
