"""What a loaded specification is made of: pages of enums, unions and classes, and tables of rows.

Plain data, already checked: every name that a type, a union or a table mentions is defined. `SpecError` says where a
source breaks the rules. The emitters read these and decide nothing about validity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind: TypeAlias = Literal["scalar", "enum", "class", "union", "list", "map"]

# The scalar types of the specification, and what each is in Python.
SCALARS: Final[Mapping[str, str]] = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "bytes": "bytes",
    "json": "Any",
    "error": "DuologueError",
}

# Every event answers each of them.
FLAGS: Final = ("delta", "done", "error", "tool_result")

MODULES: Final = ("models", "events")


@attrs.frozen
class Place:
    """A line of a source file, counted from 1; 0 for the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class SpecError(Exception):
    """A source breaks the rules: `file:line: what is wrong, what would be right`."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place}: {problem}")


@attrs.frozen
class Type:
    """A field's type; `item` is what a list or a map holds."""

    kind: Kind
    name: str
    item: Type | None = None

    def walk(self) -> Iterator[Type]:
        """This type and all that it holds."""
        yield self
        if self.item is not None:
            yield from self.item.walk()

    def __str__(self) -> str:
        return self.name if self.item is None else f"{self.name}[{self.item}]"


class NoDefault:
    """Stands where a field has no default, since `None` is one."""


@attrs.frozen
class Field:
    """One field of a class."""

    name: str
    type: Type
    doc: str
    place: Place
    default: Any = NoDefault
    optional: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None
    pattern: str | None = None
    refers_to: str | None = None
    convert: str | None = None
    repr: bool = True

    @property
    def required(self) -> bool:
        """Whether the constructor insists on it."""
        return self.default is NoDefault

    @property
    def always_written(self) -> bool:
        """Whether `to_dict` writes it whatever it holds: only the default `None` and an empty default are left out."""
        return self.required or (self.default is not None and self.type.kind not in ("list", "map"))


@attrs.frozen
class Enum:
    """A closed set of strings, each with what it means."""

    name: str
    doc: str
    values: Mapping[str, str]
    place: Place


@attrs.frozen
class Union:
    """Classes told apart by the string under `tag`; `unknown` takes what no other member claims."""

    name: str
    doc: str
    tag: str
    unknown: str
    members: tuple[str, ...]
    place: Place


@attrs.frozen
class Class:
    """A class: its fields in the order of the constructor's arguments, and the tag of its union's members."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    place: Place
    tag: str | None = None
    methods: str | None = None
    flags: tuple[str, ...] = ()


@attrs.frozen
class Page:
    """One schema file."""

    name: str
    source: str
    module: str
    doc: str
    enums: tuple[Enum, ...]
    unions: tuple[Union, ...]
    classes: tuple[Class, ...]

    @property
    def definitions(self) -> tuple[Enum | Union | Class, ...]:
        """All that it defines."""
        return (*self.enums, *self.unions, *self.classes)


@attrs.frozen
class Table:
    """One table file: rows of `of`, by the values of the columns `key` with `:` between them."""

    name: str
    page: str
    source: str
    module: str
    doc: str
    of: Class
    key: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Any]]


@attrs.frozen
class Spec:
    """All of `spec/`, pages and tables in the order of their file names."""

    pages: tuple[Page, ...]
    tables: tuple[Table, ...]

    def module_pages(self, module: str) -> tuple[Page, ...]:
        """The pages that make up one generated module."""
        return tuple(page for page in self.pages if page.module == module)

    @property
    def enums(self) -> Mapping[str, Enum]:
        """Every enum by name."""
        return {enum.name: enum for page in self.pages for enum in page.enums}

    @property
    def unions(self) -> Mapping[str, Union]:
        """Every union by name."""
        return {union.name: union for page in self.pages for union in page.unions}

    @property
    def classes(self) -> Mapping[str, Class]:
        """Every class by name."""
        return {cls.name: cls for page in self.pages for cls in page.classes}

    @property
    def modules(self) -> Mapping[str, str]:
        """The module that each name is defined in."""
        return {definition.name: page.module for page in self.pages for definition in page.definitions}

    def tag_of(self, cls: Class) -> tuple[str, str] | None:
        """The key and the value that tell `cls` apart in its unions, where it is in one."""
        keys = (union.tag for union in self.unions.values() if cls.name in union.members)
        key = next(keys, None)
        return None if key is None or cls.tag is None else (key, cls.tag)
