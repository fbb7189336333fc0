"""Docstrings of three styles."""

from __future__ import annotations

import pytest

from duologue._schema import described

GOOGLE = """Find a book.

    Looks everywhere. Note: slow.

    Args:
        title (str, optional): its title, or
            a part of it
        author: who wrote it: one name
        *rest: anything else
        **options: even more

    Returns:
        what was found: a book

    Example:
        find("x")
    """

NUMPY = """Find a book.

    Looks everywhere. Note: slow.

    Parameters
    ----------
    title : str, optional
        its title, or
        a part of it
    author
        who wrote it: one name
    *rest, **options : str
        anything else

    Returns
    -------
    Book
        what was found
    """

SPHINX = """Find a book.

    Looks everywhere. Note: slow.

    :param str title: its title, or
        a part of it
    :param author: who wrote it: one name
    :type author: str
    :returns: what was found
    :raises KeyError: if not
    """


@pytest.mark.parametrize("doc", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_styles(doc: str) -> None:
    found = described(doc)
    assert found.text == "Find a book.\n\nLooks everywhere. Note: slow."
    assert found.parameters["title"] == "its title, or a part of it"
    assert found.parameters["author"] == "who wrote it: one name"
    assert not set(found.parameters) - {"title", "author", "rest", "options"}


def test_what_is_no_section() -> None:
    assert described(None) == ("", {})
    assert described("") == ("", {})
    text = "Notes on time: it flies.\n\n  args:\n\n: odd\n::\nArgs"
    assert described(text) == (text, {})
    assert described("Do.\n\nArgs:\n") == ("Do.", {})
    assert described("Do.\n\nRaises:\n    KeyError: if not\n\nMore.").text == "Do.\n\nMore."
    assert described("Do.\n\nParameters\n----------") == ("Do.", {})
    assert described(":param: odd").parameters == {}


def test_a_long_docstring_takes_no_longer() -> None:
    assert described("Args:\n        name: what it is\n    ").parameters == {"name": "what it is"}
    many = "Args:\n" + "".join(f"    name{number}: what it is\n" for number in range(20_000))
    assert len(described(many).parameters) == 20_000
