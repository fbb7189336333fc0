"""The value of a JSON text that is still coming.

`PartialJSON` is fed with pieces of text and tells the value so far. What is unfinished is read as far as it can be: an
open string gives what there is of it, an open array or object what is in it; a key without a value, the beginning of
`true`, and half a number or escape are left out. That is how jiter reads with `trailing-strings`. Where the text stops
being JSON, the value stays as it was and `error` says why: `error` names the place, never the text.

Feeding costs next to nothing. Reading is done when the value is asked for, and then of what is new: in C for each part
that has come whole, so that asking at the end costs about what `json.loads` does. All of it is linear in the text,
however it is cut and however often it is asked for.

What is given may be kept, but not changed: parts that are whole are the same object each time. Up to `KEPT` characters
it is a value of its own, which will not change; beyond, copies of all that is open would cost a time that grows with
the square of the text, so from then on it is one object that grows.

As strict as `_json.loads`, and with bounds: arrays and objects within each other, digits of a number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from duologue._json import NUMBER_DIGITS, scan, scan_string
from duologue.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT: Final = 32768
DEPTH: Final = 64

_RUN = 64  # characters that are worth the trouble

_space = re.compile(r"[ \t\n\r]*").match
_digits = re.compile(r"[-+.0-9eE]*").match
_plain = re.compile(r'[^"\\\x00-\x1f]*+').match
_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?").fullmatch
# A character beyond U+FFFF is two escapes (RFC 8259, section 7), of which the first means nothing before the second has
# come, or something else.
_HIGH = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LOW_BEGUN = r"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?\Z"
_readable = re.compile(
    r'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u(?![dD][89abAB])[0-9a-fA-F]{4})'
    rf"|{_HIGH}(?:{_LOW}|(?!{_LOW_BEGUN})))*+"
).match
_escape_begun = re.compile(rf"\\(?:u[0-9a-fA-F]{{0,3}})?\Z|{_HIGH}{_LOW_BEGUN}").match
_LITERALS: Final = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
_CLOSERS: Final = {"{": "}", "[": "]"}
_ABSENT: Final = object()


class PartialJSON:
    """A JSON text in pieces.

    Attributes:
        feed: takes the next piece, a string.
        error: why the text is no JSON, as far as it was read; else None.
        changes: how often the value has changed, as far as it was read.
    """

    __slots__ = (
        "_key",
        "_key_pieces",
        "_keys",
        "_next",
        "_open",
        "_pieces",
        "_seen",
        "_shown",
        "_tail",
        "_tried",
        "changes",
        "error",
        "feed",
    )

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.feed: Callable[[str], None] = self._pieces.append
        self.error: DecodeError | None = None
        self.changes = 0
        # The arrays and objects that are open, outermost first, within an array for the value itself; and the place of
        # each in the one around it.
        self._open: list[Any] = [[]]
        self._keys: list[Any] = [0]
        self._key = ""
        self._key_pieces: list[str] | None = None
        self._next: Callable[[PartialJSON, str, int], int] = PartialJSON._value
        self._tail = ""  # what cannot be read before more comes
        self._shown: tuple[Any, Any] | None = None  # a number at the very end, which may go on, and what was there
        self._tried: set[int] = set()
        self._seen = 0

    @property
    def value(self) -> Any:
        """The value so far; None where there is none."""
        self._read()
        if len(self._open) == 1:
            return self._open[0][0] if self._open[0] else None
        return self._open[1] if self._seen > KEPT else self._copy()

    @property
    def begun(self) -> bool:
        """Whether there is a value, which may be null."""
        self._read()
        return bool(self._open[0])

    @property
    def complete(self) -> bool:
        """Whether the value is whole; where more than that comes, `error` says so."""
        self._read()
        return self._next is PartialJSON._end

    # -- inside --------------------------------------------------------------------------------------------------------

    def _copy(self) -> Any:
        """A value of its own of all that is open; what is whole is shared."""
        outer = whole = self._open[1].copy()
        for key, container in zip(self._keys[2:], self._open[2:], strict=True):
            outer[key] = container.copy()
            outer = outer[key]
        return whole

    def _read(self) -> None:
        if not self._pieces or self.error is not None:
            self._pieces.clear()
            return
        text = self._tail + "".join(self._pieces)
        self._pieces.clear()
        self._seen -= len(self._tail)
        self._tail = ""
        self._tried.clear()
        self._take_back()
        at = 0
        try:
            if self._next is PartialJSON._string:
                at = self._string(text, 0)
            while (at := _space(text, at).end()) < len(text):  # type: ignore[union-attr]  # it matches anywhere
                at = self._next(self, text, at)
        except DecodeError as error:
            self.error = error
        self._seen += len(text)

    def _wrong(self, what: str, at: int) -> DecodeError:
        return DecodeError(f"not JSON: {what} at character {self._seen + at}")

    def _wait(self, text: str, at: int) -> int:
        """What begins here cannot be read before more comes."""
        self._tail = text[at:]
        return len(text)

    # -- where values go -----------------------------------------------------------------------------------------------

    def _put(self, value: Any) -> None:
        self.changes += 1
        container = self._open[-1]
        if type(container) is list:
            container.append(value)
        else:
            container[self._key] = value

    def _put_whole(self, value: Any) -> None:
        self._put(value)
        self._next = PartialJSON._end if len(self._open) == 1 else PartialJSON._after

    def _show(self, value: Any) -> None:
        """Put a number that may go on."""
        container = self._open[-1]
        self._shown = container, None if type(container) is list else container.get(self._key, _ABSENT)
        self._put(value)

    def _take_back(self) -> None:
        if self._shown is None:
            return
        (container, before), self._shown = self._shown, None
        self.changes += 1
        if type(container) is list:
            container.pop()
        elif before is _ABSENT:
            del container[self._key]
        else:
            container[self._key] = before

    def _grow(self, piece: str) -> None:
        """Add to the string that is open. Nothing else holds it in the moment when it grows, unless the caller kept it,
        so that Python need not copy it."""
        if self._key_pieces is not None:
            self._key_pieces.append(piece)
            return
        container = self._open[-1]
        key: Any = -1 if type(container) is list else self._key
        text = container[key]
        container[key] = None
        self.changes += 1
        text += piece
        container[key] = text

    def _close(self) -> None:
        self._open.pop()
        self._keys.pop()
        self._next = PartialJSON._end if len(self._open) == 1 else PartialJSON._after

    # -- what may come next: each reads from `at` on, and gives where it stopped ---------------------------------------

    def _value(self, text: str, at: int) -> int:
        char = text[at]
        if char in _CLOSERS:
            return self._container(text, at)
        if (end := self._run(text, at)) > at:
            return end
        if char == '"':
            self._put("")
            return self._string(text, at + 1)
        if char in _LITERALS:
            return self._literal(text, at)
        return self._number(text, at)

    def _first_item(self, text: str, at: int) -> int:
        if text[at] != "]":
            return self._value(text, at)
        self._close()
        return at + 1

    def _first_key(self, text: str, at: int) -> int:
        if text[at] != "}":
            return self._quoted_key(text, at)
        self._close()
        return at + 1

    def _quoted_key(self, text: str, at: int) -> int:
        if text[at] != '"':
            raise self._wrong("a key in quotes is missing", at)
        if (end := self._run(text, at)) > at:
            return end
        self._key_pieces = []
        return self._string(text, at + 1)

    def _colon(self, text: str, at: int) -> int:
        if text[at] != ":":
            raise self._wrong("a colon is missing", at)
        self._next = PartialJSON._value
        return at + 1

    def _after(self, text: str, at: int) -> int:
        is_list = type(self._open[-1]) is list
        if text[at] == ",":
            self._next = PartialJSON._value if is_list else PartialJSON._quoted_key
        elif text[at] == ("]" if is_list else "}"):
            self._close()
        else:
            raise self._wrong("a comma is missing", at)
        return at + 1

    def _end(self, text: str, at: int) -> int:  # noqa: ARG002 - one of a kind
        raise self._wrong("something more comes", at)

    def _string(self, text: str, at: int) -> int:
        """The rest of a string, or as much of it as there is."""
        self._next = PartialJSON._string
        piece, end = _piece_of_string(text, at)
        if piece:
            self._grow(piece)
        if end == len(text):
            return end
        if text[end] != '"':
            if _escape_begun(text, end):
                return self._wait(text, end)
            raise self._wrong("no such escape, or a control character,", end)
        self._next = PartialJSON._end if len(self._open) == 1 else PartialJSON._after
        if self._key_pieces is not None:
            self._key, self._key_pieces = "".join(self._key_pieces), None
            self._next = PartialJSON._colon
        return end + 1

    def _container(self, text: str, at: int) -> int:
        """An array or an object, whole if it can be."""
        if text.find(_CLOSERS[text[at]], at) >= 0:
            found = _whole(text, at, DEPTH + 1 - len(self._open))
            if found is not None:
                self._put_whole(found[0])
                return found[1]
        if len(self._open) > DEPTH:
            raise self._wrong(f"more than {DEPTH} arrays and objects within each other", at)
        container: Any = {} if text[at] == "{" else []
        self._put(container)
        self._keys.append(-1 if type(self._open[-1]) is list else self._key)
        self._open.append(container)
        self._next = PartialJSON._first_key if text[at] == "{" else PartialJSON._first_item
        return at + 1

    def _run(self, text: str, at: int) -> int:
        """Many items at once: all up to the last comma, if they are whole; tried once for each container and text."""
        end = text.rfind(",", at)
        if end - at < _RUN or len(self._open) in self._tried or len(self._open) == 1:
            return at
        self._tried.add(len(self._open))
        container = self._open[-1]
        form = "[%s]" if type(container) is list else "{%s}"
        items = _whole(form % text[at:end], 0, DEPTH + 2 - len(self._open))
        if items is None or items[1] != end - at + 2:
            return at
        self.changes += 1
        if type(container) is list:
            container.extend(items[0])
        else:
            container.update(items[0])
        self._next = PartialJSON._after
        return end

    def _literal(self, text: str, at: int) -> int:
        word, value = _LITERALS[text[at]]
        found = text[at : at + len(word)]
        if found == word:
            self._put_whole(value)
            return at + len(word)
        if at + len(found) < len(text) or not word.startswith(found):
            raise self._wrong("no such word", at)
        return self._wait(text, at)

    def _number(self, text: str, at: int) -> int:
        end = _digits(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
        digits = text[at:end]
        if len(digits.removeprefix("-")) > NUMBER_DIGITS:
            raise self._wrong("a number of too many digits", at)
        if not _is_number(digits):
            if digits and end == len(text):
                return self._wait(text, at)
            raise self._wrong("no value", at)
        try:
            value = scan(digits, 0)[0]
        except ValueError:
            raise self._wrong("a number that is too large", at) from None
        if end == len(text):
            self._show(value)
            return self._wait(text, at)
        self._put_whole(value)
        return end


def _whole(text: str, at: int, room: int) -> tuple[Any, int] | None:
    """The array or object that begins here, read in C, and where it ends; None where it is cut or wrong, so that it has
    to be read step by step."""
    try:
        value, end = scan(text, at)
    except (StopIteration, ValueError, RecursionError):
        return None
    shallow = text.count("[", at, end) + text.count("{", at, end) <= room
    return (value, end) if shallow or not _is_deeper(value, room) else None


def _piece_of_string(text: str, at: int) -> tuple[str, int]:
    """What can be read of the inside of a string, and where that ends."""
    end = _plain(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
    if end == len(text) or text[end] == '"':
        return text[at:end], end
    found = _scanned(text, at) if len(text) - at >= _RUN else None
    if found is not None:
        return found
    end = _readable(text, at).end()  # type: ignore[union-attr]  # as above
    return scan(f'"{text[at:end]}"', 0)[0], end


def _scanned(text: str, at: int) -> tuple[str, int] | None:
    """The same in C, for a string that is whole, or that is cut between two characters; else None."""
    try:
        piece, end = scan_string(text, at)
    except ValueError:
        pass
    else:
        return piece, end - 1
    try:
        piece, _ = scan_string(f'{text[at:]}"', 0)
    except ValueError:
        return None
    return None if "\ud800" <= piece[-1] <= "\udbff" else (piece, len(text))


def _is_deeper(value: Any, room: int) -> bool:
    """Whether there are more than `room` arrays and objects within each other."""
    level = [value]
    while level and room:
        inside = (part for outer in level for part in (outer.values() if type(outer) is dict else outer))
        level = [part for part in inside if type(part) in (dict, list)]
        room -= 1
    return bool(level)


class Pieces:
    """The pieces of one JSON text, and the value after any number of them; nothing is read before it is asked for."""

    __slots__ = ("_read", "_reader", "texts")

    def __init__(self, texts: list[str] | None = None) -> None:
        self.texts = [] if texts is None else texts
        self._reader: PartialJSON | None = None
        self._read = 0

    def value(self, count: int) -> Any:
        """The value after the first `count` of them. Going forward, only what is new is read; going back, all anew."""
        if count < self._read:
            return partial_value("".join(self.texts[:count]))
        if self._reader is None:
            self._reader = PartialJSON()
        self._reader.feed("".join(self.texts[self._read : count]))
        self._read = count
        return self._reader.value


def partial_value(text: str) -> Any:
    """The value of a text that may be cut."""
    reader = PartialJSON()
    reader.feed(text)
    return reader.value
