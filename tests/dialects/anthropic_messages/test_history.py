"""A conversation, from messages to `system` and `messages`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue._dialects.anthropic_messages.history import encode_messages
from duologue.errors import UnsupportedError
from duologue.models import (
    ROLE_VALUES,
    AudioContent,
    CachePoint,
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
from tests.dialects.anthropic_messages.reading import ANTHROPIC, answer, begin, end, piece, whole

if TYPE_CHECKING:
    from duologue.models import ContentPart, Provider

PNG = b"\x89PNG\r\n\x1a\n"
URL = "https://example.org/x"
CITATION = {"type": "char_location", "cited_text": "c"}
MARKED = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}


def said(*messages: Message, provider: Provider = ANTHROPIC) -> list[tuple[str, Any]]:
    system, turns = encode_messages(messages, provider)
    return ([("system field", system)] if system else []) + [(turn["role"], turn["content"]) for turn in turns]


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def result(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


# -- roles -------------------------------------------------------------------------------------------------------------


MARK = {"type": "ephemeral"}


def test_cache_points() -> None:
    """https://platform.claude.com/docs/en/build-with-claude/prompt-caching"""
    said: list[str | ContentPart] = ["a", CachePoint(), "b", CachePoint(ttl="1h")]
    blocks = [
        {"type": "text", "text": "a", "cache_control": MARK},
        {"type": "text", "text": "b", "cache_control": {**MARK, "ttl": "1h"}},
    ]
    system, messages = encode_messages(
        [
            Message.system(said),
            Message.user(said),
            Message.assistant(said, tool_calls=[ToolCall("1", "f")]),
            Message("tool", ["r", CachePoint()], tool_call_id="1"),
        ],
        ANTHROPIC,
    )
    assert system == messages[0]["content"] == messages[1]["content"][:2] == blocks
    assert messages[2]["content"] == [{**result("1", "r"), "cache_control": MARK}]
    thought = ReasoningContent("hm", "sig")
    early: list[str | ContentPart] = [CachePoint(), "a"]
    late: list[str | ContentPart] = [thought, CachePoint()]
    for content in (early, late):
        with pytest.raises(UnsupportedError, match="takes a cache point only after content of the same message"):
            encode_messages([Message.assistant(content)], ANTHROPIC)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([Message.user("hi")], [("user", "hi")]),
        ([Message.user(["a", "b"])], [("user", [text("a"), text("b")])]),
        ([Message.system("s"), Message.user("hi")], [("system field", "s"), ("user", "hi")]),
        (
            [Message.system("s"), Message.system(["t", UnknownContent(MARKED)]), Message.user("hi")],
            [("system field", [text("s"), text("t"), MARKED]), ("user", "hi")],
        ),
        (
            [Message.user("a"), Message.system("s"), Message.system("t"), Message.assistant("b")],
            [("user", "a"), ("system", [text("s"), text("t")]), ("assistant", "b")],
        ),
        ([Message.user("a"), Message.user("b")], [("user", "a"), ("user", "b")]),
        # nothing was said
        ([Message.user("a"), Message.assistant(), Message.user("b")], [("user", "a"), ("user", "b")]),
        # tools
        ([Message.tool("1", "r")], [("user", [result("1", "r")])]),
        ([Message.tool("1", "")], [("user", [result("1", "")])]),
        ([Message.tool("1", {"a": 1}, name="f")], [("user", [result("1", '{"a": 1}')])]),
        (
            [Message.tool("1", "r"), Message.tool("2", "s", is_error=True), Message.user("b")],
            [("user", [result("1", "r"), result("2", "s", is_error=True)]), ("user", "b")],
        ),
        ([Message.tool("1", "r", is_error=False)], [("user", [result("1", "r")])]),
        (
            [Message.tool("1", [TextContent("see"), ImageContent.from_url(URL)])],
            [("user", [result("1", [text("see"), {"type": "image", "source": {"type": "url", "url": URL}}])])],
        ),
    ],
)
def test_roles(messages: list[Message], expected: list[tuple[str, Any]]) -> None:
    assert said(*messages) == expected


CALL = ToolCall("1", "f", "{}")
USE = {"type": "tool_use", "id": "1", "name": "f", "input": {}}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Message("assistant", "", tool_calls=[CALL]), [("assistant", [USE])]),
        (Message.assistant(["\n\n", ReasoningContent("hm", "s")], tool_calls=[CALL]), None),
        (Message.assistant(["", "a", " "]), [("assistant", "a")]),
        (Message.assistant(["a", RefusalContent("")]), [("assistant", "a")]),
        (Message.assistant(["a", "", CachePoint()]), [("assistant", [{**text("a"), "cache_control": MARK}])]),
        (Message.assistant([" ", "a", " ", "b", " "]), [("assistant", [text(" "), text("a"), text(" "), text("b")])]),
        (Message.assistant("a "), [("assistant", "a ")]),
        (Message.assistant(""), []),
        (Message.assistant(" \n"), []),
        (
            Message.assistant(["", "a"], tool_calls=[attrs.evolve(CALL, extra={"parts_before": 1})]),
            [("assistant", [USE, text("a")])],
        ),
        (Message.user(["", "a"]), [("user", "a")]),
        (Message.user(["a", "", CachePoint()]), [("user", [{**text("a"), "cache_control": MARK}])]),
        (Message.user(["a", " ", "b"]), [("user", [text("a"), text(" "), text("b")])]),
        (Message.user(""), [("user", "")]),
        (Message.system(["", "a"]), [("system field", "a")]),
        (Message.tool("1", [TextContent(""), TextContent("r")]), [("user", [result("1", "r")])]),
    ],
)
def test_texts_that_would_be_refused(message: Message, expected: list[tuple[str, Any]] | None) -> None:
    """Empty ones anywhere, and blank ones that no word follows in an answer; what a user says alone is theirs."""
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    assert said(message) == ([("assistant", [thinking, USE])] if expected is None else expected)


def test_every_role_has_its_way() -> None:
    for role in ROLE_VALUES:
        assert said(Message(role, "x", tool_call_id="c"))


# -- parts -------------------------------------------------------------------------------------------------------------


def data(media_type: str, of: bytes) -> dict[str, Any]:
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(of).decode()}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (TextContent("a"), text("a")),
        (UnknownContent(MARKED), MARKED),
        (ImageContent.from_url(URL, detail="auto"), {"type": "image", "source": {"type": "url", "url": URL}}),
        (ImageContent.from_bytes(PNG), {"type": "image", "source": data("image/png", PNG)}),
        (FileContent.from_url(URL), {"type": "document", "source": {"type": "url", "url": URL}}),
        (FileContent(file_id="f"), {"type": "document", "source": {"type": "file", "file_id": "f"}}),
        (
            FileContent(data=b"%PDF", media_type="application/pdf", filename="a.pdf"),
            {"type": "document", "source": data("application/pdf", b"%PDF"), "title": "a.pdf"},
        ),
        (
            FileContent(data="ä".encode(), media_type="text/markdown"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ä"}},
        ),
    ],
)
def test_parts(part: ContentPart, expected: dict[str, Any]) -> None:
    assert said(Message.user([part, part])) == [("user", [expected, expected])]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message("tool", "r"), "a tool message needs tool_call_id"),
        (Message.user("a", name="Ada"), "no place for a message's name"),
        (Message.system(ImageContent.from_url(URL)), "a system message cannot hold image content"),
        (Message.user(AudioContent(data=b"x")), "a user message cannot hold audio content"),
        (Message.user(ReasoningContent("a")), "a user message cannot hold reasoning content"),
        (Message.tool("1", AudioContent(data=b"x")), "a tool message cannot hold audio content"),
        (Message.assistant(ImageContent.from_url(URL)), "an assistant message cannot hold image content"),
        (Message.user(ImageContent()), "images by url, or as data of image/gif, image/jpeg"),
        (Message.user(ImageContent(data=b"x")), "images by url, or as data"),
        (Message.user(ImageContent(data=b"x", media_type="image/bmp")), "images by url, or as data"),
        (Message.user(ImageContent.from_url(URL, detail="high")), "no detail setting"),
        (Message.user(FileContent()), "got no data of a known type"),
        (Message.user(FileContent(data=b"x")), "got no data of a known type"),
        (Message.user(FileContent(data=b"x", media_type="application/zip")), "got application/zip"),
        (Message.user(FileContent(media_type="text/plain")), "got text/plain"),
        (Message.user(FileContent(media_type="application/pdf")), "got application/pdf"),
        (Message.user(FileContent(data=b"\xff", media_type="text/plain")), "text files in UTF-8"),
        (Message.assistant(CitationContent(raw=CITATION)), "a citation only after the text"),
        (Message.assistant([UnknownContent({"type": "x"}), CitationContent(raw=CITATION)]), "a citation only after"),
        (Message.assistant(tool_calls=[ToolCall("1", "f", "{}", "custom")]), "no custom tool calls"),
    ],
)
def test_what_has_no_place(message: Message, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        said(message)


# -- answers on their way back -----------------------------------------------------------------------------------------


def test_an_answer_goes_back_as_it_came() -> None:
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "a", "citations": [CITATION, {**CITATION, "cited_text": "d"}]},
        {"type": "text", "text": "b"},
        {"type": "server_tool_use", "id": "srv", "name": "code_execution", "input": {"code": "f()"}},
        {"type": "tool_use", "id": "1", "name": "f", "input": {}, "caller": {"type": "code", "tool_id": "srv"}},
        {"type": "tool_use", "id": "2", "name": "f", "input": {"a": 1}},
        {"type": "code_execution_tool_result", "tool_use_id": "srv", "content": {"encrypted_stdout": "e"}},
        {"type": "thinking", "thinking": "", "signature": "t"},
        {"type": "tool_use", "id": "3", "name": "f", "input": {}},
    ]
    assert said(whole(*blocks).message) == [("assistant", blocks)]


def test_a_streamed_answer_goes_back_with_the_results_after_it() -> None:
    message = answer(
        begin(0, "thinking", thinking="", signature=""),
        piece(0, "thinking", thinking="hm"),
        piece(0, "signature", signature="s"),
        end(0),
        begin(1, "tool_use", id="1", name="f", input={}),
        piece(1, "input_json", partial_json=""),
        end(1),
        begin(2, "tool_use", id="2", name="g", input={}),
        piece(2, "input_json", partial_json='{"a":1}'),
        end(2),
        reason="tool_use",
    ).message
    assert said(Message.user("q"), message, Message.tool("1", "r"), Message.tool("2", "s")) == [
        ("user", "q"),
        (
            "assistant",
            [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "1", "name": "f", "input": {}},
                {"type": "tool_use", "id": "2", "name": "g", "input": {"a": 1}},
            ],
        ),
        ("user", [result("1", "r"), result("2", "s")]),
    ]


@pytest.mark.parametrize("arguments", ['{"a', "[1]", "x"])
def test_arguments_that_are_no_object_go_back_wrapped(arguments: str) -> None:
    """So the model can be told what was wrong with them, as where `max_tokens` cut them off."""
    call = begin(0, "tool_use", id="1", name="f", input={})
    message = answer(call, piece(0, "input_json", partial_json=arguments), end(0), reason="max_tokens").message
    assert said(message, Message.tool("1", "no JSON", is_error=True)) == [
        ("assistant", [{"type": "tool_use", "id": "1", "name": "f", "input": {"INVALID_JSON": arguments}}]),
        ("user", [result("1", "no JSON", is_error=True)]),
    ]


def test_thoughts_that_are_not_signed_stay_behind_unless_the_provider_takes_them() -> None:
    message = Message.assistant([ReasoningContent("hm"), "a"])
    assert said(message) == [("assistant", "a")]
    taking = attrs.evolve(ANTHROPIC, reasoning_field="thinking")
    thinking = {"type": "thinking", "thinking": "hm", "signature": ""}
    assert said(message, provider=taking) == [("assistant", [thinking, text("a")])]


def test_answers_of_other_providers() -> None:
    """A refusal is text here, and another's citations have no place."""
    message = Message.assistant([CitationContent(url=URL), RefusalContent("no"), CitationContent(raw={"type": "x"})])
    assert said(message) == [("assistant", "no")]


def test_what_is_sent_is_not_changed_by_it() -> None:
    block = {"type": "text", "text": "a", "citations": [CITATION]}
    message = Message.assistant([UnknownContent(block), CitationContent(raw=CITATION)])
    assert said(message) == said(message) == [("assistant", [{**block, "citations": [CITATION, CITATION]}])]


def test_a_place_that_is_no_longer_there() -> None:
    """The caller may have taken parts out since."""
    call = ToolCall("1", "f", "{}", extra={"parts_before": 5})
    sent = {"type": "tool_use", "id": "1", "name": "f", "input": {}}
    assert said(Message.assistant("a", tool_calls=[call])) == [("assistant", [text("a"), sent])]


def test_addresses_that_are_the_data_go_as_data() -> None:
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    image = ImageContent.from_url(url)
    assert said(Message.user(image)) == [("user", [{"type": "image", "source": data("image/png", PNG)}])]
    assert said(Message("tool", [image], tool_call_id="1")) == [
        ("user", [result("1", [{"type": "image", "source": data("image/png", PNG)}])])
    ]
    file = FileContent.from_url("data:application/pdf;base64,JVBERi0=", filename="f")
    document = {"type": "document", "source": data("application/pdf", b"%PDF-"), "title": "f"}
    assert said(Message.user(file)) == [("user", [document])]
    with pytest.raises(UnsupportedError, match="takes images by url, or as data of"):
        said(Message.user(ImageContent.from_url("data:image/bmp;base64,Qk0=")))
