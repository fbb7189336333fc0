"""How servers are told how much to think, and take back what they thought."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from duologue._dialects.openai_chat.encode import encode
from duologue._dialects.openai_chat.reasoning import History, ask_for
from duologue._tables import PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import (
    REASONING_HISTORY_VALUES,
    REASONING_STYLE_VALUES,
    ChatRequest,
    Message,
    Provider,
    Reasoning,
    ReasoningContent,
    ReasoningHistory,
    ReasoningStyle,
    TextContent,
    ToolCall,
)


def row(**columns: Any) -> Provider:
    return Provider("acme", "Acme", "openai-chat", "", **columns)


LOW = {"reasoning_effort": "low"}
ON: dict[str, Any] = {"type": "enabled"}
OFF: dict[str, Any] = {"type": "disabled"}
# What an effort, a budget, and the words `none`, `enabled` and `disabled` become; None where they are refused.
ASKED: dict[ReasoningStyle, tuple[Any, ...]] = {
    "reasoning_effort": (LOW, None, *({"reasoning_effort": word} for word in ("none", "enabled", "disabled"))),
    "reasoning": (
        {"reasoning": {"effort": "low"}},
        {"reasoning": {"max_tokens": 2048}},
        {"reasoning": {"effort": "none"}},
        {"reasoning": {"enabled": True}},
        {"reasoning": {"enabled": False}},
    ),
    "reasoning_enabled": (
        LOW,
        None,
        {"reasoning": {"enabled": False}},
        {"reasoning": {"enabled": True}},
        {"reasoning": {"enabled": False}},
    ),
    "thinking": (LOW, None, {"thinking": OFF}, {"thinking": ON}, {"thinking": OFF}),
    "thinking_budget": (
        LOW,
        {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        {"thinking": OFF},
        {"thinking": ON},
        {"thinking": OFF},
    ),
    "enable_thinking": (
        None,
        {"enable_thinking": True, "thinking_budget": 2048},
        {"enable_thinking": False},
        {"enable_thinking": True},
        {"enable_thinking": False},
    ),
    "chat_template_kwargs": (
        LOW,
        None,
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"chat_template_kwargs": {"enable_thinking": True}},
        {"chat_template_kwargs": {"enable_thinking": False}},
    ),
}
GIVEN = (Reasoning("low"), Reasoning(budget_tokens=2048), *map(Reasoning, ("none", "enabled", "disabled")))


@pytest.mark.parametrize("style", REASONING_STYLE_VALUES)
def test_how_much_to_think(style: ReasoningStyle) -> None:
    provider = row(reasoning_style=style)
    for reasoning, expected in zip(GIVEN, ASKED[style], strict=True):
        if expected is None:
            with pytest.raises(UnsupportedError, match=r"^Acme takes reasoning as .*; got Reasoning\("):
                ask_for(reasoning, provider)
        else:
            assert ask_for(reasoning, provider) == expected
    for neither in (Reasoning(), Reasoning("low", 2048)):
        with pytest.raises(UnsupportedError):
            ask_for(neither, provider)


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("reasoning_effort", "an effort, such as 'low', not as a budget of tokens"),
        ("reasoning", "an effort, such as 'low' or a budget of tokens, not both"),
        ("enable_thinking", "'enabled' or 'disabled' or 'none' or a budget of tokens, not both"),
    ],
)
def test_a_refusal_says_what_is_taken(style: ReasoningStyle, words: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        ask_for(Reasoning(), row(reasoning_style=style))
    assert words in str(caught.value)


def test_extra_adds_to_it() -> None:
    extra = {"thinking": {"clear_thinking": False}}
    request = ChatRequest("hi", reasoning="enabled", extra=extra)
    body = encode(request, PROVIDERS["zai"], model="glm-5", stream=False).body
    assert body["thinking"] == {"type": "enabled", "clear_thinking": False}


# -- on its way back ---------------------------------------------------------------------------------------------------

CALL = ToolCall("c", "f")
THOUGHT, PLAIN = ReasoningContent("hm"), TextContent("yes")
MESSAGES = {
    "thought": Message.assistant([THOUGHT, PLAIN]),
    "thought, called": Message.assistant([THOUGHT], tool_calls=[CALL]),
    "called": Message.assistant(tool_calls=[CALL]),
    "neither": Message.assistant(PLAIN),
}
SENT: dict[ReasoningHistory, tuple[str | None, ...]] = {
    "given": ("hm", "hm", None, None),
    "required": ("hm", "hm", "", ""),
    "required_with_tools": ("hm", "hm", "", None),
    "only_with_tools": (None, "hm", "", None),
}


@pytest.mark.parametrize("rule", REASONING_HISTORY_VALUES)
def test_when_it_goes_back(rule: ReasoningHistory) -> None:
    history = History(row(reasoning_field="thought", reasoning_history={".*": rule}), "m")
    for message, sent in zip(MESSAGES.values(), SENT[rule], strict=True):
        assert history.fields(message) == ({} if sent is None else {"thought": sent})


@pytest.mark.parametrize(
    ("model", "sent"), [("a-1", {"thought": ""}), ("a-2", {}), ("xa-1", {}), ("a-1x", {}), ("b\n", {})]
)
def test_the_first_pattern_that_fits_the_whole_name(model: str, sent: dict[str, str]) -> None:
    rules: dict[str, ReasoningHistory] = {"a-1": "required", "a-.*": "given", "b": "required"}
    history = History(row(reasoning_field="thought", reasoning_history=rules), model)
    assert history.fields(MESSAGES["neither"]) == sent


def test_it_stays_here_where_nothing_takes_it() -> None:
    assert all(History(row(reasoning_history={".*": "required"}), "m").fields(m) == {} for m in MESSAGES.values())


def test_as_a_part_of_the_content() -> None:
    """Mistral's."""
    history = History(row(reasoning_field="content"), "m")
    signed = attrs.evolve(THOUGHT, signature="s")
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    said = {"type": "text", "text": "yes"}
    assert history.fields(Message.assistant([THOUGHT, PLAIN])) == {"content": [thinking, said]}
    assert history.fields(Message.assistant(signed)) == {"content": [{**thinking, "signature": "s"}]}
    assert history.fields(Message.assistant(PLAIN)) == {}
