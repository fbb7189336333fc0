"""What is emitted: hostile strings stay strings, the lines are short, the schema and the pages are complete."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from codegen.__main__ import main
from codegen.load import load
from codegen.read import _OF_INIT
from codegen.text import docstring, literal
from codegen.tree import generate
from duologue import events, models
from tests.codegen.trees import EVENTS, REPOSITORY, SCHEMA, TABLE, small_tree

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    'three """ quotes',
    '"',
    'ends in a quote"',
    '""""""""',
    "ends in a backslash\\",
    '\\"""; import os',
    "{braces} %s {0!r} $x",
    "a\nnew line\r\nand \t tab",
    "'single' \"double\" \\n \\N{BULLET} \\x41",
    "a null \x00, a bell \x07, a separator \u2028 and \u00e9 \U0001f600",
    "<script>alert(1)</script> | `code` | --> ]]>",
    '"""\n    os.system("true")\n    """',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_is_the_string(text: str) -> None:
    source = literal(text)
    assert ast.literal_eval(source) == text
    assert source.isascii()
    assert "\n" not in source


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("indent", ["", "    "])
def test_a_docstring_is_its_lines(text: str, indent: str) -> None:
    lines = [text.replace("\n", " ").replace("\r", " "), "", "  more"]
    source = "\n".join([f"{indent and 'if True:'}", *docstring(lines, indent)])
    statement = ast.parse(source).body[0]
    holder: Any = statement.body[0] if isinstance(statement, ast.If) else statement
    said = holder.value.value.removesuffix(f"\n{indent}")
    assert said == "\n".join([lines[0], "", f"{indent}  more"])


LABELS = """\
module: models
doc: A page.
classes:
  Label:
    doc: A label.
    fields:
      id: {type: string, doc: Its id.}
      says: {type: "map[string]", default: {}, doc: What it says.}
      more: {type: "map[list[string]]", default: {}, doc: And what else.}
      sides: {type: "list[string]", default: [], doc: Where.}
"""


def test_columns_that_hold_several(tmp_path: Path) -> None:
    """Laid out as `ruff format` does it."""
    words = ", ".join(f"word-{number}" for number in range(12))
    rows = f"""\
table: LABELS
of: Label
key: id
doc: The labels.
rows:
  short: {{says: {{up: 'this "side"', "": "it's"}}, more: {{a: [b], c: []}}, sides: [x]}}
  none: {{says: {{}}}}
  long:
    says: {{ {", ".join(f"key-{number}: value" for number in range(8))} }}
    more: {{all: [{words}], few: [x]}}
    sides: [{words}]
"""
    files = generate(small_tree(tmp_path, labels=LABELS, rows=rows))
    exploded = "".join(f'                    "word-{number}",\n' for number in range(12))
    assert (
        """
        "short": Label(
            id="short",
            says={"up": "this \\"side\\"", "": "it's"},
            more={"a": ("b",), "c": ()},
            sides=("x",),
        ),
        "none": Label(
            id="none",
        ),
        "long": Label(
            id="long",
            says={
"""
        + "".join(f'                "key-{number}": "value",\n' for number in range(8))
        + f"""\
            }},
            more={{
                "all": (
{exploded}\
                ),
                "few": ("x",),
            }},
            sides=(
{exploded.replace("                    ", "                ")}\
            ),
        ),
"""
    ) in files["src/duologue/_tables.py"].decode()
    page = files["docs/reference/rows.md"].decode()
    assert """| `short` | `up`: `this "side"`, ``: `it's` | `a`: `b`, `c`:  | `x` |""" in page


ASKED = """\
module: models
doc: A page.
classes:
  Wish:
    doc: A wish.
    fields:
      what: {type: string, doc: What.}
  ChatRequest:
    doc: What is asked.
    fields:
      messages: {type: "list[string]", default: [], doc: Not among them.}
      response_format: {type: string, optional: true, doc: Nor this.}
      wishes: {type: "list[Wish]", default: [], convert: wishes, doc: As the converter takes it.}
      other: {type: "map[json]", default: {}, convert: shapes, doc: Where that says nothing.}
      count: {type: integer, optional: true, doc: As the class has it.}
"""


def test_the_fields_of_a_request_are_keyword_parameters(tmp_path: Path) -> None:
    root = small_tree(tmp_path, asked=ASKED)
    methods = root / "src" / "duologue" / "_methods.py"
    methods.write_text(
        methods.read_text("utf-8") + "\n\ndef wishes(given: Iterable[Wish | str] | None): ...\n", "utf-8"
    )
    source = generate(root)["src/duologue/_params.py"].decode()
    assert "from collections.abc import Iterable\nfrom typing import Any, TypedDict\n" in source
    assert "\nfrom duologue.models import Wish\n" in source
    fields = source.partition('"""\n\n    ')[2]
    assert fields == "wishes: Iterable[Wish | str] | None\n    other: Any | None\n    count: int | None\n"


def test_without_requests_there_are_no_parameters(tmp_path: Path) -> None:
    assert "src/duologue/_params.py" not in generate(small_tree(tmp_path))


TREES = """\
module: models
doc: A page.
classes:
  Tree:
    doc: A tree.
    fields:
      id: {type: string, doc: Its id.}
      forest: {type: string, doc: Where it stands.}
      known: {type: boolean, default: true, doc: Whether it is.}
      has_leaves: {type: boolean, optional: true, doc: Whether it has leaves.}
      has_fruit: {type: boolean, optional: true, doc: Whether it has fruit.}
      height: {type: integer, optional: true, doc: Its height.}
      price: {type: number, optional: true, doc: What it costs.}
      page: {type: string, optional: true, doc: Where that stands.}
"""

FOREST = """\
table: TREES
module: _tree_table
of: Tree
key: [forest, id]
doc: The trees.
rows:
  north:oak: {has_leaves: true, has_fruit: false, height: 12345, price: 2.5, page: "https://example.com/oak"}
  south:fir: {has_leaves: false, known: false}
  north:ash: {has_leaves: true, has_fruit: true}
"""


def test_a_table_in_groups(tmp_path: Path) -> None:
    """A module and groups of rows of its own: by the first column that names the rows."""
    files = generate(small_tree(tmp_path, trees=TREES, forest=FOREST))
    page = files["docs/reference/forest.md"].decode().partition("The trees.\n\n")[2].partition("## Tree\n")[0]
    assert (
        page
        == """\
[north](#north) · [south](#south) · [Tree](#tree)

## north

| `forest:id` |  | `height` | `price` | `page` |
| --- | --- | --- | --- | --- |
| `north:oak` | leaves; not fruit | 12,345 | 2.5 | [page](https://example.com/oak) |
| `north:ash` | leaves, fruit |  |  |  |

## south

| `forest:id` |  |
| --- | --- |
| `south:fir` | not known, leaves |

"""
    )
    assert "TREES" in files["src/duologue/_tree_table.py"].decode()
    assert "TREES" not in files["src/duologue/_tables.py"].decode()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_strings_everywhere(tmp_path: Path, text: str) -> None:
    quoted = json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028")  # a line break to YAML
    schema = (
        SCHEMA.replace("doc: A page.", f"doc: {quoted}")
        .replace("doc: A color.", f"doc: {quoted}")
        .replace("{red: Like fire., blue: Like water.}", f"{{{quoted}: {quoted}, red: Red., blue: Blue.}}")
        .replace("doc: A dot.", f"doc: {quoted}")
        .replace("tag: dot", f"tag: {quoted}")
        .replace("name: {type: string, doc: Its name.}", f"name: {{type: string, doc: {quoted}, default: {quoted}}}")
    )
    table = TABLE.replace("  small:", f"  {quoted}:").replace("doc: The", f"doc: {quoted} #").replace("blue", quoted)
    files = generate(small_tree(tmp_path, boxes=schema, shelf=table))
    for path, data in files.items():
        if path.endswith(".py"):
            tree = ast.parse(data)
            values = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            if "_unions" not in path and "events" not in path:
                assert text in values, path
            imported = {name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
            assert {name.name for name in imported} <= {"attrs"}, path
    tree = ast.parse(files["src/duologue/models.py"])
    said = ast.get_docstring(next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Dot"))
    assert said is not None
    assert " ".join(text.split()) in " ".join(said.split())
    definitions = json.loads(files["src/duologue/schema.json"])["$defs"]
    assert definitions["Dot"]["properties"]["type"] == {"const": text}
    assert definitions["Box"]["properties"]["name"]["default"] == text


def test_the_lines_are_short() -> None:
    for path, data in generate(REPOSITORY).items():
        assert data.endswith(b"\n"), path
        if path.endswith(".py"):
            long = [line for line in data.decode().splitlines() if len(line) > 120]
            assert not long or "_sync" in path, path


def test_every_file_says_where_it_comes_from() -> None:
    for path, data in generate(REPOSITORY).items():
        head = " ".join(data.decode().replace("\n#", "").splitlines()[:4])
        sources = re.findall(r"spec/\w+\.yaml|from its twin", head)
        assert "Generated by `make generate` from" in head, path
        assert sources, path
        assert "Do not edit." in head, path


def test_the_small_tree_as_a_whole(tmp_path: Path) -> None:
    models_text = generate(small_tree(tmp_path))["src/duologue/models.py"].decode()
    assert (
        '''
@attrs.frozen
class Box(BoxMethods):
    """A box.

    Args:
        name: Its name.
        color: Its color.
        shapes: What is in it.
        lid: What is on it.
        weight: In kilograms.
    """

    name: str = attrs.field(validator=check.field(check.string))
    color: Color = attrs.field(default="red", validator=check.field(check.one_of(COLOR_VALUES)))
    shapes: tuple[Shape, ...] = attrs.field(
        default=(),
        converter=shapes,
        validator=check.field(check.items(check.instance(lambda: Shape, "Shape"))),
        hash=False,
    )
    lid: Dot = attrs.field(factory=lambda: Dot(), validator=check.field(check.instance(lambda: Dot, "Dot")))
    weight: float | None = attrs.field(default=None, validator=check.field(check.optional(check.number())))


Shape: TypeAlias = Dot | Blob
"""A shape."""
'''.replace("        hash=False,\n", "")
        in models_text
    )


def test_what_a_constructor_calls_by_name_can_be_no_field() -> None:
    """`_OF_INIT` is what attrs' own code says."""

    @attrs.frozen
    class Sample:
        first: int = attrs.field(validator=lambda *_: None)
        second: dict[str, int] = attrs.field(factory=dict, converter=dict, validator=lambda *_: None, hash=False)
        third: int | None = None

    code = Sample.__init__.__code__
    names = {name for name in (*code.co_names, *code.co_varnames) if not name.startswith("_")}
    assert names - {"first", "second", "third"} == _OF_INIT


def test_every_event_answers_the_flags_and_text(tmp_path: Path) -> None:
    text = generate(small_tree(tmp_path))["src/duologue/events.py"].decode()
    assert (
        """
    type: ClassVar[Literal["opened"]] = "opened"
    is_delta: ClassVar[Literal[True]] = True
    is_done: ClassVar[Literal[False]] = False
    is_error: ClassVar[Literal[False]] = False
    is_tool_result: ClassVar[Literal[False]] = False
    text: ClassVar[str] = ""

    box: Box
"""
        in text
    )


def test_nothing_of_what_is_emitted_depends_on_where_a_definition_stands(tmp_path: Path) -> None:
    before = generate(small_tree(tmp_path))["src/duologue/schema.json"]
    head, _, tail = SCHEMA.partition("  Blob:")
    blob, _, box = tail.partition("  Box:")
    moved = f"{head}  Box:{box}  Blob:{blob}"
    (tmp_path / "spec/boxes.yaml").write_text(moved, "utf-8")
    assert generate(tmp_path)["src/duologue/schema.json"] == before


def test_every_field_and_value_is_on_its_page() -> None:
    spec = load(REPOSITORY)
    files = {path.removeprefix("docs/reference/"): data.decode() for path, data in generate(REPOSITORY).items()}
    of_tables = {table.of.name: table.page for table in spec.tables}
    for page in spec.pages:
        for cls in page.classes:
            text = files[f"{of_tables.get(cls.name, page.name)}.md"]
            section = text.partition(f"\n## {cls.name}\n")[2].partition("\n## ")[0]
            for field in cls.fields:
                assert f"| `{field.name}` |" in section, f"{cls.name}.{field.name}"
        for enum in page.enums:
            assert any(f"## {enum.name}\n" in text for text in files.values()), enum.name
    for table in spec.tables:
        assert all(f"`{key}`" in files[f"{table.page}.md"] for key in table.rows)


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = {path.rpartition("/")[2]: data.decode() for path, data in generate(REPOSITORY).items() if ".md" in path}
    anchors = {
        name: {title.lower() for title in re.findall(r"^## (\w+)$", text, re.MULTILINE)} for name, text in pages.items()
    }
    links = [(name, *link) for name, text in pages.items() for link in re.findall(r"\]\(([\w.]*)#(\w+)\)", text)]
    assert len(links) > 30
    assert [link for link in links if link[2] not in anchors[link[1] or link[0]]] == []


def test_the_schema_has_the_fields_of_the_classes() -> None:
    definitions = json.loads(generate(REPOSITORY)["src/duologue/schema.json"])["$defs"]
    for module in (models, events):
        for name in module.__all__:
            cls = getattr(module, name)
            if isinstance(cls, type) and attrs.has(cls):
                fields = {field.name for field in attrs.fields(cls)}
                tag = set() if "type" in fields or not hasattr(cls, "type") else {"type"}
                assert set(definitions[name]["properties"]) == fields | tag, name


def test_every_reference_in_the_schema_is_defined() -> None:
    text = generate(REPOSITORY)["src/duologue/schema.json"].decode()
    references = set(re.findall(r'"#/\$defs/(\w+)"', text))
    assert references
    assert references <= set(json.loads(text)["$defs"])


def test_a_stem_that_would_break_out_of_the_banner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = small_tree(tmp_path)
    (root / "spec" / "a\nimport os.yaml").write_text(EVENTS, "utf-8")
    assert main(["--root", str(root)]) == 2
    assert "must be named in small letters" in capsys.readouterr().err
