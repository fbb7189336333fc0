"""A JSON Schema as a provider takes it, and data that came of it as the schema itself has them.

Each of `SchemaRules` is a row of `RULES`. A keyword that a provider refuses or passes over is told in the description
of its place, so that the model knows of it. What a provider has no words for at all is an `UnsupportedError`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from duologue.models import SchemaRules

Schema = Mapping[str, Any]

_RANGES = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
_LENGTHS = {"minLength", "maxLength"}
_COUNTS = {"minItems", "maxItems"}
_ITEMS = {"uniqueItems", "contains", "minContains", "maxContains"}
_KEYS = {
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
}
_LOGIC = {"allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"}
_NULL: Final = {"type": "null"}


class Rules(NamedTuple):
    """What a provider takes.

    `told` are the keywords that it does not take; `formats` those words of `format` that it does, None for any.
    """

    told: frozenset[str] = frozenset()
    formats: frozenset[str] | None = None
    strict: bool | None = None
    """What is sent as `strict`; with True, all properties are required."""
    closed: bool = False
    """Whether objects are those with known properties only."""
    recursive: bool = True
    one_of: bool = True
    const: bool = True
    prefixes: bool = True


# The words are those of the pages that spec/providers.yaml names.
RULES: Final[Mapping[SchemaRules, Rules]] = {
    "any": Rules(),
    "strict": Rules(
        told=frozenset(_LENGTHS | _ITEMS | _KEYS | _LOGIC | {"default"}),
        formats=frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}),
        strict=True,
        closed=True,
        one_of=False,
        prefixes=False,
    ),
    "closed": Rules(
        told=frozenset(_RANGES | _LENGTHS | _COUNTS | _ITEMS | _KEYS | _LOGIC - {"allOf"}),
        formats=frozenset(
            {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
        ),
        closed=True,
        recursive=False,
        one_of=False,
        prefixes=False,
    ),
    "composed": Rules(
        told=frozenset(
            _LENGTHS | _ITEMS | _KEYS | _LOGIC | {"default", "pattern", "multipleOf"}
            | {"exclusiveMinimum", "exclusiveMaximum"}
        ),
        formats=frozenset({"date-time", "date", "time"}),
        one_of=False,
        const=False,
    ),
    "plain": Rules(
        told=frozenset(_RANGES | _LENGTHS | _COUNTS | _ITEMS | _KEYS | _LOGIC | {"default"}),
        formats=frozenset({"date-time", "date", "time", "uuid"}),
        one_of=False,
        prefixes=False,
    ),
}  # fmt: skip


def fitted(schema: Schema, rules: Rules) -> dict[str, Any]:
    """The schema as the rules have it.

    Raises:
        UnsupportedError: they cannot say it.
    """
    if not rules.recursive and _holds_itself(schema):
        raise UnsupportedError("response_format: the provider takes no JSON Schema that holds itself")
    return _fitted(schema, rules) if rules != Rules() else dict(schema)


def _fitted(schema: Any, rules: Rules) -> Any:
    if not isinstance(schema, Mapping):  # true and false
        _refuse_anything(rules)
        return schema
    fit = dict(schema)
    if not rules.one_of and "oneOf" in fit:
        fit["anyOf"] = fit.pop("oneOf")
    if not rules.const and "const" in fit:
        fit["enum"] = [fit.pop("const")]
    if not rules.prefixes and "prefixItems" in fit:
        fit["items"] = _any_of(fit.pop("prefixItems"))
    _tell(fit, rules)
    for name, parts in _PARTS.items():
        if name in fit:
            fit[name] = parts(fit[name], rules)
    if rules.closed:
        _close(fit, rules)
    if rules.strict and "$ref" in fit:
        fit = {"$ref": fit["$ref"]}  # nothing may stand beside it
    return fit


def _tell(schema: dict[str, Any], rules: Rules) -> None:
    """Move what the provider does not take into the description."""
    told = {name: schema.pop(name) for name in sorted(rules.told & schema.keys())}
    if rules.formats is not None and schema.get("format", "date") not in rules.formats:
        told["format"] = schema.pop("format")
    if told:
        words = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in told.items())
        schema["description"] = " ".join(filter(None, (schema.get("description"), f"({words})")))


def _close(schema: dict[str, Any], rules: Rules) -> None:
    """Let there be no other properties; with `strict`, all of them are required, and null where they were not."""
    if not schema.keys() & _SAYING:
        _refuse_anything(rules)
    if schema.get("type") != "object" and "properties" not in schema:
        return
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", not schema.get("properties"))
    if isinstance(others, Mapping) or (others and not properties):
        raise UnsupportedError("response_format: the provider takes no JSON Schema of objects with any properties")
    schema["additionalProperties"] = False
    if rules.strict:
        required = schema.get("required", ())
        schema["properties"] = {name: part if name in required else _or_null(part) for name, part in properties.items()}
        schema["required"] = list(properties)


def _refuse_anything(rules: Rules) -> None:
    if rules.strict:
        raise UnsupportedError("response_format: the provider takes no JSON Schema for just anything")


def _or_null(schema: Schema) -> Schema:
    if _takes_null(schema):
        return schema
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], _NULL]}
    notes = {name: schema[name] for name in ("description", "title") if name in schema}
    return {**notes, "anyOf": [{name: part for name, part in schema.items() if name not in notes}, _NULL]}


def _takes_null(schema: Any) -> bool:
    if not isinstance(schema, Mapping) or not schema.keys() & _SAYING:
        return schema is not False
    kind, choices = schema.get("type"), schema.get("enum", [schema["const"]] if "const" in schema else [])
    by_word = kind == "null" or (isinstance(kind, list) and "null" in kind) or None in choices
    return by_word or any(_takes_null(part) for part in schema.get("anyOf", schema.get("oneOf", ())))


def _any_of(schemas: list[Any]) -> Any:
    different = [schema for at, schema in enumerate(schemas) if schema not in schemas[:at]]
    return different[0] if len(different) == 1 else {"anyOf": different}


def _one(part: Any, rules: Rules) -> Any:
    return _fitted(part, rules)


def _others(part: Any, rules: Rules) -> Any:
    return part if isinstance(part, bool) else _fitted(part, rules)


def _each(parts: list[Any], rules: Rules) -> list[Any]:
    return [_fitted(part, rules) for part in parts]


def _values(parts: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    return {name: _fitted(part, rules) for name, part in parts.items()}


# What says anything at all of data.
_SAYING: Final = {"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "properties"}
# Where schemas are within schemas.
_PARTS: Final[Mapping[str, Any]] = {
    "properties": _values,
    "$defs": _values,
    "definitions": _values,
    "items": _one,
    "additionalProperties": _others,
    "prefixItems": _each,
    "anyOf": _each,
    "oneOf": _each,
    "allOf": _each,
}


def _holds_itself(schema: Schema) -> bool:
    """Whether a definition leads back to itself, or a reference to the whole."""
    definitions = {f"#/{room}/{name}": part for room in ("$defs", "definitions")
                   for name, part in schema.get(room, {}).items()}  # fmt: skip
    leads = {name: _references(part) for name, part in definitions.items()}
    reached = dict(leads)
    for _ in leads:
        reached = {
            name: places.union(*(reached.get(place, set()) for place in places)) for name, places in reached.items()
        }
    return "#" in _references(schema) or any(name in places for name, places in reached.items())


def _references(schema: Any) -> set[str]:
    parts = schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ()
    own = {schema["$ref"]} if isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str) else set()
    return own.union(*map(_references, parts))


# -- what came of it ---------------------------------------------------------------------------------------------------


def restored(data: Any, schema: Any, root: Schema) -> Any:
    """Data that came of a strict schema: what is null there because it may be left out is left out again."""
    schema = _form_of(data, schema, root)
    if isinstance(data, list):
        return [restored(item, schema.get("items"), root) for item in data]
    if not isinstance(data, dict):
        return data
    properties, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: restored(part, properties.get(name), root)
        for name, part in data.items()
        if part is not None or name in required or name not in properties or _takes_null(properties[name])
    }


def _form_of(data: Any, schema: Any, root: Schema, seen: frozenset[str] = frozenset()) -> Schema:
    """What the schema says of the data themselves: behind references, and of several forms the first that they may be
    of, by what is to be seen without looking further down. Nothing, where references lead in a circle."""
    while isinstance(schema, Mapping):
        if "$ref" in schema:
            if schema["$ref"] in seen:
                break
            seen |= {schema["$ref"]}
            schema = _place(root, schema["$ref"])
        elif forms := schema.get("anyOf", schema.get("oneOf")):
            found = (form for form in forms if _may_be(data, _form_of(data, form, root, seen)))
            schema = next(found, None)
        else:
            return schema
    return {}


def _place(root: Any, reference: str) -> Any:
    """Where a reference leads (RFC 6901); `check_schema` has seen that it leads somewhere."""
    for step in reference.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        root = root[int(key) if isinstance(root, list) else key]
    return root


def _may_be(data: Any, schema: Schema) -> bool:
    """Whether data may be of this form: by their type, and an object by its keys and by what tells its form."""
    kinds = schema.get("type", ())
    if kinds and not any(isinstance(data, _TYPES[kind]) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return False
    if not isinstance(data, dict):
        return True
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is False and not data.keys() <= properties.keys():
        return False
    required = schema.get("required", ())
    return data.keys() >= set(required) and all(
        data[name] in part.get("enum", [part.get("const", data[name])])
        for name, part in properties.items()
        if isinstance(part, Mapping) and (name in required or data.get(name) is not None)
    )


_TYPES: Final[Mapping[str, Any]] = {
    "null": type(None),
    "boolean": bool,
    "integer": (int, float),
    "number": (int, float),
    "string": str,
    "array": list,
    "object": dict,
}
