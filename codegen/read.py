"""Small questions to ask of a `Node`, each answered or refused with its line.

Every function takes a node and what to call it in an error, and gives the plain value. Raises `SpecError`.
"""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from .model import SpecError

if TYPE_CHECKING:
    from .yaml_nodes import Node

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

# What the generated modules call by name: a definition or a field of the same name would hide it.
_RESERVED: Final = frozenset(
    {
        "Any",
        "ClassVar",
        "DuologueError",
        "Final",
        "Iterable",
        "Literal",
        "Mapping",
        "MappingProxyType",
        "TypeAlias",
        "annotations",
        "attrs",
        "bool",
        "bytes",
        "check",
        "dict",
        "error_key",
        "float",
        "int",
        "property",
        "repr",
        "str",
        "tuple",
        "type",
    }
)

# What the `__init__` that attrs writes calls by name: a field is an argument of it, and would hide it.
_OF_INIT: Final = frozenset({"self", "NOTHING"})


def entries(node: Node, what: str, required: Iterable[str] = (), optional: Iterable[str] = ()) -> Mapping[str, Node]:
    """A mapping with these keys and no others."""
    found = mapping(node, what)
    wanted, known = tuple(required), (*required, *optional)
    for key, value in found.items():
        if key not in known:
            raise SpecError(value.place, f"{what} has no {key!r}{suggestion(key, known)}")
    for key in wanted:
        if key not in found:
            raise SpecError(node.place, f"{what} lacks {key!r}")
    return found


def mapping(node: Node, what: str) -> Mapping[str, Node]:
    """A mapping, whatever its keys."""
    if not isinstance(node.value, Mapping):
        raise SpecError(node.place, f"{what} must be a mapping, got {said(node)}")
    return node.value


def sequence(node: Node, what: str) -> Sequence[Node]:
    """A list."""
    if not isinstance(node.value, list):
        raise SpecError(node.place, f"{what} must be a list, got {said(node)}")
    return node.value


def string(node: Node, what: str) -> str:
    """A string."""
    if not isinstance(node.value, str):
        raise SpecError(node.place, f"{what} must be a string, got {said(node)}; quote it")
    return node.value


def text(node: Node, what: str) -> str:
    """A string that says something."""
    if not string(node, what).strip():
        raise SpecError(node.place, f"{what} is empty, but must say something")
    return string(node, what)


def boolean(node: Node, what: str) -> bool:
    """`true` or `false`."""
    if not isinstance(node.value, bool):
        raise SpecError(node.place, f"{what} must be true or false, got {said(node)}")
    return node.value


def number(node: Node, what: str) -> int | float:
    """A number."""
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise SpecError(node.place, f"{what} must be a number, got {said(node)}")
    return node.value


def strings(node: Node, what: str) -> Mapping[str, Node]:
    """A list of strings, none of them twice, with the node of each."""
    found: dict[str, Node] = {}
    for item in sequence(node, what):
        value = text(item, f"an item of {what}")
        if value in found:
            raise SpecError(item.place, f"{what} names {value!r} twice")
        found[value] = item
    return found


def identifier(name: str, node: Node, what: str) -> str:
    """A name that the generated code can use without hiding one of its own."""
    if not _IDENTIFIER.fullmatch(name):
        raise SpecError(node.place, f"{what} {name!r} must be letters, digits and `_`, and begin with a letter")
    if keyword.iskeyword(name):
        raise SpecError(node.place, f"{what} {name!r} is a keyword of Python; choose another name")
    if name in _RESERVED and not (what == "the field" and name == "type"):
        raise SpecError(node.place, f"{what} {name!r} would hide a name that the generated code uses; choose another")
    if name in _OF_INIT and what == "the field":
        raise SpecError(node.place, f"{what} {name!r} would hide what attrs' `__init__` uses; choose another")
    return name


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the choice where nothing is close."""
    choice = sorted(known)
    close = difflib.get_close_matches(word, choice, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(choice) or 'none'}"


def said(node: Node) -> str:
    """What stands there, short."""
    if isinstance(node.value, Mapping):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    return f"{type(node.value).__name__} {node.value!r}"
