"""Reading JSON strictly: `loads(text)` gives Python data or raises `DecodeError`.

Python's own reader takes NaN and Infinity, which are no JSON (RFC 8259, section 6), and gives up with RecursionError on
deep nesting. An error names the place, never the text: what a model says is nobody else's business.
"""

from __future__ import annotations

import json
import os
import re
from binascii import b2a_base64
from io import BytesIO
from math import isinf
from typing import TYPE_CHECKING, Any, NoReturn

from duologue.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

# Python's own bound for integers, which are read in a time that grows with the square of it.
NUMBER_DIGITS = 4300
# So many bytes become Base64 at a time: a multiple of three, which needs no padding.
_BASE64_BYTES = 3 * 16384
_SURROGATE = re.compile("[\ud800-\udfff]")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _number(text: str) -> float:
    if len(text.removeprefix("-")) > NUMBER_DIGITS:
        raise ValueError("a number has too many digits")
    number = float(text)
    if isinf(number):  # it could never be written again
        raise ValueError("a number is too large")
    return number


# One decoder for all: `json.loads` looks through its arguments anew at every call.
_decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=_number)
# The value that begins at a place of a text, and where it ends. Raises StopIteration, ValueError or RecursionError. The
# types of the standard library do not have it, though it is what `JSONDecoder` is made of.
scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]
# The text from a place within a string to its closing quote, and where that is behind. Raises ValueError.
scan_string: Callable[[str, int], tuple[str, int]] = json.decoder.scanstring  # type: ignore[attr-defined]


def find_quick() -> Callable[[str], Any] | None:
    """msgspec's reader, where it is installed (the extra `speed`). What it takes it reads as Python's own does, even
    integers of any length; what it refuses is left to that one, which takes more, and has our words for the rest."""
    try:
        from msgspec.json import Decoder
    except ImportError:
        return None
    return Decoder().decode


_quick = find_quick()


def loads(text: str) -> Any:
    """The data that a JSON text stands for.

    Raises:
        DecodeError: it is not JSON, or nested too deeply.
    """
    if _quick is not None and len(text) <= NUMBER_DIGITS:  # it knows no bound for fractions
        try:
            return _quick(text)
        except (ValueError, RecursionError):
            pass
    try:
        data, end = scan(text, 0)
        if end == len(text):
            return data
    except (StopIteration, ValueError, RecursionError):
        pass  # white space before it, or an error, which the decoder's own method has words for
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as reason:
        raise DecodeError(f"not JSON: {reason.msg} at character {reason.pos} of {len(text)}") from None
    except ValueError as reason:
        raise DecodeError(f"not JSON: {reason}") from None
    except RecursionError:
        raise DecodeError("JSON nested too deeply") from None


class Base64:
    """Bytes that are written as Base64 in JSON text, when it is written: until then, they are not there twice.

    Equal to the text that it stands for.

    Args:
        data: the bytes.
        head: what goes before them, such as the beginning of a `data:` address.
    """

    __slots__ = ("data", "head")

    def __init__(self, data: bytes, head: str = "") -> None:
        self.data = data
        self.head = head

    def __str__(self) -> str:
        return self.head + b2a_base64(self.data, newline=False).decode("ascii")

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, (str, Base64)) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"<{len(self.data)} bytes as Base64>"


def dumps(data: Any) -> bytes:
    """Compact JSON in UTF-8; `Base64` in it becomes a string.

    Raises:
        TypeError, ValueError: JSON cannot say it.
    """
    try:
        return _encoded(_plain(data))
    except TypeError:  # there is Base64 in it, or what JSON has no word for
        return _with_stand_ins(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


_FORM: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
_plain = json.JSONEncoder(**_FORM).encode


def _with_stand_ins(data: Any) -> bytes:
    """The same where there may be Base64 in it."""
    blobs: list[Base64] = []
    mark = os.urandom(16).hex()  # so that it is no other text

    def stand_in(value: Any) -> str:
        if not isinstance(value, Base64):
            raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
        blobs.append(value)
        return mark

    try:
        text = json.dumps(data, **_FORM, default=stand_in)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _with_blobs(text.split(f'"{mark}"'), blobs)


def _encoded(text: str) -> bytes:
    """UTF-8. Half of a surrogate pair, which JSON can name but UTF-8 cannot hold, goes back as the escape that it came
    as."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()


def _with_blobs(texts: list[str], blobs: list[Base64]) -> bytes:
    """The texts, with Base64 between them, in one piece of memory."""
    written = BytesIO()
    written.write(_encoded(texts[0]))
    for blob, text in zip(blobs, texts[1:], strict=True):
        written.write(_encoded(json.dumps(blob.head, ensure_ascii=False))[:-1])
        view = memoryview(blob.data)
        for start in range(0, len(view), _BASE64_BYTES):
            written.write(b2a_base64(view[start : start + _BASE64_BYTES], newline=False))
        written.write(b'"' + _encoded(text))
    return written.getvalue()
