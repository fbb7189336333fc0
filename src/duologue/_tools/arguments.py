"""The arguments of a call, read within bounds: they are a model's words."""

from __future__ import annotations

import json
from typing import Any, Final

from duologue._json import NUMBER_DIGITS, loads
from duologue._schema import Misfit, bounded
from duologue.errors import DecodeError

MAX_BYTES: Final = 1024 * 1024


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments as data; none where the text is empty.

    Raises:
        Misfit: they are no JSON object, too large or too deep.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Misfit("", f"the arguments are longer than {MAX_BYTES} bytes")
    if not text.strip():
        return {}
    if _longest_number(text) > NUMBER_DIGITS:
        raise Misfit("", f"a number has more than {NUMBER_DIGITS} digits")
    try:
        value = loads(text)
    except DecodeError as reason:
        raise Misfit("", f"the arguments are {reason.message}") from None
    if not isinstance(value, dict):
        raise Misfit("", f"the arguments must be a JSON object, got {json.dumps(value)[:40]}")
    bounded(value)
    return value


def _longest_number(text: str) -> int:
    """The most digits in a row, as far as that matters: Python's own limit may have been lifted."""
    if len(text) <= NUMBER_DIGITS:
        return 0
    longest = run = 0
    for char in text:
        run = run + 1 if "0" <= char <= "9" else 0
        longest = max(longest, run)
    return longest
