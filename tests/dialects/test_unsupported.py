"""What a provider's row says that it does not take."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from duologue import ConfigurationError, UnsupportedError, register_provider
from duologue._core.registry import _check
from duologue._dialects.request import FIELDS
from duologue._dialects.unsupported import WAYS, asked, check_supported
from duologue._tables import PROVIDERS
from duologue.models import (
    AudioContent,
    ChatRequest,
    FileContent,
    ImageContent,
    Message,
    Provider,
    Reasoning,
    TextContent,
    Tool,
    UnknownContent,
)

IMAGE = ImageContent(data=b"x", media_type="image/png", detail="low")


def of(*parts: Any, **fields: Any) -> set[str]:
    return set(asked(ChatRequest([Message.user(parts)], **fields)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, set()),
        ({"n": 1, "logprobs": False, "parallel_tool_calls": True, "metadata": {}}, set()),
        ({"n": 2, "seed": 0, "stop": "x"}, {"n", "seed", "stop"}),
        ({"tool_choice": "auto"}, {"tool_choice.auto"}),
        ({"tool_choice": "required"}, {"tool_choice", "tool_choice.required"}),
        ({"tool_choice": "f"}, {"tool_choice", "tool_choice.tool"}),
        ({"tools": [Tool("f"), Tool("g", strict=False)]}, {"tools"}),
        ({"tools": [Tool("f"), Tool("g", strict=True)]}, {"tools", "tools.strict"}),
        ({"response_format": "json_object"}, {"response_format", "response_format.json_object"}),
        ({"response_format": {"type": "object"}}, {"response_format", "response_format.json_schema"}),
        ({"reasoning": "low"}, {"reasoning", "reasoning.effort"}),
        ({"reasoning": Reasoning(budget_tokens=0)}, {"reasoning", "reasoning.budget_tokens"}),
    ],
)
def test_what_is_asked(fields: dict[str, Any], expected: set[str]) -> None:
    assert of("hi", **fields) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (TextContent("x"), set()),
        (UnknownContent({"type": "file"}), set()),
        (IMAGE, {"content.image", "content.image.data", "content.image.detail"}),
        (FileContent(file_id="f"), {"content.file", "content.file.file_id"}),
        (AudioContent.from_url("https://h/a.wav"), {"content.audio", "content.audio.url"}),
    ],
)
def test_what_is_asked_by_a_message(part: Any, expected: set[str]) -> None:
    assert of(part) == expected


def test_what_comes_from_there_asks_for_nothing() -> None:
    talk = [Message.assistant(IMAGE), Message.tool("c", "r", name="f"), Message.tool("c", IMAGE)]
    assert set(asked(ChatRequest(talk[:2]))) == set()
    assert "content.image" in set(asked(ChatRequest(talk)))
    assert set(asked(ChatRequest([Message.system("s", name="ann")]))) == {"name"}


def test_every_word_is_one_that_can_be_asked() -> None:
    fields = {field.name for field in attrs.fields(ChatRequest)}
    assert fields - {"messages", "model", "extra"} == FIELDS
    assert not FIELDS & WAYS
    assert {word.partition(".")[0] for word in WAYS} <= fields | {"name", "content"}


def test_a_refusal_names_it() -> None:
    provider = Provider("acme", "Acme", "openai-chat", "", unsupported={"n": "it gives one", "content.image": "blind"})
    check_supported(ChatRequest("hi", n=1), provider)
    with pytest.raises(UnsupportedError, match=r"^Acme takes no n: it gives one$"):
        check_supported(ChatRequest("hi", n=2), provider)
    with pytest.raises(UnsupportedError, match=r"^Acme takes no content\.image: blind$"):
        check_supported(ChatRequest([Message.user(IMAGE)]), provider)


# -- rows --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
def test_the_table_s_rows_hold_what_those_of_users_must(provider: Provider) -> None:
    _check(provider)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"unsupported": {"nn": "x"}}, "unsupported of 'acme': there is no 'nn'"),
        ({"unsupported": {"tool_choice.auto": "x"}}, "there is no 'tool_choice.auto'"),
        ({"field_names": {"tools.strict": "x"}}, "field_names of 'acme': there is no 'tools.strict'"),
        ({"reasoning_history": {"(": "given"}}, r"reasoning_history of 'acme': '\(': missing \)"),
    ],
)
@pytest.mark.usefixtures("added")
def test_rows_that_say_nothing(column: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        register_provider("acme", dialect="openai-chat", **column)
