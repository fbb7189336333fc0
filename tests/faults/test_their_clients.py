"""The matrix, played on clients of the caller's own: httpx's, and those of its fork httpx2."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from tests.faults.row import TRIES, TWINS, Place, Row
from tests.faults.test_rows import ROWS, assert_hidden, no_waiting, play
from tests.kit.roads import LIBRARIES, close

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.kit.twins import Twin

# What cannot be promised there, in which twins, and why.
_EARLY = (("asyncio", "trio"), "event loops drop what was read when a write fails")
_DROPPED = (("trio",), "trio complains that httpx drops a generator of its own")
NOT_THERE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "the resolver does not answer": (("sync",), "httpx waits for the resolver without an end"),
    "`total`: the name is looked up": (("sync",), "httpx waits for the resolver without an end"),
    "`total`: the server does not read the request": _DROPPED,
    "the first address is dead, the second alive": (("sync",), "httpx gives each address all the time"),
    "the server answers before it has read the request, and closes (413)": _EARLY,
    "the server answers before it has read the request, and reads no more of it": (
        TWINS,
        "httpx writes on until it fails",
    ),
    "likewise, with a status that allows another try (429)": _EARLY,
    "likewise, over TLS": _EARLY,
    "the server closes before it has read the request": _DROPPED,
    "the server stops reading": _DROPPED,
}
# Where httpx's pool keeps the place of a connection that came to nothing, so that there has to be more than one.
PLACE_KEPT = {"the tunnel leads to what does not speak TLS", "nothing comes through the tunnel"}


PLAYED = [
    pytest.param(param.values[0], row, library, id=f"{param.id}-{library}")
    for param in ROWS
    for row in param.values[1:]
    for library in LIBRARIES
    if isinstance(row, Row) and param.values[0] not in NOT_THERE.get(row.fault, ((), ""))[0]
    # The fork differs in nothing that a loop would show, so one of them will do for it.
    if library == "httpx" or param.values[0] != "trio"
]


def test_the_exceptions_are_rows() -> None:
    assert {*NOT_THERE, *PLACE_KEPT} <= {
        row.fault for param in ROWS for row in param.values[1:] if isinstance(row, Row)
    }


@pytest.mark.parametrize(("twin", "row", "library"), PLAYED, indirect=["twin"])
async def test_row(
    twin: Twin, row: Row, library: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    if row.waits is not None:
        no_waiting(monkeypatch)
    for left in reversed(range(TRIES)):
        made: list[Any] = []
        late = await play(twin, attrs.evolve(row, where=_with_client(row, LIBRARIES[library], twin, made)))
        for client in made:
            await close(client)
        assert_hidden(caplog.text)
        if not late:
            return
        assert left, late


def _with_client(row: Row, library: Any, twin: Twin, made: list[Any]) -> Any:
    @contextlib.contextmanager
    def where(given: Row) -> Iterator[Place]:
        with row.where(given) as place:
            kind = library.Client if twin.name == "sync" else library.AsyncClient
            made.append(kind(limits=library.Limits(max_connections=None if row.fault in PLACE_KEPT else 1)))
            yield Place(place.server, {**place.client, "http_client": made[-1]})

    return where
