"""Data held to a JSON Schema that was written by hand: `check(value, schema)` says nothing where it fits.

Knows the keywords of draft 2020-12 in `_KEYWORDS`; `$ref` leads to places of the same schema only. `pattern`,
`patternProperties` and `format` are for the model to read and are not checked here: Python's `re` can take for ever
over a pattern that was made for it. All other keywords say nothing about validity. The work is bounded by the size of
the data, however a schema refers to itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from duologue._schema.misfit import DEPTH, Misfit, bounded, under
from duologue._schema.scalars import expected, got

Schema = Mapping[str, Any]

_BASE: Final = 10_000  # steps that any check may take, and how many more for each value in the data
_EACH: Final = 50


def check(value: Any, schema: Schema) -> None:
    """Hold data to a schema.

    Raises:
        Misfit: the data do not fit, or the schema asks for more work than is given to it.
    """
    _Checker(schema, _BASE + _EACH * bounded(value)).check(value, schema, 0)


def check_schema(schema: Any) -> None:
    """Refuse a schema that could not be held to.

    Raises:
        ValueError: it is nested too deeply, or refers to what is not in it. Nothing is ever fetched.
        TypeError: a part of it that should be a schema is none.
    """
    try:
        bounded(schema)
    except Misfit as misfit:
        raise ValueError(f"the schema is {misfit.message}") from None
    _check_part(schema, schema)


def _check_part(schema: Any, root: Any) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise TypeError(f"a schema is a mapping, got {got(schema)}")
    if "$ref" in schema:
        _resolve(root, schema["$ref"])
    for name, (fits, words) in _SHAPES.items():
        if name in schema and not fits(schema[name]):
            raise ValueError(f"{name} in a schema must be {words}, got {got(schema[name])}")
    for name, parts in _PARTS.items():
        for part in parts(schema[name]) if name in schema else ():
            _check_part(part, root)


def _resolve(root: Any, reference: Any) -> Any:
    """The place that a reference leads to (RFC 6901).

    Raises:
        ValueError: it is not in here.
    """
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise ValueError(f"$ref must lead to a place of the same schema, such as '#/$defs/Name'; got {got(reference)}")
    place = root
    for step in reference.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        try:
            place = place[int(key) if isinstance(place, list) else key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ValueError(f"$ref leads to {got(reference)}, which is not there") from None
    return place


class _Checker:
    """One check, with the steps that are left to it."""

    def __init__(self, root: Schema, steps: int) -> None:
        self._root = root
        self._steps = steps

    def check(self, value: Any, schema: Any, depth: int) -> None:
        """Hold a part of the data to a part of the schema."""
        self._steps -= 1
        if self._steps < 0 or depth > 4 * DEPTH:
            raise _Exhausted("", "the schema is too deep or asks for too much work")
        if isinstance(schema, bool):
            if not schema:
                raise Misfit("", "nothing may be here")
            return
        for keyword, holds in _KEYWORDS.items():
            if keyword in schema:
                holds(self, value, schema, depth + 1)

    def resolve(self, reference: str) -> Any:
        """The place that a reference leads to."""
        return _resolve(self._root, reference)

    def fits(self, value: Any, schema: Any, depth: int) -> Misfit | None:
        """What does not fit, if anything."""
        try:
            self.check(value, schema, depth)
        except _Exhausted:
            raise
        except Misfit as misfit:
            return misfit
        return None


class _Exhausted(Misfit):
    """The check itself had to end, so nothing may go on as if something merely did not fit."""


def _ref(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    checker.check(value, checker.resolve(schema["$ref"]), depth)


_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int or (type(value) is float and value.is_integer()),
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}


def _type(_: _Checker, value: Any, schema: Schema, __: int) -> None:
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(_TYPES[name](value) for name in names):
        raise expected(" or ".join(names), value)


def _key(value: Any) -> str:
    """Equal for what JSON Schema calls equal: 1 and 1.0, but not 1 and true."""
    return json.dumps(_canonical(value))


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _enum(_: _Checker, value: Any, schema: Schema, __: int) -> None:
    if _key(value) not in map(_key, schema["enum"]):
        raise expected(f"one of {', '.join(map(repr, schema['enum']))}", value)


def _const(_: _Checker, value: Any, schema: Schema, __: int) -> None:
    if _key(value) != _key(schema["const"]):
        raise expected(repr(schema["const"]), value)


def _all_of(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    for part in schema["allOf"]:
        checker.check(value, part, depth)


def _any_of(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    misfits = []
    for part in schema["anyOf"]:
        misfit = checker.fits(value, part, depth)
        if misfit is None:
            return
        misfits.append(misfit)
    raise max(misfits, key=lambda misfit: len(misfit.path), default=Misfit("", "nothing may be here"))


def _one_of(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    fitting = sum(checker.fits(value, part, depth) is None for part in schema["oneOf"])
    if not fitting:
        _any_of(checker, value, {"anyOf": schema["oneOf"]}, depth)
    if fitting != 1:
        raise Misfit("", f"fits {fitting} of several forms, of which it must fit one")


def _not(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    if checker.fits(value, schema["not"], depth) is None:
        raise Misfit("", "is what it must not be")


def _required(_: _Checker, value: Any, schema: Schema, __: int) -> None:
    for name in schema["required"] if isinstance(value, Mapping) else ():
        if name not in value:
            raise Misfit("", f"{name!r} is missing")


def _properties(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    for name, part in schema["properties"].items() if isinstance(value, Mapping) else ():
        if name in value:
            under(name, checker.check, value[name], part, depth)


def _additional(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    # What `patternProperties` allows is not known here, so with it any name may be right.
    if not isinstance(value, Mapping) or "patternProperties" in schema:
        return
    known = schema.get("properties", {})
    rest = schema["additionalProperties"]
    for name in value:
        if name not in known and rest is False:
            raise Misfit("", f"there is no {got(name)}; known are {', '.join(known) or 'no keys at all'}")
        if name not in known:
            under(name, checker.check, value[name], rest, depth)


def _names(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    for name in value if isinstance(value, Mapping) else ():
        under(name, checker.check, name, schema["propertyNames"], depth)


def _items(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    first = len(schema.get("prefixItems", ()))
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if index >= first:
            under(index, checker.check, item, schema["items"], depth)


def _prefix(checker: _Checker, value: Any, schema: Schema, depth: int) -> None:
    for index, (item, part) in enumerate(zip(value if isinstance(value, list) else (), schema["prefixItems"])):  # noqa: B905 - either may be longer
        under(index, checker.check, item, part, depth)


def _unique(_: _Checker, value: Any, schema: Schema, __: int) -> None:
    if schema["uniqueItems"] and isinstance(value, list) and len(set(map(_key, value))) < len(value):
        raise Misfit("", "expected items that differ from each other")


def _multiple(_: _Checker, value: Any, schema: Schema, __: int) -> None:
    # As JSON Schema's own suite wants it, 0.0075 is a multiple of 0.0001: so no remainder of floats.
    step = schema["multipleOf"]
    if _TYPES["number"](value) and (
        value % step if isinstance(value, int) and isinstance(step, int) else _off(value, step)
    ):
        raise expected(f"a multiple of {step}", value)


def _off(value: float, step: float) -> bool:
    try:
        ratio = value / step
    except OverflowError:
        return False
    return abs(ratio - round(ratio)) > 1e-9 * max(1.0, abs(ratio))


def _bound(kind: str, keyword: str, words: str, fails: Callable[[Any, Any], bool]) -> Callable[..., None]:
    """A bound on a number, or on how long or how large something is."""

    def holds(_: _Checker, value: Any, schema: Schema, __: int) -> None:
        if _TYPES[kind](value):
            size = value if kind == "number" else len(value)
            if fails(size, schema[keyword]):
                raise Misfit("", f"expected {words} {schema[keyword]}, got {got(size)}")

    return holds


def _less(size: Any, bound: Any) -> bool:
    return bool(size < bound)


def _more(size: Any, bound: Any) -> bool:
    return bool(size > bound)


_BOUNDS: Final[Sequence[tuple[str, str, str, Callable[[Any, Any], bool]]]] = [
    ("number", "minimum", "at least", _less),
    ("number", "maximum", "at most", _more),
    ("number", "exclusiveMinimum", "more than", lambda size, bound: bool(size <= bound)),
    ("number", "exclusiveMaximum", "less than", lambda size, bound: bool(size >= bound)),
    ("string", "minLength", "a length of at least", _less),
    ("string", "maxLength", "a length of at most", _more),
    ("array", "minItems", "a number of items of at least", _less),
    ("array", "maxItems", "a number of items of at most", _more),
    ("object", "minProperties", "a number of keys of at least", _less),
    ("object", "maxProperties", "a number of keys of at most", _more),
]

_KEYWORDS: Final[Mapping[str, Callable[[_Checker, Any, Schema, int], None]]] = {
    "$ref": _ref,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "prefixItems": _prefix,
    "items": _items,
    "uniqueItems": _unique,
    "multipleOf": _multiple,
    **{keyword: _bound(kind, keyword, words, fails) for kind, keyword, words, fails in _BOUNDS},
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
}


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, (list, tuple)) else [value]
    return bool(names) and all(isinstance(name, str) and name in _TYPES for name in names)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_size(value: Any) -> bool:
    return _is_number(value) and value >= 0


# What the keywords that hold no schemas must be.
_SHAPES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "type": (_is_type, f"one or several of {', '.join(_TYPES)}"),
    "enum": (lambda value: isinstance(value, (list, tuple)), "a list"),
    "required": (
        lambda value: isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value),
        "a list of strings",
    ),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    **{keyword: (_is_number if kind == "number" else _is_size, "a number") for kind, keyword, _, _ in _BOUNDS},
}


def _one(part: Any) -> Sequence[Any]:
    return (part,)


def _each(parts: Any) -> Sequence[Any]:
    if not isinstance(parts, (list, tuple)):
        raise TypeError(f"expected a list of schemas, got {got(parts)}")
    return parts


def _values(parts: Any) -> Sequence[Any]:
    if not isinstance(parts, Mapping):
        raise TypeError(f"expected a mapping of schemas, got {got(parts)}")
    return tuple(parts.values())


# Where schemas stand in a schema.
_PARTS: Final[Mapping[str, Callable[[Any], Sequence[Any]]]] = {
    "properties": _values,
    "$defs": _values,
    "definitions": _values,
    "additionalProperties": _one,
    "propertyNames": _one,
    "items": _one,
    "not": _one,
    "prefixItems": _each,
    "allOf": _each,
    "anyOf": _each,
    "oneOf": _each,
}
