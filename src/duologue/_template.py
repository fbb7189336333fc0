"""Prompts with gaps: `PromptTemplate("Translate into {language}: {text}")`.

The gaps are names, as in `str.format`, and nothing but names: what fills them may come from anybody, so a template has
no way into an object's attributes or items, and what is filled in is never read as a template.
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Any

import attrs

from duologue.models import ContentPart, Message, TextContent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PromptTemplate"]

_CONVERT: dict[str, Callable[[Any], Any]] = {"": lambda value: value, "s": str, "r": repr, "a": ascii}
_Piece = tuple[str, str | None, str, str]  # the text, then the gap behind it, how it is written, and as what


def _parsed(template: str) -> tuple[_Piece, ...]:
    if not isinstance(template, str):
        raise TypeError(f"a template must be a string; got {type(template).__name__}")
    pieces = [(text, name, form or "", kind or "") for text, name, form, kind in Formatter().parse(template)]
    for _, name, form, kind in pieces:
        if kind not in _CONVERT:
            raise ValueError(f"the gap {name!r} has an unknown conversion, !{kind}")
        if name is not None and not name.isidentifier():
            raise ValueError(f"a gap of a template is a name, as {{city}}; got {name!r}")
        if "{" in form:
            raise ValueError(f"the gap {name!r} has another one in it")
    return tuple(pieces)


@attrs.frozen
class PromptTemplate:
    """A prompt with gaps in braces; `{{` and `}}` stand for braces.

    Args:
        template: what the user says.
        system: the instructions, likewise; None for none.
        given: what some of the gaps are filled with, unless something else is.

    Raises:
        ValueError: a gap is no name, or a brace has no partner.
    """

    template: str
    system: str | None = None
    given: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True, hash=False)

    def __attrs_post_init__(self) -> None:
        self._check(self.given)

    @property
    def names(self) -> tuple[str, ...]:
        """The gaps, each once, in their order: those of the system prompt first."""
        pieces = (*_parsed(self.system or ""), *_parsed(self.template))
        return tuple(dict.fromkeys(name for _, name, _, _ in pieces if name is not None))

    def partial(self, /, **values: Any) -> PromptTemplate:
        """The template with some of the gaps filled.

        Raises:
            TypeError: there is no such gap.
        """
        return attrs.evolve(self, given={**self.given, **values})

    def text(self, /, **values: Any) -> str:
        """What the user says, as text.

        Raises:
            TypeError: a gap is not filled, there is no such gap, or a value is a content part.
        """
        parts = _filled(self.template, self._all(values))
        if not all(isinstance(part, TextContent) for part in parts):
            raise TypeError("a template with an image or a file in it has no text alone: use messages()")
        return "".join(part.text for part in parts if isinstance(part, TextContent))

    def messages(self, /, **values: Any) -> tuple[Message, ...]:
        """The prompt. A gap may be filled with an image or another content part, which stands between the texts then.

        Raises:
            TypeError: a gap is not filled, or there is no such gap.
        """
        values = self._all(values)
        system = () if self.system is None else (Message.system(_filled(self.system, values)),)
        return (*system, Message.user(_filled(self.template, values)))

    def _all(self, values: Mapping[str, Any]) -> dict[str, Any]:
        self._check(values)
        values = {**self.given, **values}
        if missing := [name for name in self.names if name not in values]:
            raise TypeError(f"not filled: {', '.join(missing)}")
        return values

    def _check(self, values: Mapping[str, Any]) -> None:
        if unknown := sorted(values.keys() - set(self.names)):
            raise TypeError(f"there is no gap {', '.join(map(repr, unknown))}; there are {', '.join(self.names)}")


def _filled(template: str, values: Mapping[str, Any]) -> list[ContentPart]:
    """The parts, with texts that meet joined."""
    parts: list[ContentPart] = []
    texts: list[str] = []
    for text, name, form, kind in _parsed(template):
        texts.append(text)
        value = "" if name is None else values[name]
        if isinstance(value, ContentPart):
            parts += [TextContent("".join(texts)), value] if any(texts) else [value]
            texts = []
        elif name is not None:
            texts.append(format(_CONVERT[kind](value), form))
    return [*parts, TextContent("".join(texts))] if any(texts) or not parts else parts
