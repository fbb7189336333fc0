"""Scalars and JSON values as plain data, and back, and the error that finds its own path.

Every `take_` function gets a value out of JSON and gives the Python one, every `give_` function the other way round.
They raise `MisfitError`, which each level on the way up lends its own step of the path: `.choices`, `[0]`, `.role`.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from duologue._check import SHOWN, shown

# cattrs gives a structuring hook the type as well.
Structure: TypeAlias = Callable[[Any, Any], Any]
Unstructure: TypeAlias = Callable[[Any], Any]


class MisfitError(Exception):
    """Something does not fit; on its way up, every level puts its own step in front of the path."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path

    def said(self, title: str) -> str:
        """The whole sentence."""
        path = self.path.removeprefix(".")
        return f"{title}: {path}: {self.problem}" if path else f"{title}: {self.problem}"


def under(step: str, convert: Callable[..., Any], *arguments: Any) -> Any:
    """What `convert` gives; what does not fit in it is found below `step`."""
    try:
        return convert(*arguments)
    except MisfitError as misfit:
        misfit.path = step + misfit.path
        raise


def as_object(value: Any) -> Mapping[str, Any]:
    """A mapping, whatever its keys."""
    if not isinstance(value, Mapping):
        raise MisfitError(f"expected an object, got {shown(value)}")
    return value


def got(value: Any) -> str:
    """A value for an error message, as JSON readers know it."""
    return repr(value) if isinstance(value, str) and len(value) <= SHOWN else shown(value)


def as_key(key: Any) -> str:
    """A key that JSON can have."""
    if not isinstance(key, str):
        raise MisfitError(f"expected strings as keys, got {shown(key)}")
    return key


def step(key: Any) -> str:
    """A key as a step of the path."""
    return f"[{got(key)}]"


def exactly(title: str, kind: type) -> Structure:
    """Takes what is of this class and of no other: True is no integer."""

    def take(value: Any, _cls: Any) -> Any:
        if type(value) is not kind:
            raise MisfitError(f"expected {title}, got {got(value)}")
        return value

    return take


def one_of(values: tuple[str, ...]) -> Structure:
    """Takes one of a few strings."""

    def take(value: Any, _cls: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise MisfitError(f"expected one of {', '.join(map(repr, values))}, got {got(value)}")
        return value

    return take


def take_float(value: Any, _cls: Any) -> Any:
    """A finite number; a bool is none."""
    if type(value) not in (int, float):
        raise MisfitError(f"expected a number, got {got(value)}")
    return give_float(value)


def give_float(value: Any) -> Any:
    """A finite number; an integer, however large, is one."""
    if isinstance(value, float) and not math.isfinite(value):
        raise MisfitError(f"{value} is no number in JSON")
    return value


def take_bytes(value: Any, _cls: Any) -> bytes:
    """The bytes of base64 text (RFC 4648, section 4)."""
    if not isinstance(value, str):
        raise MisfitError(f"expected base64 text, got {shown(value)}")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as reason:
        raise MisfitError(f"expected base64 text: {reason}") from None


def give_bytes(value: bytes) -> str:
    """The base64 text of bytes."""
    return base64.b64encode(value).decode("ascii")


def same(value: Any) -> Any:
    """What is plain already."""
    return value


def give_json(value: Any) -> Any:
    """A copy in lists and dicts, so that what is given away is not ours to change."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return give_float(value)
    if isinstance(value, Mapping):
        return {as_key(key): under(step(key), give_json, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [under(f"[{index}]", give_json, item) for index, item in enumerate(value)]
    raise MisfitError(f"expected what JSON can say, got {shown(value)}")


def take_json(value: Any, _cls: Any) -> Any:
    """A copy as well."""
    return give_json(value)
