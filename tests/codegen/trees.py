"""Trees to compile: the repository's own, copied, and a small one that tests can break."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]

SCHEMA: Final = """\
module: models
doc: A page.
enums:
  Color:
    doc: A color.
    values: {red: Like fire., blue: Like water.}
unions:
  Shape: {doc: A shape., tag: type, unknown: Blob, members: [Dot, Blob]}
classes:
  Dot:
    doc: A dot.
    tag: dot
    fields:
      size: {type: integer, default: 1, minimum: 0, maximum: 9, doc: Its size.}
  Blob:
    doc: Anything else.
    tag: blob
    fields:
      raw: {type: "map[json]", doc: All of it.}
  Box:
    doc: A box.
    methods: BoxMethods
    fields:
      name: {type: string, doc: Its name.}
      color: {type: Color, default: red, doc: Its color.}
      shapes: {type: "list[Shape]", default: [], convert: shapes, doc: What is in it.}
      lid: {type: Dot, default: {}, doc: What is on it.}
      weight: {type: number, optional: true, doc: In kilograms.}
"""

EVENTS: Final = """\
module: events
doc: What happens.
unions:
  Event: {doc: An event., tag: type, unknown: Other, members: [Opened, Other]}
classes:
  Opened:
    doc: A box was opened.
    tag: opened
    methods: EventMethods
    flags: [delta]
    fields:
      box: {type: Box, doc: Which.}
  Other:
    doc: Anything else.
    tag: other
    methods: EventMethods
    fields:
      raw: {type: "map[json]", doc: All of it.}
"""

TABLE: Final = """\
table: BOXES
of: Box
key: name
doc: The boxes that there are.
rows:
  small:
    color: blue
    weight: 1.5
  large:
    color: red
"""

METHODS: Final = """\
class BoxMethods:
    __slots__ = ()

    def total(self):
        return 0


class EventMethods:
    __slots__ = ()
    type: str
    choice = None


def shapes(given):
    return tuple(given)


def name(given):
    return given
"""

DIALECTS: Final = """\
_MODULES = {"plain": "plain", "fancy-2": "fancy"}
"""


def small_tree(root: Path, **changed: str) -> Path:
    """A tree with the small spec at `root`; `changed` replaces files of it by stem, or adds some."""
    files = {"boxes": SCHEMA, "happenings": EVENTS, "shelf": TABLE} | changed
    for stem, text in files.items():
        path = root / "spec" / f"{stem}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    methods = root / "src" / "duologue" / "_methods.py"
    methods.parent.mkdir(parents=True, exist_ok=True)
    methods.write_text(METHODS, "utf-8")
    dialects = root / "src" / "duologue" / "_dialects" / "__init__.py"
    dialects.parent.mkdir(exist_ok=True)
    dialects.write_text(DIALECTS, "utf-8")
    return root


def repository_copy(root: Path) -> Path:
    """The repository's specification and package, without the async client, to be changed at will."""
    shutil.copytree(REPOSITORY / "spec", root / "spec")
    unwanted = shutil.ignore_patterns("__pycache__", "_async", "_sync", "local")
    shutil.copytree(REPOSITORY / "src" / "duologue", root / "src" / "duologue", ignore=unwanted)
    (root / "src" / "duologue" / "__init__.py").write_text("", "utf-8")
    return root


def change(path: Path, old: str, new: str) -> None:
    """Replace the one occurrence of `old` in a file."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), "utf-8")
