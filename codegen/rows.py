"""Loads a table file: rows whose columns are the fields of a class, each checked as strictly as the class would.

Raises `SpecError` with the line of the row's value.
"""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from . import read
from .model import Field, Spec, SpecError, Table, Type
from .rules import check_bounds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .yaml_nodes import Node

_SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def read_table(page: str, node: Node, spec: Spec) -> Table:
    """The table in one file."""
    parts = read.entries(node, "a table file", ("table", "of", "key", "doc", "rows"))
    name = read.string(parts["table"], "table")
    if not name.isascii() or not name.isidentifier() or not name.isupper() or keyword.iskeyword(name):
        raise SpecError(parts["table"].place, f"table {name!r} must be a constant's name: capitals, digits and `_`")
    of = read.string(parts["of"], "of")
    if of not in spec.classes:
        raise SpecError(parts["of"].place, f"of {of!r} is no class{read.suggestion(of, spec.classes)}")
    cls = spec.classes[of]
    key = read.string(parts["key"], "key")
    columns = {field.name: field for field in cls.fields}
    if key not in columns or str(columns[key].type) != "string":
        raise SpecError(parts["key"].place, f"key {key!r} must be a column of type string")
    rows = {row: _row(row, value, key, columns, spec) for row, value in read.mapping(parts["rows"], "the rows").items()}
    return Table(name, page, node.place.file, read.text(parts["doc"], "doc"), cls, key, rows)


def _row(name: str, node: Node, key: str, columns: Mapping[str, Field], spec: Spec) -> Mapping[str, Any]:
    """The row's values by column, in the order of the columns; a column that keeps its default is left out."""
    needed = [field.name for field in columns.values() if field.required and field.name != key]
    given = read.entries(node, f"the row {name!r}", needed, [column for column in columns if column != key])
    values: dict[str, Any] = {}
    for column, field in columns.items():
        if column == key:
            values[column] = name
        elif column in given:
            values[column] = _value(given[column], field, field.type, spec)
    return values


def _value(node: Node, field: Field, type_: Type, spec: Spec) -> Any:
    if node.value is None and field.optional:
        return None
    if type_.kind == "list" and type_.item is not None:
        return tuple(_value(item, field, type_.item, spec) for item in read.sequence(node, field.name))
    if type_.kind == "map" and type_.item is not None:
        entries = read.mapping(node, field.name).items()
        return {key: _value(item, field, type_.item, spec) for key, item in entries}
    if type_.kind == "enum":
        values = spec.enums[type_.name].values
        if node.value not in values:
            raise SpecError(
                node.place, f"{field.name} must be one of {', '.join(map(repr, values))}, got {read.said(node)}"
            )
        return node.value
    expected = _SCALARS.get(type_.name)
    if expected is None:
        raise SpecError(node.place, f"{field.name}: a table's column cannot be of type {type_}")
    if not isinstance(node.value, expected) or (isinstance(node.value, bool) and type_.name != "boolean"):
        raise SpecError(node.place, f"{field.name} must be of type {type_}, got {read.said(node)}")
    check_bounds(node.value, field, node.place)
    return node.value
