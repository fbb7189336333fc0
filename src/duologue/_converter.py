"""The cattrs converter behind `_serde`: how each kind of type becomes plain data, and comes back from it.

Importing this imports cattrs, which takes longer than all the rest of the package; so it is imported on first use.
cattrs finds the hook for a type; the hooks here are strict, and find the path of what does not fit.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args, get_origin

import attrs
from cattrs import Converter

from duologue import errors
from duologue._check import WRITTEN, shown
from duologue._plain import (
    MisfitError,
    Structure,
    Unstructure,
    as_key,
    as_object,
    exactly,
    give_bytes,
    give_float,
    give_json,
    got,
    one_of,
    same,
    step,
    take_bytes,
    take_float,
    take_json,
    under,
)
from duologue._unions import TAGS, UNIONS, TaggedUnion, register_unions
from duologue.errors import DecodeError, DuologueError, error_fields, error_from_fields
from duologue.models import ChatResponse


@functools.cache
def converter() -> Converter:
    """The one converter."""
    unknown = {union.unknown: union for union in UNIONS}
    made = Converter()

    def structure_class(cls: Any) -> Structure:
        plain = _class_structure(cls, TAGS.get(cls), made)
        return _unknown_structure(cls, unknown[cls], plain) if cls in unknown else plain

    def unstructure_class(cls: Any) -> Unstructure:
        plain = _class_unstructure(cls, TAGS.get(cls), made)
        return _unknown_unstructure(cls, unknown[cls], plain) if cls in unknown else plain

    made.register_structure_hook_factory(attrs.has, structure_class)
    made.register_unstructure_hook_factory(attrs.has, unstructure_class)
    for origin, (structure, unstructure) in _CONTAINERS.items():
        has_origin = functools.partial(_has_origin, origin)
        made.register_structure_hook_factory(has_origin, functools.partial(structure, made))
        made.register_unstructure_hook_factory(has_origin, functools.partial(unstructure, made))
    for scalar, (take, give) in _SCALARS.items():
        made.register_structure_hook(scalar, take)
        made.register_unstructure_hook(scalar, give)
    made.register_structure_hook_func(_is_any, take_json)
    made.register_unstructure_hook_func(_is_any, give_json)
    made.register_structure_hook(DuologueError, functools.partial(_take_error, made))
    made.register_unstructure_hook(DuologueError, functools.partial(_give_error, made))
    register_unions(made)
    return made


def _has_origin(origin: object, cls: object) -> bool:
    return get_origin(cls) is origin


def _is_any(cls: object) -> bool:
    return cls is Any


def _class_structure(cls: Any, tag: tuple[str, str] | None, converter: Converter) -> Structure:
    own = frozenset() if tag is None else frozenset((tag[0],))
    attrs.resolve_types(cls)
    fields = attrs.fields_dict(cls)

    @functools.cache  # late, so that classes may hold each other
    def hooks() -> Mapping[str, Structure]:
        return {name: _field_structure(field.type, converter) for name, field in fields.items()}

    def structure(value: Any, _cls: Any) -> Any:
        given = as_object(value)
        if tag is not None and given.get(tag[0]) != tag[1]:
            raise MisfitError(f"expected {tag[1]!r}, got {got(given.get(tag[0]))}", f".{tag[0]}")
        for key in given:
            if key not in fields and key not in own:
                raise MisfitError(f"unknown key {got(key)}; there are {', '.join((*own, *fields))}")
        arguments: dict[str, Any] = {}
        for name, take in hooks().items():
            if name in given:
                arguments[name] = under(f".{name}", take, given[name], None)
            elif fields[name].default is attrs.NOTHING:
                raise MisfitError("is missing", f".{name}")
        try:
            return cls(**arguments)
        except (TypeError, ValueError) as reason:
            raise MisfitError(str(reason)) from None

    return structure


def _field_structure(type_: Any, converter: Converter) -> Structure:
    optional, rest = _without_none(type_)
    take = converter.get_structure_hook(rest)
    return lambda value, _: None if value is None and optional else take(value, rest)


def _without_none(type_: Any) -> tuple[bool, Any]:
    members = get_args(type_)
    if type(None) not in members:
        return False, type_
    return True, functools.reduce(operator.or_, [member for member in members if member is not type(None)])


def _class_unstructure(cls: Any, tag: tuple[str, str] | None, converter: Converter) -> Unstructure:
    attrs.resolve_types(cls)
    fields = [field for field in attrs.fields(cls) if field.metadata.get(WRITTEN, True)]

    @functools.cache  # late, as above
    def hooks() -> list[tuple[str, Unstructure, Callable[[Any], bool]]]:
        return [
            (field.name, converter.get_unstructure_hook(_without_none(field.type)[1]), _left_out(field))
            for field in fields
        ]

    def unstructure(obj: Any) -> dict[str, Any]:
        plain: dict[str, Any] = {} if tag is None else {tag[0]: tag[1]}
        for name, give, left_out in hooks():
            value = getattr(obj, name)
            if not left_out(value):
                plain[name] = None if value is None else under(f".{name}", give, value)
        return plain

    return unstructure


def _left_out(field: attrs.Attribute[Any]) -> Callable[[Any], bool]:
    """Whether a value need not be written, since its absence says the same."""
    if field.default is None:
        return lambda value: value is None
    if field.default in ((), attrs.Factory(dict)):
        return operator.not_
    return lambda _: False


def _unknown_structure(cls: Any, union: TaggedUnion, plain: Structure) -> Structure:
    """Takes an object as it came, or wrapped as `_unknown_unstructure` does where it could be taken for another."""
    own = next(tag for tag, member in union.members.items() if member is cls)

    def structure(value: Any, _cls: Any) -> Any:
        tag = as_object(value).get(union.tag)
        if tag == own and "raw" in value:
            return plain(value, cls)
        if isinstance(tag, str) and tag != own and tag in union.members:
            raise MisfitError(f"expected {own!r}, got {tag!r}", f".{union.tag}")
        return cls(give_json(value))

    return structure


def _unknown_unstructure(cls: Any, union: TaggedUnion, plain: Unstructure) -> Unstructure:
    def unstructure(obj: Any) -> Any:
        tag = obj.raw.get(union.tag)
        if isinstance(tag, str) and tag not in union.members and obj == cls(obj.raw):
            return under(".raw", give_json, obj.raw)
        return plain(obj)

    return unstructure


def _list_structure(converter: Converter, cls: Any) -> Structure:
    item_type = get_args(cls)[0]
    take = converter.get_structure_hook(item_type)

    def structure(value: Any, _cls: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise MisfitError(f"expected a list, got {shown(value)}")
        return tuple(under(f"[{index}]", take, item, item_type) for index, item in enumerate(value))

    return structure


def _list_unstructure(converter: Converter, cls: Any) -> Unstructure:
    give = converter.get_unstructure_hook(get_args(cls)[0])
    return lambda value: [under(f"[{index}]", give, item) for index, item in enumerate(value)]


def _map_structure(converter: Converter, cls: Any) -> Structure:
    item_type = get_args(cls)[1]
    take = converter.get_structure_hook(item_type)

    def structure(value: Any, _cls: Any) -> dict[str, Any]:
        return {as_key(key): under(step(key), take, item, item_type) for key, item in as_object(value).items()}

    return structure


def _map_unstructure(converter: Converter, cls: Any) -> Unstructure:
    give = converter.get_unstructure_hook(get_args(cls)[1])
    return lambda value: {as_key(key): under(step(key), give, item) for key, item in value.items()}


def _literal_structure(_converter: Converter, cls: Any) -> Structure:
    return one_of(get_args(cls))


def _literal_unstructure(_converter: Converter, _cls: Any) -> Unstructure:
    return same


_CONTAINERS: Final[Mapping[Any, tuple[Callable[..., Structure], Callable[..., Unstructure]]]] = {
    tuple: (_list_structure, _list_unstructure),
    Mapping: (_map_structure, _map_unstructure),
    Literal: (_literal_structure, _literal_unstructure),
}


_SCALARS: Final[Mapping[Any, tuple[Structure, Unstructure]]] = {
    str: (exactly("a string", str), same),
    int: (exactly("an integer", int), same),
    bool: (exactly("true or false", bool), same),
    float: (take_float, give_float),
    bytes: (take_bytes, give_bytes),
}


# What `errors.error_fields` gives besides the class; which of them an error has depends on that.
_ERROR_FIELDS: Final[Mapping[str, Any]] = {
    "message": str,
    "code": str,
    "type": str,
    "status_code": int,
    "provider": str,
    "request_id": str,
    "attempts": int,
    "retryable": bool,
    "phase": str,
    "retry_after": float,
    "frame": int,
    "limit": str,
    "body": Any,
    "partial": ChatResponse,
}
_NEEDED: Final = ("class", "message")
_class_name = one_of(tuple(errors.__all__))


def _take_error(converter: Converter, value: Any, _cls: Any) -> DuologueError:
    given = as_object(value)
    for key in _NEEDED:
        if key not in given:
            raise MisfitError("is missing", f".{key}")
    fields: dict[str, Any] = {"class": under(".class", _class_name, given["class"], None)}
    for key, item in given.items():
        if key in _ERROR_FIELDS:
            fields[key] = under(f".{key}", converter.structure, item, _ERROR_FIELDS[key])
        elif key != "class":
            raise MisfitError(f"unknown key {got(key)}; there are {', '.join(_ERROR_FIELDS)}")
    try:
        return error_from_fields(fields)
    except DecodeError as reason:
        raise MisfitError(reason.message.removeprefix("error: ")) from None


def _give_error(converter: Converter, error: DuologueError) -> dict[str, Any]:
    """All that is not None, since None is what an absent field says."""
    fields = error_fields(error)
    plain = {"class": fields["class"]}
    for key, type_ in _ERROR_FIELDS.items():
        if fields.get(key) is not None:
            plain[key] = under(f".{key}", converter.unstructure, fields[key], type_)
    return plain
