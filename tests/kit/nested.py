"""Data that are nested deeply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def nested(levels: int, wrap: Callable[[Any], Any], inside: Any) -> Any:
    """Something wrapped so many times."""
    for _ in range(levels):
        inside = wrap(inside)
    return inside
