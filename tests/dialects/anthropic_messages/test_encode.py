"""Messages, from a request to a JSON body: its fields."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from duologue._dialects.anthropic_messages import FIELDS, FRAMING, UNSUPPORTED, Decoder, encode
from duologue._json import dumps
from duologue.errors import UnsupportedError
from duologue.models import ChatRequest, FileContent, Message, Reasoning, ResponseFormat, Tool
from tests.dialects.anthropic_messages.reading import ANTHROPIC

# What `encode` writes itself.
FRAME = {"messages", "model", "max_tokens", "tool_choice", "parallel_tool_calls", "reasoning", "extra"}
SCHEMA = {"type": "object", "additionalProperties": False}


def body(*messages: Any, stream: bool = False, **fields: Any) -> dict[str, Any]:
    return encode(ChatRequest(messages or "hi", **fields), ANTHROPIC, model="m", stream=stream).body


def test_every_field_of_a_request_is_sent_or_refused() -> None:
    fields = [field.name for field in attrs.fields(ChatRequest)]
    assert sorted([*FIELDS, *UNSUPPORTED, *FRAME]) == sorted(fields)


FIELD_CASES: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "tools",
        [Tool("f", "does f", {"type": "object"}, strict=True), Tool("g")],
        {
            "tools": [
                {"name": "f", "description": "does f", "input_schema": {"type": "object"}, "strict": True},
                {"name": "g", "input_schema": {"type": "object", "properties": {}}},
            ]
        },
    ),
    ("tools", [], {}),
    ("tool_choice", "auto", {"tool_choice": {"type": "auto"}}),
    ("tool_choice", "none", {"tool_choice": {"type": "none"}}),
    ("tool_choice", "required", {"tool_choice": {"type": "any"}}),
    ("tool_choice", "f", {"tool_choice": {"type": "tool", "name": "f"}}),
    ("parallel_tool_calls", False, {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
    ("parallel_tool_calls", True, {"tool_choice": {"type": "auto", "disable_parallel_tool_use": False}}),
    ("temperature", 0, {"temperature": 0}),
    ("top_p", 0.5, {"top_p": 0.5}),
    ("max_tokens", 5, {"max_tokens": 5}),
    ("stop", "END", {"stop_sequences": ["END"]}),
    ("stop", ["a", "b"], {"stop_sequences": ["a", "b"]}),
    ("stop", None, {}),
    ("response_format", "text", {}),
    ("response_format", SCHEMA, {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
    (
        "response_format",
        ResponseFormat("json_schema", SCHEMA, "n", strict=True),
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ),
    ("reasoning", "low", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
    ("reasoning", 2000, {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 6096}),
    (
        "reasoning",
        Reasoning("high", 2000),
        {
            "thinking": {"type": "enabled", "budget_tokens": 2000},
            "output_config": {"effort": "high"},
            "max_tokens": 6096,
        },
    ),
    ("reasoning", 0, {"thinking": {"type": "disabled"}}),
    ("reasoning", "none", {"thinking": {"type": "disabled"}}),
    ("reasoning", Reasoning(), {}),
    ("user", "u", {"metadata": {"user_id": "u"}}),
    ("metadata", {"user_id": "u"}, {"metadata": {"user_id": "u"}}),
    ("metadata", {}, {}),
    ("n", 1, {}),
    ("logprobs", False, {}),
    ("top_logprobs", 0, {}),
    ("frequency_penalty", 0, {}),
    ("presence_penalty", 0.0, {}),
    ("extra", {"novel": 1, "max_tokens": 7}, {"novel": 1, "max_tokens": 7}),
    ("extra", {}, {}),
]


@pytest.mark.parametrize(("field", "value", "expected"), FIELD_CASES)
def test_fields(field: str, value: Any, expected: dict[str, Any]) -> None:
    found = body(**{field: value})
    assert found == {"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "hi"}], **expected}
    assert json.loads(dumps(found)) == found


REFUSED: list[tuple[str, Any, str]] = [
    ("seed", 0, "no seed: sampling cannot be made repeatable"),
    ("n", 2, "no n: it gives one answer"),
    ("frequency_penalty", 0.5, "no frequency_penalty"),
    ("presence_penalty", -1, "no presence_penalty"),
    ("logprobs", True, "no logprobs"),
    ("top_logprobs", 3, "no top_logprobs"),
    ("response_format", "json_object", "^response_format: .*takes a JSON Schema"),
    ("metadata", {"user_id": "u", "a": "b"}, "^metadata: .*takes user_id alone"),
]


@pytest.mark.parametrize(("field", "value", "words"), REFUSED)
def test_refused_fields(field: str, value: Any, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        body(**{field: value})


def test_every_field_is_tried() -> None:
    assert {field for field, *_ in [*FIELD_CASES, *REFUSED]} | {"messages", "model"} == {*FIELDS, *UNSUPPORTED, *FRAME}


@pytest.mark.parametrize(
    ("model", "budget"),
    [
        ("claude-3-7-sonnet-20250219", 8192),
        ("claude-sonnet-4-20250514", 8192),
        ("claude-sonnet-4-0", 8192),
        ("claude-sonnet-4-5", 8192),
        ("claude-sonnet-4-5-20250929", 8192),
        ("claude-haiku-4-5@20251001", 8192),
        ("claude-opus-4-1-20250805", 8192),
        ("claude-opus-4-20250514", 8192),
        ("claude-opus-4-5-20251101", None),
        ("claude-opus-4-5", None),
        ("claude-sonnet-4-6", None),
        ("claude-opus-5", None),
        ("claude-haiku-5-20260901", None),
    ],
)
def test_an_effort_is_a_budget_for_models_that_know_no_other(model: str, budget: int | None) -> None:
    found = encode(ChatRequest("hi", reasoning="medium"), ANTHROPIC, model=model, stream=True).body
    if budget is None:
        assert (found["thinking"], found["output_config"]) == ({"type": "adaptive"}, {"effort": "medium"})
        return
    assert found["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert found["max_tokens"] == 4096 + budget
    assert "output_config" not in found
    for reasoning in (Reasoning("huge"), Reasoning("low", 2000)):
        with pytest.raises(
            UnsupportedError, match=f"{model} takes reasoning as a budget of tokens, or as none, minimal"
        ):
            encode(ChatRequest("hi", reasoning=reasoning), ANTHROPIC, model=model, stream=True)


def test_fields_that_share_a_place() -> None:
    found = body(response_format=SCHEMA, reasoning="low", user="u", metadata={"user_id": "v"})
    assert found["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}
    assert found["metadata"] == {"user_id": "u"}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("none", {"type": "none"}),
        ("required", {"type": "any", "disable_parallel_tool_use": True}),
        ("f", {"type": "tool", "name": "f", "disable_parallel_tool_use": True}),
    ],
)
def test_one_call_at_a_time(choice: str, expected: dict[str, Any]) -> None:
    assert body(tool_choice=choice, parallel_tool_calls=False)["tool_choice"] == expected
    assert body(tool_choice=choice)["tool_choice"] == {k: v for k, v in expected.items() if k in ("type", "name")}


def test_a_limit_that_is_given_holds() -> None:
    assert body(reasoning=2000, max_tokens=3000)["max_tokens"] == 3000


def test_streams_are_asked_for() -> None:
    assert body(stream=True)["stream"] is True
    assert "stream" not in body()


def test_the_path_and_the_headers() -> None:
    wire = encode(ChatRequest("hi"), ANTHROPIC, model="m", stream=True)
    assert (wire.path, dict(wire.headers)) == ("/v1/messages", {})
    uploaded = ChatRequest([Message.user([FileContent(file_id="file_1")])])
    headers = encode(uploaded, ANTHROPIC, model="m", stream=True).headers
    assert headers == {"anthropic-beta": "files-api-2025-04-14"}


def test_what_the_dialect_offers() -> None:
    assert FRAMING == "sse"
    assert Decoder(ANTHROPIC).ended is False


def test_a_mark_for_the_prompt_cache() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    assert body(extra=mark)["cache_control"] == {"type": "ephemeral"}
