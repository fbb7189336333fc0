"""The rules that hold between the parts of a specification: `check_spec` raises `SpecError` for the first one broken.

They need all of it: what a union's members have, what a default's type allows, what the hand-written methods define.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from .model import FLAGS, Class, Field, Page, Place, Spec, SpecError, Union
from .read import suggestion
from .values import constant

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .handwritten import Handwritten

# What a default in YAML must be; a bool passes for an int in Python, but not here.
_DEFAULTS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "json": (str, int, float, bool),
}
# What a field may refer to besides the tables of `spec/`.
DIALECTS: Final = "dialects"
_NUMBERS: Final = ("integer", "number")
# What every generated event answers, besides `text`, which may be a field.
_OF_EVENTS: Final = frozenset(f"is_{flag}" for flag in FLAGS)


def check_spec(spec: Spec, handwritten: Handwritten) -> None:
    """Every rule, page by page."""
    _check_names(spec, handwritten)
    for page in spec.pages:
        for union in page.unions:
            _check_union(union, page, spec)
        for cls in page.classes:
            _check_tag(cls, page, spec)
            _check_order(cls)
            _check_methods(cls, handwritten)
            _check_converters(cls, handwritten)
            for field in cls.fields:
                _check_field(field, page, spec)
    _check_defaults_end(spec)


def _check_names(spec: Spec, handwritten: Handwritten) -> None:
    """No two things of one name in a generated module."""
    for page in spec.pages:
        for definition in page.definitions:
            if definition.name in handwritten.mixins or definition.name in handwritten.functions:
                raise SpecError(definition.place, f"the name {definition.name!r} is taken by _methods.py")
    taken = set(spec.modules)
    for enum in spec.enums.values():
        name = constant(enum.name)
        if name in taken:
            raise SpecError(enum.place, f"the values of {enum.name!r} would be called {name!r}, which is taken")
        taken.add(name)


def _check_union(union: Union, page: Page, spec: Spec) -> None:
    owners: dict[str, str] = {}
    for name in union.members:
        cls = spec.classes[name]
        if spec.modules[name] != page.module:
            raise SpecError(union.place, f"{name} is in another module than its union {union.name}")
        if cls.tag is None:
            raise SpecError(cls.place, f"the class {name} is in the union {union.name}, so it needs a tag")
        if cls.tag in owners:
            raise SpecError(cls.place, f"the tag {cls.tag!r} of {name} is that of {owners[cls.tag]} already")
        owners[cls.tag] = name
    raw, *others = spec.classes[union.unknown].fields or (None,)
    if raw is None or raw.name != "raw" or str(raw.type) != "map[json]" or any(field.required for field in others):
        raise SpecError(
            spec.classes[union.unknown].place,
            f"{union.unknown} must begin with the field `raw` of type map[json], and need nothing else",
        )


def _check_tag(cls: Class, page: Page, spec: Spec) -> None:
    keys = sorted({union.tag for union in spec.unions.values() if cls.name in union.members})
    if cls.tag is not None and not keys:
        raise SpecError(cls.place, f"the class {cls.name} has a tag, but no union has it as a member")
    if len(keys) > 1:
        raise SpecError(cls.place, f"the unions of {cls.name} keep its tag under different keys: {', '.join(keys)}")
    if page.module == "events" and cls.tag is None:
        raise SpecError(cls.place, f"the event {cls.name} needs a tag and a union")
    for field in cls.fields:
        if field.name in keys:
            raise SpecError(field.place, f"{cls.name} has its tag under {field.name!r}, so that can be no field")


def _check_order(cls: Class) -> None:
    first = None
    for field in cls.fields:
        if not field.required:
            first = first or field
        elif first is not None:
            raise SpecError(
                field.place, f"the field {field.name!r} has no default, but comes after {first.name!r}, which has one"
            )


def _check_methods(cls: Class, handwritten: Handwritten) -> None:
    if cls.methods is None:
        return
    if cls.methods not in handwritten.mixins:
        known = suggestion(cls.methods, handwritten.mixins)
        raise SpecError(cls.place, f"methods: _methods.py has no class {cls.methods!r}{known}")
    for field in cls.fields:
        if field.name in handwritten.mixins[cls.methods]:
            raise SpecError(field.place, f"the field {field.name!r} clashes with a member of {cls.methods}")


def _check_converters(cls: Class, handwritten: Handwritten) -> None:
    above: set[str] = set()
    for field in cls.fields:
        if field.convert is not None and field.convert not in handwritten.functions:
            known = suggestion(field.convert, handwritten.functions)
            raise SpecError(field.place, f"convert: _methods.py has no function {field.convert!r}{known}")
        if field.convert in above:
            raise SpecError(field.place, f"the field {field.convert!r} above hides the function {field.convert!r}")
        above.add(field.name)


def _check_field(field: Field, page: Page, spec: Spec) -> None:
    if field.name in spec.modules or field.name in map(constant, spec.enums):
        raise SpecError(field.place, f"the field {field.name!r} would hide the definition of that name")
    for part in field.type.walk():
        if page.module == "models" and spec.modules.get(part.name) == "events":
            raise SpecError(
                field.place, f"a model cannot hold the event type {part.name}: models know nothing of events"
            )
    if page.module == "events":
        _check_event_field(field)
    _check_limits(field)
    _check_text_rules(field)
    _check_default(field, spec)


def _check_event_field(field: Field) -> None:
    if field.name in _OF_EVENTS:
        raise SpecError(field.place, f"the field {field.name!r} clashes with the flag of that name; use `flags`")
    if field.name == "text" and (str(field.type) != "string" or field.optional):
        raise SpecError(field.place, "the field 'text' of an event must be a string, since every event answers one")
    if field.convert is not None or field.minimum is not None or field.maximum is not None:
        raise SpecError(field.place, "events are not checked when they are made: no convert, minimum or maximum")


def _check_limits(field: Field) -> None:
    if field.minimum is None and field.maximum is None:
        return
    if field.type.name not in _NUMBERS:
        raise SpecError(field.place, f"minimum and maximum are for integers and numbers, not for {field.type}")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        raise SpecError(field.place, f"the minimum {field.minimum} is above the maximum {field.maximum}")


def _check_text_rules(field: Field) -> None:
    for key in ("pattern", "refers_to"):
        if getattr(field, key) is not None and field.type.name != "string":
            raise SpecError(field.place, f"a {key} is for strings, not for {field.type}")
    try:
        re.compile(field.pattern or "")
    except re.error as error:
        raise SpecError(field.place, f"pattern {field.pattern!r} is no regular expression: {error}") from error


def _check_default(field: Field, spec: Spec) -> None:
    """A default must be a value that the field could have."""
    value, kind = field.default, field.type.kind
    if field.required or (value is None and field.optional):
        return
    if kind == "enum" and value not in (values := spec.enums[field.type.name].values):
        raise SpecError(field.place, f"the default {value!r} is not one of {', '.join(map(repr, values))}")
    if kind in ("list", "map") and value != ([] if kind == "list" else {}):
        raise SpecError(field.place, f"the default of a {kind} is {'[]' if kind == 'list' else '{}'}, got {value!r}")
    if kind == "union":
        raise SpecError(field.place, f"a field of the union {field.type} can have no default but null")
    if kind == "class" and (value != {} or any(inner.required for inner in spec.classes[field.type.name].fields)):
        raise SpecError(field.place, "the default of a class is {}, where all its fields have one themselves")
    if kind == "scalar":
        _check_scalar(field)


def _check_scalar(field: Field) -> None:
    value: Any = field.default
    kinds = _DEFAULTS.get(field.type.name, ())
    if not isinstance(value, kinds) or (isinstance(value, bool) and field.type.name in _NUMBERS):
        raise SpecError(field.place, f"the default {value!r} is no {field.type}")
    check_bounds(value, field, field.place)
    check_text(value, field, field.place)


def _check_defaults_end(spec: Spec) -> None:
    """No default that is made of itself: the first instance would never be done."""
    made_of = {
        cls.name: {field.type.name: field for field in cls.fields if field.type.kind == "class" and field.default == {}}
        for cls in spec.classes.values()
    }
    for name in made_of:
        trail: list[tuple[str, Field]] = []
        if _comes_back(name, name, made_of, trail, set()):
            steps = ", ".join(f"{field.type.name} in {owner}" for owner, field in trail)
            raise SpecError(trail[0][1].place, f"has a default that never ends: {steps}")


def _comes_back(
    name: str, goal: str, made_of: Mapping[str, Mapping[str, Field]], trail: list[tuple[str, Field]], seen: set[str]
) -> bool:
    """Whether the default of `name` holds `goal`; `trail` then says by way of which fields."""
    seen.add(name)
    for inner, field in made_of[name].items():
        trail.append((name, field))
        if inner == goal or (inner not in seen and _comes_back(inner, goal, made_of, trail, seen)):
            return True
        trail.pop()
    return False


def check_references(spec: Spec, of_tables: Collection[str], known: Mapping[str, Collection[str]]) -> None:
    """Patterns and references hold for the rows of tables, and a reference leads to something that is known."""
    for cls in spec.classes.values():
        for field in cls.fields:
            if field.pattern is None and field.refers_to is None:
                continue
            if cls.name not in of_tables:
                raise SpecError(
                    field.place,
                    f"the field {field.name!r} is checked in the rows of a table, and there is no table of {cls.name}",
                )
            if field.refers_to is not None and field.refers_to not in known:
                raise SpecError(
                    field.place,
                    f"refers_to: there is no table {field.refers_to!r}{suggestion(field.refers_to, known)}",
                )
            if isinstance(field.default, str):
                check_reference(field.default, field, field.place, known)


def check_text(value: Any, field: Field, place: Place) -> None:
    """The whole of a string must match the field's pattern."""
    if field.pattern is not None and not re.fullmatch(field.pattern, value):
        raise SpecError(place, f"{field.name} must match {field.pattern!r}, got {value!r}")


def check_reference(value: Any, field: Field, place: Place, known: Mapping[str, Collection[str]]) -> None:
    """A string must be the name of what the field refers to."""
    if field.refers_to is not None and value not in known[field.refers_to]:
        names = known[field.refers_to]
        raise SpecError(place, f"{field.name}: there is no {value!r} in {field.refers_to}{suggestion(value, names)}")


def check_bounds(value: Any, field: Field, place: Place) -> None:
    """A number must be within the field's own bounds."""
    if field.minimum is not None and value < field.minimum:
        raise SpecError(place, f"{field.name} must be at least {field.minimum}, got {value!r}")
    if field.maximum is not None and value > field.maximum:
        raise SpecError(place, f"{field.name} must be at most {field.maximum}, got {value!r}")
