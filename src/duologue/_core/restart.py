"""Asking again for an answer that broke off after some of it was given: the words of `stream(restart=...)`.

`begin(error)` tells that the answer broke off and is asked for again, `give(events)` is what the caller gets of what
comes then. In between `behind` is true, and `partial` the answer as it was given, until the new one has got as far.
`differs` is true where it never will: then `error` is the end of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from duologue._core.retelling import Retelling

if TYPE_CHECKING:
    from duologue.errors import DuologueError
    from duologue.events import StreamEvent
    from duologue.models import ChatResponse


Restart: TypeAlias = Literal["again", "resume"]


class Never:
    """What broke off has broken off."""

    allowed: ClassVar[bool] = False
    drops: ClassVar[bool] = False
    """Whether the caller may have to drop what was given."""
    differs = False

    def __init__(self) -> None:
        self.behind = False
        self.error: DuologueError | None = None

    @property
    def partial(self) -> ChatResponse | None:
        """What was given, while the new answer is behind it."""
        return self.error.partial if self.behind and self.error is not None else None

    def begin(self, error: DuologueError) -> None:
        """The answer is asked for again."""
        if not self.behind:
            self.error = error
        self.behind = True

    def give(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """What the caller gets."""
        return events

    def keep(self, event: StreamEvent) -> StreamEvent:
        """An event as it belongs to the answer that was begun."""
        return event


class Again(Never):
    """The answer from its beginning: the caller gets a second `Start`, and drops what came before it."""

    allowed = drops = True

    def give(self, events: list[StreamEvent]) -> list[StreamEvent]:
        self.behind = self.behind and not events
        return events


class Resume(Never):
    """Only what goes beyond what was given, where the new answer repeats that."""

    allowed = True

    def __init__(self) -> None:
        super().__init__()
        self._retelling = Retelling()

    def begin(self, error: DuologueError) -> None:
        super().begin(error)
        self._retelling.again()

    def give(self, events: list[StreamEvent]) -> list[StreamEvent]:
        given = self._retelling.beyond(events)
        self.behind = self.behind and (not events or self._retelling.missing > 0 or self.differs)
        return given

    @property
    def differs(self) -> bool:  # type: ignore[override]
        return self._retelling.differs

    def keep(self, event: StreamEvent) -> StreamEvent:
        return self._retelling.keep(event)


_POLICIES: dict[str | None, type[Never]] = {None: Never, "again": Again, "resume": Resume}


def restart_policy(word: str | None) -> Never:
    """What the word stands for, for one stream.

    Raises:
        ValueError: it stands for nothing.
    """
    if word not in _POLICIES:
        raise ValueError(f"restart must be one of {', '.join(map(repr, _POLICIES))}; got {word!r}")
    return _POLICIES[word]()
