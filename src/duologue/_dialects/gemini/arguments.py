"""Arguments of a function call that come in pieces: values, each with the JSON path of its place.

https://ai.google.dev/api/caching#FunctionCall has them as `partialArgs`; Vertex AI sends them where the request asks
for `streamFunctionCallArguments`. A path is `$` and steps of three forms: `.name`, `[0]` and `['name']` (RFC 9535). A
string may come in several pieces, each but the last with `willContinue`; since no value is told twice, one without it
goes on as well.
"""

from __future__ import annotations

import re
from typing import Any

from duologue._dialects.shape import a_string
from duologue.errors import DecodeError

_STEP = re.compile(r"""\.([^.\[\]]+)|\[([0-9]{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MAX_STEPS = 100


class _Text:
    """A string as far as it has come."""

    __slots__ = ("pieces",)

    def __init__(self) -> None:
        self.pieces: list[str] = []


class Arguments:
    """One call's arguments as far as they have come."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        # Arrays are kept by index, so that a large index costs no more than a small one.
        self._root: dict[str | int, Any] = {}

    def put(self, piece: dict[str, Any]) -> None:
        """Take in one piece.

        Raises:
            DecodeError: its path is none, or leads through a value that is no container.
        """
        path = a_string(piece.get("jsonPath"), "partialArgs[].jsonPath")
        *way, last = _steps(path)
        node = self._root
        for step in way:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise DecodeError(f"partialArgs: {path!r} leads through a value")
        values = {kind: value for kind, value in piece.items() if kind.endswith("Value")}
        kind = next((kind for kind, value in values.items() if value is not None), None)
        if kind == "stringValue":
            _append(node, last, values[kind])
        elif values:
            node[last] = None if kind in (None, "nullValue") else values[kind]

    def value(self) -> Any:
        """The arguments.

        Raises:
            DecodeError: paths took one value for an object and for an array.
        """
        return _plain(self._root) if self._root else {}


def _append(node: dict[str | int, Any], last: str | int, piece: Any) -> None:
    text = node.get(last)
    if not isinstance(text, _Text):
        text = node[last] = _Text()
    text.pieces.append(a_string(piece, "partialArgs[].stringValue"))


def _steps(path: str) -> list[str | int]:
    place, steps = 1, list[str | int]()
    while place < len(path) and len(steps) < _MAX_STEPS:
        step = _STEP.match(path, place)
        if step is None:
            break
        name, number, single, double = step.groups()
        if number is not None:
            steps.append(int(number))
        else:
            quoted = single if single is not None else double
            steps.append(name if quoted is None else _ESCAPE.sub(r"\1", quoted))
        place = step.end()
    if path[:1] != "$" or not steps or place < len(path):
        raise DecodeError(f"partialArgs[].jsonPath: {path[:80]!r} is no path of names and indexes")
    return steps


def _plain(node: Any) -> Any:
    if isinstance(node, _Text):
        return "".join(node.pieces)
    if not isinstance(node, dict):
        return node
    numbered = [key for key in node if isinstance(key, int)]
    if not numbered:
        return {key: _plain(value) for key, value in node.items()}
    if len(numbered) < len(node):
        raise DecodeError("partialArgs: one value has names and indexes")
    return [_plain(node[key]) for key in sorted(numbered)]
