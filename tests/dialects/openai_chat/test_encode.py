"""Chat Completions, from a request to a JSON body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue._dialects.openai_chat.encode import FIELDS, encode
from duologue._json import dumps
from duologue._tables import PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import (
    AudioContent,
    ChatRequest,
    Message,
    Provider,
    Reasoning,
    ResponseFormat,
    Tool,
)
from tests.dialects.openai_chat.test_recordings import ALL, each

if TYPE_CHECKING:
    from tests.kit.recordings import Recording

OPENAI = PROVIDERS["openai"]
LLAMACPP = PROVIDERS["llamacpp"]


def body(*messages: Any, provider: Provider = OPENAI, stream: bool = False, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages or "hi", **fields)
    return encode(request, provider, model="m", stream=stream).body


# -- fields ------------------------------------------------------------------------------------------------------------

# What `encode` writes itself.
FRAME = {"messages", "model", "reasoning", "extra"}


def test_every_field_of_a_request_has_a_place() -> None:
    fields = {field.name for field in attrs.fields(ChatRequest)}
    assert FIELDS.keys() | FRAME == fields
    assert not FIELDS.keys() & FRAME


FIELD_CASES: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "tools",
        [Tool("f", "does f", {"type": "object"})],
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "f", "description": "does f", "parameters": {"type": "object"}},
                }
            ]
        },
    ),
    (
        "tools",
        [Tool("f", strict=True)],
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "f", "parameters": {"type": "object", "properties": {}}, "strict": True},
                }
            ]
        },
    ),
    ("tools", [], {}),
    ("tools", None, {}),
    ("tool_choice", "auto", {"tool_choice": "auto"}),
    ("tool_choice", "none", {"tool_choice": "none"}),
    ("tool_choice", "required", {"tool_choice": "required"}),
    ("tool_choice", "f", {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
    ("temperature", 0, {"temperature": 0}),
    ("temperature", 0.7, {"temperature": 0.7}),
    ("top_p", 0.5, {"top_p": 0.5}),
    ("max_tokens", 5, {"max_completion_tokens": 5}),
    ("stop", "END", {"stop": ["END"]}),
    ("stop", ["a", "b"], {"stop": ["a", "b"]}),
    ("stop", None, {}),
    ("seed", 0, {"seed": 0}),
    ("response_format", "text", {"response_format": {"type": "text"}}),
    ("response_format", "json_object", {"response_format": {"type": "json_object"}}),
    (
        "response_format",
        {"type": "object"},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "response", "schema": {"type": "object"}}}},
    ),
    (
        "response_format",
        ResponseFormat("json_schema", {"a": 1}, "n", strict=True),
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True}}},
    ),
    ("reasoning", "low", {"reasoning_effort": "low"}),
    ("n", 2, {"n": 2}),
    ("parallel_tool_calls", False, {"parallel_tool_calls": False}),
    ("frequency_penalty", -1, {"frequency_penalty": -1}),
    ("presence_penalty", 0, {"presence_penalty": 0}),
    ("logprobs", True, {"logprobs": True}),
    ("top_logprobs", 3, {"top_logprobs": 3}),
    ("user", "u", {"user": "u"}),
    ("metadata", {"a": "b"}, {"metadata": {"a": "b"}}),
    ("metadata", {}, {}),
    ("extra", {"novel": 1}, {"novel": 1}),
    ("extra", {}, {}),
]


@pytest.mark.parametrize(("field", "value", "expected"), FIELD_CASES)
def test_fields(field: str, value: Any, expected: dict[str, Any]) -> None:
    found = body(**{field: value})
    assert found == {"model": "m", "messages": [{"role": "user", "content": "hi"}], **expected}
    assert json.loads(dumps(found)) == found


def test_every_field_is_tried() -> None:
    assert {field for field, _, _ in FIELD_CASES} | {"messages", "model"} == FIELDS.keys() | FRAME


def test_what_is_not_given_is_not_sent() -> None:
    assert body().keys() == {"model", "messages"}


def test_the_path() -> None:
    assert encode(ChatRequest("hi"), OPENAI, model="m", stream=True).path == "/chat/completions"


def test_the_model_is_the_one_decided_on() -> None:
    assert body(model="other")["model"] == "m"


@pytest.mark.parametrize(
    ("stream", "row", "expected"),
    [
        (False, {}, {}),
        (True, {}, {"stream": True, "stream_options": {"include_usage": True}}),
        (True, {"stream_usage": False}, {"stream": True}),
    ],
)
def test_streaming(stream: bool, row: dict[str, Any], expected: dict[str, Any]) -> None:
    found = body(stream=stream, provider=attrs.evolve(OPENAI, **row))
    assert {key: found[key] for key in found.keys() - {"model", "messages"}} == expected


@pytest.mark.parametrize(("provider", "field"), [("openai", "max_completion_tokens"), ("llamacpp", "max_tokens")])
def test_the_name_of_max_tokens(provider: str, field: str) -> None:
    assert body(provider=PROVIDERS[provider], max_tokens=7)[field] == 7


def test_extra_wins() -> None:
    extra = {"model": "x", "stream": False, "temperature": None, "stream_options": {"a": 1}}
    assert body(stream=True, temperature=1, extra=extra) == {
        "messages": [{"role": "user", "content": "hi"}],
        **extra,
        "stream_options": {"include_usage": True, "a": 1},
    }


@pytest.mark.parametrize("reasoning", [5, Reasoning(), Reasoning("low", 5)])
def test_reasoning_that_is_no_effort(reasoning: Any) -> None:
    with pytest.raises(UnsupportedError, match="as an effort"):
        body(reasoning=reasoning)


# -- requests as others sent them --------------------------------------------------------------------------------------


def simple(recording: Recording) -> bool:
    request: dict[str, Any] = recording.about.get("request") or {}
    return (
        bool(request)
        and not recording.about.get("request_shortened")
        and all(isinstance(message.get("content"), str) for message in request["messages"])
        and all(message["role"] in ("system", "user") for message in request["messages"])
        and all(message.keys() <= {"role", "content", "name"} for message in request["messages"])
    )


SIMPLE = [recording for recording in ALL if simple(recording)]


def test_there_are_some() -> None:
    assert not ALL or len(SIMPLE) > 50


@each(SIMPLE)
def test_a_recorded_request_can_be_said(recording: Recording) -> None:
    """Said with our names where there are some, and else through `extra`, it is the request that was recorded."""
    sent = dict(recording.about["request"])
    stream = bool(sent.pop("stream", False))
    usage = sent.pop("stream_options", None)
    given: dict[str, Any] = {
        "messages": [Message(**message) for message in sent.pop("messages")],
        "model": sent.pop("model"),
    }
    limit = next((name for name in ("max_completion_tokens", "max_tokens") if name in sent), "max_tokens")
    ours = {"temperature", "top_p", "max_tokens", "seed", "stop", "n", "presence_penalty", "frequency_penalty", "user"}
    for ours_name, name in [*((name, name) for name in ours), ("max_tokens", limit), ("reasoning", "reasoning_effort")]:
        if sent.get(name) is not None:
            given[ours_name] = sent.pop(name)
    if sent.get("tool_choice") in ("auto", "none", "required"):
        given["tool_choice"] = sent.pop("tool_choice")
    if all(tool.get("type") == "function" and tool.keys() <= {"type", "function"} for tool in sent.get("tools") or ()):
        given["tools"] = sent.pop("tools", ())
    provider = attrs.evolve(OPENAI, field_names={"max_tokens": limit}, stream_usage=bool(usage))
    said = encode(ChatRequest(**given, extra=sent), provider, model=given["model"], stream=stream).body
    assert meaning(said) == meaning(recording.about["request"])


def meaning(request: dict[str, Any]) -> dict[str, Any]:
    """A request without what is as good as left out."""
    found: dict[str, Any] = {
        key: value for key, value in request.items() if value is not None and (key, value) != ("stream", False)
    }
    if isinstance(found.get("stop"), str):
        found["stop"] = [found["stop"]]
    if "tools" in found:
        tools: list[dict[str, Any]] = found["tools"]
        found["tools"] = [{**tool, "function": _function(tool.get("function", {}))} for tool in tools]
    return found


def _function(function: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value or {"type": "object", "properties": {}}
        for key, value in {"parameters": None, **function}.items()
        if key != "description" or value
    }


def test_sound_that_says_nothing_is_no_sound() -> None:
    """Snowflake's answers have one, of empty values."""
    [message] = body(Message.assistant(["Hi", AudioContent(extra={"expires_at": 0})]))["messages"]
    assert message == {"role": "assistant", "content": "Hi"}
