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
    ROLE_VALUES,
    AudioContent,
    CachePoint,
    ChatRequest,
    CitationContent,
    ContentPart,
    FileContent,
    ImageContent,
    Message,
    Provider,
    Reasoning,
    ReasoningContent,
    RefusalContent,
    ResponseFormat,
    TextContent,
    Tool,
    ToolCall,
    UnknownContent,
)
from tests.dialects.openai_chat.test_recordings import ALL, each
from tests.dialects.reading import deltas, whole

if TYPE_CHECKING:
    from tests.kit.recordings import Recording

OPENAI = PROVIDERS["openai"]
LLAMACPP = PROVIDERS["llamacpp"]


def body(*messages: Any, provider: Provider = OPENAI, stream: bool = False, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages or "hi", **fields)
    return encode(request, provider, model="m", stream=stream).body


def wire(message: Message, provider: Provider = OPENAI) -> dict[str, Any]:
    [found] = body(message, provider=provider)["messages"]
    return dict(found)


# -- fields ------------------------------------------------------------------------------------------------------------

# What `encode` writes itself.
FRAME = {"messages", "model", "max_tokens", "extra"}


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


# -- messages ----------------------------------------------------------------------------------------------------------

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
    request = ChatRequest([Message.system(said), Message.user(said)])
    for message in encode(request, PROVIDERS["openrouter"], model="m", stream=True).body["messages"]:
        assert message["content"] == [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ]
    with pytest.raises(UnsupportedError, match="OpenAI takes no cache points: leave them out"):
        encode(request, OPENAI, model="m", stream=True)
    with pytest.raises(UnsupportedError, match="OpenRouter takes a cache point only after content"):
        encode(ChatRequest(Message.user([CachePoint(), "a"])), PROVIDERS["openrouter"], model="m", stream=True)
    with pytest.raises(UnsupportedError, match="an assistant message cannot hold cache_point content"):
        encode(ChatRequest(Message.assistant(said)), PROVIDERS["openrouter"], model="m", stream=True)


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
    assert body("q", message, Message.tool(call.id, {"ok": True}))["messages"] == [
        {"role": "user", "content": "q"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_r-1_0_0", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}],
        },
        {"role": "tool", "tool_call_id": "call_r-1_0_0", "content": '{"ok": true}'},
    ]


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
    provider = attrs.evolve(OPENAI, max_tokens_field=limit, stream_usage=bool(usage))
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
