"""What tools give, as JSON data."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

import attrs

from duologue._schema.durations import written_duration
from duologue._schema.misfit import DEPTH


def plain(value: Any, depth: int = 0) -> Any:
    """Lists, dicts and scalars that say the same. An object becomes a dict of its fields.

    Raises:
        TypeError: JSON cannot say it.
    """
    if depth > DEPTH:
        raise TypeError(f"nested more than {DEPTH} levels deep")
    if value is None or type(value) in (str, bool, int):
        return value
    if (names := _names(type(value))) is not None:
        return {name: plain(getattr(value, name), depth + 1) for name in names}
    for kinds, give in _GIVE:
        if isinstance(value, kinds):
            return give(value, depth + 1)
    raise TypeError(f"JSON cannot say {type(value).__name__}")


def _names(cls: Any) -> list[str] | None:
    if attrs.has(cls):
        return [field.name for field in attrs.fields(cls)]
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls)]
    return list(cls._fields) if hasattr(cls, "_field_defaults") else None


def enum_value(member: Enum) -> Any:
    """What stands for a member of an enum: its value, where JSON has it, or else its name."""
    return member.value if type(member.value) in (str, int, float, bool) else member.name


def _number(value: float, _: int) -> float:
    if not isfinite(value):
        raise TypeError(f"JSON cannot say {value}")
    return float(value)


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    return {_key(key): plain(item, depth) for key, item in value.items()}


def _key(key: Any) -> str:
    said = plain(key)
    if not isinstance(said, str):
        raise TypeError(f"JSON takes strings as keys, not {type(key).__name__}")
    return said


def _several(value: Iterable[Any], depth: int) -> list[Any]:
    return [plain(item, depth) for item in value]


_GIVE: Final[list[tuple[Any, Callable[[Any, int], Any]]]] = [
    (Enum, lambda value, _: enum_value(value)),
    (str, lambda value, _: str(value)),
    (int, lambda value, _: int(value)),
    (float, _number),
    (Mapping, _mapping),
    ((bytes, bytearray), lambda value, _: base64.b64encode(value).decode()),
    ((date, time), lambda value, _: value.isoformat()),
    (timedelta, lambda value, _: written_duration(value)),
    ((UUID, Decimal, PurePath), lambda value, _: str(value)),
    ((list, tuple, set, frozenset), _several),
]
