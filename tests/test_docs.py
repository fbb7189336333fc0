"""The code in README.md and the guides runs as it stands, in order, each page in a namespace of its own.

A block of Python that is only shown has `<!-- shown only: REASON -->` on the line before it. Commands in `sh` blocks
are read by the command's own parser, and links must lead to files and headings that exist.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from duologue._cli.parser import make_parser

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
def test_the_code_runs(page: Path) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: no wheel of it for this platform, or not the extra `local`")
    namespace: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page.read_text("utf-8"), "python"):
        if block.runs:
            # Lines are counted from the top of the page, so that a traceback leads there.
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
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
