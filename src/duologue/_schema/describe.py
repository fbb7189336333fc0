"""Docstrings as descriptions: `described(text)` gives what a thing does, and what is said of each parameter.

Reads Google's style (https://google.github.io/styleguide/pyguide.html#383-functions-and-methods), NumPy's
(https://numpydoc.readthedocs.io/en/latest/format.html) and Sphinx's (`:param name:`). Line by line, without patterns
that could take long.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETERS: Final = frozenset(
    {"args", "arguments", "parameters", "params", "other parameters", "keyword args", "keyword arguments", "attributes"}
)
_OTHERS: Final = frozenset(
    {"returns", "return", "yields", "yield", "raises", "raise", "warns", "warnings", "example", "examples", "note"}
    | {"notes", "see also", "references", "receives", "todo", "methods"}
)
_SPHINX: Final = frozenset({"param", "parameter", "arg", "argument", "key", "keyword", "ivar", "var", "cvar"})
_SPHINX_OTHERS: Final = frozenset(
    {"type", "vartype", "return", "returns", "rtype", "raise", "raises", "except", "exception", "yield", "yields"}
    | {"ytype", "meta"}
)


class Description(NamedTuple):
    """What a docstring says."""

    text: str
    parameters: Mapping[str, str]


def described(doc: str | None) -> Description:
    """A docstring's own text, and its parameters'; both empty where there is none."""
    first = (doc or "").partition("\n")[0].strip()
    # A heading in the very first line would not count for the indent of what is below it.
    lines = inspect.cleandoc(f"\n{doc}" if _is_heading(first.removesuffix(":")) else doc or "").splitlines()
    parameters: dict[str, str] = {}
    text: list[str] = []
    at = 0
    while at < len(lines):
        read = _SECTIONS[_kind(lines, at)]
        at = read(lines, at, text, parameters)
    return Description("\n".join(text).strip(), parameters)


def _kind(lines: list[str], at: int) -> str:
    line = lines[at].strip()
    if line.startswith(":") and line[1:].partition(":")[1] and _field_name(line) in _SPHINX | _SPHINX_OTHERS:
        return "sphinx"
    if _is_heading(line.removesuffix(":")) and not lines[at][:1].isspace():
        below = lines[at + 1].strip() if at + 1 < len(lines) else ""
        if below and set(below) <= {"-"} and len(below) > 2:
            return "numpy"
        if line.endswith(":"):
            return "google"
    return "text"


def _field_name(line: str) -> str:
    return line[1:].partition(":")[0].partition(" ")[0]


def _is_heading(line: str) -> bool:
    return line.lower() in _PARAMETERS | _OTHERS


def _text(lines: list[str], at: int, text: list[str], _: dict[str, str]) -> int:
    text.append(lines[at])
    return at + 1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _google(lines: list[str], at: int, _: list[str], parameters: dict[str, str]) -> int:
    wanted = lines[at].strip().removesuffix(":").lower() in _PARAMETERS
    end = _end_of_indented(lines, at + 1)
    body = [line for line in lines[at + 1 : end] if line.strip()]
    step = _indent(body[0]) if body else 0
    name = ""
    for line in body if wanted else ():
        head, colon, rest = line.strip().partition(":")
        if _indent(line) == step and colon:
            name = _name(head)
            _say(parameters, name, rest)
        else:
            _say(parameters, name, line)
    return end


def _end_of_indented(lines: list[str], at: int) -> int:
    while at < len(lines) and (not lines[at].strip() or lines[at][:1].isspace()):
        at += 1
    return at


def _numpy(lines: list[str], at: int, _: list[str], parameters: dict[str, str]) -> int:
    wanted = lines[at].strip().lower() in _PARAMETERS
    at += 2
    names: list[str] = []
    while at < len(lines) and _kind(lines, at) != "numpy":
        line = lines[at]
        if line.strip() and not line[:1].isspace():
            names = [_name(name) for name in line.partition(":")[0].split(",")]
        elif wanted:
            for name in names:
                _say(parameters, name, line)
        at += 1
    return at


def _sphinx(lines: list[str], at: int, _: list[str], parameters: dict[str, str]) -> int:
    head, _colon, rest = lines[at].strip()[1:].partition(":")
    kind, *words = head.split()
    end = at + 1
    while end < len(lines) and lines[end].strip() and lines[end][:1].isspace():
        end += 1
    if kind in _SPHINX and words:
        for line in (rest, *lines[at + 1 : end]):
            _say(parameters, _name(words[-1]), line)
    return end


def _name(head: str) -> str:
    """`name (int, optional)` and `*name` are about `name`."""
    return head.strip().partition(" ")[0].partition("(")[0].lstrip("*")


def _say(parameters: dict[str, str], name: str, words: str) -> None:
    parameters[name] = f"{parameters.get(name, '')} {words.strip()}".strip()


_SECTIONS: Final = {"text": _text, "google": _google, "numpy": _numpy, "sphinx": _sphinx}
