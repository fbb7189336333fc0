"""Fields as Python says them: a type as an annotation, a default as an argument, a check as a call of `_check`."""

from __future__ import annotations

import re

from .model import SCALARS, Field, NoDefault, Type
from .text import literal

_SCALAR_CHECKS = {
    "string": "check.string",
    "boolean": "check.boolean",
    "bytes": "check.binary",
    "json": "check.anything",
    "integer": "check.integer",
    "number": "check.number",
    "error": 'check.instance(lambda: DuologueError, "DuologueError")',
}


def constant(enum_name: str) -> str:
    """The name under which the generated module keeps an enum's values: `Role` gives `ROLE_VALUES`."""
    return _snake(enum_name).upper() + "_VALUES"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def annotation(type_: Type) -> str:
    """A type as Python writes it."""
    if type_.item is None:
        return SCALARS.get(type_.name, type_.name)
    inner = annotation(type_.item)
    return f"tuple[{inner}, ...]" if type_.kind == "list" else f"Mapping[str, {inner}]"


def as_tuple(item: Type) -> str:
    """The name of the converter that makes a tuple of such items."""
    return "_tuple_of_" + re.sub(r"\W+", "_", _snake(annotation(item))).strip("_")


def check_of(field: Field) -> str:
    """The check of a model's field."""
    if field.type.kind == "scalar" and field.type.name in ("integer", "number"):
        bounds = {"minimum": field.minimum, "maximum": field.maximum}
        given = ", ".join(f"{name}={bound!r}" for name, bound in bounds.items() if bound is not None)
        check = f"{_SCALAR_CHECKS[field.type.name]}({given})"
    else:
        check = _check(field.type)
    return f"check.field(check.optional({check}))" if field.optional else f"check.field({check})"


def _check(type_: Type) -> str:
    if type_.item is not None:
        return f"check.{'items' if type_.kind == 'list' else 'mapping'}({_check(type_.item)})"
    if type_.kind == "scalar":
        name = _SCALAR_CHECKS[type_.name]
        return f"{name}()" if type_.name in ("integer", "number") else name
    if type_.kind == "enum":
        return f"check.one_of({constant(type_.name)})"
    return f"check.instance(lambda: {type_.name}, {literal(type_.name)})"


def default_of(field: Field) -> str | None:
    """The default as an argument of `attrs.field`, where there is one."""
    if field.default is NoDefault:
        return None
    if field.default is None:
        return "default=None"
    if field.type.kind == "list":
        return "default=()"
    if field.type.kind == "map":
        return "factory=dict"
    if field.type.kind == "class":
        return f"factory=lambda: {field.type.name}()"
    return f"default={literal(field.default)}"


def hashable(type_: Type) -> bool:
    """Whether every value of the type can be hashed: what JSON can say and errors cannot."""
    return all(part.kind != "map" and part.name not in ("json", "error") for part in type_.walk())
