"""Models and events as plain data, and back: `to_dict`, `from_dict`, `to_json`, `from_json`.

The plain form is what `schema.json` describes: a dict for each object, with its tag where it belongs to a union; lists
for tuples; base64 text for bytes. A field at its default `None`, and a list or mapping left empty, is left out. An
unknown part or event is written as it came, unless that would read as something else; then it is wrapped under `raw`.

Reading is strict, and raises nothing but `DecodeError`, which names the path. `from_dict(type(x), to_dict(x)) == x`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import attrs

from duologue import _json
from duologue._check import shown
from duologue._plain import MisfitError
from duologue._unions import UNIONS
from duologue.errors import DecodeError

if TYPE_CHECKING:
    from types import UnionType

    from cattrs import Converter

__all__ = ["from_dict", "from_json", "to_dict", "to_json"]

T = TypeVar("T")


def to_dict(obj: Any) -> dict[str, Any]:
    """A model or an event as plain data.

    Raises:
        TypeError: it is neither, or holds what JSON cannot say; the message names the path.
    """
    if not attrs.has(type(obj)):
        raise TypeError(f"to_dict takes a model or an event, got {shown(obj)}")
    try:
        return cast("dict[str, Any]", _converter().unstructure(obj))
    except MisfitError as misfit:
        raise TypeError(misfit.said(type(obj).__name__)) from None
    except RecursionError:
        raise TypeError(f"{type(obj).__name__}: nested too deeply for JSON") from None


def to_json(obj: Any) -> str:
    """A model or an event as JSON text, in one line of ASCII.

    Raises:
        TypeError: as `to_dict`.
    """
    try:
        return json.dumps(to_dict(obj), allow_nan=False, separators=(",", ":"))
    except ValueError as reason:  # a number of more digits than Python writes
        raise TypeError(f"{type(obj).__name__}: {reason}") from None


@overload
def from_dict(cls: type[T], data: Any) -> T: ...
@overload
def from_dict(cls: UnionType, data: Any) -> Any: ...
def from_dict(cls: Any, data: Any) -> Any:
    """The model or event that `to_dict` took apart.

    Args:
        cls: its class, or a union such as `StreamEvent` or `ContentPart`.
        data: the plain data.

    Raises:
        DecodeError: the data do not fit.
        TypeError: `cls` is neither a class of `duologue` nor a union of them.
    """
    title = _title(cls)
    try:
        return _converter().structure(data, cls)
    except MisfitError as misfit:
        raise DecodeError(misfit.said(title)) from None
    except RecursionError:
        raise DecodeError(f"{title}: nested too deeply") from None


@overload
def from_json(cls: type[T], text: str) -> T: ...
@overload
def from_json(cls: UnionType, text: str) -> Any: ...
def from_json(cls: Any, text: str) -> Any:
    """The model or event that `to_json` wrote.

    Raises:
        DecodeError: it is not JSON, or the data do not fit.
        TypeError: as `from_dict`.
    """
    return from_dict(cls, _json.loads(text))


def _converter() -> Converter:
    # Not at the top: cattrs takes longer to import than all of this package.
    from duologue._converter import converter

    return converter()


def _title(cls: Any) -> str:
    for union in UNIONS:
        if cls == union.alias:
            return union.name
    if isinstance(cls, type) and attrs.has(cls):
        return cls.__name__
    raise TypeError(f"from_dict and from_json take a model class, an event class or a union of them, got {shown(cls)}")
