"""The ways to ask: which one is taken, and what goes over the wire."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple, TypedDict

import attrs
import pytest

from duologue import (
    ChatRequest,
    ClientConfig,
    Message,
    Reasoning,
    ResponseFormat,
    Tool,
    UnsupportedError,
    from_dict,
    to_dict,
)
from duologue._core.call import Call
from duologue._core.endpoint import resolve
from duologue._tables import PROVIDERS


@attrs.frozen
class City:
    """A city."""

    name: str
    people: int = 0


SCHEMA = {
    "description": "A city.",
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "default": 0}},
    "required": ["name"],
    "additionalProperties": False,
}
STRICT = {
    "description": "A city.",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "people": {"description": "(default 0)", "anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
    "required": ["name", "people"],
    "additionalProperties": False,
}
WORDS = f"Answer with one JSON object and nothing else. It must fit this JSON Schema:\n{json.dumps(SCHEMA)}"
WEATHER = Tool("weather", "It", {"type": "object"})


def call(provider: str, model: str | None = None, **params: Any) -> Call:
    options = {"region": "eu-west-1"} if provider == "bedrock" else {}
    fields: dict[str, Any] = {
        "model": model or "m",
        "api_key": "k" * 20,
        "base_url": "http://127.0.0.1:1",
        "options": options,
    }
    config = ClientConfig(provider=provider, **fields)
    request = ChatRequest(params.pop("messages", "hi"), **{"response_format": City, **params})
    return Call(config, resolve(config, {}), request, stream=True, now=0)


def sent(provider: str, model: str | None = None, **params: Any) -> Any:
    return json.loads(call(provider, model, **params).body)


def way(provider: str, model: str | None = None, **params: Any) -> str:
    output = call(provider, model, **params).output
    assert output is not None
    return output.way


@pytest.mark.parametrize("provider", sorted(PROVIDERS.keys() - {"deepseek", "zai", "azure"}))
def test_by_the_provider_s_own_json_schema(provider: str) -> None:
    assert way(provider) == "json_schema"


def test_with_the_schema_as_the_provider_takes_it() -> None:
    form = {"name": "City", "schema": STRICT, "strict": True}
    assert sent("openai")["response_format"] == {"type": "json_schema", "json_schema": form}
    assert sent("openai-responses")["text"] == {"format": {"type": "json_schema", **form}}
    form = {"name": "City", "schema": SCHEMA}
    assert sent("llamacpp")["response_format"] == {"type": "json_schema", "json_schema": form}
    assert sent("anthropic")["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert sent("ollama")["format"] == SCHEMA


def test_where_a_schema_has_no_strict_form_the_provider_does_what_it_can() -> None:
    schema = {"type": "object", "properties": {"tags": {"type": "object"}}}
    found = sent("openai", response_format=schema)["response_format"]["json_schema"]
    assert found == {"name": "response", "schema": schema, "strict": False}


def test_where_a_format_takes_no_such_schema_a_tool_stands_for_the_answer() -> None:
    schema = {"type": "object", "properties": {"tags": {"type": "object"}}}
    assert way("anthropic", response_format=schema) == "tool"
    body = sent("anthropic", response_format=schema)
    assert body["tools"][0]["input_schema"] == schema
    assert body["tool_choice"] == {"type": "any"}
    assert "output_config" not in body


def test_by_a_tool_where_the_model_has_no_json_schema() -> None:
    body = sent("openai", "gpt-4")
    function = {"name": "City", "description": "A city."}
    assert body["tools"] == [{"type": "function", "function": {**function, "parameters": SCHEMA}}]
    assert body["tool_choice"] == "required"
    assert "response_format" not in body


def test_beside_tools_the_model_must_call_one_or_the_other() -> None:
    other = Tool("City", "Another one")
    body = sent("openai", "gpt-4", tools=[other, WEATHER])
    assert [tool["function"]["name"] for tool in body["tools"]] == ["City", "weather", "City_"]
    assert body["tool_choice"] == "required"


@pytest.mark.parametrize("params", [{"tools": [WEATHER], "tool_choice": "weather"}, {"tool_choice": "none"}])
def test_a_tool_of_the_caller_s_choice_stands(params: Any) -> None:
    assert way("openai", "gpt-4", **params) == "prompt"


def test_a_model_that_thinks_cannot_be_made_to_call_a_tool() -> None:
    schema = {"type": "object", "properties": {"tags": {"type": "object"}}}
    assert way("anthropic", response_format=schema, reasoning=Reasoning(budget_tokens=2000)) == "prompt"


@pytest.mark.parametrize("provider", ["deepseek", "zai"])
def test_by_words_and_the_switch_for_json(provider: str) -> None:
    body = sent(provider)
    assert body["messages"] == [{"role": "system", "content": WORDS}, {"role": "user", "content": "hi"}]
    assert body["response_format"] == {"type": "json_object"}


def test_by_words_alone() -> None:
    body = sent(
        "anthropic", response_format={**SCHEMA, "$defs": {"X": {"$ref": "#"}}}, tool_choice="auto", reasoning=3000
    )
    assert "output_config" not in body
    assert body["messages"] == [{"role": "user", "content": "hi"}]
    assert body["system"].startswith("Answer with one JSON object")


def test_words_go_into_the_instructions_that_there_are() -> None:
    body = sent("deepseek", messages=[Message.system("Be brief."), Message.user("hi")])
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][0]["content"] == f"Be brief.\n\n{WORDS}"


def test_what_no_way_can_carry_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="no seed"):
        call("anthropic", seed=1)


def test_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not there"):
        call("openai", response_format={"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}})
    with pytest.raises(TypeError, match="a schema is a mapping"):
        call("openai", response_format={"type": "object", "properties": {"a": 1}})
    with pytest.raises(TypeError, match="no JSON Schema"):
        ChatRequest("hi", response_format=complex)


@pytest.mark.parametrize(
    "form",
    [ResponseFormat("json_schema", SCHEMA, "n"), {"type": "json_schema", "schema": SCHEMA}, "json_object", "text"],
)
def test_a_format_that_is_made_by_hand_goes_as_it_is(form: Any) -> None:
    made = call("openai", response_format=form)
    assert made.output is None
    schema = json.loads(made.body)["response_format"].get("json_schema", {}).get("schema", SCHEMA)
    assert schema == SCHEMA


def test_one_that_was_stored_is_one_that_is_made_by_hand() -> None:
    """A type cannot be written down; its schema can."""
    request = from_dict(ChatRequest, to_dict(ChatRequest("hi", response_format=City)))
    assert request == ChatRequest("hi", response_format=City)
    assert request.response_format is not None
    assert request.response_format.wanted is None


# -- the name, and what is no object -----------------------------------------------------------------------------------


class Known(TypedDict):
    a: int


class Point(NamedTuple):
    x: int
    y: int


NAMES: list[tuple[Any, str]] = [
    (City, "City"),
    (Known, "Known"),
    (Point, "Point"),
    (list[City], "response"),
    (City | None, "response"),
    (Literal["a"], "response"),
    (int, "int"),
]


@pytest.mark.parametrize(("hint", "name"), NAMES)
def test_the_name(hint: Any, name: str) -> None:
    form = ChatRequest("hi", response_format=hint).response_format
    assert form is not None
    assert (form.type, form.name, form.wanted) == ("json_schema", name, (hint,))


def test_a_name_has_letters_that_names_may_have() -> None:
    odd = attrs.make_class("Größe" + "x" * 80, {"a": attrs.field(type=int)})
    form = ChatRequest("hi", response_format=odd).response_format
    assert form is not None
    assert form.name == "Gr__e" + "x" * 59


TYPES: list[Any] = [list[int], City | None, Literal["a"], int]
SCHEMAS: list[Any] = [{"type": "array"}, {"enum": [1]}, {"anyOf": [{"type": "null"}]}]


@pytest.mark.parametrize("hint", TYPES + SCHEMAS)
def test_what_is_no_object_is_put_into_one(hint: Any) -> None:
    """Providers take only objects."""
    form = ChatRequest("hi", response_format=hint).response_format
    assert form is not None
    schema = sent("llamacpp", response_format=hint)["response_format"]["json_schema"]["schema"]
    assert schema == {
        "type": "object",
        "properties": {"value": form.schema},
        "required": ["value"],
        "additionalProperties": False,
    }


@attrs.frozen
class Node:
    value: int
    then: Node | None = None


def test_definitions_stay_at_the_top() -> None:
    schema = sent("llamacpp", response_format=Node)["response_format"]["json_schema"]["schema"]
    assert schema["type"] == "object"
    assert schema["$defs"].keys() == {"Node"}
    schema = sent("llamacpp", response_format=list[Node])["response_format"]["json_schema"]["schema"]
    assert schema["$defs"].keys() == {"Node"}
    assert schema["properties"]["value"]["type"] == "array"
    assert way("anthropic", response_format=Node) == "tool"


def test_a_schema_that_is_but_a_reference_is_what_it_refers_to() -> None:
    definitions = {"A": {"type": "object", "properties": {"a": {"type": "string"}}}}
    form = {"$ref": "#/$defs/A", "$defs": definitions}
    schema = sent("llamacpp", response_format=form)["response_format"]["json_schema"]["schema"]
    assert schema == {**definitions["A"], "$defs": definitions}
