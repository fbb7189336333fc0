"""Plain data and back, for every class of the schema; and what is refused, with its path."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_origin

import attrs
import pytest

from duologue import _serde, errors, events, models
from duologue._serde import from_dict, from_json, to_dict, to_json
from duologue._unions import TAGS, UNIONS
from duologue.errors import DecodeError, RateLimitError, error_fields
from duologue.events import Done, Error, StreamEvent, TextDelta, ToolResult, Unknown
from duologue.models import (
    ChatRequest,
    ChatResponse,
    Choice,
    ContentPart,
    ImageContent,
    Message,
    TextContent,
    ToolCall,
    UnknownContent,
    Usage,
)

SCHEMA = json.loads((Path(_serde.__file__).parent / "schema.json").read_text("utf-8"))["$defs"]
CLASSES = [
    value
    for module in (models, events)
    for value in (getattr(module, name) for name in module.__all__)
    if isinstance(value, type) and attrs.has(value)
]
RAW = {"type": "hologram", "depth": 3, "of": [None, True, 1.5, {"a": "b"}]}


def example(type_: Any) -> Any:
    """A value of a field's type that is not its default."""
    arguments = get_args(type_)
    if type(None) in arguments:
        return example(next(argument for argument in arguments if argument is not type(None)))
    for union in UNIONS:
        if type_ == union.alias:
            return full(next(iter(union.members.values())))
    if get_origin(type_) is tuple:
        return (example(arguments[0]), example(arguments[0]))
    if get_origin(type_) is not None:
        return {"a": example(arguments[1])} if len(arguments) == 2 and arguments[0] is str else arguments[-1]
    if attrs.has(type_):
        return full(type_)
    values = {str: "some text", int: 7, float: 0.5, bool: True, bytes: b"\x00\xff", Any: {"k": [1, None]}}
    return values[type_] if type_ in values else RateLimitError("slow", retry_after=2.5, partial=full(ChatResponse))


def full(cls: Any) -> Any:
    """An instance with every field set."""
    attrs.resolve_types(cls)
    return cls(**{field.name: example(field.type) for field in attrs.fields(cls)})


def bare(cls: Any) -> Any:
    """An instance with nothing set but what has to be."""
    attrs.resolve_types(cls)
    needed = {field.name: example(field.type) for field in attrs.fields(cls) if field.default is attrs.NOTHING}
    return cls(**needed)


@pytest.mark.parametrize("make", [full, bare])
@pytest.mark.parametrize("cls", CLASSES)
def test_there_and_back(cls: Any, make: Any) -> None:
    given = make(cls)
    plain = to_dict(given)
    assert from_dict(cls, plain) == given
    assert from_json(cls, to_json(given)) == given
    assert to_dict(from_dict(cls, plain)) == plain
    assert isinstance(hash(given), int)


@pytest.mark.parametrize("cls", CLASSES)
def test_what_is_written_is_what_the_schema_says(cls: Any) -> None:
    schema = SCHEMA[cls.__name__]
    plain, least = to_dict(full(cls)), to_dict(bare(cls))
    assert set(plain) == set(schema["properties"])
    assert set(least) == set(schema["required"])
    if cls in TAGS:
        key, tag = TAGS[cls]
        assert plain[key] == tag == schema["properties"][key]["const"]


@pytest.mark.parametrize("union", UNIONS, ids=lambda union: union.name)
def test_a_union_takes_all_its_members(union: Any) -> None:
    assert set(union.members.values()) == set(get_args(union.alias))
    for cls in union.members.values():
        assert from_dict(union.alias, to_dict(full(cls))) == full(cls)


RAWS = [
    {"type": "hologram", "depth": 3},
    {"type": "hologram", "raw": {"type": "text"}},
    {"depth": 3},
    {},
    {"type": 5},
    {"type": None},
    {"type": ["text"]},
    {"type": "text"},
    {"type": "done"},
    {"type": "unknown"},
    {"type": "unknown", "raw": 5},
    {"type": "unknown", "raw": {"type": "unknown", "raw": {}}},
]


@pytest.mark.parametrize("raw", RAWS)
def test_an_unknown_part_comes_back_whole(raw: dict[str, Any]) -> None:
    part = UnknownContent(raw)
    assert from_dict(ContentPart, to_dict(part)) == part
    assert from_dict(UnknownContent, to_dict(part)) == part
    message = Message("user", [part])
    assert from_json(Message, to_json(message)) == message


@pytest.mark.parametrize("index", [None, 0, 2])
@pytest.mark.parametrize("raw", RAWS)
def test_an_unknown_event_comes_back_whole(raw: dict[str, Any], index: int | None) -> None:
    event = Unknown(raw, index)
    assert from_dict(StreamEvent, to_dict(event)) == event


def test_an_unknown_tag_is_written_as_it_came() -> None:
    assert to_dict(UnknownContent(RAW)) == RAW
    assert from_dict(ContentPart, RAW) == UnknownContent(RAW)
    assert to_dict(UnknownContent({"type": "text"})) == {"type": "unknown", "raw": {"type": "text"}}


def test_what_is_given_away_is_a_copy() -> None:
    part = UnknownContent({"type": "hologram", "of": []})
    to_dict(part)["of"].append(1)
    given: dict[str, Any] = {"type": "hologram", "of": []}
    taken = from_dict(ContentPart, given)
    given["of"].append(1)
    assert part == taken == UnknownContent({"type": "hologram", "of": []})


def test_the_plain_form() -> None:
    message = Message.user(["Look:", ImageContent(data=b"\x89PNG", media_type="image/png")], metadata={"n": (1, 2)})
    assert to_dict(message) == {
        "role": "user",
        "content": [
            {"type": "text", "text": "Look:"},
            {"type": "image", "data": "iVBORw==", "media_type": "image/png"},
        ],
        "metadata": {"n": [1, 2]},
    }
    assert to_dict(ToolCall("c1", "f")) == {
        "id": "c1",
        "name": "f",
        "arguments": "",
        "type": "function",
        "generated_id": False,
    }
    assert to_json(TextDelta("\u00e9\ud83d")) == '{"type":"text_delta","text":"\\u00e9\\ud83d","index":0,"block":0}'


RESPONSE = to_dict(ChatResponse("i", "m", "p", [Choice(0, Message.assistant("x"), "stop")], Usage(), True))


def with_role(role: Any) -> dict[str, Any]:
    response: dict[str, Any] = json.loads(json.dumps(RESPONSE))
    response["choices"][0]["message"]["role"] = role
    return response


MISFITS = {
    "none-for-text": (TextContent, {"type": "text", "text": None}, "TextContent: text: expected a string, got None"),
    "number-for-text": (TextContent, {"type": "text", "text": 5}, "TextContent: text: expected a string, got int 5"),
    "text-for-number": (Usage, {"input_tokens": "5"}, "Usage: input_tokens: expected an integer, got '5'"),
    "bool-for-number": (Usage, {"input_tokens": True}, "Usage: input_tokens: expected an integer, got bool True"),
    "float-for-integer": (Usage, {"input_tokens": 1.0}, "Usage: input_tokens: expected an integer, got float 1.0"),
    "bool-for-float": (
        ChatRequest,
        {"temperature": True},
        "ChatRequest: temperature: expected a number, got bool True",
    ),
    "number-for-bool": (ChatRequest, {"logprobs": 1}, "ChatRequest: logprobs: expected true or false, got int 1"),
    "nan": (ChatRequest, {"temperature": float("nan")}, "ChatRequest: temperature: nan is no number in JSON"),
    "nan-in-json": (Message, {"role": "user", "metadata": {"a": float("inf")}}, "Message: metadata['a']: inf is no"),
    "null-for-list": (Message, {"role": "user", "content": None}, "Message: content: expected a list, got None"),
    "text-for-list": (Message, {"role": "user", "content": "hi"}, "Message: content: expected a list, got str 'hi'"),
    "list-for-map": (Message, {"role": "user", "metadata": []}, "Message: metadata: expected an object, got list"),
    "text-for-object": (Message, "hi", "Message: expected an object, got str 'hi'"),
    "list-for-object": (ContentPart, [], "ContentPart: expected an object, got list"),
    "key": (Message, {"role": "user", "metadata": {1: 2}}, "Message: metadata: expected strings as keys, got int 1"),
    "object": (
        Message,
        {"role": "user", "metadata": {"a": [{1}]}},
        "Message: metadata['a'][0]: expected what JSON can",
    ),
    "item-of-map": (ChatRequest, {"metadata": {"a": 1}}, "ChatRequest: metadata['a']: expected a string, got int 1"),
    "missing": (Message, {}, "Message: role: is missing"),
    "unknown-key": (Message, {"role": "user", "rol": 1}, "Message: unknown key 'rol'; there are role, content,"),
    "own-rule": (ChatRequest, {"temperature": -1}, "ChatRequest: temperature must be at least 0, got -1"),
    "deep": (ChatResponse, with_role("x"), "ChatResponse: choices[0].message.role: expected one of 'system', 'user',"),
    "enum-list": (ChatResponse, with_role(["user"]), "ChatResponse: choices[0].message.role: expected one of"),
    "base64": (ImageContent, {"type": "image", "data": "*"}, "ImageContent: data: expected base64 text: "),
    "base64-unicode": (ImageContent, {"type": "image", "data": "\u00e9"}, "ImageContent: data: expected base64 text: "),
    "bytes": (ImageContent, {"type": "image", "data": b"eA=="}, "ImageContent: data: expected base64 text, got bytes"),
    "no-tag": (TextContent, {"text": "x"}, "TextContent: type: expected 'text', got None"),
    "other-tag": (TextContent, {"type": "image", "text": "x"}, "TextContent: type: expected 'text', got 'image'"),
    "claimed-tag": (UnknownContent, {"type": "text"}, "UnknownContent: type: expected 'unknown', got 'text'"),
    "wrapper": (ContentPart, {"type": "unknown", "raw": {}, "x": 1}, "ContentPart: unknown key 'x'"),
    "member": (StreamEvent, {"type": "text_delta"}, "StreamEvent: text: is missing"),
    "error-class": (
        Error,
        {"type": "error", "error": {"class": "os", "message": "m"}},
        "Error: error.class: expected one",
    ),
    "error-message": (Error, {"type": "error", "error": {"class": "APIError"}}, "Error: error.message: is missing"),
    "error-null": (Error, {"type": "error", "error": None}, "Error: error: expected an object, got None"),
    "error-field": (
        Error,
        {"type": "error", "error": {"class": "APIError", "message": 5}},
        "Error: error.message: expect",
    ),
    "error-key": (Error, {"type": "error", "error": {"class": "APIError", "message": "m", "x": 1}}, "unknown key 'x'"),
    "error-of-others": (
        Error,
        {"type": "error", "error": {"class": "ClosedError", "message": "m", "retry_after": 1}},
        "Error: error: not the fields of ClosedError",
    ),
}


@pytest.mark.parametrize(("cls", "plain", "message"), [pytest.param(*case, id=name) for name, case in MISFITS.items()])
def test_what_does_not_fit(cls: Any, plain: Any, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        from_dict(cls, plain)
    assert message in str(caught.value)
    assert caught.value.__cause__ is None


SECRET = "sk-" + "7" * 60


@pytest.mark.parametrize(
    ("cls", "plain"),
    [
        (Usage, {"input_tokens": SECRET}),
        (Message, {"role": SECRET}),
        (Message, {"role": "user", SECRET: 1}),
        (TextContent, {"type": SECRET}),
        (Message, SECRET),
        (Usage, {"input_tokens": [SECRET]}),
        (Message, {"role": "user", "metadata": {SECRET: {1}}}),
        (Error, {"type": "error", "error": {"class": SECRET, "message": ""}}),
    ],
)
def test_long_values_are_not_repeated(cls: Any, plain: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        from_dict(cls, plain)
    assert "7777" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 0"),
        ('{"role": "user", }', "character 1"),
        ('{"role": NaN}', "NaN is not JSON"),
        ('{"role": -Infinity}', "-Infinity is not JSON"),
        ('{"role": ' + "1" * 5000 + "}", "digits"),
        ("[" * 200_000, ""),
        ("null", "expected an object, got None"),
    ],
)
def test_bad_json(text: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        from_json(Message, text)
    assert message in str(caught.value)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def test_nested_too_deeply() -> None:
    with pytest.raises(DecodeError, match="nested too deeply"):
        from_dict(Message, {"role": "user", "metadata": nested(100_000)})
    with pytest.raises(TypeError, match="nested too deeply"):
        to_dict(Message("user", metadata=nested(100_000)))


def test_what_json_cannot_say() -> None:
    with pytest.raises(TypeError, match=r"^Message: metadata\['a'\]\[1\]: expected what JSON can say, got bytes$"):
        to_dict(Message("user", metadata={"a": [1, b"x"]}))
    with pytest.raises(TypeError, match=r"^ToolResult: content: expected what JSON can say, got object$"):
        to_json(ToolResult("t", "c", "done", object()))
    with pytest.raises(TypeError, match=r"^ToolResult: progress: nan is no number in JSON$"):
        to_json(ToolResult("t", "c", "done", progress=float("nan")))


@pytest.mark.parametrize("given", [5, "x", None, {}, Message])
def test_what_is_no_model(given: Any) -> None:
    with pytest.raises(TypeError, match="to_dict takes a model or an event"):
        to_dict(given)


@pytest.mark.parametrize("cls", [int, str | int, "Message", None, dict])
def test_what_is_no_class_of_models(cls: Any) -> None:
    with pytest.raises(TypeError, match="take a model class, an event class or a union"):
        from_dict(cls, {})


def test_null_where_none_is_meant() -> None:
    assert from_dict(Message, {"role": "user", "name": None}) == Message("user")
    plain = {"type": "tool_result", "tool_name": "t", "call_id": "c", "status": "done", "content": None}
    assert from_dict(ToolResult, plain) == ToolResult("t", "c", "done")


def test_huge_numbers() -> None:
    huge = 10**5000
    assert from_dict(ChatRequest, {"temperature": 10**400}) == ChatRequest(temperature=10**400)
    with pytest.raises(DecodeError, match=r"expected a string, got int$"):
        from_dict(TextContent, {"type": "text", "text": huge})
    with pytest.raises(TypeError, match=r"^Usage: "):
        to_json(Usage(huge))


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_comes_back(name: str) -> None:
    error = getattr(errors, name)("went wrong", code="c", provider="p", attempts=2, partial=full(ChatResponse))
    back = from_json(StreamEvent, to_json(Error(error))).error
    assert type(back) is type(error)
    assert error_fields(back) == error_fields(error)
    assert Error(back) == Error(error)
    assert set(to_dict(Error(error))["error"]) <= set(SCHEMA["DuologueError"]["properties"])


def test_every_field_of_an_error_is_known() -> None:
    known = set(SCHEMA["DuologueError"]["properties"])
    for name in errors.__all__:
        assert set(error_fields(getattr(errors, name)("m"))) <= known


def test_a_response_in_an_event() -> None:
    done = Done("stop", Usage(1, 2), from_dict(ChatResponse, RESPONSE))
    assert to_dict(done)["response"] == RESPONSE


def test_cattrs_is_imported_late() -> None:
    code = "import sys, duologue, duologue._serde; sys.exit(any('cattr' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
