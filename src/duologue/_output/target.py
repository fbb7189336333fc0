"""What is asked for: a schema whose data are an object, and what is made of the data.

Providers and tools take only objects, so whatever else is asked for is put into one, under `value`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from duologue._schema import check, check_schema, structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue.models import ResponseFormat

_VALUE: Final = "value"
# What says that data are of some form, where `type` does not.
_FORMS: Final = ("anyOf", "oneOf", "enum", "const")


@attrs.frozen
class Target:
    """What is asked for.

    Attributes:
        name: what it is called.
        schema: of the object that is sent.
    """

    name: str
    schema: Mapping[str, Any]
    _whole: Mapping[str, Any]
    _hint: Any
    _wrapped: bool

    @classmethod
    def of(cls, form: ResponseFormat) -> Target:
        """What a response format asks for.

        Raises:
            TypeError, ValueError: its schema is none.
        """
        assert form.wanted is not None
        check_schema(form.schema)
        schema = _without_reference(form.schema)
        kind = schema.get("type", "" if any(word in schema for word in _FORMS) else "object")
        return cls(
            form.name, schema if kind == "object" else _wrap(schema), form.schema, *form.wanted, kind != "object"
        )

    def unwrap(self, data: Any) -> Any:
        """The data that were asked for, of those that came."""
        return data.get(_VALUE) if self._wrapped and isinstance(data, dict) else data

    def make(self, data: Any) -> Any:
        """What was asked for, out of the data.

        Raises:
            Misfit: they do not fit.
        """
        if self._wrapped:
            check(data, {"type": "object", "required": [_VALUE]})
        data = self.unwrap(data)
        if self._hint is not None:
            return structure(data, self._hint)
        check(data, self._whole)
        return data


def _without_reference(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, where it is but a reference to one of its definitions."""
    path = str(schema.get("$ref", "")).split("/")
    if len(path) != 3 or path[1] not in schema:
        return schema
    return {**schema[path[1]][path[2]], path[1]: schema[path[1]]}


def _wrap(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    definitions = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    inside = {name: part for name, part in schema.items() if name not in definitions}
    whole = {"type": "object", "properties": {_VALUE: inside}, "required": [_VALUE], "additionalProperties": False}
    return {**whole, **definitions}
