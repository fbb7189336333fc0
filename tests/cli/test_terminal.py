"""What a model can do to the terminal that shows its words: nothing, however they are cut into pieces."""

from __future__ import annotations

import io
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest

from duologue import Done, ReasoningDelta, RefusalDelta, ServerError, Start, TextDelta, Usage
from duologue._cli.terminal import complain, takes_any_text, visible, visible_line
from duologue._cli.view import Lines, Live, Text
from duologue.models import ChatResponse
from tests.cli.hostile import HOSTILE
from tests.cli.kit import FakeTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

_ORDERS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_MARKS = "\u061c\u200e\u200f"

hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def harmless(text: str) -> bool:
    """Judged by Unicode's own tables, not by ours."""
    return all(
        character in "\n\t"
        or (
            unicodedata.category(character) not in ("Cc", "Cs")
            and unicodedata.bidirectional(character) not in _ORDERS
            and character not in _MARKS
        )
        for character in text
    )


def cuts(text: str) -> Iterator[list[str]]:
    """A text cut in two at every point, and into single characters."""
    for point in range(len(text) + 1):
        yield [text[:point], text[point:]]
    yield list(text)


def shown(
    pieces: list[str], kind: type[TextDelta | ReasoningDelta | RefusalDelta] = TextDelta, *, raw: bool = False
) -> str:
    out = FakeTerminal()
    view = Live(out, raw=raw)
    for piece in pieces:
        view.show(kind(piece))
    view.end()
    return out.getvalue()


@hostile
def test_wherever_it_is_cut_nothing_is_obeyed(text: str) -> None:
    for pieces in cuts(text):
        on_screen = shown(pieces)
        assert harmless(on_screen)
        assert on_screen == visible(text).rstrip("\n") + "\n"
        assert harmless(shown(pieces, RefusalDelta))


@hostile
def test_thoughts_are_no_way_in(text: str) -> None:
    for pieces in cuts(text):
        on_screen = shown(pieces, ReasoningDelta)
        assert harmless(on_screen.replace("\x1b[2m", "").replace("\x1b[0m", ""))
        # Each piece resets what it sets, so a stream that is cut short leaves nothing dim behind.
        assert on_screen.removesuffix("\n").endswith("\x1b[0m")


@hostile
def test_raw_lets_it_through(text: str) -> None:
    for pieces in cuts(text):
        assert shown(pieces, raw=True) == text.rstrip("\n") + "\n"


@hostile
def test_a_pipe_gets_what_came(text: str) -> None:
    for pieces in cuts(text):
        out = io.StringIO()
        view = Text(out)
        for piece in pieces:
            view.show(TextDelta(piece))
        view.end()
        assert out.getvalue() == text.rstrip("\n") + "\n"


@hostile
def test_json_on_a_terminal(text: str) -> None:
    out = FakeTerminal()
    Lines(out).show(TextDelta(text))
    assert harmless(out.getvalue())


@hostile
def test_errors_and_names_are_no_way_in(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    complain(str(ServerError(text, provider="local", request_id=text)))
    view = Live(FakeTerminal())
    view.show(Start(model=text))
    view.show(Done("stop", Usage(), ChatResponse()))
    err = capsys.readouterr().err
    assert harmless(err)
    assert len(err.splitlines()) == 2


def test_what_is_harmless_stays() -> None:
    text = "Grüße, 你好, שלום, 👩\u200d🚀, e\u0301\n\ttab \\x1b"
    assert visible(text) == text
    assert visible_line("a\n\tb") == "a\\x0a\\x09b"


def test_every_character_is_harmless_or_in_a_visible_form() -> None:
    for character in map(chr, range(sys.maxunicode + 1)):
        form = visible(character)
        assert harmless(form)
        assert form == character or form.startswith(("\\x", "\\u"))


def test_what_the_encoding_lacks_is_written_in_a_visible_form() -> None:
    data = io.BytesIO()
    out = takes_any_text(io.TextIOWrapper(data, "ascii"))
    out.write("é \ud83d")
    out.flush()
    assert data.getvalue() == b"\\xe9 \\ud83d"
    memory = io.StringIO()
    assert takes_any_text(memory) is memory


def test_the_forms_tell_what_was_there() -> None:
    assert visible("\x1b]0;x\x07 \r \x7f \x9b \u202e \ud800") == r"\x1b]0;x\x07 \x0d \x7f \x9b \u202e \ud800"
    assert len(HOSTILE) >= 40
    assert not any(harmless(text) for text in HOSTILE.values())
