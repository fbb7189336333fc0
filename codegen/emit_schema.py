"""Emits `schema.json`: a JSON Schema (draft 2020-12) of what `to_dict` gives, with a definition for each name.

A field that `to_dict` may leave out is not required; one that may be None may also be null, as `from_dict` takes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .model import Class, Enum, Field, NoDefault, Spec, Type, Union
from .text import banner

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = dict[str, Any]

_SCALARS: Final[Mapping[str, Json]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "json": {},
    "error": {"$ref": "#/$defs/DuologueError"},
}

# Written by hand as `errors.py` is; tests/test_serde.py holds it against what the converter takes.
_ERROR: Final[Json] = {
    "description": "An error; a field that is absent is None.",
    "type": "object",
    "properties": {
        "class": {"type": "string", "description": "The class in `duologue.errors`."},
        "message": {"type": "string", "description": "What happened."},
        "code": {"type": "string", "description": "The provider's code, or this library's."},
        "type": {"type": "string", "description": "The provider's kind of error, or this library's."},
        "status_code": {"type": "integer", "description": "The HTTP status."},
        "provider": {"type": "string", "description": "The provider."},
        "request_id": {"type": "string", "description": "The provider's id of the request."},
        "attempts": {"type": "integer", "description": "How many requests were made."},
        "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "phase": {"type": "string", "description": "Where it happened."},
        "retry_after": {"type": "number", "description": "Seconds that the provider asks to wait."},
        "frame": {"type": "integer", "description": "Which frame of a stream it was, counted from 1."},
        "limit": {"type": "string", "description": "The limit that was passed."},
        "body": {"description": "The error as the provider sent it."},
        "path": {"type": "string", "description": "For `OutputValidationError`: where in the answer it does not fit."},
        "text": {"type": "string", "description": "For `OutputValidationError`: what the model said."},
        "value": {"description": "For `OutputValidationError`: the answer's JSON, as far as it can be read."},
        "reason": {"type": "string", "description": "For `OutputValidationError`: `invalid`, `no_json`, `length`, ..."},
        "partial": {"$ref": "#/$defs/ChatResponse", "description": "What had arrived."},
    },
    "required": ["class", "message"],
    "additionalProperties": False,
}


def emit_schema(spec: Spec) -> str:
    """The file's text. Definitions are sorted by name, so that moving one in the spec changes nothing."""
    definitions: Json = {enum.name: _enum(enum) for enum in spec.enums.values()}
    definitions |= {cls.name: _class(cls, spec) for cls in spec.classes.values()}
    definitions |= {union.name: _union(union, spec) for union in spec.unions.values()}
    if any(part.name == "error" for cls in spec.classes.values() for field in cls.fields for part in field.type.walk()):
        definitions["DuologueError"] = _ERROR
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": banner(*(page.source for page in spec.pages)),
        "title": "duologue",
        "description": "What `duologue.to_dict` gives: see the definition of each class and union.",
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(schema, indent=2) + "\n"


def _enum(enum: Enum) -> Json:
    values = [{"const": value, "description": doc} for value, doc in enum.values.items()]
    return {"description": enum.doc, "type": "string", "oneOf": values}


def _class(cls: Class, spec: Spec) -> Json:
    tag = spec.tag_of(cls)
    properties: Json = {} if tag is None else {tag[0]: {"const": tag[1]}}
    properties |= {field.name: _field(field) for field in cls.fields}
    required = [] if tag is None else [tag[0]]
    required += [field.name for field in cls.fields if field.always_written]
    return {
        "description": cls.doc,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _union(union: Union, spec: Spec) -> Json:
    """The members, and whatever has a tag that none of them claims: that is the unknown member, written as it came."""
    tags = [spec.classes[member].tag for member in union.members]
    members = [{"$ref": f"#/$defs/{member}"} for member in union.members]
    unclaimed = {"type": "string", "not": {"enum": tags}}
    return {
        "description": union.doc,
        "anyOf": [*members, {"type": "object", "properties": {union.tag: unclaimed}, "required": [union.tag]}],
    }


def _field(field: Field) -> Json:
    schema = _type(field.type)
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    if field.optional and schema:
        schema = {"anyOf": [schema, {"type": "null"}]}
    schema["description"] = field.doc
    if field.default is not NoDefault:
        schema["default"] = field.default
    return schema


def _type(type_: Type) -> Json:
    if type_.kind == "list" and type_.item is not None:
        return {"type": "array", "items": _type(type_.item)}
    if type_.kind == "map" and type_.item is not None:
        return {"type": "object", "additionalProperties": _type(type_.item)}
    if type_.kind == "scalar":
        return dict(_SCALARS[type_.name])
    return {"$ref": f"#/$defs/{type_.name}"}
