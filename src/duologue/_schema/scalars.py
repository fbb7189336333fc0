"""Kinds of data that hold no other: numbers, text, what is written as text, and choices."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from math import isfinite
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from types import NoneType
from typing import Any, Final, TypeAlias, TypeGuard
from uuid import UUID

from duologue._check import SHOWN, shown
from duologue._schema.durations import read_duration
from duologue._schema.misfit import Misfit
from duologue._schema.plain import enum_value

Take: TypeAlias = Callable[[Any], Any]


def got(value: Any) -> str:
    """A value for a message."""
    return repr(value) if isinstance(value, str) and len(value) <= SHOWN else shown(value)


def expected(title: str, value: Any) -> Misfit:
    """Something else was expected."""
    return Misfit("", f"expected {title}, got {got(value)}")


def _exactly(kind: type, title: str) -> Take:
    def take(value: Any) -> Any:
        if type(value) is not kind:
            raise expected(title, value)
        return value

    return take


def _integer(value: Any) -> int:
    # To JSON Schema 1.0 is an integer, and some models write it so.
    if type(value) is int or (type(value) is float and value.is_integer()):
        return int(value)
    raise expected("an integer", value)


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise expected("a number", value)
    try:
        number = float(value)
    except OverflowError:
        raise Misfit("", "the number is too large") from None
    if not isfinite(number):
        raise expected("a finite number", value)
    return number


def _written(title: str, read: Callable[[str], Any]) -> Take:
    """What is written as text."""

    def take(value: Any) -> Any:
        if type(value) is not str:
            raise expected(f"{title} as a string", value)
        try:
            return read(value)
        except (ValueError, InvalidOperation, binascii.Error):
            raise expected(title, value) from None

    return take


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


SCALARS: Final[Mapping[Any, tuple[Mapping[str, Any], Take]]] = {
    str: ({"type": "string"}, _exactly(str, "a string")),
    int: ({"type": "integer"}, _integer),
    float: ({"type": "number"}, _number),
    bool: ({"type": "boolean"}, _exactly(bool, "true or false")),
    NoneType: ({"type": "null"}, _exactly(NoneType, "null")),
    None: ({"type": "null"}, _exactly(NoneType, "null")),
    datetime: (
        {"type": "string", "format": "date-time"},
        _written("a date and time such as 2031-05-17T09:30:00Z", datetime.fromisoformat),
    ),
    date: ({"type": "string", "format": "date"}, _written("a date such as 2031-05-17", date.fromisoformat)),
    time: ({"type": "string", "format": "time"}, _written("a time such as 09:30:00", time.fromisoformat)),
    timedelta: (
        {"type": "string", "format": "duration"},
        _written("a duration such as P1DT2H30M, without years and months", read_duration),
    ),
    UUID: ({"type": "string", "format": "uuid"}, _written("a UUID", UUID)),
    Decimal: ({"type": "string", "format": "decimal"}, _written("a decimal number", _decimal)),
    bytes: ({"type": "string", "contentEncoding": "base64"}, _written("base64", _base64)),
    # The name of pydantic's; JSON Schema itself has none for it.
    **{
        kind: ({"type": "string", "format": "path"}, _written("a path", kind))
        for kind in (Path, PurePath, PurePosixPath, PureWindowsPath)
    },
}

_TYPES: Final[Mapping[type, str]] = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def _as_json(value: Any) -> tuple[bool, Any]:
    """Equal for what JSON calls equal: 1 and 1.0, but not 1 and true."""
    return isinstance(value, bool), value


def is_enum(hint: Any) -> TypeGuard[type[Enum]]:
    """Whether it is an enum."""
    return isinstance(hint, type) and issubclass(hint, Enum)


def members_of(hint: type[Enum]) -> tuple[Enum, ...]:
    """An enum's members."""
    return tuple(hint)


def choice(members: tuple[Any, ...]) -> tuple[dict[str, Any], Take]:
    """One of a few: the members of an enum or of a `Literal`.

    Raises:
        TypeError: there are none, or JSON cannot say one.
    """
    values = [enum_value(member) if isinstance(member, Enum) else member for member in members]
    if not values:
        raise TypeError("an enum without members has no JSON Schema")
    if unsaid := [value for value in values if type(value) not in _TYPES]:
        raise TypeError(f"a Literal of {type(unsaid[0]).__name__} has no JSON Schema")
    kinds = {_TYPES[type(value)] for value in values}
    schema: dict[str, Any] = {"type": kinds.pop()} if len(kinds) == 1 else {}
    known = {_as_json(value): member for value, member in zip(values, members, strict=True)}

    def take(value: Any) -> Any:
        if type(value) not in _TYPES or _as_json(value) not in known:
            raise expected(f"one of {', '.join(map(repr, values))}", value)
        return known[_as_json(value)]

    return {**schema, "enum": values}, take
