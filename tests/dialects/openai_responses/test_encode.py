"""Responses, from a request to a JSON body: the fields."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from duologue._dialects.openai_responses import FIELDS, UNSUPPORTED, encode
from duologue._json import dumps
from duologue.errors import UnsupportedError
from duologue.models import ChatRequest, Message, Reasoning, ResponseFormat, Tool, UnknownContent
from tests.dialects.openai_responses.reading import PROVIDER

# What `encode` writes itself.
FRAME = {"messages", "model", "extra"}


def body(*messages: Any, stream: bool = False, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages or "hi", **fields)
    return encode(request, PROVIDER, model="m", stream=stream).body


def test_every_field_of_a_request_has_a_place_or_is_refused() -> None:
    fields = {field.name for field in attrs.fields(ChatRequest)}
    assert FIELDS.keys() | UNSUPPORTED.keys() | FRAME == fields
    assert len(FIELDS) + len(UNSUPPORTED) + len(FRAME) == len(fields), "each has one place"


NO_PARAMETERS = {"type": "object", "properties": {}}
FIELD_CASES: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "tools",
        [Tool("f", "does f", {"type": "object"})],
        {"tools": [{"type": "function", "name": "f", "description": "does f", "parameters": {"type": "object"}}]},
    ),
    (
        "tools",
        [Tool("f", strict=False)],
        {"tools": [{"type": "function", "name": "f", "parameters": NO_PARAMETERS, "strict": False}]},
    ),
    ("tools", [], {}),
    ("tool_choice", "auto", {"tool_choice": "auto"}),
    ("tool_choice", "none", {"tool_choice": "none"}),
    ("tool_choice", "required", {"tool_choice": "required"}),
    ("tool_choice", "f", {"tool_choice": {"type": "function", "name": "f"}}),
    ("temperature", 0, {"temperature": 0}),
    ("top_p", 0.5, {"top_p": 0.5}),
    ("max_tokens", 5, {"max_output_tokens": 5}),
    ("response_format", "text", {"text": {"format": {"type": "text"}}}),
    ("response_format", "json_object", {"text": {"format": {"type": "json_object"}}}),
    (
        "response_format",
        {"type": "object"},
        {"text": {"format": {"type": "json_schema", "name": "response", "schema": {"type": "object"}}}},
    ),
    (
        "response_format",
        ResponseFormat("json_schema", {"a": 1}, "n", strict=True),
        {"text": {"format": {"type": "json_schema", "name": "n", "schema": {"a": 1}, "strict": True}}},
    ),
    ("reasoning", "low", {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]}),
    ("parallel_tool_calls", False, {"parallel_tool_calls": False}),
    ("logprobs", True, {"include": ["message.output_text.logprobs"]}),
    ("logprobs", False, {}),
    ("top_logprobs", 3, {"top_logprobs": 3, "include": ["message.output_text.logprobs"]}),
    ("user", "u", {"user": "u"}),
    ("metadata", {"a": "b"}, {"metadata": {"a": "b"}}),
    ("metadata", {}, {}),
    ("extra", {"store": False, "novel": 1}, {"store": False, "novel": 1}),
    ("extra", {}, {}),
]


@pytest.mark.parametrize(("field", "value", "expected"), FIELD_CASES)
def test_fields(field: str, value: Any, expected: dict[str, Any]) -> None:
    found = body(**{field: value})
    assert found == {"model": "m", "input": [{"type": "message", "role": "user", "content": "hi"}], **expected}
    assert json.loads(dumps(found)) == found


def test_every_field_is_tried() -> None:
    assert {field for field, _, _ in FIELD_CASES} | {"messages", "model"} == FIELDS.keys() | FRAME


@pytest.mark.parametrize(
    ("field", "value"),
    [("stop", "END"), ("seed", 0), ("n", 2), ("frequency_penalty", 0.5), ("presence_penalty", 1)],
)
def test_what_the_format_has_not_is_refused(field: str, value: Any) -> None:
    assert field in UNSUPPORTED
    with pytest.raises(UnsupportedError, match=f"no {field}"):
        body(**{field: value})


@pytest.mark.parametrize("reasoning", [100, Reasoning(), Reasoning("low", 100)])
def test_a_budget_for_reasoning_is_refused(reasoning: Any) -> None:
    with pytest.raises(UnsupportedError, match="effort"):
        body(reasoning=reasoning)


def test_what_is_not_given_is_not_sent() -> None:
    assert body().keys() == {"model", "input"}


def test_includes_come_together() -> None:
    assert set(body(reasoning="low", logprobs=True)["include"]) == {
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    }


def test_reasoning_that_is_asked_for_in_extra_comes_encrypted_too() -> None:
    found = body(extra={"reasoning": {"effort": "low", "summary": "auto"}})
    assert found["include"] == ["reasoning.encrypted_content"]


def test_what_only_a_server_that_stores_knows_does_not_go_to_one_that_does_not() -> None:
    stored = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm"}]}
    sealed, open_one = {**stored, "encrypted_content": "gAAA"}, {**stored, "content": [{"type": "reasoning_text"}]}
    answer = Message.assistant([UnknownContent(item) for item in (stored, sealed, open_one)])
    assert body(answer)["input"] == [stored, sealed, open_one]
    assert body(answer, extra={"store": True})["input"] == [stored, sealed, open_one]
    assert body(answer, extra={"store": False})["input"] == [sealed, open_one]


def test_extra_wins() -> None:
    found = body(reasoning="low", extra={"reasoning": {"effort": "high", "summary": "auto"}, "include": []})
    assert found["reasoning"] == {"effort": "high", "summary": "auto"}
    assert found["include"] == []


def test_the_path_and_streaming() -> None:
    assert encode(ChatRequest("hi"), PROVIDER, model="m", stream=True).path == "/responses"
    assert body(stream=True)["stream"] is True
