"""Reads one YAML file strictly, and keeps the line of everything in it.

Gives a `Node` whose value is a string, number, boolean, `None`, list of nodes or mapping from strings to nodes.
Raises `SpecError` for what a reader could take for something else: anchors and aliases, tags, a second document,
the same key twice, `yes` for true, `0x10` or `1_000` for a number, and for files that are too large or too deep.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs
import yaml

from .model import Place, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 16

Scalar: TypeAlias = str | int | float | bool | None

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_PLAIN: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}


@attrs.frozen
class Node:
    """A value and the line it stands on; for the value of a key, the key's line."""

    place: Place
    value: Scalar | list[Node] | Mapping[str, Node]


def read(path: Path, name: str) -> Node:
    """The file's one document. `name` is what errors call the file."""
    top = Place(name, 0)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except OSError as error:
        raise SpecError(top, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecError(top, f"must be UTF-8, but byte {error.start} is not") from error
    if len(data) > MAX_BYTES:
        raise SpecError(top, f"must be at most {MAX_BYTES} bytes, has {len(data)}")
    try:
        _refuse_tricks(text, name)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecError(Place(name, mark.line + 1 if mark else 0), f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise SpecError(top, f"is not YAML: {error}") from error
    if root is None:
        raise SpecError(top, "is empty, but must hold a mapping")
    return _node(root, Place(name, root.start_mark.line + 1))


def _refuse_tricks(text: str, name: str) -> None:
    """Look at the events, before anything recursive or aliased is built from them."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        place = Place(name, event.start_mark.line + 1 if event.start_mark else 0)
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise SpecError(place, "begins a second document; a file holds one")
        if depth > MAX_DEPTH:
            raise SpecError(place, f"is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise SpecError(place, f"has the anchor or alias {event.anchor!r}; write the value out")
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            raise SpecError(place, f"has the tag {event.tag!r}; write a plain value")


def _node(node: yaml.Node, place: Place) -> Node:
    if isinstance(node, yaml.MappingNode):
        return Node(place, _mapping(node, place))
    if isinstance(node, yaml.SequenceNode):
        return Node(place, [_node(item, _at(place, item)) for item in node.value])
    return Node(place, _scalar(node, place))


def _mapping(node: yaml.MappingNode, place: Place) -> Mapping[str, Node]:
    entries: dict[str, Node] = {}
    for key, value in node.value:
        here = _at(place, key)
        if not isinstance(key, yaml.ScalarNode) or not isinstance(_scalar(key, here), str):
            raise SpecError(here, f"has a key that is not a string; quote it: {_shown(key)}")
        if key.value in entries:
            raise SpecError(here, f"has the key {key.value!r} twice, first on line {entries[key.value].place.line}")
        entries[key.value] = _node(value, here)
    return entries


def _scalar(node: yaml.Node, place: Place) -> Scalar:
    """Quoted text and plain words are strings; of YAML 1.1's many spellings of the rest, one each is taken."""
    text = str(node.value)
    kind = node.tag.rpartition(":")[2]
    if kind == "str":
        if not text.isprintable() and re.search("[\ud800-\udfff]", text):
            raise SpecError(place, f"has half a character: {text!r}")
        return text
    if kind in ("bool", "null") and text in _PLAIN:
        return _PLAIN[text]
    if kind == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "float" and _DECIMAL.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    raise SpecError(
        place, f"has {text!r}, which YAML 1.1 reads as {kind}; quote it if it is text, else spell it plainly"
    )


def _at(parent: Place, node: yaml.Node) -> Place:
    return Place(parent.file, node.start_mark.line + 1)


def _shown(node: yaml.Node) -> str:
    return repr(node.value) if isinstance(node, yaml.ScalarNode) else "a collection"
