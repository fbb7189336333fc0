"""What providers put into each event that nobody reads: see `duologue._core.repeats`, which need not look at it."""

from __future__ import annotations

from string import ascii_letters, digits, punctuation
from typing import Final

DIGITS: Final = digits.encode()
# What needs no escape in a string of JSON.
LETTERS: Final = (" " + ascii_letters + digits + punctuation.replace('"', "").replace("\\", "")).encode()
_DIGITS = 16


class Noise:
    """What means nothing, whatever is in it.

    Args:
        key: the bytes before it.
        plain: those that it may consist of.
        number: whether it is one.
        first: whether it is looked for at once behind the text only.
    """

    __slots__ = ("ends", "first", "key", "number", "plain")

    def __init__(self, key: bytes, plain: bytes, *, number: bool = False, first: bool = False) -> None:
        self.key = key
        self.plain = plain
        self.number = number
        self.first = first
        self.ends = (b",", b"}") if number else (b"",)  # one of these is behind it

    def fits(self, said: bytes) -> bool:
        """Whether these bytes may be it. A number has no zeros before it, and is no longer than any that counts
        events."""
        return not said.translate(None, self.plain) and (not self.number or (said[:1] > b"0" and len(said) < _DIGITS))
