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
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from duologue._json import NUMBER_DIGITS, scan, scan_string
from duologue.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Self

KEPT: Final = 32768
DEPTH: Final = 64

_RUN = 64  # characters that are worth the trouble

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
_WORDS: Final = {"t": "true", "f": "false", "n": "null"}
_IN_NUMBER: Final = frozenset("0123456789.eE+-")
_CLOSERS: Final = {"{": "}", "[": "]"}
_ABSENT: Final = object()


class PartialJSON:
    """A JSON text in pieces.

    Attributes:
        feed: takes the next piece, a string.
        feed_all: takes the next pieces, a list of them.
        error: why the text is no JSON, as far as it was read; else None.
    """

    __slots__ = ("_given", "_pieces", "_reader", "_send", "error", "feed", "feed_all")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.feed: Callable[[str], None] = self._pieces.append
        self.feed_all: Callable[[list[str]], None] = self._pieces.extend
        self.error: DecodeError | None = None
        self._reader = _Reader()  # which knows nothing of this, so that all of it goes as soon as nobody holds it
        texts = self._reader.texts()
        next(texts)
        self._send = texts.send
        self._given: Any = None  # what was given last, while it is the value

    @property
    def value(self) -> Any:
        """The value so far; None where there is none."""
        reader = self._reader
        if (pieces := self._pieces) and self.error is None:
            text = "".join(pieces)
            pieces.clear()
            if reader.seen <= KEPT or not reader.keys:
                self._given = None
            reader.seen += len(text)
            try:
                self._send(text)
            except DecodeError as error:
                self.error = error
            except StopIteration:  # it must not pass for the end of what the caller iterates over
                self.error = DecodeError("what comes cannot be read: a reading before it was interrupted")
        if self._given is None and reader.open[0]:
            self._given = reader.copy() if reader.seen <= KEPT and reader.keys else reader.open[0][0]
        return self._given

    @property
    def begun(self) -> bool:
        """Whether there is a value, which may be null."""
        return self.value is not None or bool(self._reader.open[0])

    @property
    def complete(self) -> bool:
        """Whether the value is whole; where more than that comes, `error` says so."""
        return self.begun and self._reader.complete

    @property
    def changes(self) -> int:
        """How often the value has changed, as far as it was read."""
        return self._reader.changes


class _Reader:
    """What reads the texts, and the value as far as it has come.

    Attributes:
        open: the arrays and objects that are open, outermost first, within an array for the value itself.
        keys: the place of each in the one around it.
        complete: whether the value is whole.
        changes: how often it has changed.
        seen: the characters so far.
        tried: when many items at once were last tried, by how many are open.
    """

    __slots__ = ("changes", "complete", "keys", "open", "seen", "tried")

    def __init__(self) -> None:
        self.open: list[Any] = [[]]
        self.keys: list[Any] = []
        self.complete = False
        self.changes = 0
        self.seen = 0
        self.tried: dict[int, int] = {}

    def copy(self) -> Any:
        """A value of its own of all that is open; what is whole is shared."""
        outer = whole = self.open[1].copy()
        for key, container in zip(self.keys[1:], self.open[2:], strict=True):
            outer[key] = container.copy()
            outer = outer[key]
        return whole

    def _wrong(self, what: str, text: str, at: int) -> DecodeError:
        return DecodeError(f"not JSON: {what} at character {self.seen - len(text) + at}")

    def _wait(self, text: str, at: int) -> str:
        """What cannot be read before more comes, and is read anew then."""
        return text[at:]

    def texts(self) -> Generator[None, str, None]:  # noqa: C901 - a call for each step costs more than the step
        """Reads each text that it is sent, and puts what it finds where it belongs.

        `container` is what is open; `closer` is what ends it, and empty around the value itself; `key` is the place in
        it that is next, in an array the last.
        """
        container: Any = self.open[0]
        closer = ""
        key: Any = -1
        name: list[Any] = [""]
        step, text, at = "value", "", 0
        while True:
            while at == len(text):
                text, at = (yield), 0
            char = text[at]
            if char in " \n\t\r":
                at += 1
                continue
            if step == "comma":
                at += 1
                if char == "," and closer:
                    step = "key" if closer == "}" else "value"
                    continue
                container, closer, key = self._close(text, at, closer)
            elif step == "open":
                if char != closer:
                    step = "key" if closer == "}" else "value"
                    continue
                at += 1
                container, closer, key = self._close(text, at, closer)
            elif step == "colon":
                if char != ":":
                    raise self._wrong("a colon is missing", text, at)
                step, at = "value", at + 1
                continue
            elif len(text) - at >= _RUN and (step == "key" or closer == "]") and (end := self._run(text, at)) > at:
                at = end
            elif char == '"':
                value, at = "", at + 1
                if step == "key":
                    into, place, told = name, 0, 0
                else:
                    into, place, told = container, key, 1
                    if closer == "}":
                        container[key] = value
                    else:
                        container.append(value)
                    self.changes += 1
                # What holds a string lets go of it while it grows, so that Python need not copy it, unless the caller
                # kept it.
                while True:
                    end = text.find('"', at)
                    piece = text[at:end] if end >= 0 else text[at:]
                    if "\\" in piece or not piece.isprintable():
                        piece, end = _piece_of_string(text, at)
                    elif end < 0:
                        end = len(text)
                    if piece:
                        into[place] = None
                        value += piece
                        into[place] = value
                        self.changes += told
                    if end < len(text):
                        if text[end] == '"':
                            break
                        if not _escape_begun(text, end):
                            raise self._wrong("no such escape, or a control character,", text, end)
                        text, at = self._wait(text, end) + (yield), 0
                        continue
                    text, at = (yield), 0
                    while text and '"' not in text and "\\" not in text and text.isprintable():
                        into[place] = None
                        value += text
                        into[place] = value
                        self.changes += told
                        text = yield
                at = end + 1
                if into is name:
                    step, key = "colon", value
                    continue
            elif step == "key":
                raise self._wrong("a key in quotes is missing", text, at)
            elif char in _CLOSERS:
                value, end = self._container(text, at)
                if closer == "}":
                    container[key] = value
                else:
                    container.append(value)
                self.changes += 1
                at += 1
                if end == at:
                    self.open.append(value)
                    self.keys.append(key)
                    step, container, closer, key = "open", value, _CLOSERS[char], -1
                    continue
                at = end
            else:
                before = container.get(key, _ABSENT) if closer == "}" else _ABSENT
                while True:
                    try:
                        value, end = scan(text, at)
                    except (StopIteration, ValueError):
                        end = -1
                    if end < 0 or (char not in _WORDS and text[end : end + 1] in _IN_NUMBER):
                        self._half(text, at)
                        text, at = self._wait(text, at) + (yield), 0
                        continue
                    if closer == "}":
                        container[key] = value
                    else:
                        container.append(value)
                    self.changes += 1
                    if end < len(text) or char in _WORDS:
                        break
                    text, at = self._wait(text, at) + (yield), 0  # the number may go on
                    if closer != "}":
                        container.pop()
                    elif before is _ABSENT:
                        del container[key]
                    else:
                        container[key] = before
                    self.changes += 1
                at = end
            step = "comma"
            if not closer:
                self.complete = True

    def _close(self, text: str, at: int, closer: str) -> tuple[Any, str, Any]:
        """What is open once the last one is closed, by what is before `at`."""
        if text[at - 1] != closer:
            raise self._wrong("a comma is missing" if closer else "something more comes", text, at - 1)
        self.open.pop()
        key, container = self.keys.pop(), self.open[-1]
        if not self.keys:
            return container, "", key
        return container, "]" if type(container) is list else "}", key

    def _container(self, text: str, at: int) -> tuple[Any, int]:
        """An array or an object, whole if it can be."""
        if len(text) - at >= _RUN and text.find(_CLOSERS[text[at]], at) >= 0:
            found = _whole(text, at, DEPTH + 1 - len(self.open))
            if found is not None:
                return found
        if len(self.open) > DEPTH:
            raise self._wrong(f"more than {DEPTH} arrays and objects within each other", text, at)
        return {} if text[at] == "{" else [], at + 1

    def _run(self, text: str, at: int) -> int:
        """Many items at once: all up to the last comma, if they are whole; tried once for each container and text."""
        if self.tried.get(len(self.open)) == self.seen or text[at] in _CLOSERS:
            return at
        end = text.rfind(",", at)
        if end - at < _RUN:
            return at
        self.tried[len(self.open)] = self.seen
        container = self.open[-1]
        form = "[%s]" if type(container) is list else "{%s}"
        items = _whole(form % text[at:end], 0, DEPTH + 2 - len(self.open))
        if items is None or items[1] != end - at + 2:
            return at
        self.changes += 1
        if type(container) is list:
            container.extend(items[0])
        else:
            container.update(items[0])
        return end

    def _half(self, text: str, at: int) -> None:
        """Raise what is wrong with a word or a number, unless it can still become one."""
        if text[at] in _WORDS:
            if not _WORDS[text[at]].startswith(text[at:]):
                raise self._wrong("no such word", text, at)
            return
        end = _digits(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
        digits = text[at:end]
        if len(digits.removeprefix("-")) > NUMBER_DIGITS:
            raise self._wrong("a number of too many digits", text, at)
        if _is_number(digits):
            raise self._wrong("a number that is too large", text, at)
        if not digits or end < len(text):
            raise self._wrong("no value", text, at)


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
    """The pieces of one JSON text, and the value after any number of them; nothing is read before it is asked for.

    Safe to share between threads.
    """

    __slots__ = ("_lock", "_read", "_reader", "texts")

    def __init__(self, texts: list[str] | None = None) -> None:
        self.texts = [] if texts is None else texts
        self._lock = Lock()
        self._reader: PartialJSON | None = None
        self._read = 0

    def __reduce__(self) -> tuple[type[Self], tuple[list[str]]]:
        """A copy reads for itself."""
        return type(self), (self.texts,)

    def value(self, count: int) -> Any:
        """The value after the first `count` of them. Going forward, only what is new is read; going back, all anew."""
        with self._lock:  # another thread may ask for it at the same time
            if count < self._read:
                return partial_value("".join(self.texts[:count]))
            if self._reader is None:
                self._reader = PartialJSON()
            self._reader.feed_all(self.texts[self._read : count])
            self._read = count
            return self._reader.value


def partial_value(text: str) -> Any:
    """The value of a text that may be cut."""
    reader = PartialJSON()
    reader.feed(text)
    return reader.value
