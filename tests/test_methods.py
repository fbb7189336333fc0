"""What the generated models can do."""

from __future__ import annotations

from typing import Any

import pytest

from duologue import (
    ChatRequest,
    ChatResponse,
    Choice,
    CitationContent,
    ContentDelta,
    DecodeError,
    Done,
    Error,
    ImageContent,
    Message,
    Reasoning,
    ReasoningContent,
    ReasoningDelta,
    RefusalContent,
    RefusalDelta,
    ResponseFormat,
    ServerError,
    Start,
    TextContent,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Unknown,
    UnknownContent,
    Usage,
    UsageUpdate,
)
from duologue._view import ChoiceView, DeltaView
from duologue.events import TOOL_STATUS_VALUES

IMAGE = ImageContent.from_url("https://a")

# -- what constructors take --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("x", (TextContent("x"),)),
        ("", (TextContent(""),)),
        (IMAGE, (IMAGE,)),
        (["x", IMAGE], (TextContent("x"), IMAGE)),
        ((), ()),
        (iter(["x"]), (TextContent("x"),)),
    ],
)
def test_content(content: Any, parts: tuple[Any, ...]) -> None:
    assert Message("user", content).content == parts


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "content must be a string, .*; got NoneType"),
        (5, "got int"),
        (b"x", "got bytes"),
        ({"type": "text", "text": "x"}, "got dict"),
        ([None], "content must hold strings and content parts; got NoneType"),
        ([{"type": "text"}], "got dict"),
        ([b"x"], "got bytes"),
    ],
)
def test_content_that_is_none(content: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Message("user", content)


HI = Message("user", "hi")


@pytest.mark.parametrize(
    "prompt",
    ["hi", HI, [HI], ["hi"], {"role": "user", "content": "hi"}, [{"role": "user", "content": "hi"}], iter([HI])],
)
def test_messages(prompt: Any) -> None:
    assert ChatRequest(prompt).messages == (HI,)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (5, "messages must be a string, a message, or a sequence of them; got int"),
        (None, "got NoneType"),
        ([5], "messages must hold strings, messages or mappings; got int"),
        ([IMAGE], "got ImageContent"),
        ([{"role": "user", "wings": 2}], "wings"),
    ],
)
def test_messages_that_are_none(prompt: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        ChatRequest(prompt)


TOOL = Tool("f", "d", {"type": "object"}, strict=True)
FIELDS = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}


@pytest.mark.parametrize("given", [TOOL, FIELDS, {"type": "function", "function": FIELDS}])
def test_tools(given: Any) -> None:
    assert ChatRequest("hi", tools=[given]).tools == (TOOL,)


@pytest.mark.parametrize(
    "given", [[{"name": "f", "wings": 2}], [{"type": "function", "function": "f"}], ["f"], [5], {"name": "f"}, 5]
)
def test_tools_that_are_none(given: Any) -> None:
    with pytest.raises(TypeError):
        ChatRequest("hi", tools=given)


@pytest.mark.parametrize("field", ["tools", "stop"])
@pytest.mark.parametrize(
    ("given", "got"), [(5, "int 5"), (0, "int 0"), (False, "bool False"), ({"name": "f"}, "dict"), (b"x", "bytes")]
)
def test_what_is_no_sequence_is_refused_by_name(field: str, given: Any, got: str) -> None:
    with pytest.raises(TypeError, match=f"^{field} must be a sequence, got {got}$"):
        ChatRequest("hi", **{field: given})


def test_what_is_in_a_sequence_is_refused_by_name() -> None:
    strange: Any = [5]
    with pytest.raises(TypeError, match=r"^tools\[0\] must be a Tool, got int 5$"):
        ChatRequest("hi", tools=strange)
    with pytest.raises(TypeError, match=r"^stop\[0\] must be a string, got int 5$"):
        ChatRequest("hi", stop=strange)


@pytest.mark.parametrize("given", [None, [], ()])
def test_no_tools(given: Any) -> None:
    assert ChatRequest("hi", tools=given, stop=given) == ChatRequest("hi")


@pytest.mark.parametrize(("given", "found"), [("a", ("a",)), (["a", "b"], ("a", "b")), (iter("ab"), ("a", "b"))])
def test_strings(given: Any, found: tuple[str, ...]) -> None:
    assert ChatRequest("hi", stop=given).stop == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, None),
        ("json_object", ResponseFormat("json_object")),
        (ResponseFormat("text"), ResponseFormat("text")),
        ({"type": "text"}, ResponseFormat("text")),
        ({"type": "json_object"}, ResponseFormat("json_object")),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True}},
            ResponseFormat("json_schema", {"a": 1}, "n", strict=True),
        ),
        (
            {"type": "json_schema", "name": "n", "schema": {"a": 1}},
            ResponseFormat("json_schema", {"a": 1}, "n"),
        ),
        ({"type": "object", "properties": {}}, ResponseFormat("json_schema", {"type": "object", "properties": {}})),
        ({}, ResponseFormat("json_schema", {})),
    ],
)
def test_response_format(given: Any, found: ResponseFormat | None) -> None:
    assert ChatRequest("hi", response_format=given).response_format == found


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("xml", ValueError),
        (5, TypeError),
        ({"type": "json_schema"}, ValueError),
        ({"type": "json_schema", "json_schema": {"wings": 2, "schema": {"a": 1}}}, TypeError),
        ({"type": "json_schema", "json_schema": "s"}, ValueError),
    ],
)
def test_response_format_that_is_none(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        ChatRequest("hi", response_format=given)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, None),
        ("low", Reasoning("low")),
        (500, Reasoning(budget_tokens=500)),
        (Reasoning("high"), Reasoning("high")),
    ],
)
def test_reasoning(given: Any, found: Reasoning | None) -> None:
    assert ChatRequest("hi", reasoning=given).reasoning == found


# -- messages, calls, responses ----------------------------------------------------------------------------------------


def test_short_ways_to_make_messages() -> None:
    assert Message.system("s") == Message("system", "s")
    assert Message.user(["a", IMAGE], name="Ann") == Message("user", ["a", IMAGE], name="Ann")
    assert Message.assistant("a") == Message("assistant", "a")
    assert Message.assistant() == Message("assistant")
    call = ToolCall("c", "f")
    assert Message.assistant(tool_calls=[call]).tool_calls == (call,)


@pytest.mark.parametrize(
    ("result", "content"),
    [
        ("text", (TextContent("text"),)),
        (IMAGE, (IMAGE,)),
        ([IMAGE, TextContent("x")], (IMAGE, TextContent("x"))),
        ((IMAGE,), (IMAGE,)),
        ([], (TextContent("[]"),)),
        (["a", "b"], (TextContent('["a", "b"]'),)),
        ([IMAGE.url, 1], (TextContent('["https://a", 1]'),)),
        ({"a": "é"}, (TextContent('{"a": "é"}'),)),
        (5, (TextContent("5"),)),
        (None, (TextContent("null"),)),
        (True, (TextContent("true"),)),
        (["see", IMAGE], (TextContent("see"), IMAGE)),
    ],
)
def test_a_tools_result(result: Any, content: tuple[Any, ...]) -> None:
    message = Message.tool("c", result)
    assert (message.role, message.tool_call_id, message.content) == ("tool", "c", content)


@pytest.mark.parametrize("result", [{1j}, object(), {"a": IMAGE}])
def test_a_tools_result_that_json_cannot_say(result: Any) -> None:
    with pytest.raises(TypeError, match="a tool's result must be text, content parts or JSON data"):
        Message.tool("c", result)


def test_a_tools_result_without_an_end() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TypeError, match="a tool's result"):
        Message.tool("c", endless)


def test_what_a_message_says() -> None:
    parts: list[Any] = [
        ReasoningContent("h"),
        "Hel",
        RefusalContent("n"),
        IMAGE,
        CitationContent("u", text="cited"),
        UnknownContent({"text": "no"}),
        "lo",
        ReasoningContent("m"),
        RefusalContent("o"),
    ]
    message = Message("assistant", parts)
    assert (message.text, message.reasoning, message.refusal) == ("Hello", "hm", "no")
    empty = Message("assistant")
    assert (empty.text, empty.reasoning, empty.refusal) == ("", "", "")


@pytest.mark.parametrize(
    ("arguments", "data"), [("", {}), (" \n", {}), ("{}", {}), ('{"a": [1]}', {"a": [1]}), ("[1]", [1]), ("5", 5)]
)
def test_parsed(arguments: str, data: Any) -> None:
    assert ToolCall("c", "f", arguments).parsed() == data


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"canary', "not JSON: Unterminated string starting at at character 1 of 8"),
        ("canary", "not JSON: Expecting value at character 0 of 6"),
        ("[" * 100_000, "JSON nested too deeply"),
        ("NaN", "not JSON: NaN is not JSON"),
    ],
)
def test_arguments_that_are_no_json(arguments: str, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        ToolCall("c", "f", arguments).parsed()
    assert caught.value.message == f"the arguments of the call to 'f' are {words}"


def test_a_response_speaks_for_its_first_choice() -> None:
    call = ToolCall("c", "f")
    first = Choice(0, Message("assistant", "x", tool_calls=[call]), "length")
    response = ChatResponse(choices=[first, Choice(1, Message("assistant", "y"))])
    assert (response.text, response.finish_reason, response.tool_calls) == ("x", "length", (call,))
    assert response.message is first.message
    empty = ChatResponse()
    assert (empty.text, empty.finish_reason, empty.tool_calls) == ("", "unknown", ())
    assert empty.message == Message("assistant")


# -- events ------------------------------------------------------------------------------------------------------------

RESPONSE = ChatResponse()
# event: type, the flags that are set, text, the nested view
EVENTS: list[tuple[Any, str, set[str], str, ChoiceView | None]] = [
    (Start("r"), "start", set(), "", None),
    (TextDelta("x", 2), "text_delta", {"is_delta"}, "x", ChoiceView(2, DeltaView((TextContent("x"),)))),
    (ReasoningDelta("x"), "reasoning_delta", {"is_delta"}, "x", ChoiceView(0, DeltaView((ReasoningContent("x"),)))),
    (RefusalDelta("x", 1), "refusal_delta", {"is_delta"}, "x", ChoiceView(1, DeltaView((RefusalContent("x"),)))),
    (ContentDelta(IMAGE, 1), "content_delta", {"is_delta"}, "", ChoiceView(1, DeltaView((IMAGE,)))),
    (UsageUpdate(Usage()), "usage_update", set(), "", None),
    (Done("stop", Usage(), RESPONSE), "done", {"is_done"}, "", ChoiceView(finish_reason="stop")),
    (Error(ServerError("m")), "error", {"is_error"}, "", None),
    (Unknown({}), "unknown", set(), "", None),
    (ToolResult("f", "c", "data"), "tool_result", {"is_tool_result"}, "", None),
]


@pytest.mark.parametrize(("event", "kind", "flags", "text", "choice"), EVENTS, ids=[case[1] for case in EVENTS])
def test_events(event: Any, kind: str, flags: set[str], text: str, choice: ChoiceView | None) -> None:
    assert event.type == kind
    assert {name for name in ("is_delta", "is_done", "is_error", "is_tool_result") if getattr(event, name)} == flags
    assert event.text == text
    assert event.choice == choice


def test_the_view_of_a_tool_call() -> None:
    choice = ToolCallDelta(3, "c", "f", "{", index=1).choice
    assert choice is not None
    [call] = choice.delta.tool_calls
    assert (choice.index, choice.delta.content, choice.finish_reason) == (1, (), None)
    assert (call.index, call.id, call.function.name, call.function.arguments) == (3, "c", "f", "{")


@pytest.mark.parametrize("status", TOOL_STATUS_VALUES)
def test_flags_of_a_running_tool(status: Any) -> None:
    event = ToolResult("f", "c", status)
    flags = {name: getattr(event, f"is_tool_{name}") for name in TOOL_STATUS_VALUES}
    assert flags == {name: name == status for name in TOOL_STATUS_VALUES}


def test_errors_are_equal_where_they_say_the_same() -> None:
    assert Error(ServerError("m", code="c")) == Error(ServerError("m", code="c"))
    assert Error(ServerError("m", code="c")) != Error(ServerError("m", code="d"))
    assert Error(ServerError("m")) != Error(DecodeError("m"))
