"""Messages as input items."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue import from_json, to_json
from duologue._dialects.openai_responses.history import input_items
from duologue._json import dumps
from duologue.errors import UnsupportedError
from duologue.models import (
    AudioContent,
    CitationContent,
    FileContent,
    ImageContent,
    Message,
    ReasoningContent,
    RefusalContent,
    TextContent,
    ToolCall,
    UnknownContent,
)
from tests.dialects.openai_responses.reading import added, call, done, ev, events, stream, text, whole
from tests.dialects.openai_responses.test_decode import REASONING


def items(*messages: Message) -> list[dict[str, Any]]:
    found = input_items(messages)
    assert json.loads(dumps(found)) == found
    return found


def one(message: Message) -> dict[str, Any]:
    [found] = items(message)
    return found


# -- what is said to the model -----------------------------------------------------------------------------------------


def test_text() -> None:
    assert items(Message.system("Be brief."), Message.user(["a", "b"]), Message.user("")) == [
        {"type": "message", "role": "system", "content": "Be brief."},
        {"type": "message", "role": "user", "content": "ab"},
        {"type": "message", "role": "user", "content": ""},
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (ImageContent.from_url("https://x/a.png"), {"type": "input_image", "image_url": "https://x/a.png"}),
        (
            ImageContent(data=b"ABC", media_type="image/png", detail="low"),
            {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": "low"},
        ),
        (
            ImageContent(data=b"ABC"),
            {"type": "input_image", "image_url": "data:application/octet-stream;base64,QUJD"},
        ),
        (FileContent(file_id="file-1"), {"type": "input_file", "file_id": "file-1"}),
        (FileContent(url="https://x/a.pdf"), {"type": "input_file", "file_url": "https://x/a.pdf"}),
        (
            FileContent(data=b"ABC", media_type="application/pdf", filename="a.pdf"),
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD"},
        ),
        (
            FileContent(data=b"ABC", media_type="application/pdf"),
            {"type": "input_file", "filename": "file", "file_data": "data:application/pdf;base64,QUJD"},
        ),
        (UnknownContent({"type": "input_video", "x": 1}), {"type": "input_video", "x": 1}),
    ],
)
def test_parts(part: Any, expected: dict[str, Any]) -> None:
    wanted = [{"type": "input_text", "text": "look"}, expected]
    assert one(Message.user(["look", part]))["content"] == wanted
    assert one(Message.tool("c", [TextContent("look"), part])) == {
        "type": "function_call_output",
        "call_id": "c",
        "output": wanted,
    }


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (ImageContent(), "image content needs"),
        (FileContent(), "a file needs"),
        (AudioContent(data=b"x", media_type="audio/wav"), "audio content"),
        (ReasoningContent("x"), "reasoning content"),
        (RefusalContent("x"), "refusal content"),
        (CitationContent(), "citation content"),
    ],
)
def test_parts_that_cannot_be_said(part: Any, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        items(Message.user(["x", part]))


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_a_name_is_refused(role: Any) -> None:
    with pytest.raises(UnsupportedError, match="name"):
        items(Message(role, "x", name="Ann"))


def test_items_of_the_callers_own() -> None:
    approval = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
    output = {"type": "apply_patch_call_output", "call_id": "c1", "status": "completed", "output": "ok"}
    assert items(Message.user(UnknownContent(approval))) == [approval]
    assert items(Message.tool("c1", UnknownContent(output))) == [output]
    assert items(Message.user(["yes", UnknownContent(approval)])) == [
        {"type": "message", "role": "user", "content": "yes"},
        approval,
    ]


# -- results -----------------------------------------------------------------------------------------------------------


def test_results() -> None:
    custom = Message.assistant(tool_calls=[ToolCall("c2", "sql", "SELECT 1", "custom")])
    assert items(Message.tool("c1", {"a": 1}, name="f", is_error=True), custom, Message.tool("c2", "x")) == [
        {"type": "function_call_output", "call_id": "c1", "output": '{"a": 1}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "SELECT 1"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "x"},
    ]


def test_a_result_needs_its_call() -> None:
    with pytest.raises(UnsupportedError, match="tool_call_id"):
        items(Message("tool", "x"))


# -- answers written by hand -------------------------------------------------------------------------------------------


def test_answers_by_hand() -> None:
    assert items(
        Message.assistant("hello"),
        Message.assistant(["a", RefusalContent("no")]),
        Message.assistant("", tool_calls=[ToolCall("c1", "f", ""), ToolCall("c2", "g", "", "custom")]),
        Message.assistant(),
    ) == [
        {"type": "message", "role": "assistant", "content": "hello"},
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "a", "annotations": []},
                {"type": "refusal", "refusal": "no"},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": ""},
    ]


def test_what_another_provider_said_beside_its_text_stays_out() -> None:
    foreign = Message.assistant(
        [CitationContent(), ReasoningContent("Hm", "sig"), "hello", CitationContent(url="https://x", raw={"x": 1})],
        tool_calls=[ToolCall("c1", "f", "{}", extra={"thoughtSignature": "s"})],
    )
    assert items(foreign) == [
        {"type": "message", "role": "assistant", "content": "hello"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
    ]


@pytest.mark.parametrize("part", [ImageContent(data=b"x"), FileContent(file_id="f"), AudioContent(data=b"x")])
def test_what_an_answer_cannot_hold(part: Any) -> None:
    with pytest.raises(UnsupportedError, match=f"an assistant message cannot hold {part.type}"):
        items(Message.assistant(["x", part]))


# -- answers on their way back -----------------------------------------------------------------------------------------

SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}
IMAGE = {"type": "image_generation_call", "id": "ig_1", "result": "QUJD", "output_format": "png"}
CUSTOM = {"type": "custom_tool_call", "id": "ct_1", "call_id": "c2", "name": "sql", "input": "SELECT 1"}


def test_items_go_back_in_their_order_and_whole() -> None:
    cited = text("a", "b", id="msg_2", phase="final_answer")
    cited["content"][0]["annotations"] = [{"type": "url_citation", "url": "https://x", "start_index": 0}]
    cited["content"].append({"type": "refusal", "refusal": "no more"})
    given = [
        REASONING,
        text("first", phase="commentary"),
        call(status="completed"),
        {**REASONING, "id": "rs_2"},
        SEARCH,
        IMAGE,
        cited,
        {**IMAGE, "id": "ig_2", "result": "https://x"},
        CUSTOM,
        text("", id="msg_3"),
    ]
    for reading in (whole(*given), stream(*(done(place, item) for place, item in enumerate(given)))):
        message = from_json(Message, to_json(reading.message))
        assert message == reading.message
        assert items(message) == given
        assert message.text == "firstab"
        assert [c.id for c in message.tool_calls] == ["c1", "c2"]


def test_a_second_turn() -> None:
    message = whole(REASONING, call(), CUSTOM).message
    assert items(Message.user("go"), message, Message.tool("c1", "1"), Message.tool("c2", "2")) == [
        {"type": "message", "role": "user", "content": "go"},
        REASONING,
        call(),
        CUSTOM,
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "2"},
    ]


def test_an_answer_cut_short_goes_back_as_far_as_it_came() -> None:
    reading = events(
        done(0, REASONING),
        added(1, "message", id="msg_1"),
        ev("output_text.delta", output_index=1, content_index=0, delta="He"),
        ev("output_item.added", output_index=2, item=call("")),
    )
    assert items(reading.message) == [
        REASONING,
        {"type": "message", "role": "assistant", "content": "He"},
        call(),
    ]


def test_text_before_another_item_is_a_message_of_its_own() -> None:
    assert items(Message.assistant(["a", UnknownContent(SEARCH), "b"])) == [
        {"type": "message", "role": "assistant", "content": "a"},
        SEARCH,
        {"type": "message", "role": "assistant", "content": "b"},
    ]


@pytest.mark.parametrize("content", [None, "hello"])
def test_a_message_of_the_callers_own_words(content: Any) -> None:
    own = {"type": "message", "role": "assistant", "content": content}
    assert items(Message.assistant(["a", UnknownContent(own)])) == [
        {"type": "message", "role": "assistant", "content": "a"},
        own,
    ]


def test_an_image_that_was_taken_out_leaves_its_item() -> None:
    rest = {key: value for key, value in IMAGE.items() if key != "result"}
    assert items(Message.assistant(UnknownContent(rest))) == [rest]


@pytest.mark.parametrize(("place", "expected"), [(0, 0), (1, 1), (10**30, 1), (-4, 0), ("0", 1), (None, 1), (True, 1)])
def test_the_places_of_calls(place: Any, expected: int) -> None:
    made = ToolCall("c1", "f", "{}", extra={"output_index": place})
    kinds = [item["type"] for item in items(Message.assistant(UnknownContent(SEARCH), tool_calls=[made]))]
    assert kinds.index("function_call") == expected
