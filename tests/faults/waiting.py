"""Time: each of the `Timeouts`, wherever a stream may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue import RateLimitError, ServerError, StreamTimeout, Timeouts
from tests.faults import places
from tests.faults.row import SHORT, Row, short
from tests.faults.transport import BEGUN, CHUNKED, LARGE, PING, SMALL_BUFFER, WHOLE
from tests.kit.server import Early, chunk, head, over_and_over, reply, stop_reading, until_closed
from tests.kit.wire import delta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.row import Promise

ENCRYPTED = {"where": places.over_tls, "kit": {"greeting": [until_closed]}}
UNREAD = {"server": [Early([stop_reading])], "prompt": LARGE, "kit": SMALL_BUFFER}
BUSY = reply(b'{"error": {"message": "no"}}', 429, "application/json", retry_after="30")

# Where the request is not out yet.
BEFORE: dict[str, dict[str, Any]] = {
    "the name is looked up": {"where": places.resolver_that_hangs_once},
    "nobody takes the connection up": {"where": places.nobody_accepts},
    "the handshake stalls": ENCRYPTED,
    "a proxy does not answer": {"where": places.through_tunnel, "server": [[until_closed]]},
}
# Where no event has come.
FIRST: dict[str, dict[str, Any]] = {
    "the server does not read the request": UNREAD,
    "no head comes": {"server": [[until_closed]]},
    "interim answers come": {"server": [[over_and_over(head(103))]]},
    "no event comes": {"server": [[head(200, CHUNKED), until_closed]]},
    "comments come, but no event": {"server": [[head(200, CHUNKED), over_and_over(PING, 0.01)]]},
}
# Where some have.
LATER: dict[str, dict[str, Any]] = {
    "nothing more comes": {"server": [[*BEGUN, until_closed]]},
    "comments come, but no more events": {"server": [[*BEGUN, over_and_over(PING, 0.01)]]},
    "comments come as fast as they are read": {"server": [[*BEGUN, over_and_over(PING * 1000)]]},
    "an event comes bit by bit": {"server": [[*BEGUN, chunk(b"data: "), over_and_over(chunk(b"x"), 0.01)]]},
    "events come, and do not end": {"server": [[*BEGUN, over_and_over(chunk(delta("l")), 0.01)]]},
}


def _ends(limit: str, where: str, fields: dict[str, Any], kept: str = "", **more: Any) -> Row:
    gives: dict[str, Any] = {"gives": StreamTimeout, "phase": limit, "client": short(limit)}
    return Row(fault=f"`{limit}`: {where}", kept=kept, **{**gives, **fields, **more})


TOTAL = [
    *(_ends("total", where, fields) for where, fields in {**BEFORE, **FIRST}.items()),
    *(_ends("total", where, fields, kept="Hel...") for where, fields in LATER.items()),
    *(
        Row(
            fault=f"`{limit}`: the body of an error comes bit by bit",
            server=[[head(500), over_and_over(b"x", 0.01)]],
            client=short(limit),
            gives=ServerError,
            phase="response",
            again=limit != "total",
            limit=limit,
            note="what its status says",
        )
        for limit in ("first_event", "total")
    ),
    Row(
        fault="`total`: the connection stays open after the end marker",
        server=[[*WHOLE, until_closed]],
        client={"timeouts": Timeouts(total=5)},
        note="after 100 ms",
        returned=False,
    ),
    Row(
        fault="`total`: the provider asks to wait for longer",
        server=[BUSY],
        client={"timeouts": Timeouts(total=SHORT)},
        gives=RateLimitError,
        phase="response",
        note="the provider's error, at once",
    ),
]

TABLE: Mapping[str, list[Promise]] = {"Wherever it stands": [*TOTAL]}
