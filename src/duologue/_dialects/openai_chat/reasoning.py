"""How servers are told how much to think, and how they take back what they thought: each row of the provider table
names one of a few ways.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from duologue._dialects.request import named
from duologue.errors import UnsupportedError
from duologue.models import ReasoningContent, TextContent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duologue._dialects.request import Convert
    from duologue.models import Message, Provider, Reasoning, ReasoningHistory, ReasoningStyle


class _Style(NamedTuple):
    """What an effort, a budget of tokens and some words for an effort become; None where there is nothing for it."""

    effort: Convert | None = None
    budget: Convert | None = None
    words: Mapping[str, dict[str, Any]] = {}


def _switch(on: dict[str, Any], off: dict[str, Any]) -> Mapping[str, dict[str, Any]]:
    return {"enabled": on, "disabled": off, "none": off}


_EFFORT = named("reasoning_effort")
_THINKING = _switch({"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}})
_STYLES: dict[ReasoningStyle, _Style] = {
    "reasoning_effort": _Style(_EFFORT),
    "reasoning": _Style(
        named("reasoning", "effort"),
        named("reasoning", "max_tokens"),
        {"enabled": {"reasoning": {"enabled": True}}, "disabled": {"reasoning": {"enabled": False}}},
    ),
    "reasoning_enabled": _Style(
        _EFFORT, words=_switch({"reasoning": {"enabled": True}}, {"reasoning": {"enabled": False}})
    ),
    "thinking": _Style(_EFFORT, words=_THINKING),
    "thinking_budget": _Style(
        _EFFORT, lambda budget: {"thinking": {"type": "enabled", "budget_tokens": budget}}, _THINKING
    ),
    "enable_thinking": _Style(
        None,
        lambda budget: {"enable_thinking": True, "thinking_budget": budget},
        _switch({"enable_thinking": True}, {"enable_thinking": False}),
    ),
    "chat_template_kwargs": _Style(
        _EFFORT,
        words=_switch(
            {"chat_template_kwargs": {"enable_thinking": True}}, {"chat_template_kwargs": {"enable_thinking": False}}
        ),
    ),
}


def ask_for(reasoning: Reasoning, provider: Provider) -> dict[str, Any]:
    """The part of the body that asks for reasoning.

    Raises:
        UnsupportedError: the provider cannot be told so.
    """
    style = _STYLES[provider.reasoning_style]
    effort, budget = reasoning.effort, reasoning.budget_tokens
    if effort is not None and budget is None:
        if effort in style.words:
            return style.words[effort]
        if style.effort is not None:
            return style.effort(effort)
    elif budget is not None and effort is None and style.budget is not None:
        return style.budget(budget)
    raise UnsupportedError(f"{provider.title} takes reasoning as {_known(style)}; got {reasoning}")


def _known(style: _Style) -> str:
    ways = ["an effort, such as 'low'"] if style.effort else [" or ".join(map(repr, style.words))]
    if style.budget:
        ways.append("a budget of tokens")
    return f"{' or '.join(ways)}{', not both' if style.budget else ', not as a budget of tokens'}"


# -- on its way back ---------------------------------------------------------------------------------------------------

_SENT: dict[ReasoningHistory, Callable[[Message], bool]] = {
    "given": lambda message: bool(message.reasoning),
    "required": lambda _: True,
    "required_with_tools": lambda message: bool(message.reasoning or message.tool_calls),
    "only_with_tools": lambda message: bool(message.tool_calls),
}


class History:
    """How one model of a provider takes back what it thought."""

    def __init__(self, provider: Provider, model: str) -> None:
        self._field = provider.reasoning_field
        rules = (rule for name, rule in provider.reasoning_history.items() if re.fullmatch(name, model))
        self._sent = _SENT[next(rules, "given")]

    def fields(self, message: Message) -> dict[str, Any]:
        """What goes into an assistant's message for its reasoning."""
        if self._field is None or not self._sent(message):
            return {}
        if self._field == "content":
            return {"content": [_part(part) for part in message.content if type(part) in _PARTS]}
        return {self._field: message.reasoning}


def _part(part: Any) -> dict[str, Any]:
    return _PARTS[type(part)](part)


def _thinking(part: ReasoningContent) -> dict[str, Any]:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": part.text}]}
    return thought if part.signature is None else {**thought, "signature": part.signature}


# https://docs.mistral.ai/capabilities/reasoning/
_PARTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    TextContent: lambda part: {"type": "text", "text": part.text},
    ReasoningContent: _thinking,
}
