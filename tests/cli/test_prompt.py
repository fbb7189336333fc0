"""What is asked: the argument, or standard input where there is none."""

from __future__ import annotations

import io

import pytest

from duologue._cli.prompt import checked, read_prompt
from duologue._cli.terminal import UsageError
from tests.cli.kit import FakeTerminal


@pytest.mark.parametrize(
    ("argument", "stdin", "prompt"),
    [
        ("Explain", "", "Explain"),
        (None, "Explain\n", "Explain"),
        ("Explain this", "some code\n", "Explain this"),
        ("Explain", "  \n", "Explain"),
        ("Explain\n", "", "Explain\n"),
    ],
)
def test_where_it_comes_from(argument: str | None, stdin: str, prompt: str) -> None:
    assert read_prompt(argument, io.StringIO(stdin)) == prompt


def test_a_closed_standard_input_says_nothing() -> None:
    assert read_prompt("Explain", None) == "Explain"


@pytest.mark.parametrize("kind", [FakeTerminal, io.StringIO])
def test_with_an_argument_standard_input_is_left_alone(kind: type[io.StringIO]) -> None:
    stdin = kind("meant for another program")
    assert read_prompt("Explain", stdin) == "Explain"
    with pytest.raises(UsageError, match="no prompt"):
        read_prompt(" ", stdin)
    assert stdin.tell() == 0


def test_at_a_terminal_without_an_argument_the_user_types(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_prompt(None, FakeTerminal("Two\nlines\n")) == "Two\nlines"
    assert capsys.readouterr() == ("", "Type the prompt, and end it with Ctrl-D on a line of its own:\n")


@pytest.mark.parametrize("stdin", [io.StringIO(""), io.StringIO(" \n"), None])
def test_no_prompt(stdin: io.StringIO | None) -> None:
    with pytest.raises(UsageError, match="no prompt"):
        read_prompt(None, stdin)


def test_standard_input_that_is_no_text() -> None:
    with pytest.raises(UsageError, match="standard input is no text in UTF-8"):
        read_prompt(None, io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), "utf-8"))


def test_an_argument_that_is_no_text() -> None:
    assert checked("grüß", "the prompt") == "grüß"
    with pytest.raises(UsageError, match="the prompt is no text in UTF-8"):
        checked("\udcff", "the prompt")
