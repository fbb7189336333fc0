"""Emits the reference pages in Markdown: one for each schema file, and one for each table with its columns explained.

The class of a table, and the enums of its columns, are explained on the table's page instead of their own file's.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .model import FLAGS, Class, Enum, Field, NoDefault, Page, Spec, Table, Type, Union
from .text import banner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def emit_pages(spec: Spec) -> Mapping[str, str]:
    """The pages' texts by their file names."""
    homes = _homes(spec)
    pages = {f"{page.name}.md": _schema_page(page, spec, homes) for page in spec.pages if page.name in homes.values()}
    return pages | {f"{table.page}.md": _table_page(table, spec, homes) for table in spec.tables}


def _homes(spec: Spec) -> Mapping[str, str]:
    """The page on which each definition is explained."""
    homes = {definition.name: page.name for page in spec.pages for definition in page.definitions}
    for table in spec.tables:
        homes[table.of.name] = table.page
        homes |= {
            part.name: table.page for field in table.of.fields for part in field.type.walk() if part.kind == "enum"
        }
    return homes


def _schema_page(page: Page, spec: Spec, homes: Mapping[str, str]) -> str:
    lines = [f"<!-- {banner(page.source)} -->", f"# {page.name.capitalize()}", "", _prose(page.doc), ""]
    lines += [f"Module `duologue.{page.module}`.", ""]
    for union in page.unions:
        lines += _union(union, spec)
    for cls in page.classes:
        if homes[cls.name] == page.name:
            lines += _class(cls, spec, homes, page)
    for enum in page.enums:
        if homes[enum.name] == page.name:
            lines += _enum(enum)
    return "\n".join(lines)


def _table_page(table: Table, spec: Spec, homes: Mapping[str, str]) -> str:
    lines = [f"<!-- {banner(table.source)} -->", f"# {table.page.capitalize()}", "", _prose(table.doc), ""]
    lines += _all_rows(table) if len(table.key) == 1 else _grouped_rows(table)
    lines += [f"## {table.of.name}", "", _prose(table.of.doc), "", *_fields(table.of, homes), ""]
    for enum in spec.enums.values():
        if homes[enum.name] == table.page:
            lines += _enum(enum)
    return "\n".join(lines)


def _all_rows(table: Table) -> list[str]:
    """Every row with every column that one of them gives."""
    shown = _given(table.of.fields, table.rows.values())
    rows = [[_cell(row.get(field.name, field.default)) for field in shown] for row in table.rows.values()]
    return [*_table([f"`{field.name}`" for field in shown], rows), ""]


def _grouped_rows(table: Table) -> list[str]:
    """A table for each value that the rows' names begin with, in which the boolean columns share one."""
    groups: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, row in table.rows.items():
        groups.setdefault(row[table.key[0]], {})[name] = row
    names = [*groups, table.of.name]
    lines = [" · ".join(f"[{_prose(name)}](#{name.lower()})" for name in names), ""]
    for group, rows in groups.items():
        lines += [f"## {_prose(group)}", "", *_group(table, rows), ""]
    return lines


def _group(table: Table, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    given = _given(table.of.fields, rows.values())
    flags = [field for field in given if field.type.name == "boolean"]
    shown = [field for field in given if field not in flags and field.name not in table.key]
    lines = [[_code(name), _flags(flags, row), *(_column(field, row) for field in shown)] for name, row in rows.items()]
    heads = [f"`{head}`" for head in (":".join(table.key), *(field.name for field in shown))]
    return _table([heads[0], "", *heads[1:]], lines)


def _given(fields: Iterable[Field], rows: Iterable[Mapping[str, Any]]) -> list[Field]:
    """The columns that any of the rows gives."""
    names = {name for row in rows for name in row}
    return [field for field in fields if field.name in names]


def _column(field: Field, row: Mapping[str, Any]) -> str:
    """A cell that is short: of an address, a link."""
    cell = _cell(row.get(field.name, field.default))
    return f"[{field.name}]({cell[1:-1]})" if cell.startswith("<") else cell


def _flags(flags: Iterable[Field], row: Mapping[str, Any]) -> str:
    """`vision, files; not audio`, of the columns `supports_vision` and so on that the row gives."""
    words = {
        value: [field.name.partition("_")[2] or field.name for field in flags if row.get(field.name) is value]
        for value in (True, False)
    }
    parts = [", ".join(words[True]), f"not {', '.join(words[False])}" if words[False] else ""]
    return "; ".join(filter(None, parts))


def _union(union: Union, spec: Spec) -> list[str]:
    rows = [
        [_code(spec.classes[name].tag or ""), f"[{name}](#{name.lower()})", _prose(spec.classes[name].doc)]
        for name in union.members
    ]
    note = f"Told apart by `{union.tag}`; what has another tag, or none, becomes {union.unknown}."
    return [
        f"## {union.name}",
        "",
        f"{_prose(union.doc)} {note}",
        "",
        *_table([f"`{union.tag}`", "class", ""], rows),
        "",
    ]


def _class(cls: Class, spec: Spec, homes: Mapping[str, str], page: Page) -> list[str]:
    lines = [f"## {cls.name}", "", _prose(cls.doc), ""]
    tag = spec.tag_of(cls)
    if tag is not None:
        lines += [f"`{tag[0]}` is {_code(json.dumps(tag[1]))}.", ""]
    if page.module == "events":
        flags = " ".join(f"`is_{flag}`" for flag in FLAGS if flag in cls.flags)
        lines += [f"True of it: {flags}." if flags else "None of the flags is true of it.", ""]
    return [*lines, *_fields(cls, homes), ""]


def _fields(cls: Class, homes: Mapping[str, str]) -> list[str]:
    rows = [[f"`{f.name}`", _type(f, homes), _default(f), _prose(f.doc) + _bounds(f)] for f in cls.fields]
    return _table(["field", "type", "default", ""], rows)


def _enum(enum: Enum) -> list[str]:
    rows = [[_code(json.dumps(value)), _prose(doc)] for value, doc in enum.values.items()]
    return [f"## {enum.name}", "", _prose(enum.doc), "", *_table(["value", ""], rows), ""]


def _type(field: Field, homes: Mapping[str, str]) -> str:
    def said(type_: Type) -> str:
        if type_.item is not None:
            return f"{type_.kind} of {said(type_.item)}"
        name = type_.name
        return f"[{name}]({homes[name]}.md#{name.lower()})" if name in homes else name

    return f"{said(field.type)}{' or None' if field.optional else ''}"


def _default(field: Field) -> str:
    if field.default is NoDefault:
        return "required"
    return _code(json.dumps(field.default) if isinstance(field.default, str) else repr(field.default))


def _bounds(field: Field) -> str:
    limits = {"At least": field.minimum, "At most": field.maximum}
    return "".join(f" {words} {limit}." for words, limit in limits.items() if limit is not None)


def _cell(value: Any) -> str:
    """A column of a row."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:,}"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        return ", ".join(f"{_code(key)}: {_cell(item)}" for key, item in value.items())
    if isinstance(value, str) and re.fullmatch(r"https://[!-;=?-{}~]+", value):
        return f"<{value}>"
    return _code(str(value))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _prose(text: str) -> str:
    """One line that can stand in a table; markup is only what stands in backticks."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(_escaped(part if part.startswith("`") else part.replace("<", "&lt;")) for part in parts)


def _code(text: str) -> str:
    """In backticks, of which it takes more than it holds itself."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if len(fence) > 1 else ""
    return f"{fence}{space}{_escaped(' '.join(text.split()))}{space}{fence}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
