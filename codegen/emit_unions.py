"""Emits `_unions`: what the converter must know to tell the members of each union apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .text import INDENT, banner, comment, imported, literal

if TYPE_CHECKING:
    from .model import Spec, Union

_HEAD: Final = '''\
"""The tagged unions: which key holds the tag, which class each tag stands for, and which takes all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
'''

_TYPES: Final = '''
if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["TAGS", "UNIONS", "TaggedUnion", "register_unions"]


class TaggedUnion(NamedTuple):
    """A union and how its members are told apart.

    Args:
        name: Its name.
        alias: The union itself.
        tag: The key that holds the tag.
        members: The class that each tag stands for.
        unknown: The member that takes every other tag, and what has none.
    """

    name: str
    alias: Any
    tag: str
    members: Mapping[str, type]
    unknown: type

    def member(self, value: object) -> type:
        """The class that `value`, an object's plain form, is to become."""
        tag = value.get(self.tag) if isinstance(value, Mapping) else None
        return self.members.get(tag, self.unknown) if isinstance(tag, str) else self.unknown
'''

_TAIL: Final = '''
TAGS: Final[Mapping[type, tuple[str, str]]] = {
    cls: (union.tag, tag) for union in UNIONS for tag, cls in union.members.items()
}
"""The key and the tag of each member."""


def register_unions(converter: Converter) -> None:
    """Teach `converter`, which knows the members, to take and give each union by its tag."""
    for union in UNIONS:
        converter.register_structure_hook(union.alias, _structure(converter, union))
        converter.register_unstructure_hook(union.alias, converter.unstructure)


def _structure(converter: Converter, union: TaggedUnion) -> Callable[[Any, Any], Any]:
    return lambda value, _: converter.structure(value, union.member(value))
'''


def emit_unions(spec: Spec) -> str:
    """The module's text."""
    lines = [*comment(banner(*(page.source for page in spec.pages if page.unions))), _HEAD]
    lines += [line for module in ("events", "models") for line in _import(module, spec)]
    lines += [_TYPES, "", "UNIONS: Final[tuple[TaggedUnion, ...]] = ("]
    for union in spec.unions.values():
        lines += _union(union, spec)
    return "\n".join([*lines, ")", '"""All of them."""', _TAIL])


def _import(module: str, spec: Spec) -> list[str]:
    names = {name for union in spec.unions.values() for name in (union.name, *union.members)}
    used = sorted(name for name in names if spec.modules[name] == module)
    return imported(f"duologue.{module}", used) if used else []


def _union(union: Union, spec: Spec) -> list[str]:
    members = [f"{INDENT * 3}{literal(spec.classes[name].tag)}: {name}," for name in union.members]
    return [
        f"{INDENT}TaggedUnion(",
        f"{INDENT * 2}name={literal(union.name)},",
        f"{INDENT * 2}alias={union.name},",
        f"{INDENT * 2}tag={literal(union.tag)},",
        f"{INDENT * 2}members={{",
        *members,
        f"{INDENT * 2}}},",
        f"{INDENT * 2}unknown={union.unknown},",
        f"{INDENT}),",
    ]
