"""What the constructors of the generated models check.

A check takes the field's name and a value, gives nothing, and raises `TypeError` for a wrong type and `ValueError` for
a wrong value, with a message that names the field. `field` makes an attrs validator of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from types import UnionType

    import attrs

Check: TypeAlias = Callable[[str, Any], None]
T = TypeVar("T")
Validator: TypeAlias = Callable[[Any, "attrs.Attribute[Any]", Any], None]

# In a field's metadata, with False: it is no part of what the object says, so `to_dict` leaves it out.
WRITTEN: Final = "written"

# The longest value that is shown in full: enough to recognise it by, too little for a key or a document.
SHOWN: Final = 40


def shown(value: Any) -> str:
    """A value for an error message: its type, and itself where it is short."""
    if value is None:
        return "None"
    kind = type(value).__name__
    if not isinstance(value, (str, int, float)):
        return kind
    if isinstance(value, str) and len(value) > SHOWN:
        return f"{kind} of {len(value)} characters"
    # Python refuses to write an integer of some thousand digits.
    if isinstance(value, int) and value.bit_length() > 64:
        return kind
    return f"{kind} {value!r}"


# The checks behind those that let `None` pass: most fields of most models are, so it is looked for first.
_optional: dict[Check, Check] = {}
# The class of which every value passes a check, which then need not be asked.
_passing: dict[Check, type] = {}


def field(check: Check) -> Validator:
    """The check as an attrs validator."""
    of_some, passing = _optional.get(check), _passing.get(check)

    def validate(_instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if type(value) is not passing:
            check(attribute.name, value)

    def validate_some(_instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is not None:
            of_some(attribute.name, value)  # type: ignore[misc]  # it is only used where there is one

    return validate if of_some is None else validate_some


def optional(check: Check) -> Check:
    """`None`, or what `check` lets pass."""

    def passes(name: str, value: Any) -> None:
        if value is not None:
            check(name, value)

    _optional[passes] = check
    return passes


def string(name: str, value: Any) -> None:
    """Text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {shown(value)}")


def boolean(name: str, value: Any) -> None:
    """True or False, and not something that is true or false."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")


def binary(name: str, value: Any) -> None:
    """Bytes."""
    if not isinstance(value, bytes):
        raise TypeError(f"{name} must be bytes, got {shown(value)}")


_passing.update({string: str, boolean: bool, binary: bytes})


def anything(_name: str, _value: Any) -> None:
    """What JSON can say; looked at only when it is written, since it may be deep."""


def integer(minimum: float = -math.inf, maximum: float = math.inf) -> Check:
    """A whole number within bounds; a bool is none."""

    def passes(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an integer, got {shown(value)}")
        if not minimum <= value <= maximum:
            _refuse(name, value, minimum, maximum)

    if (minimum, maximum) == (-math.inf, math.inf):
        _passing[passes] = int
    return passes


def number(minimum: float = -math.inf, maximum: float = math.inf) -> Check:
    """A finite number within bounds; a bool is none."""

    def passes(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{name} must be a number, got {shown(value)}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} must be finite, got {value}")
        if not minimum <= value <= maximum:
            _refuse(name, value, minimum, maximum)

    return passes


def _refuse(name: str, value: float, minimum: float, maximum: float) -> NoReturn:
    bound = f"at least {minimum}" if value < minimum else f"at most {maximum}"
    raise ValueError(f"{name} must be {bound}, got {value}")


def one_of(values: tuple[str, ...]) -> Check:
    """One of a few strings."""

    def passes(name: str, value: Any) -> None:
        if value not in values:
            got = repr(value) if isinstance(value, str) and len(value) <= SHOWN else shown(value)
            raise ValueError(f"{name} must be one of {', '.join(map(repr, values))}: got {got}")

    return passes


def instance(kind: Callable[[], type | UnionType], title: str) -> Check:
    """An instance of a class or a union, which is asked for late since it may be defined late."""

    def passes(name: str, value: Any) -> None:
        if not isinstance(value, kind()):
            raise TypeError(f"{name} must be a {title}, got {shown(value)}")

    return passes


def items(check: Check) -> Check:
    """A tuple of what `check` lets pass."""

    def passes(name: str, value: Any) -> None:
        if not isinstance(value, tuple):
            raise TypeError(f"{name} must be a sequence, got {shown(value)}")
        for index, item in enumerate(value):
            check(f"{name}[{index}]", item)

    return passes


def mapping(check: Check) -> Check:
    """A mapping from strings to what `check` lets pass."""

    def passes(name: str, value: Any) -> None:
        if type(value) is not dict and not isinstance(value, Mapping):
            raise TypeError(f"{name} must be a mapping, got {shown(value)}")
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{name} must have strings as keys, got {shown(key)}")
            if check is not anything:
                check(f"{name}[{key!r}]", item)

    return passes


def as_tuple(items: Iterable[T]) -> tuple[T, ...]:
    """A tuple of the items; what is no sequence of items is left as it is, for the check to refuse by name."""
    if type(items) is tuple:
        return items
    if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Iterable):
        return cast("tuple[T, ...]", items)
    return tuple(items)
