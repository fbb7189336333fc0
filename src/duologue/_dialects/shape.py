"""Reading JSON whose shape is not sure: each function gives what was asked for, or raises `DecodeError` with the path.

Null counts as left out, since servers write it for everything that they have not got.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from duologue.errors import DecodeError

_MOST = 2**63


def kind_of(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def an_object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DecodeError(f"{path}: expected an object, got {kind_of(value)}")
    return value


def an_array(value: Any, path: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise DecodeError(f"{path}: expected an array, got {kind_of(value)}")
    return value


def objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def a_string(value: Any, path: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DecodeError(f"{path}: expected a string, got {kind_of(value)}")
    return value


def some_bytes(value: Any, path: str) -> bytes:
    """The bytes of Base64 text."""
    try:
        return base64.b64decode(a_string(value, path), validate=True)
    except (binascii.Error, ValueError):  # the text is not shown
        raise DecodeError(f"{path} is not Base64") from None


def string_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def an_index(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_count(value: float) -> bool:
    """Whether a number can be one of tokens: not infinite, and not one that only a hostile server would think of."""
    return -_MOST < value < _MOST


def a_count(counts: Any, key: str) -> int:
    value = counts.get(key) if isinstance(counts, dict) else None
    if value is None:
        return 0
    if type(value) is int and -_MOST < value < _MOST:  # as nearly always
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_count(value):
        raise DecodeError(f"usage.{key}: expected a number, got {kind_of(value)}")
    return int(value)


def path_segment(text: str) -> str:
    """A model's name as one segment of a path: whatever is in it, it cannot lead elsewhere."""
    segment = quote(text, safe="")
    # Dots alone would be taken for a step up the path.
    return segment.replace(".", "%2E") if segment.strip(".") == "" else segment
