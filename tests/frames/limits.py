"""Reading up to a limit."""

from __future__ import annotations

from typing import Any

from duologue.errors import LimitExceeded


def until_limit(reader: Any, pieces: list[bytes]) -> tuple[list[Any], LimitExceeded | None]:
    """What a reader gives, and the limit it meets."""
    found: list[Any] = []
    try:
        for piece in pieces:
            found += reader.feed(piece)
    except LimitExceeded as error:
        return found, error
    return found, None
