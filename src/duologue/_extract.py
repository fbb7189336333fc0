"""JSON out of what a model said, whether or not it was asked for any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from duologue._output.text import found_in
from duologue._schema import Misfit, bounded, check, check_schema, structure
from duologue.errors import OutputValidationError
from duologue.models import ChatResponse, Message

__all__ = ["extract_json"]

T = TypeVar("T")


@overload
def extract_json(source: str | Message | ChatResponse, kind: type[T]) -> T: ...


@overload
def extract_json(source: str | Message | ChatResponse, kind: Mapping[str, Any] | None = None) -> Any: ...


def extract_json(source: str | Message | ChatResponse, kind: Any = None) -> Any:
    """The JSON in a text, whether it is all of it, in a fence, or amid prose.

    Args:
        source: a text, or a message or response that has one.
        kind: what it is to be: a class, of which an instance is made, or a JSON Schema; None for any object or array,
            or whatever the whole text is. The first JSON that fits is given.

    Raises:
        OutputValidationError: there is none that fits.
        TypeError, ValueError: `kind` has no JSON Schema, or a wrong one.
    """
    text = source if isinstance(source, str) else source.text
    if isinstance(kind, Mapping):
        check_schema(kind)
    wrong: Misfit | None = None
    for data in found_in(text):
        try:
            return _made(data, kind)
        except Misfit as found:
            wrong = wrong or found
    what, path, reason = ("no JSON", "", "no_json") if wrong is None else (str(wrong), wrong.path, "invalid")
    partial = source if isinstance(source, ChatResponse) else None
    raise OutputValidationError(
        f"nothing in the text is what was asked for: {what}", path=path, text=text, reason=reason, partial=partial
    )


def _made(data: Any, kind: Any) -> Any:
    bounded(data)
    if kind is None:
        return data
    if isinstance(kind, Mapping):
        check(data, kind)
        return data
    return structure(data, kind)
