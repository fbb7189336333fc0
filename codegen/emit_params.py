"""Emits `_params`: the fields of a request as keyword parameters, for those who check types.

A field that the constructor converts is typed by what its converter takes, which is read off `_methods.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .text import INDENT, banner, comment, docstring, imported, wrap
from .values import annotation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Class, Field, Spec

REQUEST: Final = "ChatRequest"
# The prompt is an argument of its own; what the answer is typed by is one of each overload.
_OTHERS: Final = frozenset({"messages", "response_format"})
_DOC: Final = """
The fields of a `ChatRequest` that `chat` and `stream` take as keyword parameters, but for `response_format`. For
functions that pass them on: `**params: Unpack[ChatParams]`.
"""
_LIBRARIES: Final = {
    "collections.abc": ("Callable", "Iterable", "Mapping", "Sequence"),
    "typing": ("Any", "Literal", "TypedDict"),
}


def emit_params(spec: Spec, takes: Mapping[str, str]) -> str | None:
    """The module's text, where `takes` says what each converter takes; None for a specification without requests."""
    request = spec.classes.get(REQUEST)
    return None if request is None else _module(request, spec, takes)


def _module(request: Class, spec: Spec, takes: Mapping[str, str]) -> str:
    hints = {field.name: _hint(field, takes) for field in request.fields if field.name not in _OTHERS}
    words = {word for hint in hints.values() for word in re.findall(r"\w+", hint)} | {"TypedDict"}
    source = next(page.source for page in spec.pages if request in page.classes)
    lines = [*comment(banner(source)), '"""The parameters of a request, for those who check types."""', ""]
    lines += ["from __future__ import annotations", ""]
    for library, names in {**_LIBRARIES, "duologue.models": spec.modules}.items():
        used = sorted(words.intersection(names))
        lines += [*imported(library, used), *([""] if library == "typing" else [])] if used else []
    lines += ["", '__all__ = ["ChatParams"]', "", "", "class ChatParams(TypedDict, total=False):"]
    summary, rest = _DOC.strip().split(". ", 1)
    lines += [*docstring([*wrap(f"{summary}.", 110), "", *wrap(rest, 116)], INDENT), ""]
    lines += [f"{INDENT}{name}: {hint}" for name, hint in hints.items()]
    return "\n".join([*lines, ""])


def _hint(field: Field, takes: Mapping[str, str]) -> str:
    hint = takes[field.convert] if field.convert else annotation(field.type)
    return hint if re.search(r"\bNone\b", hint) else f"{hint} | None"
