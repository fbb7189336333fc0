"""Type hints, data that fit them, and data that hardly do, all drawn by a seeded generator."""

from __future__ import annotations

import dataclasses
import enum
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypedDict
from uuid import UUID

import attrs

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Drawn = tuple[Any, Callable[[], Any]]
    Kind = Callable[[random.Random, Callable[[], Drawn]], Drawn]


class Shade(enum.Enum):
    """A shade."""

    DARK = "dark"
    LIGHT = 2


WORDS = ["", "a", "Zürich", "😀", "null", "1", "x" * 50]
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    0.5,
    "",
    "1",
    "true",
    "dark",
    [],
    {},
    [None],
    {"a": 1},
    2**70,
    1e300,
]


def draw_hint(draw: random.Random, depth: int = 3, *, written: bool = False) -> Drawn:
    """A type, and a function that draws data which fit it; with `written` also of those that are written as text, for
    which not every string will do, though their schemas cannot say so."""
    leaves = [*_LEAVES, *_WRITTEN] if written else _LEAVES
    kinds = leaves if depth == 0 else [*leaves, *_BRANCHES]
    return draw.choice(kinds)(draw, lambda: draw_hint(draw, depth - 1, written=written))


def draw_class(draw: random.Random, inner: Callable[[], Drawn]) -> Drawn:
    """A class of one of three makers."""
    fields = [(f"f{number}", *inner(), draw.random() < 0.3) for number in range(draw.randint(0, 3))]
    fields.sort(key=lambda field: field[3])
    made = draw.choice(_MAKERS)([(name, hint, has_default) for name, hint, _, has_default in fields])

    def value() -> Any:
        return {name: give() for name, _, give, has_default in fields if not has_default or draw.random() < 0.5}

    return made, value


def _attrs(fields: list[tuple[str, Any, bool]]) -> Any:
    made: Any = {
        name: attrs.field(type=hint, default=None) if free else attrs.field(type=hint) for name, hint, free in fields
    }
    return attrs.make_class("Attrs", made, frozen=True)


def _dataclass(fields: list[tuple[str, Any, bool]]) -> Any:
    return dataclasses.make_dataclass(
        "Data", [(name, hint, dataclasses.field(default=None)) if free else (name, hint) for name, hint, free in fields]
    )


def _typed_dict(fields: list[tuple[str, Any, bool]]) -> Any:
    from typing import NotRequired

    made = {name: NotRequired[hint] if free else hint for name, hint, free in fields}
    return TypedDict("Typed", made)  # type: ignore[operator]  # made at run time


_MAKERS = [_attrs, _dataclass, _typed_dict]


def _optional(draw: random.Random, inner: Callable[[], Drawn]) -> Drawn:
    hint, value = inner()
    try:
        return Optional[hint], lambda: None if draw.random() < 0.3 else value()  # noqa: UP045 - drawn at run time
    except TypeError:  # typing makes no union of what cannot be hashed
        return hint, value


def _list(draw: random.Random, inner: Callable[[], Drawn]) -> Drawn:
    hint, value = inner()
    return list[hint], lambda: [value() for _ in range(draw.randint(0, 3))]  # type: ignore[valid-type]  # as above


def _map(draw: random.Random, inner: Callable[[], Drawn]) -> Drawn:
    hint, value = inner()
    return dict[str, hint], lambda: {draw.choice(WORDS): value() for _ in range(draw.randint(0, 3))}  # type: ignore[valid-type]  # as above


def _pair(draw: random.Random, inner: Callable[[], Drawn]) -> Drawn:
    (one, give_one), (other, give_other) = inner(), inner()
    return tuple[one, other], lambda: [give_one(), give_other()]  # type: ignore[valid-type]  # as above


def _leaf(hint: Any, *values: Any) -> Kind:
    return lambda draw, _: (hint, lambda: draw.choice(values))


_LEAVES: list[Kind] = [
    _leaf(str, *WORDS),
    _leaf(int, 0, -5, 2**60),
    _leaf(float, 0, 1.5, -2e10),
    _leaf(bool, True, False),
    _leaf(Any, *ODD),
    _leaf(Shade, "dark", 2),
    _leaf(Literal["a", 1], "a", 1),
    _leaf(Annotated[int, {"minimum": 0, "maximum": 9}], 0, 9),
    _leaf(int | str, 1, "a"),
    _leaf(Path, "", "a/b.txt", "../x", "/"),
]
_WRITTEN: list[Kind] = [
    _leaf(date, "2031-05-17"),
    _leaf(datetime, "2031-05-17T09:30:00+02:00", "2031-05-17T09:30:00"),
    _leaf(time, "09:30:00.5"),
    _leaf(timedelta, "P1DT2H30M", "-PT0.5S", "P2W", "PT90M"),
    _leaf(UUID, "12345678-1234-5678-1234-567812345678"),
    _leaf(Decimal, "1.10", "-3"),
    _leaf(bytes, "aGk=", ""),
]
_BRANCHES: list[Kind] = [_optional, _list, _map, _pair, draw_class]


def mutated(draw: random.Random, value: Any) -> Any:
    """Data with one place changed."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        key = draw.choice(sorted(value))
        rest = {name: item for name, item in value.items() if name != key}
        return draw.choice([rest, {**rest, key: mutated(draw, value[key])}, {**value, "extra": 1}])
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        return draw.choice([value[:at], [*value[:at], mutated(draw, value[at]), *value[at + 1 :]], [*value, value[at]]])
    return draw.choice(ODD)


def mutated_text(draw: random.Random, value: Any) -> str:
    """JSON with a place in its text changed."""
    text = json.dumps(value)
    at = draw.randrange(len(text) + 1)
    return draw.choice(
        [text[:at], text[:at] + draw.choice(['"', "{", "\\", "9", "\0", "😀", "NaN"]) + text[at:], text * 2]
    )
