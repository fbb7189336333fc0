"""What the loader refuses, each with the line: the one that ends in `# here`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from codegen.__main__ import main
from codegen.load import load
from codegen.model import SpecError
from tests.codegen.trees import EVENTS, SCHEMA, TABLE, change, repository_copy, small_tree

if TYPE_CHECKING:
    from pathlib import Path

SIZE = "      size: {type: integer, default: 1, minimum: 0, maximum: 9, doc: Its size.}"
NAME = "      name: {type: string, doc: Its name.}"
RAW = '      raw: {type: "map[json]", doc: All of it.}'
COLOR = "      color: {type: Color, default: red, doc: Its color.}"
DOT = "  Dot:\n    doc: A dot.\n    tag: dot"
BOX = "  Box:\n    doc: A box.\n    methods: BoxMethods"
BLOB = "  Blob:\n    doc: Anything else.\n    tag: blob"

# Every case: what is replaced in the schema, by what, and a part of the message.
BROKEN = {
    "anchor": ("doc: A page.", "doc: &a A page. # here", "anchor or alias 'a'"),
    "alias": ("doc: A page.", "doc: *a # here", "anchor or alias 'a'"),
    "tag": ("doc: A page.", "doc: !!str A page. # here", "has the tag"),
    "python-tag": ("doc: A page.", "doc: !!python/name:os.system A page. # here", "has the tag"),
    "second-document": ("doc: A page.", "doc: A page.\n--- # here\nx: 1", "second document"),
    "same-key": ("doc: A page.", "doc: A page.\ndoc: Again. # here", "'doc' twice, first on line 2"),
    "half-a-character": ("doc: A page.", r'doc: "\ud83d" # here', "has half a character"),
    "deep": ("doc: A page.", f"doc: {'[' * 20}{']' * 20} # here", "deeper than 16"),
    "not-yaml": ("doc: A page.", "doc: [A page.\nclasses: # here", "is not YAML"),
    "key-no-string": ("doc: A page.", "doc: A page.\non: x # here", "YAML 1.1 reads as bool"),
    "key-null": ("doc: A page.", "doc: A page.\nnull: x # here", "a key that is not a string"),
    "key-list": ("doc: A page.", "doc: A page.\n? [a] # here\n: x", "a key that is not a string"),
    "doc-number": ("doc: A page.", "doc: 1.0 # here", "doc must be a string, got float 1.0; quote it"),
    "doc-bool": ("doc: A page.", "doc: yes # here", "reads as bool; quote it"),
    "doc-date": ("doc: A page.", "doc: 2024-01-01 # here", "reads as timestamp; quote it"),
    "doc-list": ("doc: A page.", "doc: [x] # here", "doc must be a string, got a list"),
    "doc-empty": ("doc: A page.", 'doc: " " # here', "doc is empty"),
    "doc-null": ("doc: A page.", "doc: # here", "reads as null"),
    "doc-missing": ("module: models\ndoc: A page.", "module: models # here", "lacks 'doc'"),
    "module": ("module: models", "module: os # here", "must be one of models, events"),
    "unknown-key": ("doc: A page.", "doc: A page.\nclases: {} # here", "no 'clases'; did you mean 'classes'?"),
    "flags-of-a-model": (BOX, f"{BOX}\n    flags: [delta] # here", "has no 'flags'"),
    "field-key": (SIZE, "      size:\n        {type: integer, doc: x, defualt: 1} # here", "did you mean 'default'?"),
    "field-without-doc": (SIZE, "      size: {type: integer} # here", "lacks 'doc'"),
    "field-no-mapping": (SIZE, "      size: integer # here", "must be a mapping, got str"),
    "class-without-fields": (
        f"{DOT}\n    fields:\n{SIZE}",
        f"{DOT} # here".replace("  Dot:", "  Dot: # here", 1),
        "lacks",
    ),
    "class-keyword": (DOT, DOT.replace("Dot:", "None: # here"), "is a keyword"),
    "class-hides": (DOT, DOT.replace("Dot:", "Any: # here"), "would hide a name"),
    "class-underscore": (DOT, DOT.replace("Dot:", "_Dot: # here"), "begin with a letter"),
    "class-unicode": (DOT, DOT.replace("Dot:", "D\u00f6t: # here"), "letters, digits and `_`"),
    "class-twice": (DOT, DOT.replace("Dot:", "Color: # here"), "defined already, at spec/boxes.yaml:4"),
    "class-of-methods": (DOT, f"  BoxMethods: {{doc: x, fields: {{}}}} # here\n{DOT}", "taken by _methods.py"),
    "class-like-a-scalar": (DOT, DOT.replace("Dot:", "string: # here"), "type of its own"),
    "field-keyword": (SIZE, SIZE.replace("size", "class") + " # here", "is a keyword"),
    "field-hides": (SIZE, SIZE.replace("size", "str") + " # here", "would hide a name"),
    "field-self": (SIZE, SIZE.replace("size", "self") + " # here", "what attrs' `__init__` uses"),
    "field-nothing": (SIZE, SIZE.replace("size", "NOTHING") + " # here", "what attrs' `__init__` uses"),
    "field-expression": (SIZE, SIZE.replace("size", '"a: int = 0; import os; b"', 1) + " # here", "letters, digits"),
    "field-newline": (SIZE, SIZE.replace("size", r'"a\nb"', 1) + " # here", "letters, digits"),
    "field-like-a-class": (SIZE, SIZE.replace("size", "Box") + " # here", "hide the definition"),
    "field-like-a-constant": (SIZE, SIZE.replace("size", "COLOR_VALUES") + " # here", "hide the definition"),
    "field-like-the-tag": (SIZE, SIZE.replace("size", "type") + " # here", "has its tag under 'type'"),
    "field-like-a-method": (NAME, NAME.replace("name", "total", 1) + " # here", "clashes with a member of BoxMethods"),
    "type-unknown": (SIZE, "      size: {type: Colour, doc: x} # here", "no type 'Colour'; did you mean 'Color'?"),
    "type-of-items": (SIZE, '      size: {type: "list[strnig]", doc: x} # here', "did you mean 'string'?"),
    "type-bare-list": (SIZE, "      size: {type: list, doc: x} # here", "no type 'list'; did you mean 'list[T]'?"),
    "methods-unknown": (
        BOX,
        "  Box: # here\n    doc: x\n    methods: BoxMethod",
        "no class 'BoxMethod'; did you mean 'BoxMethods'?",
    ),
    "convert-unknown": (NAME, NAME[:-1] + ", convert: nmae} # here", "no function 'nmae'; did you mean 'name'?"),
    "convert-hidden": (COLOR, COLOR.replace("doc", "convert: name, doc") + " # here", "hides the function 'name'"),
    "order": (COLOR, f"{COLOR}\n      size: {{type: string, doc: x}} # here", "comes after 'color', which has one"),
    "default-type": (SIZE, SIZE.replace("default: 1", 'default: "1"') + " # here", "default '1' is no integer"),
    "default-bool": (SIZE, SIZE.replace("default: 1", "default: true") + " # here", "default True is no integer"),
    "default-null": (SIZE, SIZE.replace("default: 1", "default: null") + " # here", "default None is no integer"),
    "default-list": (SIZE, SIZE.replace("default: 1", "default: [1]") + " # here", "a scalar, [] or {}"),
    "default-low": (SIZE, SIZE.replace("default: 1", "default: -1") + " # here", "at least 0, got -1"),
    "default-high": (SIZE, SIZE.replace("default: 1", "default: 10") + " # here", "at most 9, got 10"),
    "default-of-enum": (COLOR, COLOR.replace("red", "green") + " # here", "'green' is not one of 'red', 'blue'"),
    "default-of-bytes": (SIZE, '      size: {type: bytes, default: "", doc: x} # here', "is no bytes"),
    "default-of-list": (SIZE, '      size: {type: "list[string]", default: {}, doc: x} # here', "of a list is []"),
    "default-of-map": (SIZE, '      size: {type: "map[json]", default: [], doc: x} # here', "of a map is {}"),
    "default-of-union": (SIZE, "      size: {type: Shape, default: {}, doc: x} # here", "can have no default"),
    "default-of-class": (SIZE, "      size: {type: Box, default: {}, doc: x} # here", "all its fields have one"),
    "default-of-itself": (SIZE, f"{SIZE}\n      dot: {{type: Dot, default: {{}}, doc: x}} # here", "Dot in Dot"),
    "default-round-and-round": (
        SIZE,
        f"""{SIZE}
      bag: {{type: Bag, default: {{}}, doc: x}} # here
  Bag: {{doc: x, fields: {{pot: {{type: Pot, default: {{}}, doc: x}}}}}}
  Pot: {{doc: x, fields: {{dot: {{type: Dot, default: {{}}, doc: x}}}}}}""",
        "default that never ends: Bag in Dot, Pot in Bag, Dot in Pot",
    ),
    "default-number": (SIZE, SIZE.replace("default: 1", "default: 0x10") + " # here", "reads as int"),
    "default-sexagesimal": (SIZE, SIZE.replace("default: 1", "default: 1:30") + " # here", "reads as int"),
    "bounds-crossed": (SIZE, SIZE.replace("minimum: 0", "minimum: 10") + " # here", "10 is above the maximum 9"),
    "bounds-of-text": (NAME, NAME[:-1] + ", minimum: 0} # here", "not for string"),
    "pattern-of-a-number": (SIZE, SIZE.replace("minimum: 0", "pattern: x") + " # here", "a pattern is for strings"),
    "pattern-broken": (NAME, NAME[:-1] + ", pattern: '('} # here", "is no regular expression: missing )"),
    "pattern-of-no-table": (
        RAW,
        f"{RAW}\n      x: {{type: string, default: '', pattern: '.*', doc: x}} # here",
        "no table",
    ),
    "pattern-default": (
        NAME,
        NAME.replace("type: string", "type: string, default: Box, pattern: '[a-z]+'") + " # here",
        "name must match '[a-z]+', got 'Box'",
    ),
    "reference-of-a-number": (SIZE, SIZE.replace("minimum: 0", "refers_to: BOXES") + " # here", "for strings"),
    "reference-of-no-table": (
        RAW,
        f"{RAW}\n      x: {{type: string, default: '', refers_to: BOXES, doc: x}} # here",
        "no table",
    ),
    "reference-to-nothing": (NAME, NAME[:-1] + ", refers_to: BOXS} # here", "'BOXS'; did you mean 'BOXES'?"),
    "reference-default": (
        NAME,
        NAME.replace("type: string", "type: string, default: tiny, refers_to: BOXES") + " # here",
        "name: there is no 'tiny' in BOXES",
    ),
    "bound-text": (SIZE, SIZE.replace("minimum: 0", "minimum: low") + " # here", "minimum must be a number"),
    "optional-text": (NAME, NAME[:-1] + ', optional: "yes"} # here', "must be true or false"),
    "enum-empty": ("values: {red: Like fire., blue: Like water.}", "values: {} # here", "has no values"),
    "enum-doc-empty": ("red: Like fire.", "red: ' ' # here\n     ", "is empty"),
    "enum-value-number": (
        "{red: Like fire., blue: Like water.}",
        "\n      1: One. # here",
        "a key that is not a string",
    ),
    "enum-value-bool": ("{red: Like fire., blue: Like water.}", "\n      off: Not on. # here", "reads as bool"),
    "union-member": ("[Dot, Blob]}", "[Dot, Blob, Dott]} # here", "'Dott', which is no class; did you mean 'Dot'?"),
    "union-enum": ("[Dot, Blob]}", "[Dot, Blob, Color]} # here", "'Color', which is no class"),
    "union-twice": ("[Dot, Blob]}", "[Dot, Blob, Dot]} # here", "names 'Dot' twice"),
    "union-unknown": (
        "unknown: Blob, members: [Dot, Blob]}",
        "unknown: Box, members: [Dot, Blob]} # here",
        "of the members",
    ),
    "union-raw": (f"{BLOB}\n    fields:\n{RAW}", f"{BLOB}\n    fields: {{}}".replace("Blob:", "Blob: # here"), "`raw`"),
    "untagged": (DOT, "  Dot: # here\n    doc: A dot.", "so it needs a tag"),
    "same-tag": (
        BLOB,
        BLOB.replace("Blob:", "Blob: # here").replace("tag: blob", "tag: dot"),
        "the tag 'dot' of Blob is that of Dot already",
    ),
    "tag-in-no-union": (BOX, f"{BOX}\n    tag: box".replace("Box:", "Box: # here"), "no union has it as a member"),
    "tag-empty": ("    tag: blob", "    tag: '' # here", "tag is empty"),
    "model-holds-event": (SIZE, "      size: {type: Event, doc: x} # here", "models know nothing of events"),
}

BROKEN_EVENTS = {
    "flag": ("[delta]", "[delat] # here", "no flag 'delat'; did you mean 'delta'?"),
    "flag-twice": ("[delta]", "[delta, delta] # here", "names 'delta' twice"),
    "flag-as-field": ("box: {type: Box, doc: Which.}", "is_done: {type: boolean, doc: x} # here", "use `flags`"),
    "text-type": ("box: {type: Box, doc: Which.}", "text: {type: integer, doc: x} # here", "must be a string"),
    "text-none": (
        "box: {type: Box, doc: Which.}",
        "text: {type: string, optional: true, doc: x} # here",
        "be a string",
    ),
    "pattern": (
        "box: {type: Box, doc: Which.}",
        "n: {type: string, pattern: x, doc: x} # here",
        "is checked in the rows of a table, and there is no table of Opened",
    ),
    "bounds": ("box: {type: Box, doc: Which.}", "n: {type: integer, minimum: 0, doc: x} # here", "not checked when"),
    "converter": ("box: {type: Box, doc: Which.}", "n: {type: Box, convert: name, doc: x} # here", "not checked when"),
    "member-of-mixin": ("box: {type: Box, doc: Which.}", "choice: {type: Box, doc: x} # here", "clashes with a member"),
    "foreign-member": ("[Opened, Other]}", "[Opened, Other, Dot]} # here", "in another module than its union"),
    "untagged": (
        "  Opened:\n    doc: A box was opened.\n    tag: opened",
        "  Opened: # here\n    doc: x",
        "so it needs a tag",
    ),
}

BROKEN_TABLE = {
    "column": ("    weight: 1.5", "    wieght: 1.5 # here", "no 'wieght'; did you mean 'weight'?"),
    "type": ("    weight: 1.5", '    weight: "1.5" # here', "weight must be of type number, got str '1.5'"),
    "enum": ("color: blue", "color: green # here", "color must be one of 'red', 'blue', got str 'green'"),
    "null": ("color: blue", "color: null # here", "must be one of"),
    "kind": ("    weight: 1.5", "    lid: {} # here", "a table's column cannot be of type Dot"),
    "key-given": ("    weight: 1.5", "    name: x # here", "has no 'name'"),
    "row-twice": ("  large:", "  small: # here", "'small' twice"),
    "row-no-mapping": ("  large:\n    color: red", "  large: red # here", "must be a mapping"),
    "class": ("of: Box", "of: Bx # here", "'Bx' is no class; did you mean 'Box'?"),
    "key": ("key: name", "key: weight # here", "must be a column of type string"),
    "keys": ("key: name", "key: [name, weight] # here", "must be a column of type string"),
    "no-key": ("key: name", "key: [] # here", "key must name a column"),
    "module": ("of: Box", "of: Box\nmodule: _json # here", "module '_json' must be like `_tables` or `_box_table`"),
    "module-of-two": ("of: Box", "of: Box\nmodule: a._table # here", "must be like"),
    "name": ("table: BOXES", "table: boxes # here", "must be a constant's name"),
}


# A crate: what a row may refer to, and what the texts in it must look like.
CRATES: Final = """\
module: models
doc: A page.
classes:
  Crate:
    doc: A crate.
    fields:
      id: {type: string, pattern: "[a-z]+", doc: Its id.}
      box: {type: string, optional: true, refers_to: BOXES, doc: The box in it.}
      within: {type: string, optional: true, refers_to: CRATES, doc: The crate around it.}
      speaks: {type: string, default: plain, refers_to: dialects, doc: Its dialect.}
      url: {type: string, default: "https://x", pattern: "https?://\\\\S+", doc: Its address.}
      labels: {type: "map[string]", default: {}, doc: What is written on it.}
      sides: {type: "list[string]", default: [], doc: Its sides.}
      sizes: {type: "map[list[integer]]", default: {}, doc: Its sizes.}
"""

CRATE_ROWS: Final = """\
table: CRATES
of: Crate
key: id
doc: The crates.
rows:
  first:
    box: small
    within: second
    speaks: fancy-2
    url: http://localhost:1/v1
    labels: {up: "this \\"side\\"", down: that}
    sizes: {a: [1, 2]}
  second:
    box: null
"""

BROKEN_ROWS = {
    "pattern-of-the-key": ("  first:", "  fi:rst: # here", "id must match '[a-z]+', got 'fi:rst'"),
    "pattern-in-part": ("http://localhost:1/v1", "http://local host # here", "url must match"),
    "reference": ("box: small", "box: smal # here", "there is no 'smal' in BOXES; did you mean 'small'?"),
    "reference-to-itself": ("within: second", "within: third # here", "there is no 'third' in CRATES"),
    "dialect": ("speaks: fancy-2", "speaks: fancy # here", "'fancy' in dialects; did you mean 'fancy-2'?"),
    "reference-type": ("box: small", "box: 5 # here", "must be of type string"),
    "map": ("sizes: {a: [1, 2]}", "sizes: [1] # here", "sizes must be a mapping, got a list"),
    "map-item": ("sizes: {a: [1, 2]}", "sizes: {a: [1, x]} # here", "sizes must be of type integer, got str 'x'"),
}


def refusal(root: Path) -> str:
    with pytest.raises(SpecError) as caught:
        load(root)
    return str(caught.value)


def line_of_mark(text: str) -> str:
    return next(str(number) for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here"))


@pytest.mark.parametrize(
    ("stem", "text", "case"),
    [
        *(pytest.param("boxes", SCHEMA, case, id=name) for name, case in BROKEN.items()),
        *(pytest.param("happenings", EVENTS, case, id=f"events-{name}") for name, case in BROKEN_EVENTS.items()),
        *(pytest.param("shelf", TABLE, case, id=f"table-{name}") for name, case in BROKEN_TABLE.items()),
        *(pytest.param("pile", CRATE_ROWS, case, id=f"rows-{name}") for name, case in BROKEN_ROWS.items()),
    ],
)
def test_refused_with_its_line(tmp_path: Path, stem: str, text: str, case: tuple[str, str, str]) -> None:
    old, new, message = case
    assert text.count(old) == 1
    broken = text.replace(old, new)
    crates = {"crates": CRATES} if stem == "pile" else {}
    said = refusal(small_tree(tmp_path, **crates, **{stem: broken}))
    assert said.startswith(f"spec/{stem}.yaml:{line_of_mark(broken)}: ")
    assert message in said


def test_the_small_tree_is_well(tmp_path: Path) -> None:
    spec = load(small_tree(tmp_path))
    assert list(spec.classes) == ["Dot", "Blob", "Box", "Opened", "Other"]
    assert spec.tables[0].rows["small"] == {"name": "small", "color": "blue", "weight": 1.5}


def test_rows_that_refer_to_others(tmp_path: Path) -> None:
    spec = load(small_tree(tmp_path, crates=CRATES, pile=CRATE_ROWS))
    assert spec.tables[0].rows == {
        "first": {
            "id": "first",
            "box": "small",
            "within": "second",
            "speaks": "fancy-2",
            "url": "http://localhost:1/v1",
            "labels": {"up": 'this "side"', "down": "that"},
            "sizes": {"a": (1, 2)},
        },
        "second": {"id": "second", "box": None},
    }


PLACES: Final = """\
module: models
doc: A page.
classes:
  Place:
    doc: A place.
    fields:
      id: {type: string, pattern: "[a-z:]+", doc: Its id.}
      box: {type: string, refers_to: BOXES, doc: The box that it is in.}
      size: {type: integer, optional: true, doc: Its size.}
"""

PLACE_ROWS: Final = """\
table: PLACES
module: _place_table
of: Place
key: [box, id]
doc: The places.
rows:
  small:a: {size: 1}
  large:a:b: {}
"""


def test_rows_that_are_named_by_two_columns(tmp_path: Path) -> None:
    table = load(small_tree(tmp_path, places=PLACES, map=PLACE_ROWS)).tables[0]
    assert (table.name, table.module, table.key) == ("PLACES", "_place_table", ("box", "id"))
    assert table.rows == {
        "small:a": {"id": "a", "box": "small", "size": 1},
        "large:a:b": {"id": "a:b", "box": "large"},
    }


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("small", "the row 'small' must be named box:id"),
        ("smal:a", "box: there is no 'smal' in BOXES; did you mean 'small'?"),
        ("small:A", "id must match '[a-z:]+', got 'A'"),
    ],
)
def test_rows_that_two_columns_cannot_be_read_from(tmp_path: Path, row: str, said: str) -> None:
    root = small_tree(tmp_path, places=PLACES, map=PLACE_ROWS.replace("small:a", row))
    assert refusal(root) == f"spec/map.yaml:7: {said}"


def test_two_tables_of_one_name(tmp_path: Path) -> None:
    said = refusal(small_tree(tmp_path, z_shelf=TABLE))
    assert said == "spec/z_shelf.yaml:1: the table BOXES is defined already, at spec/shelf.yaml:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("def", "is not Python: "),
        ("MODULES = {}", "has no table _MODULES with names as its keys"),
        ("_MODULES = dict(plain=1)", "has no table _MODULES with names as its keys"),
        ("_MODULES = {**{}}", "has no table _MODULES with names as its keys"),
        ("_MODULES: dict[int, str] = {1: 'one'}", "has no table _MODULES with names as its keys"),
    ],
)
def test_dialects_that_cannot_be_read(tmp_path: Path, text: str | None, said: str) -> None:
    root = small_tree(tmp_path, crates=CRATES, pile=CRATE_ROWS)
    path = root / "src/duologue/_dialects/__init__.py"
    path.unlink()
    if text is not None:
        path.write_text(text, "utf-8")
    assert refusal(root).startswith(f"src/duologue/_dialects/__init__.py: {said}")


def test_dialects_with_an_annotation(tmp_path: Path) -> None:
    root = small_tree(tmp_path, crates=CRATES, pile=CRATE_ROWS)
    path = root / "src/duologue/_dialects/__init__.py"
    path.write_text("_MODULES: dict[str, str] = {'plain': 'a', 'fancy-2': 'b'}", "utf-8")
    assert load(root).tables


ROWS = {
    "dialect": ("providers", "    dialect: openai-chat\n    base_url: https", "openai-chatt", "in dialects"),
    "provider": ("models", "  local:smollm2-135m:\n", "locl:smollm2-135m", "in PROVIDERS"),
    "same-models": ("providers", "    models_of: openai\n", "models_of: opneai", "in PROVIDERS"),
    "day": ("models", '    as_of: "2026-11-23"\n', 'as_of: "November"', "as_of must match"),
    "name": ("providers", "  llamacpp:\n", "lla:ma", "name must match"),
    "base_url": ("providers", "    base_url: http://127.0.0.1:8080/v1\n", "ftp://127.0.0.1/v1", "base_url must match"),
}


@pytest.mark.parametrize("case", ROWS)
def test_rows_of_our_own_that_lead_nowhere(tmp_path: Path, case: str) -> None:
    stem, line, bad, said = ROWS[case]
    root = repository_copy(tmp_path)
    good = "openai-chat" if case == "dialect" else line.strip().removeprefix(f"{case}: ").removesuffix(":")
    change(root / f"spec/{stem}.yaml", line, line.replace(good, bad))
    refused = refusal(root)
    assert refused.startswith(f"spec/{stem}.yaml:")
    assert said in refused


@pytest.mark.parametrize("name", ["boxes.yml", "notes.txt", "boxes.yaml~", "boxes", "old/boxes.yaml", ".boxes.yaml"])
def test_a_file_that_does_not_belong_there(tmp_path: Path, name: str) -> None:
    path = small_tree(tmp_path) / "spec" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(SCHEMA, "utf-8")
    assert refusal(tmp_path).startswith(f"spec/{name.partition('/')[0]}: ")


def test_what_other_programs_hide_there(tmp_path: Path) -> None:
    root = small_tree(tmp_path)
    for name in (".DS_Store", ".boxes.yaml.swp", "README.md"):
        (root / "spec" / name).write_text("", "utf-8")
    assert load(root).tables


def test_a_file_too_large(tmp_path: Path) -> None:
    assert "must be at most 1048576 bytes" in refusal(small_tree(tmp_path, boxes=SCHEMA + "#" * 1024 * 1024))


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    assert refusal(small_tree(tmp_path, boxes="doc: \udcff")) == "spec/boxes.yaml: must be UTF-8, but byte 5 is not"


def test_control_characters(tmp_path: Path) -> None:
    assert refusal(small_tree(tmp_path, boxes="doc: \x00")).startswith("spec/boxes.yaml: is not YAML: ")


@pytest.mark.parametrize("text", ["", "# nothing", "- a list", "just words"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    assert "mapping" in refusal(small_tree(tmp_path, boxes=text))


def test_no_spec_at_all(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "spec: holds no *.yaml file"


def test_no_methods(tmp_path: Path) -> None:
    root = small_tree(tmp_path)
    (root / "src/duologue/_methods.py").unlink()
    assert "src/duologue/_methods.py: cannot be read" in refusal(root)


def test_methods_that_are_not_python(tmp_path: Path) -> None:
    root = small_tree(tmp_path)
    (root / "src/duologue/_methods.py").write_text("def", "utf-8")
    assert "src/duologue/_methods.py: is not Python" in refusal(root)


def test_the_command_says_the_line_and_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = small_tree(tmp_path, boxes=SCHEMA.replace("doc: A page.", "doc: 5"))
    assert main(["--root", str(root)]) == 2
    assert capsys.readouterr().err == "spec/boxes.yaml:2: doc must be a string, got int 5; quote it\n"
