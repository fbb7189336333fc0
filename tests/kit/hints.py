"""Type hints, data that fit them, and data that hardly do, all drawn by a seeded generator."""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypedDict

import attrs

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Drawn = tuple[Any, Callable[[], Any]]


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


def draw_hint(draw: random.Random, depth: int = 3) -> Drawn:
    """A type, and a function that draws data which fit it."""
    kinds = _LEAVES if depth == 0 else [*_LEAVES, *_BRANCHES]
    return draw.choice(kinds)(draw, depth - 1)


def draw_class(draw: random.Random, depth: int) -> Drawn:
    """A class of one of three makers."""
    fields = [(f"f{number}", *draw_hint(draw, depth), draw.random() < 0.3) for number in range(draw.randint(0, 3))]
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


def _optional(draw: random.Random, depth: int) -> Drawn:
    hint, value = draw_hint(draw, depth)
    try:
        return Optional[hint], lambda: None if draw.random() < 0.3 else value()  # noqa: UP045 - drawn at run time
    except TypeError:  # typing makes no union of what cannot be hashed
        return hint, value


def _list(draw: random.Random, depth: int) -> Drawn:
    hint, value = draw_hint(draw, depth)
    return list[hint], lambda: [value() for _ in range(draw.randint(0, 3))]  # type: ignore[valid-type]  # as above


def _map(draw: random.Random, depth: int) -> Drawn:
    hint, value = draw_hint(draw, depth)
    return dict[str, hint], lambda: {draw.choice(WORDS): value() for _ in range(draw.randint(0, 3))}  # type: ignore[valid-type]  # as above


def _pair(draw: random.Random, depth: int) -> Drawn:
    (one, give_one), (other, give_other) = draw_hint(draw, depth), draw_hint(draw, depth)
    return tuple[one, other], lambda: [give_one(), give_other()]  # type: ignore[valid-type]  # as above


def _leaf(hint: Any, *values: Any) -> Callable[[random.Random, int], Drawn]:
    return lambda draw, _: (hint, lambda: draw.choice(values))


_LEAVES: list[Callable[[random.Random, int], Drawn]] = [
    _leaf(str, *WORDS),
    _leaf(int, 0, -5, 2**60),
    _leaf(float, 0, 1.5, -2e10),
    _leaf(bool, True, False),
    _leaf(Any, *ODD),
    _leaf(Shade, "dark", 2),
    _leaf(Literal["a", 1], "a", 1),
    _leaf(Annotated[int, {"minimum": 0, "maximum": 9}], 0, 9),
    _leaf(int | str, 1, "a"),
]
_BRANCHES: list[Callable[[random.Random, int], Drawn]] = [_optional, _list, _map, _pair, draw_class]


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
