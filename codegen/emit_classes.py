"""Emits the modules of classes, `models` and `events`: enums as literals, frozen attrs classes, unions as aliases.

Takes a checked `Spec`, gives the module's text. Models check their fields when they are made; events, which are made
many times a second, are plain.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import attrs

from .model import FLAGS, Class, Enum, Field, Page, Spec, Type, Union
from .text import INDENT, WIDTH, banner, call, comment, docstring, imported, literal, wrap
from .values import annotation, as_tuple, check_of, constant, default_of, hashable

if TYPE_CHECKING:
    from collections.abc import Iterator

_BODY = WIDTH - len(INDENT)


@attrs.frozen
class Module:
    """The parts of one generated module, in the order they are emitted."""

    name: str
    pages: tuple[Page, ...]
    enums: tuple[Enum, ...]
    classes: tuple[Class, ...]
    unions: tuple[Union, ...]

    @property
    def checked(self) -> bool:
        """Whether the constructors look at what they are given."""
        return self.name == "models"

    @property
    def types(self) -> tuple[Type, ...]:
        """Every type that a field mentions, in order, each once."""
        fields = (field for cls in self.classes for field in cls.fields)
        return tuple(dict.fromkeys(part for field in fields for part in field.type.walk()))

    @property
    def converted_items(self) -> tuple[Type, ...]:
        """What the lists hold that are taken as any iterable."""
        fields = (field for cls in self.classes for field in cls.fields)
        items = (field.type.item for field in fields if field.type.kind == "list" and not field.convert)
        return tuple(dict.fromkeys(item for item in items if item is not None)) if self.checked else ()


def emit_module(spec: Spec, name: str) -> str:
    """One module's text."""
    pages = spec.module_pages(name)
    module = Module(
        name,
        pages,
        tuple(enum for page in pages for enum in page.enums),
        tuple(cls for page in pages for cls in page.classes),
        tuple(union for page in pages for union in page.unions),
    )
    lines = comment(banner(*(page.source for page in pages)))
    lines += docstring(list(itertools.chain.from_iterable(wrap(page.doc, WIDTH - 6) for page in pages)), "")
    lines += ["", *_imports(module, spec), "", *_exports(module)]
    for enum in module.enums:
        lines += ["", *_enum(enum)]
    for item in module.converted_items:
        lines += ["", "", *_converter(item)]
    for cls in module.classes:
        lines += ["", "", *_class(cls, module, spec)]
    lines += [""] if module.unions else []
    for union in module.unions:
        lines += ["", *_union(union)]
    return "\n".join([*lines, ""])


def _imports(module: Module, spec: Spec) -> Iterator[str]:
    """Only what the module uses, in the order that ruff would give."""
    scalars = {part.name for part in module.types}
    tagged = module.name == "events" or any(cls.tag for cls in module.classes)
    typing = {
        "Any": "json" in scalars,
        "ClassVar": tagged,
        "Final": bool(module.enums),
        "Literal": tagged or bool(module.enums),
        "TypeAlias": bool(module.enums or module.unions),
    }
    collections = {"Iterable": bool(module.converted_items), "Mapping": "map" in scalars}
    yield from ("from __future__ import annotations", "")
    for library, names in {"collections.abc": collections, "typing": typing}.items():
        if any(names.values()):
            yield from imported(library, [name for name, used in names.items() if used])
    yield from ("", "import attrs", "")
    if module.checked:
        yield "from duologue import _check as check"
    methods = {cls.methods for cls in module.classes if cls.methods}
    converters = {field.convert for cls in module.classes for field in cls.fields if field.convert}
    keys = {"error_key"} if "error" in scalars else set()
    if methods or converters or keys:
        yield from imported("duologue._methods", sorted(methods) + sorted(converters | keys))
    if "error" in scalars:
        yield "from duologue.errors import DuologueError"
    foreign = sorted(name for name in scalars if spec.modules.get(name, module.name) != module.name)
    if foreign:
        yield from imported("duologue.models", foreign)


def _exports(module: Module) -> list[str]:
    names = [definition.name for page in module.pages for definition in page.definitions] + [
        constant(enum.name) for enum in module.enums
    ]
    return ["__all__ = [", *(f"{INDENT}{literal(name)}," for name in sorted(names)), "]"]


def _enum(enum: Enum) -> list[str]:
    values = [literal(value) for value in enum.values]
    closed = call(f"{constant(enum.name)}: Final[tuple[{enum.name}, ...]] = (", values, "")
    if len(values) == 1:
        closed = [f"{constant(enum.name)}: Final[tuple[{enum.name}, ...]] = ({values[0]},)"]
    docs = [enum.doc, "", *(f"{value!r}: {doc}" for value, doc in enum.values.items())]
    lines = list(itertools.chain.from_iterable(wrap(doc, WIDTH - 6, INDENT) or [""] for doc in docs))
    return [*call(f"{enum.name}: TypeAlias = Literal[", values, "", "]"), *docstring(lines, ""), *closed]


def _converter(item: Type) -> list[str]:
    """A function of its own for each type, since no checker sees through a generic converter."""
    held = annotation(item)
    return [
        f"def {as_tuple(item)}(items: Iterable[{held}]) -> tuple[{held}, ...]:",
        f"{INDENT}return check.as_tuple(items)",
    ]


def _class(cls: Class, module: Module, spec: Spec) -> list[str]:
    base = f"({cls.methods})" if cls.methods else ""
    lines = ["@attrs.frozen", f"class {cls.name}{base}:", *docstring(_class_doc(cls), INDENT), ""]
    constants = [*_tag(cls, spec), *(_flags(cls) if module.name == "events" else [])]
    lines += [*constants, ""] if constants else []
    for field in cls.fields:
        lines += _field(field, checked=module.checked)
    return lines if lines[-1] else lines[:-1]


def _class_doc(cls: Class) -> list[str]:
    summary, *rest = cls.doc.split(". ", 1)
    lines = wrap(summary + ("." if rest else ""), _BODY - 6)
    lines += ["", *wrap(rest[0], _BODY)] if rest else []
    if cls.fields:
        lines += ["", "Args:"]
    for field in cls.fields:
        lines += [f"{INDENT}{line}" for line in wrap(f"{field.name}: {field.doc}", _BODY - 4, INDENT)]
    return lines


def _tag(cls: Class, spec: Spec) -> list[str]:
    tag = spec.tag_of(cls)
    if tag is None:
        return []
    return [f"{INDENT}{tag[0]}: ClassVar[Literal[{literal(tag[1])}]] = {literal(tag[1])}"]


def _flags(cls: Class) -> list[str]:
    lines = [f"{INDENT}is_{flag}: ClassVar[Literal[{flag in cls.flags}]] = {flag in cls.flags}" for flag in FLAGS]
    if all(field.name != "text" for field in cls.fields):
        lines.append(f'{INDENT}text: ClassVar[str] = ""')
    return lines


def _field(field: Field, *, checked: bool) -> list[str]:
    """`name: type`, with the plain default where that says it all, else with `attrs.field`."""
    said = f"{field.name}: {annotation(field.type)}{' | None' if field.optional else ''}"
    default = default_of(field)
    arguments = [default] if default else []
    if checked:
        arguments += _converted(field)
        arguments.append(f"validator={check_of(field)}")
    if not field.repr:
        arguments.append("repr=False")
    if field.type.name == "error":
        arguments.append("eq=error_key")
    if not hashable(field.type):
        arguments.append("hash=False")
    if not arguments:
        return [f"{INDENT}{said}"]
    if len(arguments) == 1 and arguments[0].startswith("default="):
        return [f"{INDENT}{said} = {arguments[0].removeprefix('default=')}"]
    return call(f"{said} = attrs.field(", arguments, INDENT)


def _converted(field: Field) -> list[str]:
    if field.convert:
        return [f"converter={field.convert}"]
    if field.type.kind == "list" and field.type.item is not None:
        return [f"converter={as_tuple(field.type.item)}"]
    return []


def _union(union: Union) -> list[str]:
    flat = f"{union.name}: TypeAlias = {' | '.join(union.members)}"
    if len(flat) > WIDTH:
        members = [f"{INDENT}{'| ' if index else ''}{member}" for index, member in enumerate(union.members)]
        lines = [f"{union.name}: TypeAlias = (", *members, ")"]
    else:
        lines = [flat]
    return [*lines, *docstring(wrap(union.doc, WIDTH - 6), "")]
