"""What a row of the matrix is: a fault, and what is promised for it.

Rows are data. `test_rows.py` plays each of them to both twins, and `tools/reliability.py` writes them down as a page.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import attrs

from duologue import Limits, PoolTimeout, StreamTimeout, Timeouts
from tests.faults.bodies import FORMATS
from tests.kit.server import ScriptedServer, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from duologue.errors import DuologueError
    from tests.kit.twins import Twin

# How long a time that runs out in these rows is set to, in seconds, and how late the end of it may be.
SHORT = 0.2
GRACE = 0.25
# A machine that is busy can only make the end of a time come later, so the best of so many tries is what counts.
TRIES = 3


TWINS = ("sync", "asyncio", "trio")


@attrs.frozen(kw_only=True)
class Promise:
    """A fault and the promise, in the words of the page.

    Args:
        fault: what happens.
        gives: the class of the error; None for the whole answer, as if nothing had happened.
        phase: the error's `phase`.
        again: whether it is tried again, as long as no event was given.
        kept: the text in the error's `partial`; with dots behind it, what it begins with.
        note: what else is promised.
    """

    fault: str
    gives: type[DuologueError] | None = None
    phase: str | None = None
    again: bool = False
    kept: str = ""
    note: str = ""


@attrs.frozen
class Place:
    """Where a row is played: the server, where there is one, and what the client is made with."""

    server: ScriptedServer | None
    client: Mapping[str, Any]


@contextlib.contextmanager
def scripted(row: Row) -> Iterator[Place]:
    """A server that does what the row says, and answers well from the next request on."""
    spoken = FORMATS[row.speaks]
    script = [*row.server, reply(spoken.frames, content_type=spoken.content_type)]
    with ScriptedServer(*script, **row.kit) as server:
        base_url = server.base_url if spoken.with_version else server.base_url.removesuffix("/v1")
        yield Place(server, {"base_url": base_url})


@attrs.frozen(kw_only=True)
class Row(Promise):
    """A fault on the line or in what a provider says.

    Args:
        server: the replies with the fault, one a request; a good answer follows.
        speaks: the wire format.
        where: the surroundings that the fault needs.
        prompt: what is asked.
        client: more arguments of the client.
        kit: more arguments of the scripted server.
        returned: whether the connection can be used again.
        waits: the seconds to wait before the other try.
        limit: which of the `Timeouts` runs out, where the phase does not say so.
        holds: what else must hold for each error, or for the events where there is none.
    """

    server: Sequence[Any] = ()
    speaks: str = "openai-chat"
    where: Callable[[Row], contextlib.AbstractContextManager[Place]] = scripted
    prompt: str = "hi"
    client: Mapping[str, Any] = attrs.field(factory=dict)
    kit: Mapping[str, Any] = attrs.field(factory=dict)
    returned: bool | None = None
    waits: float | None = None
    limit: str | None = None
    holds: Callable[[Any], None] = lambda _: None

    @property
    def bound(self) -> float | None:
        """The seconds after which the error has to come, where it is of a time that ran out."""
        limit = self.limit or (self.phase if self.gives in (StreamTimeout, PoolTimeout) else None)
        return None if limit is None else getattr(self.client["timeouts"], limit)


@attrs.frozen(kw_only=True)
class Act(Promise):
    """A fault that takes more than a server: `do` plays it and checks what it gives, outside any event loop."""

    do: Callable[[Twin], None]
    twins: Sequence[str] = TWINS


@attrs.frozen
class Figure:
    """What was counted, how much of it there was, and the most that there may be."""

    what: str
    found: int
    most: int

    @property
    def kept(self) -> bool:
        """Whether there was no more."""
        return self.found <= self.most


def limits(**most: int) -> Limits:
    """Limits by their names; one place for everything else: what keeps it makes the next request fail."""
    given: dict[str, Any] = {"max_connections": 1, "max_concurrent": 1, **most}
    return Limits(**given)


def short(*names: str, **others: float) -> dict[str, Any]:
    """Client arguments with these of the `Timeouts` short."""
    return {"timeouts": Timeouts(**dict.fromkeys(names, SHORT), **others)}
