"""JSON within what a model says: bare, in a fence, or amid prose; whole, or as it grows.

Linear in the text: a text is begun to be read at `TRIES` places at most.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from duologue._json import loads, scan
from duologue._partial_json import PartialJSON
from duologue.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRIES: Final = 16
_opener = re.compile(r"[\[{]").search


def found_in(text: str) -> Iterator[Any]:
    """The JSON in a text, what is likeliest to be meant first: the whole of it, then every object or array in it, those
    in fences before others."""
    try:
        yield loads(text)
    except DecodeError:
        yield from _amid(text)


def _amid(text: str) -> list[Any]:
    """What stands amid other text."""
    found: list[tuple[bool, Any]] = []
    at, fences, counted = 0, 0, 0
    for _ in range(TRIES):
        begin = _opener(text, at)
        if begin is None:
            break
        fences += text.count("```", counted, begin.start())
        counted = begin.start()
        try:
            value, at = scan(text, begin.start())
            found.append((fences % 2 == 0, value))
        except (StopIteration, ValueError, RecursionError):
            at = begin.end()
    return [value for _, value in sorted(found, key=lambda one: one[0])]


class Growing:
    """The JSON in a text that is still coming; `value` is what can be read of it so far.

    Reads from the first place on where an array or an object begins that is one.

    Args:
        unwrap: what is made of each value.
    """

    def __init__(self, unwrap: Callable[[Any], Any] = lambda value: value) -> None:
        self._unwrap = unwrap
        self._before: Any = None  # what could be read of the last one that turned out to be none
        self._reader: PartialJSON | None = None
        self._texts: list[str] = []
        self._tries = 0

    def feed(self, text: str) -> bool:
        """Take the next piece; whether it told more."""
        if self._reader is None:
            begin = _opener(text)
            if begin is None or self._tries == TRIES:
                return False
            text = text[begin.start() :]
            self._reader, self._tries = PartialJSON(), self._tries + 1
        elif self._reader.complete:
            return False
        self._texts.append(text)
        before = self._reader.changes
        self._reader.feed(text)
        if self._reader.complete or self._reader.error is None:  # in this order: the first of them reads
            return self._reader.changes > before
        self._before = self._reader.value
        rest, self._reader = "".join(self._texts)[1:], None
        self._texts.clear()
        return self.feed(rest)

    @property
    def value(self) -> Any:
        """The value so far; None where there is none."""
        return self._unwrap(self._before if self._reader is None else self._reader.value)
