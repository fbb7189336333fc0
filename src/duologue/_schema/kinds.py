"""Types as kinds of JSON data: what the schema says of each, and how an instance is made of the data.

Both stand in one place for each kind, so that what the schema allows is what is taken. Taking is strict: nothing is
made of a string that should be a number, and an object holds no keys that were not asked for. A class is written out
where it is used, since some providers know no references, and becomes a definition only where it holds itself.
"""

from __future__ import annotations

import functools
import itertools
import types
import typing
from collections import abc
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar, cast

from duologue._schema.check import check, check_schema
from duologue._schema.describe import described
from duologue._schema.fields import Field, fields_of, own_doc, says_none
from duologue._schema.misfit import Misfit, bounded, under
from duologue._schema.plain import plain
from duologue._schema.scalars import SCALARS, Take, choice, expected, got, is_enum, members_of

T = TypeVar("T")


class Kind(NamedTuple):
    """A kind of data."""

    schema: dict[str, Any]
    take: Take


def schema_of(hint: Any) -> dict[str, Any]:
    """The JSON Schema of a type.

    Raises:
        TypeError: there is none for it, or for something in it.
    """
    kinds = Kinds()
    return kinds.whole(kinds.of(hint).schema)


def structure(value: Any, hint: type[T]) -> T:
    """An instance of a type, made of JSON data.

    Raises:
        Misfit: the data do not fit.
        TypeError: as `schema_of`.
    """
    bounded(value)
    return cast("T", _kind(hint).take(value))


def _kind(hint: Any) -> Kind:
    try:
        return _cached(hint)
    except TypeError:  # it cannot be hashed, or has no schema; then it says so again
        return Kinds().of(hint)


@functools.lru_cache(256)
def _cached(hint: Any) -> Kind:
    return Kinds().of(hint)


class Kinds:
    """The kinds of one schema, and the definitions of those that hold themselves."""

    def __init__(self) -> None:
        self._definitions: dict[str, dict[str, Any]] = {}
        self._open: dict[Any, bool] = {}  # what is being looked at, and whether it was met again inside itself
        self._again: dict[Any, Kind] = {}
        self._names: dict[Any, str] = {}

    def whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with the definitions that it refers to. Its root is no reference, since not all providers take
        one."""
        if not self._definitions:
            return schema
        name = schema.get("$ref", "").removeprefix("#/$defs/")
        return {**self._definitions.get(name, schema), "$defs": self._definitions}

    def of(self, hint: Any) -> Kind:
        """The kind of a type.

        Raises:
            TypeError: there is none.
        """
        for test, make in _TABLE:
            if test(hint):
                return make(self, hint)
        raise TypeError(
            f"{hint!r} has no JSON Schema: say it with attrs classes, dataclasses, TypedDict or plain types"
        )

    def named(self, hint: Any, make: Callable[[], Kind]) -> Kind:
        """The kind of something that may hold itself."""
        key = _key(hint)
        if key in self._again:
            return self._again[key]
        if key in self._open:
            self._open[key] = True
            # What takes it is known only when all of it has been looked at.
            return Kind({"$ref": f"#/$defs/{self._name(hint)}"}, lambda value: self._again[key].take(value))  # noqa: PLW0108
        self._open[key] = False
        kind = make()
        if self._open.pop(key):
            self._definitions[self._name(hint)] = kind.schema
            self._again[key] = kind = Kind({"$ref": f"#/$defs/{self._name(hint)}"}, kind.take)
        return kind

    def _name(self, hint: Any) -> str:
        """A name that no other type has here."""
        key = _key(hint)
        if key not in self._names:
            name = "".join(char if char.isalnum() else "_" for char in getattr(hint, "__name__", str(hint)))
            taken = set(self._names.values())
            self._names[key] = next(one for one in _numbered(name) if one not in taken)
        return self._names[key]


def _key(hint: Any) -> Any:
    """A type as a key; one that cannot be hashed by its name."""
    try:
        hash(hint)
    except TypeError:
        return repr(hint)
    return hint


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in itertools.count(2))


def object_kind(
    kinds: Kinds, fields: Iterable[Field], make: Callable[..., Any], rest: Kind | None = None, doc: str = ""
) -> Kind:
    """An object with these fields; `rest` is what other keys hold, None where there are no others. `make` is called
    with what is given."""
    fields = list(fields)
    takes: dict[str, Take] = {}
    others = rest.take if rest else _anything(kinds, Any).take
    properties: dict[str, Any] = {}
    for field in fields:
        kind = under_hint(field.name, kinds, field.hint)
        if field.default is None and not says_none(field.hint):
            kind = _or_none(kind)
        takes[field.name] = kind.take
        properties[field.name] = _with_notes(kind.schema, field)
    required = [field.name for field in fields if field.required]
    schema: dict[str, Any] = {"description": doc} if doc else {}
    schema |= {"type": "object", "properties": properties, "required": required}
    schema["additionalProperties"] = rest.schema if rest else False

    def take(value: Any) -> Any:
        given = _an_object(value)
        for key in given:
            if key not in takes and rest is None:
                raise Misfit("", f"there is no {got(key)}; known are {', '.join(takes) or 'no keys at all'}")
        for name in required:
            if name not in given:
                raise Misfit("", f"{name!r} is missing")
        return _made(make, {key: under(key, takes.get(key, others), item) for key, item in given.items()})

    return Kind(schema, take)


def _or_none(kind: Kind) -> Kind:
    """What is `None` by default may be given as null, too."""
    return Kind({"anyOf": [kind.schema, {"type": "null"}]}, lambda value: None if value is None else kind.take(value))


def under_hint(name: str, kinds: Kinds, hint: Any) -> Kind:
    """The kind of a field's type, whose name is told where there is none."""
    try:
        return kinds.of(hint)
    except TypeError as reason:
        raise TypeError(f"{name}: {reason}") from None


def _with_notes(schema: dict[str, Any], field: Field) -> dict[str, Any]:
    notes: dict[str, Any] = {}
    if field.description and "description" not in schema:
        notes["description"] = field.description
    try:
        if not field.required:
            notes["default"] = plain(field.default)
    except TypeError:
        pass  # it is made anew each time, or JSON cannot say it
    return {**schema, **notes}


def _made(make: Callable[..., Any], fields: dict[str, Any]) -> Any:
    try:
        return make(**fields)
    except (TypeError, ValueError) as reason:  # a check of the class's own
        raise Misfit("", str(reason)) from None


def _an_object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise expected("an object", value)
    return value


# -- the kinds, from the plain to the composed -------------------------------------------------------------------------


def _anything(_: Kinds, __: Any) -> Kind:
    return Kind({}, lambda value: value)


def _scalar(_: Kinds, hint: Any) -> Kind:
    schema, take = SCALARS[hint]
    return Kind(dict(schema), take)


def _annotated(kinds: Kinds, hint: Any) -> Kind:
    """A string is a description, a mapping holds keywords of JSON Schema; all else is for others."""
    inner, *notes = typing.get_args(hint)
    kind = kinds.of(inner)
    for note in (getattr(note, "documentation", note) for note in notes):  # PEP 727
        if isinstance(note, str):
            kind = Kind({**kind.schema, "description": note}, kind.take)
        elif isinstance(note, Mapping):
            check_schema(note)
            kind = Kind({**kind.schema, **note}, _then(note, kind.take))
    return kind


def _then(keywords: Mapping[str, Any], take: Take) -> Take:
    def checked(value: Any) -> Any:
        check(value, keywords)
        return take(value)

    return checked


def _supertype(kinds: Kinds, hint: Any) -> Kind:
    return kinds.of(hint.__supertype__)


def _alias(kinds: Kinds, hint: Any) -> Kind:
    return kinds.named(hint, lambda: kinds.of(hint.__value__))


def _variable(kinds: Kinds, hint: TypeVar) -> Kind:
    options = hint.__constraints__
    return kinds.of(typing.Union[options] if options else hint.__bound__ or Any)  # noqa: UP007 - of a tuple


def _literal(_: Kinds, hint: Any) -> Kind:
    return Kind(*choice(typing.get_args(hint)))


def _enum(_: Kinds, hint: Any) -> Kind:
    return Kind(*choice(members_of(hint)))


def _union(kinds: Kinds, hint: Any) -> Kind:
    members = typing.get_args(hint)
    options = [kinds.of(member) for member in members]
    plain_types = {member for member in members if member in (str, int, float, bool, types.NoneType)}

    def take(value: Any) -> Any:
        if type(value) in plain_types:  # before `float` makes a float of an integer
            return value
        misfits = []
        for option in options:
            try:
                return option.take(value)
            except Misfit as misfit:
                misfits.append(misfit)
        raise _of_several(misfits)

    return Kind({"anyOf": [option.schema for option in options]}, take)


def _of_several(misfits: list[Misfit]) -> Misfit:
    """What is wrong where none of several fits: in the one that comes nearest, if one does."""
    deepest = max(len(misfit.path) for misfit in misfits)
    nearest = [misfit for misfit in misfits if len(misfit.path) == deepest]
    if len(nearest) == 1 or deepest:
        return nearest[0]
    return Misfit("", "; or ".join(dict.fromkeys(misfit.message for misfit in nearest)))


def _array(kinds: Kinds, hint: Any) -> Kind:
    item = kinds.of((typing.get_args(hint) or (Any,))[0])
    make = _ARRAYS[typing.get_origin(hint) or hint]

    def take(value: Any) -> Any:
        items = [under(index, item.take, each) for index, each in enumerate(_a_list(value))]
        try:
            return make(items)
        except TypeError:
            raise Misfit("", "expected items that can be told apart: no lists or objects") from None

    return Kind({"type": "array", "items": item.schema}, take)


def _a_list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise expected("a list", value)
    return list(value)


def _tuple(kinds: Kinds, hint: Any) -> Kind:
    arguments = typing.get_args(hint) or (Any, ...)
    if arguments[-1] is ...:
        item = kinds.of(arguments[0])
        schema: dict[str, Any] = {"type": "array", "items": item.schema}
        return Kind(schema, lambda value: tuple(under(at, item.take, each) for at, each in enumerate(_a_list(value))))
    options = [kinds.of(argument) for argument in arguments]
    count = len(options)
    schema = {"type": "array", "prefixItems": [option.schema for option in options], "minItems": count}

    def take(value: Any) -> Any:
        items = _a_list(value)
        if len(items) != count:
            raise Misfit("", f"expected {count} items, got {len(items)}")
        return tuple(under(at, option.take, items[at]) for at, option in enumerate(options))

    return Kind({**schema, "maxItems": count}, take)


def _mapping(kinds: Kinds, hint: Any) -> Kind:
    key_hint, item_hint = typing.get_args(hint) or (str, Any)
    key, item = kinds.of(key_hint), kinds.of(item_hint)
    if key.schema.get("type", "string") != "string" or "anyOf" in key.schema:
        raise TypeError(f"{hint!r} has no JSON Schema: keys are strings")
    names = {} if key_hint in (str, Any) else {"propertyNames": key.schema}

    def take(value: Any) -> Any:
        return {under(name, key.take, name): under(name, item.take, each) for name, each in _an_object(value).items()}

    return Kind({"type": "object", "additionalProperties": item.schema, **names}, take)


def _class(kinds: Kinds, hint: Any) -> Kind:
    cls = typing.get_origin(hint) or hint
    variables = dict(zip(getattr(cls, "__parameters__", ()), typing.get_args(hint), strict=False))

    def make() -> Kind:
        fields = [field._replace(hint=_filled(field.hint, variables)) for field in fields_of(cls) or ()]
        return object_kind(kinds, fields, cls, doc=described(own_doc(cls)).text)

    return kinds.named(hint, make)


def _filled(hint: Any, variables: Mapping[Any, Any]) -> Any:
    """A hint with what its type variables stand for."""
    if isinstance(hint, TypeVar):
        return variables.get(hint, hint)
    inside = getattr(hint, "__parameters__", ())
    if not inside or isinstance(hint, type):
        return hint
    return hint[tuple(variables.get(variable, variable) for variable in inside)]


def _is_class(hint: Any) -> bool:
    return fields_of(typing.get_origin(hint) or hint) is not None


def _in(table: Iterable[Any]) -> Callable[[Any], bool]:
    kinds = list(table)
    return lambda hint: any(hint is kind for kind in kinds)


def _origin(*origins: Any) -> Callable[[Any], bool]:
    return lambda hint: any((typing.get_origin(hint) or hint) is origin for origin in origins)


def _same_list(items: list[Any]) -> list[Any]:
    return items


_ARRAYS: Final[Mapping[Any, Callable[[list[Any]], Any]]] = {
    list: _same_list,
    abc.Sequence: _same_list,
    abc.MutableSequence: _same_list,
    abc.Collection: _same_list,
    abc.Iterable: _same_list,
    set: set,
    abc.Set: set,
    abc.MutableSet: set,
    frozenset: frozenset,
}

_TABLE: Final[list[tuple[Callable[[Any], bool], Callable[[Kinds, Any], Kind]]]] = [
    (_in([Any, object]), _anything),
    (_in(SCALARS), _scalar),
    (lambda hint: typing.get_origin(hint) is typing.Annotated, _annotated),
    (lambda hint: hasattr(hint, "__supertype__"), _supertype),
    (lambda hint: hasattr(hint, "__value__"), _alias),
    (lambda hint: isinstance(hint, TypeVar), _variable),
    (_origin(typing.Literal), _literal),
    (is_enum, _enum),
    (_origin(typing.Union, types.UnionType), _union),
    (_origin(*_ARRAYS), _array),
    (_origin(tuple), _tuple),
    (_origin(dict, abc.Mapping, abc.MutableMapping), _mapping),
    (_is_class, _class),
]
