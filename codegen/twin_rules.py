"""What makes a source translatable, and the part of the translation that unasync leaves alone: docstrings and comments.

unasync 0.6 breaks `await(x)`, leaves `AsyncGenerator[T, None]` with one argument too many, gives names that it does not
know the prefix `Sync`, and never looks into strings. Before Python 3.12 an f-string is a string to it, since then it is
code; so an f-string must hold nothing that is translated. `SpecError` says where a source does otherwise.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from typing import TYPE_CHECKING, Final

from .model import Place, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What must not be left in the twin, in names, strings and comments alike.
_FOREIGN: Final = re.compile(r"await|async|anyio|(?<![A-Za-z])(?:aiter|anext)\b|Async")
_STRING_PREFIX: Final = re.compile(r"[A-Za-z]*")


class Dictionary:
    """The words of the async world and what the blocking one says instead."""

    def __init__(self, renames: Mapping[str, str]) -> None:
        self.renames = renames
        names = "|".join(re.escape(name) for name in sorted(renames, reverse=True))
        words = rf"(?:async (?=for\b|with\b|def\b)|await +|(?:{names})(?!\w))"
        self._phrase = re.compile(rf"(?P<article>\b[Aa]n )?(?P<tick>`*)(?<!\w)(?P<word>{words})(?P<next>\w?)")
        self.foreign = re.compile(rf"{_FOREIGN.pattern}|(?<!\w)(?:{names})(?!\w)")

    def say(self, text: str) -> str:
        """Prose in the words of the blocking world."""
        return self._phrase.sub(self._said, text)

    def _said(self, match: re.Match[str]) -> str:
        word = self.renames.get(match["word"], "")
        article = match["article"] or ""
        if article and (word + match["next"])[:1] not in "aeiouAEIOU":
            article = f"{article[0]} "
        return f"{article}{match['tick']}{word}{match['next']}"


def check_source(text: str, file: str, dictionary: Dictionary) -> set[str]:
    """Refuse what cannot be translated; gives all names that the source uses."""
    try:
        tree = ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except SyntaxError as error:
        raise SpecError(Place(file, error.lineno or 0), f"is not Python: {error.msg}") from error
    for token, following in itertools.pairwise(tokens):
        if token.type == tokenize.NAME:
            _check_name(token, following, file, dictionary)
    for node in ast.walk(tree):
        _check_annotations(node, file)
        if isinstance(node, ast.JoinedStr):
            _check_fstring(node, file, dictionary)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def _check_name(token: tokenize.TokenInfo, following: tokenize.TokenInfo, file: str, dictionary: Dictionary) -> None:
    name, place = token.string, Place(file, token.start[0])
    row, column = token.end
    if name in ("await", "async") and (following.start[0] != row or following.start[1] == column):
        raise SpecError(place, f"`{name}` must be followed by a space and the rest on the same line")
    if name == "AsyncGenerator":
        raise SpecError(place, "`AsyncGenerator` has one argument more than its twin; say `AsyncIterator`")
    if re.match(r"Async[A-Z]", name) and name not in dictionary.renames:
        raise SpecError(place, f"`{name}` has no name in the twin; add it to RENAMES in codegen/twin.py")


def _check_annotations(node: ast.AST, file: str) -> None:
    annotations: list[ast.expr | None] = []
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        annotations = [node.returns]
    elif isinstance(node, (ast.arg, ast.AnnAssign)):
        annotations = [node.annotation]
    for quoted in (found for annotation in annotations if annotation for found in _quoted(annotation)):
        raise SpecError(Place(file, quoted.lineno), f"the annotation {quoted.value!r} must not be quoted")


def _quoted(annotation: ast.expr) -> Iterator[ast.Constant]:
    """Strings in an annotation that stand for types; those in `Literal[...]` do not."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        yield annotation
    elif not (isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).endswith("Literal")):
        for child in ast.iter_child_nodes(annotation):
            if isinstance(child, ast.expr):
                yield from _quoted(child)


def _check_fstring(node: ast.JoinedStr, file: str, dictionary: Dictionary) -> None:
    for value in (part for part in node.values if isinstance(part, ast.FormattedValue)):
        code = ast.unparse(value.value)
        if dictionary.foreign.search(code):
            raise SpecError(
                Place(file, node.lineno), f"the f-string holds `{code}`, which differs in the twin; name it first"
            )


def translate(text: str, dictionary: Dictionary) -> str:
    """The text with its comments and strings, other than f-strings, in the words of the blocking world."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces, end = [], 0
    for token in _prose(text):
        first, last = (starts[row - 1] + column for row, column in (token.start, token.end))
        pieces += [text[end:first], dictionary.say(text[first:last])]
        end = last
    return "".join([*pieces, text[end:]])


def _prose(text: str) -> Iterator[tokenize.TokenInfo]:
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        depth += (name == "FSTRING_START") - (name == "FSTRING_END")
        if depth == 0 and token.type == tokenize.COMMENT:
            yield token
        prefix = _STRING_PREFIX.match(token.string)
        if depth == 0 and token.type == tokenize.STRING and prefix and "f" not in prefix[0].lower():
            yield token


def check_twin(text: str, head: int, source: str, dictionary: Dictionary) -> None:
    """Refuse a twin that speaks of what only its source has. Both have the same lines below the twin's `head` lines."""
    for number, line in enumerate(text.splitlines(), 1 - head):
        found = dictionary.foreign.search(line)
        if found:
            raise SpecError(
                Place(source, number), f"`{found[0]}` would survive in the twin; say it so that it holds for both"
            )
