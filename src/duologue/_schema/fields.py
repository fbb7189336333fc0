"""The fields of a class, whatever it was made with: attrs, dataclasses, TypedDict or NamedTuple."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from types import NoneType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

from duologue._schema.describe import described

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REQUIRED: Final[Any] = attrs.NOTHING  # in place of a default
UNKNOWN: Final[Any] = object()  # a default that is made anew each time


class Field(NamedTuple):
    """A field of an object."""

    name: str
    hint: Any
    default: Any = REQUIRED
    description: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be there."""
        return self.default is REQUIRED


def hints_of(thing: Any) -> dict[str, Any]:
    """The type hints, `Annotated` included.

    Raises:
        TypeError: one of them names what cannot be found.
    """
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except NameError as reason:
        name = getattr(thing, "__qualname__", thing)
        raise TypeError(f"{name}: {reason}; type hints must name what the module knows when this is called") from None


def parameter_hints(function: Any) -> dict[str, Any]:
    """The type hints of a function's parameters; what it gives is nobody's business here.

    Raises:
        TypeError: as `hints_of`.
    """
    given = {name: hint for name, hint in getattr(function, "__annotations__", {}).items() if name != "return"}
    names = getattr(inspect.unwrap(function), "__globals__", {})
    stand_in = SimpleNamespace(
        __annotations__=given, __globals__=names, __qualname__=getattr(function, "__qualname__", repr(function))
    )
    return hints_of(stand_in)


def says_none(hint: Any) -> bool:
    """Whether a hint itself allows `None`, as far as that can be seen."""
    while typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    return hint in (Any, object, None, NoneType) or any(
        part is None or part is NoneType for part in typing.get_args(hint)
    )


def fields_of(cls: Any) -> list[Field] | None:
    """The fields of a class; None where it has none that could be given.

    Raises:
        TypeError: as `hints_of`.
    """
    for test, read in _READERS:
        if test(cls):
            said = described(own_doc(cls)).parameters
            return [field._replace(description=field.description or said.get(field.name, "")) for field in read(cls)]
    return None


def own_doc(cls: Any) -> str | None:
    """A class's docstring, unless it was written by a machine."""
    doc = getattr(cls, "__doc__", None)
    return None if doc is None or doc.startswith(f"{cls.__name__}(") else doc


def _attrs(cls: Any) -> list[Field]:
    hints = hints_of(cls)
    return [
        _field(field.alias or field.name, hints.get(field.name, Any), _attrs_default(field.default), field.metadata)
        for field in attrs.fields(cls)
        if field.init
    ]


def _attrs_default(default: Any) -> Any:
    return UNKNOWN if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]  # it is a class


def _dataclass(cls: Any) -> list[Field]:
    hints = hints_of(cls)
    return [
        _field(field.name, _given(hints[field.name]), _dataclass_default(field), field.metadata)
        for field in cls.__dataclass_fields__.values()  # `fields()` leaves out what the constructor takes and drops
        if field.init and typing.ClassVar not in (hints[field.name], typing.get_origin(hints[field.name]))
    ]


def _given(hint: Any) -> Any:
    return hint.type if isinstance(hint, dataclasses.InitVar) else hint


def _dataclass_default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return UNKNOWN
    return REQUIRED if field.default is dataclasses.MISSING else field.default


def _field(name: str, hint: Any, default: Any, metadata: Mapping[Any, Any]) -> Field:
    return Field(name, hint, default, str(metadata.get("description", "")))


_WRAPPERS: Final = (typing.Required, typing.NotRequired, getattr(typing, "ReadOnly", None))


def _typed_dict(cls: Any) -> list[Field]:
    return [_key(name, hint, name in cls.__required_keys__) for name, hint in hints_of(cls).items()]


def _key(name: str, hint: Any, required: bool) -> Field:
    # With annotations as strings, `__required_keys__` knows nothing of these marks.
    while (origin := typing.get_origin(hint)) in _WRAPPERS and origin is not None:
        required = {typing.Required: True, typing.NotRequired: False}.get(origin, required)
        hint = typing.get_args(hint)[0]
    return Field(name, hint, REQUIRED if required else UNKNOWN)


def _named_tuple(cls: Any) -> list[Field]:
    hints, defaults = hints_of(cls), cls._field_defaults
    return [_field(name, hints.get(name, Any), defaults.get(name, REQUIRED), {}) for name in cls._fields]


def _is_named_tuple(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_field_defaults")


_READERS: Final[list[tuple[Callable[[Any], bool], Callable[[Any], list[Field]]]]] = [
    (attrs.has, _attrs),
    (dataclasses.is_dataclass, _dataclass),
    (typing.is_typeddict, _typed_dict),
    (_is_named_tuple, _named_tuple),
]
