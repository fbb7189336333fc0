"""What is told of a call as its item comes in."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._dialects.openai_responses.calls import Calls, rest_of_arguments
from duologue._dialects.openai_responses.items import Item
from duologue.errors import DecodeError
from duologue.events import StreamEvent, ToolCallDelta


def item(kind: str = "function_call", index: int = 0) -> Item:
    found = Item(index)
    found.kind = kind
    return found


def told(*steps: tuple[Item, dict[str, Any], str]) -> list[StreamEvent]:
    calls, events = Calls(), list[StreamEvent]()
    for which, raw, arguments in steps:
        calls.tell(which, raw, arguments, "r-1", events)
    return events


def test_each_thing_is_told_once() -> None:
    one = item(index=2)
    raw = {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "", "status": "in_progress"}
    assert told((one, raw, ""), (one, {}, '{"a"'), (one, {}, ":1}"), (one, {}, ""), (one, raw, "")) == [
        ToolCallDelta(0, "c", "f", extra={"item": {"id": "fc", "status": "in_progress"}, "output_index": 2}),
        ToolCallDelta(0, arguments='{"a"'),
        ToolCallDelta(0, arguments=":1}"),
    ]
    assert one.said.rest('{"a":1} ') == " "


def test_what_changes_is_told_again() -> None:
    one = item()
    first, last = ({"call_id": "c", "name": "f", "status": status} for status in ("in_progress", "completed"))
    assert told((one, first, ""), (one, last, ""))[1:] == [
        ToolCallDelta(0, extra={"item": {"status": "completed"}, "output_index": 0})
    ]


def test_calls_are_numbered_as_they_begin() -> None:
    first, second = item(index=5), item(index=3)
    events = told((first, {"call_id": "a"}, ""), (second, {"call_id": "b"}, ""), (first, {}, "1"))
    assert [event.call_index for event in events if isinstance(event, ToolCallDelta)] == [0, 1, 0]


def test_custom_calls() -> None:
    one = item("custom_tool_call")
    raw = {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "text"}
    assert told((one, raw, rest_of_arguments(one, raw))) == [
        ToolCallDelta(0, "c", "f", "text", call_type="custom", extra={"item": {}, "output_index": 0})
    ]


def test_ids() -> None:
    one, two, three = item(), item(), item()
    events = told((one, {}, "1"), (one, {"call_id": "real"}, ""), (two, {"id": "fc_2"}, ""), (three, {"name": "f"}, ""))
    events += told((two, {"id": "fc_2", "call_id": "c2"}, ""), (one, {"call_id": "other"}, ""))
    assert [(e.id, e.generated_id) for e in events if isinstance(e, ToolCallDelta)] == [
        ("call_r-1_0", True),
        ("real", False),
        ("fc_2", False),
        ("call_r-1_2", True),
        ("c2", False),
    ]
    nameless: list[StreamEvent] = []
    Calls().tell(item(), {}, "", None, nameless)
    assert nameless == [ToolCallDelta(0, "call_without_id_0", generated_id=True)]


@pytest.mark.parametrize(
    ("arguments", "given", "expected"),
    [
        ('{"a":1}', "", '{"a":1}'),
        ('{"a":1}', '{"a"', ":1}"),
        ('{"a":1}', '{"a":1} ', ""),
        ('{"a": 1}', '{"a":1}', ""),
        (None, "", ""),
        (None, '{"a"', ""),
        ({"a": "é"}, "", '{"a": "é"}'),
        ({"a": "é"}, '{"a":"é"}', ""),
    ],
)
def test_the_rest_of_arguments(arguments: Any, given: str, expected: str) -> None:
    one = item()
    one.said.add(given)
    assert rest_of_arguments(one, {"arguments": arguments}) == expected


@pytest.mark.parametrize("arguments", [5, ["a"], True])
def test_arguments_of_another_type(arguments: Any) -> None:
    with pytest.raises(DecodeError, match=r"item\.arguments: expected a string"):
        rest_of_arguments(item(), {"arguments": arguments})
