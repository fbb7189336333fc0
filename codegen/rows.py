"""Loads a table file: rows whose columns are the fields of a class, each checked as strictly as the class would.

Two steps, since a row may refer to one of another table: `read_head` says what the rows are called, `read_table` reads
them. Raises `SpecError` with the line of the row's value.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from . import read
from .model import Class, Field, Place, Spec, SpecError, Table, Type
from .rules import check_bounds, check_reference, check_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .yaml_nodes import Node

    Known: TypeAlias = Mapping[str, Collection[str]]

# Such names only, so that nothing written by hand is overwritten.
_MODULE = re.compile(r"_([a-z]+_)*tables?")
_SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


@attrs.frozen
class Head:
    """A table file whose rows are not read yet."""

    name: str
    module: str
    doc: str
    of: Class
    key: tuple[str, ...]
    rows: Mapping[str, Node]
    place: Place


def read_head(node: Node, spec: Spec) -> Head:
    """All of one file but what is in the rows."""
    parts = read.entries(node, "a table file", ("table", "of", "key", "doc", "rows"), ("module",))
    name = read.string(parts["table"], "table")
    if not name.isascii() or not name.isidentifier() or not name.isupper() or keyword.iskeyword(name):
        raise SpecError(parts["table"].place, f"table {name!r} must be a constant's name: capitals, digits and `_`")
    of = read.string(parts["of"], "of")
    if of not in spec.classes:
        raise SpecError(parts["of"].place, f"of {of!r} is no class{read.suggestion(of, spec.classes)}")
    cls = spec.classes[of]
    rows = read.mapping(parts["rows"], "the rows")
    doc = read.text(parts["doc"], "doc")
    return Head(name, _module(parts), doc, cls, _key(parts["key"], cls), rows, parts["table"].place)


def _module(parts: Mapping[str, Node]) -> str:
    if "module" not in parts:
        return "_tables"
    module = read.string(parts["module"], "module")
    if not _MODULE.fullmatch(module):
        raise SpecError(parts["module"].place, f"module {module!r} must be like `_tables` or `_box_table`")
    return module


def _key(node: Node, cls: Class) -> tuple[str, ...]:
    """The columns that a row's name fills: one, or several."""
    columns = tuple(read.strings(node, "key")) if isinstance(node.value, list) else (read.string(node, "key"),)
    strings = {field.name for field in cls.fields if str(field.type) == "string"}
    for column in columns:
        if column not in strings:
            raise SpecError(node.place, f"key {column!r} must be a column of type string")
    if not columns:
        raise SpecError(node.place, "key must name a column")
    return columns


def read_table(page: str, head: Head, spec: Spec, known: Known) -> Table:
    """The whole table. `known` has what its rows may refer to: the names of every table's rows, and of the dialects."""
    rows = {name: _row(name, node, head, spec, known) for name, node in head.rows.items()}
    return Table(head.name, page, head.place.file, head.module, head.doc, head.of, head.key, rows)


def _row(name: str, node: Node, head: Head, spec: Spec, known: Known) -> Mapping[str, Any]:
    """The row's values by column, in the order of the columns; a column that keeps its default is left out."""
    keys = _keys(name, node, head)
    columns = {field.name: field for field in head.of.fields if field.name not in keys}
    given = read.entries(
        node, f"the row {name!r}", [field.name for field in columns.values() if field.required], columns
    )
    values: dict[str, Any] = {}
    for field in head.of.fields:
        if field.name in keys:
            values[field.name] = keys[field.name]
            _check_string(keys[field.name], field, node.place, known)
        elif field.name in given:
            values[field.name] = _value(given[field.name], field, field.type, spec, known)
    return values


def _keys(name: str, node: Node, head: Head) -> Mapping[str, str]:
    """The row's name by the columns that it fills; only the last of them can hold a `:` itself."""
    parts = name.split(":", len(head.key) - 1)
    if len(parts) < len(head.key):
        raise SpecError(node.place, f"the row {name!r} must be named {':'.join(head.key)}")
    return dict(zip(head.key, parts, strict=True))


def _value(node: Node, field: Field, type_: Type, spec: Spec, known: Known) -> Any:
    if node.value is None and field.optional:
        return None
    if type_.item is not None:
        return _collection(node, field, type_, type_.item, spec, known)
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
    _check_string(node.value, field, node.place, known)
    return node.value


def _collection(node: Node, field: Field, type_: Type, item: Type, spec: Spec, known: Known) -> Any:
    """A tuple for a list, a dict for a map."""
    if type_.kind == "list":
        return tuple(_value(part, field, item, spec, known) for part in read.sequence(node, field.name))
    return {key: _value(part, field, item, spec, known) for key, part in read.mapping(node, field.name).items()}


def _check_string(value: Any, field: Field, place: Place, known: Known) -> None:
    check_text(value, field, place)
    check_reference(value, field, place, known)
