"""Converse, from a request to a JSON body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue._dialects.bedrock_converse import FIELDS, UNSUPPORTED, encode
from duologue._json import dumps
from duologue._tables import PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import (
    AudioContent,
    CachePoint,
    ChatRequest,
    CitationContent,
    ContentPart,
    FileContent,
    ImageContent,
    Message,
    Reasoning,
    ReasoningContent,
    RefusalContent,
    ResponseFormat,
    TextContent,
    Tool,
    ToolCall,
    UnknownContent,
)
from tests.dialects.bedrock_converse.test_decode import PAIRS
from tests.dialects.bedrock_converse.test_recordings import ALL, each, read_recording
from tests.dialects.bedrock_converse.wire import deltas, whole

if TYPE_CHECKING:
    from duologue._dialects import Wire
    from tests.kit.recordings import Recording

BEDROCK = PROVIDERS["bedrock"]
HI = [{"role": "user", "content": [{"text": "hi"}]}]
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def wire(*messages: Any, model: str = "m", stream: bool = False, **fields: Any) -> Wire:
    return encode(ChatRequest(messages or "hi", **fields), BEDROCK, model=model, stream=stream)


def body(*messages: Any, **fields: Any) -> dict[str, Any]:
    return wire(*messages, **fields).body


def content(message: Message) -> list[Any]:
    [found] = body(message)["messages"]
    return list(found["content"])


# -- fields ------------------------------------------------------------------------------------------------------------

# What `encode` writes itself.
FRAME = {"messages", "model", "tools", "tool_choice", "reasoning", "extra"}


def test_every_field_of_a_request_has_a_place() -> None:
    fields = {field.name for field in attrs.fields(ChatRequest)}
    assert FIELDS.keys() | UNSUPPORTED.keys() | FRAME == fields
    assert len(FIELDS) + len(UNSUPPORTED) + len(FRAME) == len(fields)


EMPTY = {"json": {"type": "object", "properties": {}}}
TOOL = {"toolSpec": {"name": "f", "inputSchema": EMPTY}}
FIELD_CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("max_tokens", 5, {"inferenceConfig": {"maxTokens": 5}}),
    ("temperature", 0, {"inferenceConfig": {"temperature": 0}}),
    ("top_p", 0.5, {"inferenceConfig": {"topP": 0.5}}),
    ("stop", "END", {"inferenceConfig": {"stopSequences": ["END"]}}),
    ("stop", None, {}),
    ("tools", [Tool("f")], {"toolConfig": {"tools": [TOOL]}}),
    (
        "tools",
        [Tool("f", "does f", {"type": "object"}, strict=True)],
        {
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "f",
                            "description": "does f",
                            "inputSchema": {"json": {"type": "object"}},
                            "strict": True,
                        }
                    }
                ]
            }
        },
    ),
    ("tool_choice", "auto", {}),
    ("tool_choice", "none", {}),
    ("response_format", "text", {}),
    (
        "response_format",
        ResponseFormat("json_schema", {"type": "object"}, "n"),
        {
            "outputConfig": {
                "textFormat": {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"name": "n", "schema": '{"type": "object"}'}},
                }
            }
        },
    ),
    ("n", 1, {}),
    ("metadata", {"a": "b"}, {"requestMetadata": {"a": "b"}}),
    ("extra", {"guardrailConfig": {"guardrailIdentifier": "g"}}, {"guardrailConfig": {"guardrailIdentifier": "g"}}),
]


@pytest.mark.parametrize(("field", "value", "expected"), FIELD_CASES)
def test_fields(field: str, value: Any, expected: dict[str, Any]) -> None:
    found = body(**{field: value})
    assert found == {"messages": HI, **expected}
    assert json.loads(dumps(found)) == found


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("auto", {"auto": {}}), ("required", {"any": {}}), ("f", {"tool": {"name": "f"}})],
)
def test_tool_choice(choice: str, expected: dict[str, Any]) -> None:
    assert body(tools=[Tool("f")], tool_choice=choice)["toolConfig"] == {"tools": [TOOL], "toolChoice": expected}


def test_no_tool_is_a_request_without_tools() -> None:
    assert "toolConfig" not in body(tools=[Tool("f")], tool_choice="none")


UNSUPPORTED_CASES: list[tuple[dict[str, Any], str]] = [
    ({"seed": 0}, "no seed"),
    ({"parallel_tool_calls": False}, "no parallel_tool_calls"),
    ({"frequency_penalty": 1}, "no frequency_penalty"),
    ({"presence_penalty": 1}, "no presence_penalty"),
    ({"logprobs": True}, "no logprobs"),
    ({"top_logprobs": 1}, "no top_logprobs"),
    ({"user": "u"}, "no user"),
    ({"n": 2}, "no n: "),
    ({"response_format": "json_object"}, "response_format 'json_object'"),
    ({"tool_choice": "required"}, "tool_choice 'required' only along with tools"),
    ({"reasoning": "low"}, "how m takes reasoning"),
]


@pytest.mark.parametrize(("fields", "words"), UNSUPPORTED_CASES)
def test_fields_that_have_no_place(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        body(**fields)


def test_every_field_is_tried() -> None:
    tried = {field for field, _, _ in FIELD_CASES} | {field for fields, _ in UNSUPPORTED_CASES for field in fields}
    assert tried | {"messages", "model"} == FIELDS.keys() | UNSUPPORTED.keys() | FRAME


@pytest.mark.parametrize(
    ("model", "reasoning", "expected"),
    [
        (CLAUDE, 2000, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (CLAUDE, "high", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
        ("us.amazon.nova-2-lite-v1:0", "low", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}),
        ("openai.gpt-oss-120b-1:0", "low", {"reasoning_effort": "low"}),
        ("us.openai.gpt-5.6-luna", "low", {"reasoning": {"effort": "low"}}),
    ],
)
def test_reasoning(model: str, reasoning: Any, expected: dict[str, Any]) -> None:
    assert body(model=model, reasoning=reasoning)["additionalModelRequestFields"] == expected


@pytest.mark.parametrize(
    ("model", "reasoning"),
    [
        (CLAUDE, Reasoning()),
        (CLAUDE, Reasoning("low", 5)),
        ("amazon.nova-2-lite-v1:0", 5),
        ("openai.gpt-oss-120b-1:0", 5),
        ("openai.gpt-5.6-luna", 5),
    ],
)
def test_reasoning_in_another_form(model: str, reasoning: Any) -> None:
    with pytest.raises(UnsupportedError, match=rf"{model} takes reasoning as"):
        body(model=model, reasoning=reasoning)


def test_extra_wins() -> None:
    assert body(temperature=1, extra={"inferenceConfig": {"topK": 1}, "messages": []}) == {
        "inferenceConfig": {"temperature": 1, "topK": 1},
        "messages": [],
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1%3A0"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/x",
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx",
        ),
        ("a/../b?c#d%2f", "a%2F..%2Fb%3Fc%23d%252f"),
    ],
)
def test_the_path(model: str, path: str) -> None:
    assert wire(model=model) == (f"/model/{path}/converse", {"messages": HI}, {})
    streamed = wire(model=model, stream=True)
    assert streamed.path == f"/model/{path}/converse-stream"
    assert streamed.headers == {"accept": "application/vnd.amazon.eventstream"}


# -- messages ----------------------------------------------------------------------------------------------------------

PNG = ImageContent(data=b"x", media_type="image/png")
PNG_WIRE = {"image": {"format": "png", "source": {"bytes": "eA=="}}}
PDF = FileContent(data=b"x", media_type="application/pdf")
PARTS: list[tuple[ContentPart, dict[str, Any]]] = [
    (TextContent("t"), {"text": "t"}),
    (PNG, PNG_WIRE),
    (
        ImageContent(url="s3://b/k.jpeg"),
        {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/k.jpeg"}}}},
    ),
    (PDF, {"document": {"format": "pdf", "name": "document", "source": {"bytes": "eA=="}}}),
    (
        FileContent(data=b"x", media_type="text/plain; charset=utf-8", filename="The  notes_of.May (1).txt"),
        {"document": {"format": "txt", "name": "The notes of May (1)", "source": {"bytes": "eA=="}}},
    ),
    (
        FileContent(url="s3://b/k.md", filename="ü"),
        {"document": {"format": "md", "name": "document", "source": {"s3Location": {"uri": "s3://b/k.md"}}}},
    ),
    (
        ImageContent(data=b"x", media_type="image/jpg"),
        {"image": {"format": "jpeg", "source": {"bytes": "eA=="}}},
    ),
    (
        FileContent(data=b"x", media_type="Video/QuickTime", filename="a.mov"),
        {"video": {"format": "mov", "source": {"bytes": "eA=="}}},
    ),
    (
        FileContent(url="s3://b/k.MP4"),
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/k.MP4"}}}},
    ),
    (
        AudioContent(data=b"x", media_type="audio/mpeg"),
        {"audio": {"format": "mp3", "source": {"bytes": "eA=="}}},
    ),
    (UnknownContent({"type": "cachePoint", "cachePoint": {"type": "default"}}), {"cachePoint": {"type": "default"}}),
    (UnknownContent({"cachePoint": {"type": "default"}}), {"cachePoint": {"type": "default"}}),
]
REFUSED: list[tuple[ContentPart, str]] = [
    (ImageContent(), "image content as gif, jpeg, png, webp; got no media_type"),
    (ImageContent.from_url("https://a/b.png"), "image content as data or by an s3:// address"),
    (ImageContent(data=b"x", media_type="image/tiff"), "got image/tiff"),
    (ImageContent(data=b"x", media_type="image/png", detail="low"), "no detail of images"),
    (FileContent(file_id="f"), "not by file_id"),
    (FileContent(data=b"x", media_type="application/zip"), "got application/zip"),
    (FileContent(data=b"x", media_type="video/x"), "file content as flv, mkv, mov, .*; got video/x"),
    (AudioContent(media_type="audio/wav"), "audio content as data or by"),
    (ReasoningContent("x"), "a user message cannot hold reasoning content"),
    (RefusalContent("x"), "a user message cannot hold refusal content"),
    (CitationContent("x"), "a user message cannot hold citation content"),
]
MARKS: list[tuple[ContentPart, dict[str, Any]]] = [
    (CachePoint(), {"cachePoint": {"type": "default"}}),
    (CachePoint(ttl="1h"), {"cachePoint": {"type": "default", "ttl": "1h"}}),
]


@pytest.mark.parametrize(("point", "block"), MARKS)
def test_cache_points(point: ContentPart, block: dict[str, Any]) -> None:
    assert content(Message.user(["a", point, "b"])) == [{"text": "a"}, block, {"text": "b"}]
    assert content(Message.assistant(["a", point])) == [{"text": "a"}, block]
    assert content(Message("tool", ["a", point], tool_call_id="c"))[1:] == [block]
    wire = encode(ChatRequest([Message.system(["a", point]), Message.user("hi")]), BEDROCK, model="m", stream=True)
    assert wire.body["system"] == [{"text": "a"}, block]


@pytest.mark.parametrize(("part", "expected"), PARTS)
def test_parts(part: ContentPart, expected: dict[str, Any]) -> None:
    assert content(Message.user([part])) == [expected]
    if not isinstance(part, AudioContent | UnknownContent):
        assert content(Message.tool("c", [part]))[0]["toolResult"]["content"] == [expected]


@pytest.mark.parametrize(("part", "words"), REFUSED)
def test_parts_that_have_no_place(part: ContentPart, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        content(Message.user([part]))


def test_every_kind_of_part_is_tried() -> None:
    assert {type(part) for part, _ in [*PARTS, *MARKS, *REFUSED]} == set(ContentPart.__args__)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message("tool", "r"), "a tool message needs tool_call_id"),
        (Message.system([PNG]), "a system message cannot hold image content"),
        (Message.tool("c", AudioContent(data=b"x")), "a tool message cannot hold audio content"),
        (Message.assistant(RefusalContent("no")), "an assistant message cannot hold refusal content"),
        (Message.user("u", name="Ann"), "no names"),
        (Message.assistant(tool_calls=[ToolCall("c", "f", "x", type="custom")]), "no custom tool calls"),
    ],
)
def test_messages_that_have_no_place(message: Message, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        body(message)


def test_roles_take_turns() -> None:
    call, other = ToolCall("c", "f", '{"a":1}'), ToolCall("d", "g")
    cache = UnknownContent({"type": "cachePoint", "cachePoint": {"type": "default"}})
    found = body(
        Message.system(["s", cache]),
        "a",
        Message.user("b"),
        Message.assistant("c", tool_calls=[call]),
        Message.assistant(tool_calls=[other]),
        Message.tool("c", {"r": 1}, name="f"),
        Message.tool("d", [TextContent("no"), PNG], is_error=True),
        Message.user("d"),
        Message.system("t"),
    )
    assert found == {
        "system": [{"text": "s"}, {"cachePoint": {"type": "default"}}, {"text": "t"}],
        "messages": [
            {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
            {
                "role": "assistant",
                "content": [
                    {"text": "c"},
                    {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
                    {"toolUse": {"toolUseId": "d", "name": "g", "input": {}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "c", "content": [{"text": '{"r": 1}'}]}},
                    {"toolResult": {"toolUseId": "d", "content": [{"text": "no"}, PNG_WIRE], "status": "error"}},
                    {"text": "d"},
                ],
            },
        ],
    }
    with pytest.raises(UnsupportedError, match="once tools were called"):
        body("a", Message.assistant(tool_calls=[call]), Message.tool("c", "r"), tool_choice="none")


def test_what_is_empty_is_left_out() -> None:
    """Bedrock refuses empty texts and messages."""
    found = body("a", Message.assistant(""), Message.user("b"), Message.assistant(["", "c"]), Message.tool("c", ""))
    assert found["messages"] == [
        {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
        {"role": "assistant", "content": [{"text": "c"}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": []}}]},
    ]


def test_what_is_empty_beside_something_else_is_left_out() -> None:
    image = ImageContent(data=b"a", media_type="image/png")
    assert content(Message.user(["", image])) == content(Message.user([image]))
    assert content(Message.user("")) == [{"text": ""}], "the only one there is, which Bedrock may judge"
    assert body(Message.system(["", "s"]), "a")["system"] == [{"text": "s"}]


def test_what_an_answer_may_hold_and_no_request() -> None:
    """Texts of blanks, and thoughts without a signature: https://github.com/langchain-ai/langchain-aws/issues/401"""
    thoughts = [ReasoningContent("hm"), ReasoningContent("hm", ""), ReasoningContent("hm", "s")]
    found = content(Message.assistant([*thoughts, "\n\n", "c"], tool_calls=[ToolCall("c", "f")]))
    assert found == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"text": "c"},
        {"toolUse": {"toolUseId": "c", "name": "f", "input": {}}},
    ]
    assert len(body("a", Message.assistant([thoughts[0], " "]))["messages"]) == 1


def test_a_citation_of_a_text_that_stays() -> None:
    cited = CitationContent(title="t", start=1, end=2)
    assert content(Message.assistant(["a", " ", cited])) == [
        {"text": "a"},
        {"citationsContent": {"citations": [{"title": "t"}]}},
    ]


@pytest.mark.parametrize("location", [{"searchResultLocation": {"searchResultIndex": 0, "start": 0, "end": 1}}, "odd"])
def test_citations_of_search_results_stay(location: Any) -> None:
    """Bedrock hands them on to Claude in a form that Claude refuses: https://github.com/langchain-ai/langchain-aws/pull/1175"""
    notes = [{"title": "a", "location": location}, {"title": "b"}]
    given = {"citationsContent": {"content": [{"text": "x"}], "citations": notes}}
    back = content(whole(given).message)
    assert back == [{"citationsContent": {"content": [{"text": "x"}], "citations": notes[location != "odd" :]}}]
    if location != "odd":
        alone = {"citationsContent": {"content": [{"text": "x"}], "citations": notes[:1]}}
        assert content(whole(alone).message) == [{"text": "x"}]


def test_a_cache_point_stands_after_a_result() -> None:
    """It has no place in one."""
    cache = {"cachePoint": {"type": "default"}}
    found = content(Message.tool("c", [TextContent("r"), UnknownContent(cache), UnknownContent({"json": {"a": 1}})]))
    assert found == [{"toolResult": {"toolUseId": "c", "content": [{"text": "r"}, {"json": {"a": 1}}]}}, cache]


def test_an_error_without_words() -> None:
    """An error's content must not be empty: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolResultBlock.html"""
    assert content(Message.tool("c", "", is_error=True)) == [
        {"toolResult": {"toolUseId": "c", "content": [{"text": "error"}], "status": "error"}}
    ]


def test_documents_have_names_of_their_own() -> None:
    given = [PDF, FileContent(data=b"x", media_type="application/pdf", filename="a.pdf")]
    found = body(Message.user([*given, PDF]), Message.user(given))["messages"][0]["content"]
    assert [block["document"]["name"] for block in found] == ["document", "a", "document 2", "document 3", "a 2"]


def test_a_citation_of_one_s_own() -> None:
    message = Message.assistant(
        [CitationContent("https://a", "t", "s"), "x", CitationContent(title="u"), CitationContent(), "y"]
    )
    assert content(message) == [
        {
            "citationsContent": {
                "citations": [
                    {"title": "t", "location": {"web": {"url": "https://a"}}, "sourceContent": [{"text": "s"}]}
                ]
            }
        },
        {"text": "x"},
        {"citationsContent": {"citations": [{"title": "u"}, {}]}},
        {"text": "y"},
    ]


# -- the second turn ---------------------------------------------------------------------------------------------------

# Blocks that do not go back as they came: an empty text would be refused, a call without arguments has empty ones.
CHANGED = {
    "empty text": [],
    "a call without arguments": [{"toolUse": {"toolUseId": "c", "name": "f", "input": {}}}],
    "something new": [{"novel": {"a": 1}}],
}


@pytest.mark.parametrize("name", PAIRS)
def test_an_answer_goes_back_as_it_came(name: str) -> None:
    pieces, given = PAIRS[name]
    for message in (whole(*given).message, deltas(*pieces).message):
        [_, *back] = body("q", message)["messages"]
        wanted = CHANGED.get(name, given)
        if name == "a server-side tool without arguments":
            wanted = [{"toolUse": {**given[0]["toolUse"], "input": {}}}]
        assert back == ([{"role": "assistant", "content": wanted}] if wanted else [])


@pytest.mark.parametrize(
    ("place", "expected"), [(0, 0), (1, 1), (2, 2), (9, 2), (-1, 0), ("0", 2), (None, 2), (True, 2)]
)
def test_the_places_of_calls(place: Any, expected: int) -> None:
    """The caller may have changed what stands around them."""
    call = ToolCall("c", "f", "{}", extra={"parts_before": place})
    blocks = content(Message.assistant(["a", "b"], tool_calls=[call]))
    assert blocks[expected] == {"toolUse": {"toolUseId": "c", "name": "f", "input": {}}}
    assert [block["text"] for block in blocks if "text" in block] == ["a", "b"]


def test_a_place_counts_what_is_left_out() -> None:
    calls = [ToolCall("c", "f", "{}", extra={"parts_before": 2}), ToolCall("d", "f", "{}", extra={"parts_before": 0})]
    blocks = content(Message.assistant(["", ReasoningContent("hm"), "a"], tool_calls=calls))
    assert [next(iter(block)) for block in blocks] == ["toolUse", "toolUse", "text"]


@pytest.mark.parametrize("citations", [[{"title": "a"}], [{"title": "a"}, {"title": "b"}]])
def test_citations_of_neighbours_stay_apart(citations: list[Any]) -> None:
    given = [
        {"text": "a"},
        {"citationsContent": {"content": [{"text": "b"}], "citations": citations}},
        {"citationsContent": {"citations": citations}},
        {"citationsContent": {"content": [{"text": "c"}], "citations": citations}},
    ]
    assert content(whole(*given).message) == given


ANSWERS = [recording for recording in ALL if recording.expected["outcome"] == "done"]


@each(ANSWERS)
def test_a_recorded_answer_goes_back(recording: Recording) -> None:
    """With the results of its calls, and with every opaque thing that came with it."""
    message = read_recording(recording, [recording.body]).message
    results = [Message.tool(call.id, {"ok": True}) for call in message.tool_calls]
    _, answer, *rest = body("q", message, *results)["messages"]
    blocks = answer["content"]
    assert "".join(
        block.get("text") or block.get("citationsContent", {}).get("content", [{"text": ""}])[0]["text"]
        for block in blocks
        if "text" in block or "citationsContent" in block
    ) == "".join(recording.expected["text"])
    calls = [block["toolUse"] for block in blocks if "toolUse" in block and "type" not in block["toolUse"]]
    assert calls == [
        {"toolUseId": call["id"], "name": call["name"], "input": call["arguments"]}
        for call in recording.expected["tool_calls"]
    ]
    assert [block["toolResult"]["toolUseId"] for turn in rest for block in turn["content"]] == [
        call["id"] for call in recording.expected["tool_calls"]
    ]
    sent = json.dumps(answer)
    for opaque in opaque_things(recording):
        assert json.dumps(opaque) in sent


@each([recording for recording in ANSWERS if recording.about["framing"] == "json"])
def test_a_recorded_answer_keeps_its_order(recording: Recording) -> None:
    given = json.loads(recording.body)["output"]["message"]["content"]
    back = content(read_recording(recording, [recording.body]).message)
    assert back == [{key: value for key, value in block.items() if key != "type"} for block in given]


def opaque_things(recording: Recording) -> list[str]:
    """The signatures and redacted thoughts in a body."""
    text = recording.body.decode("latin-1")
    found = []
    for key in ('"signature":"', '"redactedContent":"'):
        found += [piece.partition('"')[0] for piece in text.split(key)[1:]]
    return found


def test_there_are_opaque_things_to_give_back() -> None:
    assert not ALL or sum(len(opaque_things(recording)) for recording in ANSWERS) == 3


# -- requests as others sent them --------------------------------------------------------------------------------------

SAID = [
    recording for recording in ALL if recording.about.get("request") and not recording.about.get("request_shortened")
]


@each(SAID)
def test_a_recorded_request_can_be_said(recording: Recording) -> None:
    """With our names where there are some, it is the request that was recorded."""
    sent = json.loads(json.dumps(recording.about["request"]))
    inference = sent.pop("inferenceConfig", {})
    tools = sent.pop("toolConfig", {})
    given: dict[str, Any] = {
        "max_tokens": inference.get("maxTokens"),
        "temperature": inference.get("temperature"),
        "top_p": inference.get("topP"),
        "stop": inference.get("stopSequences"),
    }
    if all("toolSpec" in tool for tool in tools.get("tools", ())):
        specs = [tool["toolSpec"] for tool in tools.get("tools", ())]
        given["tools"] = [
            Tool(spec["name"], spec.get("description", ""), spec["inputSchema"]["json"]) for spec in specs
        ]
        given["tool_choice"] = "auto" if "toolChoice" in tools else None
    else:
        sent["toolConfig"] = tools
    messages = [Message.system([said_part(block) for block in sent.pop("system", ())])]
    for turn in sent.pop("messages"):
        messages += said_turn(turn)
    found = body(*messages, **given, extra=sent)
    assert meaning(found) == meaning(recording.about["request"])


def said_part(block: dict[str, Any]) -> ContentPart:
    return TextContent(block["text"]) if "text" in block else UnknownContent(block)


def said_turn(turn: dict[str, Any]) -> list[Message]:
    """A turn with our names; the text of citations comes first, as in our messages."""
    if turn["role"] == "assistant":
        return [whole(*turn["content"]).message]
    said = []
    for block in turn["content"]:
        result = block.get("toolResult")
        if result is None:
            said.append(Message.user([said_part(block)]))
        else:
            said.append(Message.tool(result["toolUseId"], [said_part(part) for part in result["content"]]))
    return said


def meaning(request: dict[str, Any]) -> Any:
    """A request without what is as good as left out."""
    text = json.dumps(request, sort_keys=True)
    for nothing in (', "status": "success"', '"stopSequences": [], ', ', "stopSequences": []'):
        text = text.replace(nothing, "")
    return {key: value for key, value in json.loads(text).items() if value not in ({}, [])}


def test_addresses_that_are_the_data_go_as_data() -> None:
    said: list[Any] = [
        ImageContent.from_url("data:image/png;base64,YQ=="),
        FileContent.from_url("data:application/pdf;base64,YQ==", filename="f.pdf"),
        AudioContent.from_url("data:audio/wav;base64,YQ=="),
        FileContent.from_url("data:video/mp4;base64,YQ=="),
    ]
    source = {"bytes": "YQ=="}
    assert content(Message.user(said)) == [
        {"image": {"format": "png", "source": source}},
        {"document": {"format": "pdf", "name": "f", "source": source}},
        {"audio": {"format": "wav", "source": source}},
        {"video": {"format": "mp4", "source": source}},
    ]
