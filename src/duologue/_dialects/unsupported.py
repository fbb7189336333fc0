"""What a provider's row says that it does not take, though its format has a place for it.

The keys of `Provider.unsupported` are fields of `ChatRequest`, and the ways to give one that providers differ in,
`WAYS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from duologue._dialects.request import FIELDS, given
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from duologue.models import ChatRequest, ContentPart, Message, Provider

_CHOICES = ("auto", "none", "required")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "image": ("data", "url", "detail"),
    "file": ("data", "url", "file_id"),
    "audio": ("data", "url"),
}
WAYS = frozenset(
    {
        "name",
        "tools.strict",
        "tool_choice.none",
        "tool_choice.required",
        "tool_choice.tool",
        "response_format.json_object",
        "response_format.json_schema",
        "reasoning.effort",
        "reasoning.budget_tokens",
        *(f"content.{kind}" for kind in _PARTS),
        *(f"content.{kind}.{field}" for kind, fields in _PARTS.items() for field in fields),
    }
)


def check_supported(request: ChatRequest, provider: Provider) -> None:
    """Refuse what the provider's row says that it does not take.

    Raises:
        UnsupportedError: the request asks for it.
    """
    if provider.unsupported:
        for what in asked(request):
            if what in provider.unsupported:
                raise UnsupportedError(f"{provider.title} takes no {what}: {provider.unsupported[what]}")


def asked(request: ChatRequest) -> Iterator[str]:
    """What a request asks for: its fields, and the ways in which they are given."""
    yield from given(request, sorted(FIELDS))
    if any(tool.strict for tool in request.tools):
        yield "tools.strict"
    choice, form, reasoning = request.tool_choice, request.response_format, request.reasoning
    if choice is not None:
        yield f"tool_choice.{choice if choice in _CHOICES else 'tool'}"
    if form is not None:
        yield f"response_format.{form.type}"
    if reasoning is not None:
        yield from (f"reasoning.{name}" for name in ("effort", "budget_tokens") if getattr(reasoning, name) is not None)
    for message in request.messages:
        yield from _asked_in(message)


def _asked_in(message: Message) -> Iterator[str]:
    """An answer on its way back asks for nothing of the kind: it came from there."""
    if message.name is not None and message.role != "tool":
        yield "name"
    if message.role != "assistant":
        for part in message.content:
            yield from _asked_by(part)


def _asked_by(part: ContentPart) -> Iterator[str]:
    kind: str = part.type
    if kind in _PARTS:
        yield f"content.{kind}"
        yield from (f"content.{kind}.{name}" for name in _PARTS[kind] if getattr(part, name) is not None)
