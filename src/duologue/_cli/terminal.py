"""What may be shown on a terminal.

Takes any text, and gives it with each character that a terminal would obey, or that changes the order in which text is
read, in a visible form such as `\\x1b`. Each character is dealt with by itself, so it makes no difference how a text is
cut into pieces. `complain` is the one road to standard error.
"""

from __future__ import annotations

import io
import sys
from typing import TextIO

_C0 = [code for code in range(0x20) if chr(code) not in "\n\t"]
_DEL_AND_C1 = range(0x7F, 0xA0)
# https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
# A half of a UTF-16 pair has no bytes in UTF-8. JSON can carry one, so a provider can send one.
_SURROGATES = range(0xD800, 0xE000)


def _form(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


_VISIBLE = {code: _form(code) for codes in (_C0, _DEL_AND_C1, _BIDI, _SURROGATES) for code in codes}


class UsageError(Exception):
    """The user asked for something that cannot be; the exit code is 2."""


class OutputError(Exception):
    """What came cannot be written in the form that was asked for; the exit code is 1."""


def visible(text: str) -> str:
    """The text with nothing left in it that a terminal obeys but newlines and tabs."""
    return text.translate(_VISIBLE)


def visible_line(text: str) -> str:
    """The same, and in one line."""
    return visible(text).replace("\n", "\\x0a").replace("\t", "\\x09")


def complain(message: str) -> None:
    """Write a message to standard error; a terminal may be there, and parts of it may be a provider's words."""
    sys.stderr.write(f"duologue: {visible_line(message)}\n")


def takes_any_text(stream: TextIO) -> TextIO:
    """The same stream, made to write in a visible form what its encoding has no bytes for."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream
