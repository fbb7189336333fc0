"""Messages of a Chat Completions request, and an answer as one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue._dialects.openai_chat.messages import encode_messages
from duologue._tables import PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import (
    ROLE_VALUES,
    AudioContent,
    CachePoint,
    CitationContent,
    ContentPart,
    FileContent,
    ImageContent,
    Message,
    ReasoningContent,
    RefusalContent,
    TextContent,
    ToolCall,
    UnknownContent,
)
from tests.dialects.reading import deltas, whole

if TYPE_CHECKING:
    from duologue.models import Provider

OPENAI = PROVIDERS["openai"]
LLAMACPP = PROVIDERS["llamacpp"]


def wire(message: Message, provider: Provider = OPENAI) -> dict[str, Any]:
    [found] = encode_messages([message], provider, model="m")
    return found


URL = "https://example.com/cat.png"
PARTS: list[tuple[ContentPart, dict[str, Any]]] = [
    (TextContent("t"), {"type": "text", "text": "t"}),
    (ImageContent.from_url(URL), {"type": "image_url", "image_url": {"url": URL}}),
    (ImageContent.from_url(URL, detail="low"), {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}),
    (
        ImageContent.from_bytes(b"\xff\xd8\xff"),
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/"}},
    ),
    (
        ImageContent(data=b"\xff"),
        {"type": "image_url", "image_url": {"url": "data:application/octet-stream;base64,/w=="}},
    ),
    (FileContent(file_id="file-1"), {"type": "file", "file": {"file_id": "file-1"}}),
    (
        FileContent(data=b"%PDF-", media_type="application/pdf", filename="a.pdf"),
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
    ),
    (
        FileContent(data=b"x", media_type="text/plain"),
        {"type": "file", "file": {"filename": "file", "file_data": "data:text/plain;base64,eA=="}},
    ),
    (
        AudioContent(data=b"x", media_type="audio/wav"),
        {"type": "input_audio", "input_audio": {"data": "eA==", "format": "wav"}},
    ),
    (
        AudioContent(data=b"x", media_type="audio/mpeg"),
        {"type": "input_audio", "input_audio": {"data": "eA==", "format": "mp3"}},
    ),
    (UnknownContent({"type": "video_url", "x": 1}), {"type": "video_url", "x": 1}),
]
REFUSED: list[tuple[ContentPart, str]] = [
    (ImageContent(), "image content needs url or data"),
    (FileContent.from_url("https://a"), "files as data or by file_id, not by URL"),
    (AudioContent.from_url("https://a"), "sound as WAV or MP3 data; got no data"),
    (AudioContent(data=b"x", media_type="audio/ogg"), "got audio/ogg"),
    (ReasoningContent("x"), "cannot hold reasoning content"),
    (RefusalContent("x"), "cannot hold refusal content"),
    (CitationContent("x"), "cannot hold citation content"),
]


@pytest.mark.parametrize("role", ["system", "user", "tool"])
@pytest.mark.parametrize(("part", "expected"), PARTS)
def test_parts(role: str, part: ContentPart, expected: dict[str, Any]) -> None:
    image = UnknownContent({"type": "other"})  # so that text does not become a plain string
    message = Message(role, [part, image], tool_call_id="c" if role == "tool" else None)  # type: ignore[arg-type]  # one of a table
    assert wire(message)["content"] == [expected, {"type": "other"}]


@pytest.mark.parametrize("role", ["system", "user", "tool"])
@pytest.mark.parametrize(("part", "words"), REFUSED)
def test_parts_that_have_no_place(role: str, part: ContentPart, words: str) -> None:
    message = Message(role, [part], tool_call_id="c" if role == "tool" else None)  # type: ignore[arg-type]  # one of a table
    with pytest.raises(UnsupportedError, match=words) as caught:
        wire(message)
    if "cannot hold" in words:
        assert str(caught.value).startswith(f"a {role} message")


def test_every_kind_of_part_is_tried() -> None:
    assert {type(part) for part, _ in [*PARTS, *REFUSED]} | {CachePoint} == set(ContentPart.__args__)


def test_cache_points() -> None:
    """https://openrouter.ai/docs/guides/best-practices/prompt-caching"""
    said: list[str | ContentPart] = ["a", CachePoint(), "b", CachePoint(ttl="1h")]
    openrouter = PROVIDERS["openrouter"]
    for message in (Message.system(said), Message.user(said)):
        assert wire(message, openrouter)["content"] == [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ]
    with pytest.raises(UnsupportedError, match="OpenAI takes no cache points: leave them out"):
        wire(Message.user(said))
    with pytest.raises(UnsupportedError, match="OpenRouter takes a cache point only after content"):
        wire(Message.user([CachePoint(), "a"]), openrouter)
    with pytest.raises(UnsupportedError, match="an assistant message cannot hold cache_point content"):
        wire(Message.assistant(said), openrouter)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Message.system("s"), {"role": "system", "content": "s"}),
        (Message.user(["a", "b"]), {"role": "user", "content": "ab"}),
        (Message.user(()), {"role": "user", "content": ""}),
        (Message.user("u", name="Ann", metadata={"a": 1}), {"role": "user", "name": "Ann", "content": "u"}),
        (Message.tool("c", "r"), {"role": "tool", "tool_call_id": "c", "content": "r"}),
        (Message.tool("c", {"a": [1]}), {"role": "tool", "tool_call_id": "c", "content": '{"a": [1]}'}),
        (Message.assistant("a"), {"role": "assistant", "content": "a"}),
        (Message.assistant(), {"role": "assistant", "content": None}),
        (Message.assistant(RefusalContent("no")), {"role": "assistant", "content": None, "refusal": "no"}),
        (Message.assistant(["a", CitationContent("u")]), {"role": "assistant", "content": "a"}),
        (
            Message.assistant([AudioContent(id="audio_1", transcript="t")]),
            {"role": "assistant", "content": None, "audio": {"id": "audio_1"}},
        ),
        (
            Message.assistant(tool_calls=[ToolCall("c", "f"), ToolCall("d", "g", "x", type="custom")]),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}},
                ],
            },
        ),
        (
            Message.assistant(UnknownContent({"type": "novel", "novel": [1], "extra_content": {"a": 1}})),
            {"role": "assistant", "content": None, "extra_content": {"a": 1}},
        ),
    ],
)
def test_messages(message: Message, expected: dict[str, Any]) -> None:
    assert wire(message) == expected


def test_every_role_is_tried() -> None:
    assert {wire(message)["role"] for message in (Message(role, "x", tool_call_id="c") for role in ROLE_VALUES)} == set(
        ROLE_VALUES
    )


@pytest.mark.parametrize(
    ("provider", "expected"), [(OPENAI, {}), (LLAMACPP, {"reasoning_content": "hm"})], ids=["openai", "llamacpp"]
)
def test_reasoning_goes_back_only_where_it_is_taken(provider: Provider, expected: dict[str, str]) -> None:
    message = Message.assistant([ReasoningContent("hm"), "yes"])
    assert wire(message, provider) == {"role": "assistant", "content": "yes", **expected}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message("tool", "r"), "a tool message needs tool_call_id"),
        (Message.assistant(ImageContent.from_url(URL)), "an assistant message cannot hold image content"),
        (Message.assistant(FileContent(file_id="x")), "an assistant message cannot hold file content"),
        (Message.assistant(AudioContent(data=b"x")), "only by its id"),
    ],
)
def test_messages_that_have_no_place(message: Message, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        wire(message)


# -- the second turn ---------------------------------------------------------------------------------------------------


def test_an_answer_goes_back_as_it_came() -> None:
    said: dict[str, Any] = {
        "content": "Hello",
        "reasoning": "hm",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0},
            {"type": "reasoning.encrypted", "data": "x", "index": 1},
        ],
        "extra_content": {"google": {"thought_signature": "t"}},
        "tool_calls": [
            {
                "id": "c",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a":1}', "novel": 1},
                "extra_content": {"google": {"thought_signature": "u"}},
            },
            {"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}},
        ],
    }
    message = whole(said, finish_reason="tool_calls").message
    back = wire(message, attrs.evolve(OPENAI, reasoning_field="reasoning"))
    assert back == {"role": "assistant", **said}


def test_a_streamed_answer_goes_back_whole() -> None:
    details = [{"type": "reasoning.text", "text": "h", "index": 0}, {"type": "reasoning.text", "text": "m", "index": 0}]
    message = deltas(
        *({"reasoning": piece["text"], "reasoning_details": [piece]} for piece in details),
        {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
    ).message
    [call] = message.tool_calls
    assert encode_messages([Message.user("q"), message, Message.tool(call.id, {"ok": True})], OPENAI, model="m") == [
        {"role": "user", "content": "q"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_r-1_0_0", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}],
        },
        {"role": "tool", "tool_call_id": "call_r-1_0_0", "content": '{"ok": true}'},
    ]
