"""Emits the tables: each a read-only mapping from a row's name to an instance of the table's class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .text import INDENT, WIDTH, argument, banner, comment, docstring, imported, literal, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .model import Spec, Table


def emit_tables(spec: Spec) -> Mapping[str, str]:
    """The modules' texts by their names."""
    modules = dict.fromkeys(table.module for table in spec.tables)
    return {module: _module([table for table in spec.tables if table.module == module]) for module in modules}


def _module(tables: Sequence[Table]) -> str:
    classes = sorted({table.of.name for table in tables})
    lines = [
        *comment(banner(*(table.source for table in tables))),
        '"""The tables of `spec/`, by the name of each row. Only columns that differ from the default are given."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "from types import MappingProxyType",
        "from typing import Final",
        "",
        *imported("duologue.models", classes),
        "",
        "__all__ = [" + ", ".join(literal(name) for name in sorted(table.name for table in tables)) + "]",
    ]
    for table in tables:
        lines += ["", *_table(table)]
    return "\n".join([*lines, ""])


def _table(table: Table) -> list[str]:
    lines = [f"{table.name}: Final[Mapping[str, {table.of.name}]] = MappingProxyType(", f"{INDENT}{{"]
    for key, row in table.rows.items():
        lines += [f"{INDENT * 2}{literal(key)}: {table.of.name}(", *_columns(table, row), f"{INDENT * 2}),"]
    return [*lines, f"{INDENT}}}", ")", *docstring(wrap(table.doc, WIDTH - 6), "")]


def _columns(table: Table, row: Mapping[str, Any]) -> list[str]:
    defaults = {field.name: field.default for field in table.of.fields}
    given = {name: value for name, value in row.items() if value != defaults[name]}
    return [line for name, value in given.items() for line in argument(f"{name}=", value, INDENT * 3)]
