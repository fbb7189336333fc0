"""What the models' constructors take and refuse, and what a type checker says of them."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import attrs
import pytest

from duologue import events, models
from duologue._check import optional, string
from duologue._model_table import MODELS
from duologue._tables import PROVIDERS
from duologue.events import StreamEvent, TextDelta
from duologue.models import (
    ROLE_VALUES,
    ChatRequest,
    ChatResponse,
    Choice,
    ContentPart,
    ImageContent,
    Message,
    Provider,
    Role,
    TextContent,
    Tool,
    ToolCall,
    Usage,
)

REFUSED: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "enum": (
        Message,
        {"role": "usr"},
        ValueError,
        "role must be one of 'system', 'user', 'assistant', 'tool': got 'usr'",
    ),
    "enum-type": (
        Message,
        {"role": 5},
        ValueError,
        "role must be one of 'system', 'user', 'assistant', 'tool': got int 5",
    ),
    "text-for-number": (ChatRequest, {"temperature": "hot"}, TypeError, "temperature must be a number, got str 'hot'"),
    "low": (ChatRequest, {"temperature": -1}, ValueError, "temperature must be at least 0, got -1"),
    "high": (ChatRequest, {"top_p": 1.5}, ValueError, "top_p must be at most 1, got 1.5"),
    "nan": (ChatRequest, {"temperature": float("nan")}, ValueError, "temperature must be finite, got nan"),
    "bool-for-number": (ChatRequest, {"temperature": True}, TypeError, "temperature must be a number, got bool True"),
    "bool-for-integer": (ChatRequest, {"n": True}, TypeError, "n must be an integer, got bool True"),
    "float-for-integer": (ChatRequest, {"seed": 1.0}, TypeError, "seed must be an integer, got float 1.0"),
    "int-for-bool": (ChatRequest, {"logprobs": 1}, TypeError, "logprobs must be True or False, got int 1"),
    "bytes-for-text": (TextContent, {"text": b"x"}, TypeError, "text must be a string, got bytes"),
    "none-for-text": (TextContent, {"text": None}, TypeError, "text must be a string, got None"),
    "text-for-bytes": (ImageContent, {"data": "x"}, TypeError, "data must be bytes, got str 'x'"),
    "long-text": (ImageContent, {"data": "x" * 50}, TypeError, "data must be bytes, got str of 50 characters"),
    "long-number": (TextContent, {"text": 10**50}, TypeError, "text must be a string, got int"),
    "item": (
        Message,
        {"role": "user", "tool_calls": ["x"]},
        TypeError,
        "tool_calls[0] must be a ToolCall, got str 'x'",
    ),
    "text-for-list": (
        Message,
        {"role": "user", "tool_calls": "x"},
        TypeError,
        "tool_calls must be a sequence, got str 'x'",
    ),
    "number-for-list": (ChatResponse, {"choices": 5}, TypeError, "choices must be a sequence, got int 5"),
    "list-for-map": (Message, {"role": "user", "metadata": []}, TypeError, "metadata must be a mapping, got list"),
    "key": (Message, {"role": "user", "metadata": {1: 2}}, TypeError, "metadata must have strings as keys, got int 1"),
    "value": (ChatRequest, {"metadata": {"a": 1}}, TypeError, "metadata['a'] must be a string, got int 1"),
    "class": (Choice, {"index": 0, "message": "x"}, TypeError, "message must be a Message, got str 'x'"),
}


@pytest.mark.parametrize(("cls", "fields", "kind", "message"), [pytest.param(*c, id=n) for n, c in REFUSED.items()])
def test_refused(cls: Any, fields: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        cls(**fields)
    assert type(caught.value) is kind
    assert str(caught.value) == message


def test_lists_become_tuples() -> None:
    call = ToolCall("1", "f")
    assert Message("assistant", tool_calls=[call]).tool_calls == (call,)
    assert ChatResponse(choices=iter([Choice(0, Message("assistant"))])).choices[0].index == 0


def test_a_whole_number_will_do() -> None:
    assert ChatRequest(temperature=1).temperature == 1


def test_frozen_and_slotted() -> None:
    for module in (models, events):
        for cls in (getattr(module, name) for name in module.__all__):
            if isinstance(cls, type):
                assert "__dict__" not in dir(cls), cls
                with pytest.raises(attrs.exceptions.FrozenInstanceError):
                    setattr(object.__new__(cls), "text", "x")  # noqa: B010 - mypy knows that it cannot be


def test_equal_and_hashable() -> None:
    assert Message("user", "x", metadata={"a": 1}) != Message("user", "x")
    assert hash(Message("user", "x", metadata={"a": [1]})) == hash(Message("user", "x"))
    assert ChatResponse().usage == Usage()


def test_long_and_opaque_fields_are_not_shown() -> None:
    assert repr(ImageContent(data=b"x" * 100)) == "ImageContent(url=None, media_type=None, detail=None)"


def test_enum_values_are_those_of_the_literal() -> None:
    assert typing.get_args(Role) == ROLE_VALUES
    for module in (models, events):
        for name in module.__all__:
            if name.endswith("_VALUES"):
                alias = name.removesuffix("_VALUES").title().replace("_", "")
                assert typing.get_args(getattr(module, alias)) == getattr(module, name)


def test_unions_are_there_at_run_time() -> None:
    assert isinstance(TextContent("x"), ContentPart)
    assert isinstance(TextDelta("x"), StreamEvent)
    assert not isinstance(TextContent("x"), StreamEvent)


@pytest.mark.parametrize("cls", typing.get_args(StreamEvent))
def test_every_event_answers_the_same_questions(cls: Any) -> None:
    flags = [cls.is_delta, cls.is_done, cls.is_error, cls.is_tool_result]
    assert sum(flags) <= 1
    assert isinstance(cls.type, str)
    assert hasattr(cls, "text")
    assert hasattr(cls, "choice")


def test_help_explains_the_fields() -> None:
    for cls in (*typing.get_args(StreamEvent), *typing.get_args(ContentPart)):
        assert all(f"{field.name}: " in cls.__doc__ for field in attrs.fields(cls)), cls


def test_the_tables_cannot_be_changed() -> None:
    assert all(key == row.name for key, row in PROVIDERS.items())
    assert all(key == f"{row.provider}:{row.name}" for key, row in MODELS.items())
    assert {row.provider for row in MODELS.values()} <= set(PROVIDERS)
    with pytest.raises(TypeError):
        PROVIDERS["x"] = PROVIDERS["openai"]  # type: ignore[index]
    with pytest.raises(TypeError):
        MODELS["x"] = MODELS["openai:gpt-4o"]  # type: ignore[index]
    assert isinstance(PROVIDERS["openai"], Provider)


def test_a_tool_needs_a_name() -> None:
    with pytest.raises(TypeError, match="name"):
        Tool()  # type: ignore[call-arg]


TYPED = """\
from duologue.events import Done, StreamEvent, TextDelta
from duologue.models import ChatResponse, Choice, Message, Role, TextContent, ToolCall

Message("user", tool_calls=[ToolCall("1", "f")])
Message("user", tool_calls=["x"])  # wrong: list-item
Message("usr")  # wrong: arg-type
Message("user", [TextContent("x"), "y"])
ChatResponse(choices=(Choice(0, Message("assistant")),))
ChatResponse(choices=[Message("assistant")])  # wrong: list-item
TextDelta(5)  # wrong: arg-type
reveal_type(Message("user").tool_calls)  # shows: tuple[duologue.models.ToolCall, ...]


def finish(event: StreamEvent) -> Role | str:
    match event:
        case TextDelta(text=text):
            return text
        case Done(response=response):
            return response.message.role
    if event.type == "error":
        return event.error.message
    if event.type == "start":
        return event.usage  # wrong: attr-defined
    return event.text if event.is_delta else ""
"""


def test_what_a_type_checker_says(tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(TYPED, "utf-8")
    repository = Path(__file__).parents[1]
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(tmp_path / "typed.py")]
    said = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False).stdout.splitlines()
    expected = {
        number: line.partition("# ")[2]
        for number, line in enumerate(TYPED.splitlines(), 1)
        if "# wrong: " in line or "# shows: " in line
    }
    found = {int(line.split(":")[1]): line for line in said}
    assert set(found) == set(expected), "\n".join(said)
    for number, what in expected.items():
        assert what.partition(": ")[2] in found[number]


def test_a_check_of_what_may_be_missing() -> None:
    check = optional(string)
    check("name", None)
    check("name", "x")
    with pytest.raises(TypeError, match="name must be a string"):
        check("name", 1)
