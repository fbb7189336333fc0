"""Loads `spec/` into a `Spec`, or says in which line it breaks the rules of `spec/README.md`.

Two passes: the first gathers the names that are defined, the second reads the definitions, so that a file may use what
another defines. What only shows once all is read (unions, modules, defaults, mixins, references) is checked in
`rules`, and the rows last, in `rows`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import read, yaml_nodes
from .handwritten import Handwritten, read_dialects
from .model import (
    FLAGS,
    MODULES,
    SCALARS,
    Class,
    Enum,
    Field,
    Kind,
    NoDefault,
    Page,
    Place,
    Spec,
    SpecError,
    Type,
    Union,
)
from .rows import read_head, read_table
from .rules import DIALECTS, check_references, check_spec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from .rows import Head
    from .yaml_nodes import Node

_BESIDE = ("README.md",)
_STEM = re.compile(r"[a-z][a-z0-9_]*")
_CONTAINER = re.compile(r"(list|map)\[(.*)\]")
_SECTIONS: Mapping[str, Kind] = {"enums": "enum", "unions": "union", "classes": "class"}
_FIELD_OPTIONS = ("default", "optional", "minimum", "maximum", "pattern", "refers_to", "convert", "repr")


def load(root: Path) -> Spec:
    """The specification under `root`, with the names of its mixins and converters looked up in `src/`."""
    documents = _documents(root / "spec")
    schemas = {name: node for name, node in documents.items() if "table" not in read.mapping(node, "the file")}
    kinds = _names(schemas)
    spec = Spec(tuple(_page(name, node, kinds) for name, node in schemas.items()), ())
    check_spec(spec, Handwritten.read(root))
    tables = {name: node for name, node in documents.items() if name not in schemas}
    heads = [read_head(node, spec) for node in tables.values()]
    known = _rows(heads)
    if any(field.refers_to == DIALECTS for cls in spec.classes.values() for field in cls.fields):
        known[DIALECTS] = read_dialects(root)
    check_references(spec, {head.of.name for head in heads}, known)
    return Spec(
        spec.pages,
        tuple(read_table(name, head, spec, known) for name, head in zip(tables, heads, strict=True)),
    )


def _rows(heads: Iterable[Head]) -> dict[str, Collection[str]]:
    """The names of each table's rows; a table is defined once."""
    places: dict[str, Place] = {}
    for head in heads:
        if head.name in places:
            raise SpecError(head.place, f"the table {head.name} is defined already, at {places[head.name]}")
        places[head.name] = head.place
    return {head.name: head.rows for head in heads}


def _documents(folder: Path) -> Mapping[str, Node]:
    """Every file's document by the file's stem, which also names its reference page.

    What lies there and would be read by nobody is refused, but not what other programs hide: `.DS_Store`, swap files.
    """
    documents = {}
    for path in sorted(folder.glob("*")):
        name = path.name if path.name.isprintable() else repr(path.name)
        if path.suffix == ".yaml" and path.is_file():
            if not _STEM.fullmatch(path.stem):
                raise SpecError(Place(f"spec/{name}", 0), "must be named in small letters, digits and `_`")
            documents[path.stem] = yaml_nodes.read(path, f"spec/{name}")
        elif path.name not in _BESIDE and not path.name.startswith("."):
            raise SpecError(Place(f"spec/{name}", 0), "is not read; only *.yaml files belong here")
    if not documents:
        raise SpecError(Place("spec", 0), "holds no *.yaml file")
    return documents


def _names(schemas: Mapping[str, Node]) -> Mapping[str, Kind]:
    """What each defined name is; a name is defined once in all of `spec/`."""
    kinds: dict[str, Kind] = {}
    places: dict[str, Place] = {}
    for schema in schemas.values():
        sections = read.mapping(schema, "the file")
        for section, kind in _SECTIONS.items():
            for name, node in (read.mapping(sections[section], section) if section in sections else {}).items():
                read.identifier(name, node, f"the {kind}")
                if name in SCALARS or name in ("list", "map"):
                    raise SpecError(
                        node.place, f"the {kind} {name!r} has the name of a type of its own; choose another"
                    )
                if name in kinds:
                    raise SpecError(node.place, f"the {kind} {name!r} is defined already, at {places[name]}")
                kinds[name], places[name] = kind, node.place
    return kinds


def _page(name: str, node: Node, kinds: Mapping[str, Kind]) -> Page:
    parts = read.entries(node, "a schema file", ("module", "doc"), _SECTIONS)
    module = read.string(parts["module"], "module")
    if module not in MODULES:
        raise SpecError(parts["module"].place, f"module {module!r} must be one of {', '.join(MODULES)}")
    sections = {key: read.mapping(parts[key], key) if key in parts else {} for key in _SECTIONS}
    return Page(
        name=name,
        source=node.place.file,
        module=module,
        doc=read.text(parts["doc"], "doc"),
        enums=tuple(_enum(key, value) for key, value in sections["enums"].items()),
        unions=tuple(_union(key, value, kinds) for key, value in sections["unions"].items()),
        classes=tuple(_class(key, value, module, kinds) for key, value in sections["classes"].items()),
    )


def _enum(name: str, node: Node) -> Enum:
    parts = read.entries(node, f"the enum {name}", ("doc", "values"))
    values = read.mapping(parts["values"], f"the values of {name}")
    if not values:
        raise SpecError(parts["values"].place, f"the enum {name} has no values")
    docs = {value: read.text(doc, f"the doc of {name} {value!r}") for value, doc in values.items()}
    return Enum(name, read.text(parts["doc"], f"the doc of {name}"), docs, node.place)


def _union(name: str, node: Node, kinds: Mapping[str, Kind]) -> Union:
    parts = read.entries(node, f"the union {name}", ("doc", "tag", "unknown", "members"))
    members = read.strings(parts["members"], f"the members of {name}")
    for member, item in members.items():
        _existing(member, item, "class", kinds, f"the union {name}")
    unknown = read.string(parts["unknown"], f"the unknown member of {name}")
    if unknown not in members:
        raise SpecError(parts["unknown"].place, f"unknown {unknown!r} must be one of the members of {name}")
    tag = read.identifier(read.string(parts["tag"], "the tag"), parts["tag"], "the field")
    return Union(name, read.text(parts["doc"], f"the doc of {name}"), tag, unknown, tuple(members), node.place)


def _class(name: str, node: Node, module: str, kinds: Mapping[str, Kind]) -> Class:
    flags = ("flags",) if module == "events" else ()
    parts = read.entries(node, f"the class {name}", ("doc", "fields"), ("tag", "methods", *flags))
    fields = read.mapping(parts["fields"], f"the fields of {name}")
    named = read.strings(parts["flags"], "flags") if "flags" in parts else {}
    for flag, item in named.items():
        if flag not in FLAGS:
            raise SpecError(item.place, f"there is no flag {flag!r}{read.suggestion(flag, FLAGS)}")
    return Class(
        name=name,
        doc=read.text(parts["doc"], f"the doc of {name}"),
        fields=tuple(_field(key, value, kinds) for key, value in fields.items()),
        place=node.place,
        tag=read.text(parts["tag"], "tag") if "tag" in parts else None,
        methods=read.string(parts["methods"], "methods") if "methods" in parts else None,
        flags=tuple(named),
    )


def _field(name: str, node: Node, kinds: Mapping[str, Kind]) -> Field:
    read.identifier(name, node, "the field")
    parts = read.entries(node, f"the field {name}", ("type", "doc"), _FIELD_OPTIONS)
    optional = read.boolean(parts["optional"], "optional") if "optional" in parts else False
    return Field(
        name=name,
        type=_type(read.string(parts["type"], "type"), parts["type"], kinds),
        doc=read.text(parts["doc"], f"the doc of {name}"),
        place=node.place,
        default=_default(parts["default"]) if "default" in parts else None if optional else NoDefault,
        optional=optional,
        minimum=read.number(parts["minimum"], "minimum") if "minimum" in parts else None,
        maximum=read.number(parts["maximum"], "maximum") if "maximum" in parts else None,
        pattern=read.string(parts["pattern"], "pattern") if "pattern" in parts else None,
        refers_to=read.string(parts["refers_to"], "refers_to") if "refers_to" in parts else None,
        convert=read.string(parts["convert"], "convert") if "convert" in parts else None,
        repr=read.boolean(parts["repr"], "repr") if "repr" in parts else True,
    )


def _default(node: Node) -> Any:
    """A scalar, `[]` or `{}`; whether it suits the type is checked once all types are known."""
    if isinstance(node.value, (Mapping, list)) and node.value:
        raise SpecError(node.place, "a default must be a scalar, [] or {}")
    return {} if isinstance(node.value, Mapping) else node.value


def _type(text: str, node: Node, kinds: Mapping[str, Kind]) -> Type:
    container = _CONTAINER.fullmatch(text)
    if container:
        item = _type(container[2], node, kinds)
        return Type("list" if container[1] == "list" else "map", container[1], item)
    if text in SCALARS:
        return Type("scalar", text)
    if text not in kinds:
        known = (*SCALARS, *kinds, "list[T]", "map[T]")
        raise SpecError(node.place, f"there is no type {text!r}{read.suggestion(text, known)}")
    return Type(kinds[text], text)


def _existing(name: str, node: Node, kind: Kind, kinds: Mapping[str, Kind], what: str) -> None:
    if kinds.get(name) != kind:
        known = [other for other in kinds if kinds[other] == kind]
        raise SpecError(node.place, f"{what} names {name!r}, which is no {kind}{read.suggestion(name, known)}")
