"""The code in README.md and the guides runs as it stands, in order, each page in a namespace of its own.

A block of Python that is only shown has `<!-- shown only: REASON -->` on the line before it. Commands in `sh` blocks
are read by the command's own parser, and links must lead to files and headings that exist.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest

import duologue
from duologue._cli.parser import make_parser
from duologue._dialects.openai_chat.encode import encode
from duologue._tables import PROVIDERS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- shown only: (?P<reason>.+?) -->\n)?^```(?P<kind>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")

pages = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


class Block(NamedTuple):
    """A block of code on a page."""

    kind: str
    code: str
    line: int
    runs: bool


def blocks(text: str, kind: str) -> list[Block]:
    found = []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code")) + 1
        found.append(Block(match["kind"], match["code"], line, match["reason"] is None))
    return [block for block in found if block.kind == kind]


def prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
@pytest.mark.usefixtures("added", "added_models")  # for what a page registers
def test_the_code_runs(page: Path) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: no wheel of it for this platform, or not the extra `local`")
    namespace: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page.read_text("utf-8"), "python"):
        if block.runs:
            # Lines are counted from the top of the page, so that a traceback leads there.
            # As a reader's own file, without the `from __future__` of this one.
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec", dont_inherit=True)
            exec(code, namespace)


@pages
def test_the_commands_can_be_read(page: Path) -> None:
    for block in blocks(page.read_text("utf-8"), "sh"):
        for line in block.code.splitlines():
            words = shlex.split(line)
            make_parser().parse_args(words[words.index("duologue") + 1 :])


@pages
def test_the_links_lead_somewhere(page: Path) -> None:
    for path, anchor in _LINK.findall(prose(page)):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {path}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {path}#{anchor}"


def test_the_example_of_the_package_closes_its_client() -> None:
    [block] = blocks(duologue.__doc__ or "", "python")
    nodes = list(ast.walk(ast.parse(block.code)))
    managed = {ast.unparse(item.context_expr) for node in nodes if isinstance(node, ast.With) for item in node.items}
    made = {ast.unparse(node) for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "Client"}
    assert made
    assert made <= managed


def test_what_printing_an_event_leaves_out_is_said() -> None:
    """And `to_dict` has it, as the guide says."""
    event = duologue.ToolCallDelta(0, "c", "f", extra={"hidden": "canary"})
    assert "canary" not in repr(event)
    assert "canary" in str(duologue.to_dict(event))
    page = (ROOT / "docs" / "streaming.md").read_text("utf-8")
    assert "shows every field" not in page
    assert "`duologue.to_dict(event)` has these too" in page


def test_what_goes_back_as_history_is_said() -> None:
    """Held against what a request holds."""
    page = (ROOT / "docs" / "streaming.md").read_text("utf-8")
    section = page.partition("## The answer as history")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section.partition("of an assistant's, ")[2].partition("go")[0]))
    unknown = dict.fromkeys([*named, "thinking_blocks"], "x")
    message = duologue.Message.assistant(
        [duologue.ReasoningContent("hm"), duologue.TextContent("Hi"), duologue.UnknownContent(unknown)]
    )
    row = PROVIDERS["openai"]
    for field in (None, "reasoning_content"):
        provider = attrs.evolve(row, reasoning_field=field)
        wire = encode(duologue.ChatRequest([message]), provider, model="m", stream=False)
        sent = wire.body["messages"][0]
        assert sent.keys() == {"role", "content", *named, *([field] if field else [])}
    assert named == {"reasoning_details", "images", "extra_content"}


def test_the_quick_starts_are_short() -> None:
    start = (ROOT / "README.md").read_text("utf-8").partition("## A short tour")[0]
    found = blocks(start, "python")
    assert len(found) == 2
    assert all(len(block.code.splitlines()) <= 20 for block in found)


def test_how_pages_are_read() -> None:
    text = (
        "a\n```python\nx = 1\n```\n<!-- shown only: needs a key -->\n```python\ny\n```\n```sh\nduologue models\n```\n"
    )
    assert blocks(text, "python") == [Block("python", "x = 1\n", 3, True), Block("python", "y\n", 7, False)]
    assert blocks(text, "sh") == [Block("sh", "duologue models\n", 10, True)]
