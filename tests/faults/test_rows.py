"""Every row of the matrix, on both twins and on each event loop."""

from __future__ import annotations

import logging
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from duologue import Limits, RetryPolicy, StreamTimeout
from duologue.events import Error
from tests.faults.bodies import FORMATS
from tests.faults.row import GRACE, TRIES, TWINS, Act, Promise, Row
from tests.faults.tables import TABLES
from tests.kit.canary import HEADER, KEY, shown
from tests.kit.twins import Twin, collect

if TYPE_CHECKING:
    from duologue.errors import DuologueError
    from tests.kit.server import ScriptedServer

ROWS = [
    pytest.param(twin, row, id=f"{section}: {row.fault}-{twin}")
    for sections in TABLES.values()
    for section, rows in sections.items()
    for row in rows
    for twin in (row.twins if isinstance(row, Act) else TWINS)
]


class Played:
    """What came of a row."""

    def __init__(self) -> None:
        self.began = monotonic()
        self.events: list[Any] = []
        self.retried: list[DuologueError] = []
        self.waits: list[float] = []
        self.failed_after: float | None = None

    def on_retry(self, error: DuologueError, seconds: float) -> None:
        """Another try is to be made."""
        self._failed()
        self.retried.append(error)
        self.waits.append(seconds)

    def _failed(self) -> None:
        self.failed_after = self.failed_after or monotonic() - self.began

    async def read(self, stream: Any, server: ScriptedServer | None) -> None:
        """Read to the end; at the first event, tell the server to go on."""
        async for event in stream:
            self.events.append(event)
            if server is not None:
                server.told.set()
        if isinstance(self.events[-1], Error):
            self._failed()

    def errors(self) -> list[DuologueError]:
        """The errors that the caller's policy saw, and the one that was given."""
        last = self.events[-1]
        return [*self.retried, last.error] if isinstance(last, Error) else self.retried


@pytest.mark.parametrize(("twin", "row"), ROWS, indirect=["twin"])
def test_row(twin: Twin, row: Promise, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    if isinstance(row, Act):
        row.do(twin)
        return
    assert isinstance(row, Row)
    caplog.set_level(logging.DEBUG)
    if row.waits is not None:
        no_waiting(monkeypatch)
    for left in reversed(range(TRIES)):
        late = twin.run(partial(play, twin, row))
        assert_hidden(caplog.text)
        if not late:
            return
        assert left, late


def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before another try."""

    async def async_sleep(_: object, __: float) -> None:
        """Not a moment."""

    monkeypatch.setattr("duologue._waiting.interrupt.AsyncInterrupt.sleep", async_sleep)
    monkeypatch.setattr("duologue._waiting.interrupt.Interrupt.sleep", lambda *_: None)


async def play(twin: Twin, row: Row) -> str:
    """Play a row and check it; gives what came too late, where something did."""
    with row.where(row) as place:
        played = Played()
        fields: dict[str, Any] = {
            "provider": FORMATS[row.speaks].provider,
            "model": "m-1",
            "api_key": KEY,
            "headers": {"x-own": HEADER},
            # One place for all: what keeps it makes the next request fail.
            "limits": Limits(max_connections=1, max_concurrent=1),
            "retry": RetryPolicy(max_retries=2, base_delay=0.001, jitter=False, on_retry=played.on_retry),
            **place.client,
            **row.client,
        }
        async with twin.Client(**fields) as client:
            stream = client.stream(row.prompt, raise_errors=False)
            await played.read(stream, place.server)
            late = check(row, played, stream)
            if place.server is not None and place.server.requests:
                late = late or await check_connection(row, place.server, client)
        return late


def check(row: Row, played: Played, stream: Any) -> str:
    """Whether what came is what is promised."""
    *before, last = played.events
    assert not any(event.is_done or event.is_error for event in before)
    if row.gives is None or (row.again and last.is_done):
        assert last.is_done, last
        assert last.response.text == stream.response.text == "Hello"
    for error in played.errors():
        check_error(row, error)
    assert bool(played.errors()) is (row.gives is not None)
    assert bool(played.retried) is row.again
    for error in played.errors():
        row.holds(error)
    if row.gives is None:
        row.holds(played.events)
    if row.waits is not None:
        assert played.waits == pytest.approx([row.waits])
    if row.bound is None:
        return ""
    assert played.failed_after is not None
    assert played.failed_after >= row.bound
    return f"after {played.failed_after:.3f} s" if played.failed_after > row.bound + GRACE else ""


def check_error(row: Row, error: DuologueError) -> None:
    """Whether an error is the one that is promised, and says what it has to."""
    assert type(error) is row.gives, repr(error)
    assert error.phase == row.phase
    assert error.provider == FORMATS[row.speaks].provider or "provider" in row.client
    assert error.attempts >= 1
    text = error.partial.text if error.partial is not None else ""
    assert text.startswith(row.kept.removesuffix("...")) if row.kept.endswith("...") else text == row.kept
    assert error.partial is None or not error.partial.complete
    assert_hidden(shown(error))


def assert_hidden(text: str) -> None:
    """Whether no secret is in it."""
    assert KEY not in text
    assert HEADER not in text


async def check_connection(row: Row, server: ScriptedServer, client: Any) -> str:
    """Whether the connection was closed or given back, and its place in the queue too; gives what took too long."""
    if row.returned is not None:
        assert server.wait_until(lambda seen: seen.open == row.returned)
    bodies = [request.body for request in server.requests if request.method == "POST"]
    assert all(max(bodies, key=len).startswith(body) for body in bodies), "tries that differ"  # some are read in part
    before = server.connections
    *_, last = await collect(client.stream("hi", raise_errors=False))
    if isinstance(last, Error) and isinstance(last.error, StreamTimeout):
        return f"the next answer: {last.error}"
    assert last.is_done, last
    assert last.response.text == "Hello"
    assert (server.connections == before) is row.returned or row.returned is None
    return ""
