"""Reading JSON strictly: `loads(text)` gives Python data or raises `DecodeError`.

Python's own reader takes NaN and Infinity, which are no JSON (RFC 8259, section 6), and gives up with RecursionError on
deep nesting. An error names the place, never the text: what a model says is nobody else's business.
"""

from __future__ import annotations

import json
import re
from math import isinf
from typing import TYPE_CHECKING, Any, NoReturn

from duologue.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

# Python's own bound for integers, which are read in a time that grows with the square of it.
NUMBER_DIGITS = 4300
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
    if _quick is not None:
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


def dumps(data: Any) -> bytes:
    """Compact JSON in UTF-8.

    Raises:
        TypeError, ValueError: JSON cannot say it.
    """
    try:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Half of a surrogate pair, which JSON can name but UTF-8 cannot hold, goes back as the escape that it came as.
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()
