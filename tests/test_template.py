"""Prompts with gaps."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest

from duologue import ImageContent, Message, PromptTemplate, TextContent

IMAGE = ImageContent.from_bytes(b"GIF89a")


def test_text() -> None:
    template = PromptTemplate("Translate into {language}: {text} {{as it is}}")
    assert template.names == ("language", "text")
    assert template.text(language="French", text="{text} {language.x}") == (
        "Translate into French: {text} {language.x} {as it is}"
    )
    assert PromptTemplate("{a:>5}|{b!r}|{c:.2f}|{d:%Y}|{a}").text(a=1, b="x", c=1 / 3, d=datetime.date(2026, 1, 2)) == (
        "    1|'x'|0.33|2026|1"
    )
    assert PromptTemplate("").text() == ""


def test_messages() -> None:
    template = PromptTemplate("What is in {it}?", system="Answer in {language}.")
    assert template.names == ("language", "it")
    assert template.messages(it="the box", language="Latin") == (
        Message.system("Answer in Latin."),
        Message.user("What is in the box?"),
    )


def test_a_gap_for_an_image() -> None:
    template = PromptTemplate("What is in {it} and {that}?")
    [message] = template.messages(it=IMAGE, that=IMAGE)
    assert message.content == (TextContent("What is in "), IMAGE, TextContent(" and "), IMAGE, TextContent("?"))
    assert PromptTemplate("{it}").messages(it=IMAGE)[0].content == (IMAGE,)
    with pytest.raises(TypeError, match="has no text alone"):
        template.text(it=IMAGE, that="x")


def test_a_gap_of_any_name() -> None:
    template = PromptTemplate("{self} {class}")
    names = {"self": 1, "class": 2}
    assert template.text(**names) == template.partial(**names).text() == template.messages(**names)[0].text == "1 2"


def test_some_first() -> None:
    template = PromptTemplate("{a} {b}", given={"a": 1})
    assert template.text(b=2) == "1 2"
    both = template.partial(b=3)
    assert (both.text(), both.text(a=0), both.names) == ("1 3", "0 3", ("a", "b"))
    with pytest.raises(TypeError, match=r"not filled: b"):
        template.text()
    for wrong in (
        lambda: template.text(c=1),
        lambda: template.partial(c=1),
        lambda: PromptTemplate("{a}", given={"c": 1}),
    ):
        with pytest.raises(TypeError, match="there is no gap 'c'; there are a"):
            wrong()


@pytest.mark.parametrize(
    "template", ["{}", "{0}", "{a.b}", "{a[0]}", "{a.__class__}", "{a:{b}}", "{", "}", "{a", "{a b}", "{a!x}", "{ a}"]
)
def test_what_is_no_gap(template: str) -> None:
    words = r"a gap of a template|another one in it|[Ss]ingle|expected '}'|conversion"
    with pytest.raises(ValueError, match=words):
        PromptTemplate(template)
    with pytest.raises(ValueError, match=words):
        PromptTemplate("hi", system=template)


def test_no_string() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="a template must be a string; got int"):
        PromptTemplate(wrong)


def test_what_is_filled_in_stays_as_it_is() -> None:
    draw = random.Random(6)
    for _ in range(500):
        before, value = ("".join(draw.choices("{}!:.[]a \n", k=draw.randrange(9))) for _ in range(2))
        quoted = before.replace("{", "{{").replace("}", "}}")
        assert PromptTemplate(quoted + "{x}" + quoted).text(x=value) == before + value + before


def test_two_are_the_same() -> None:
    assert PromptTemplate("{a}") == PromptTemplate("{a}")
    assert {PromptTemplate("{a}"), PromptTemplate("{a}", "s")} == {PromptTemplate("{a}", "s"), PromptTemplate("{a}")}
