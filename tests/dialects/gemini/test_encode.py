"""Gemini, from a request to a path and a JSON body."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue._dialects.gemini import FRAMING
from duologue._dialects.gemini.encode import FIELDS, UNSUPPORTED, encode
from duologue._json import dumps
from duologue.errors import UnsupportedError
from duologue.models import (
    ROLE_VALUES,
    AudioContent,
    ChatRequest,
    CitationContent,
    FileContent,
    ImageContent,
    Message,
    Reasoning,
    ReasoningContent,
    RefusalContent,
    ResponseFormat,
    Tool,
    ToolCall,
    UnknownContent,
)
from tests.dialects.gemini.reading import GEMINI, parts, whole
from tests.dialects.gemini.test_decode import GIVEN
from tests.dialects.gemini.test_recordings import ALL, each

if TYPE_CHECKING:
    from tests.kit.recordings import Recording


def body(*messages: Any, model: str = "m", **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages or "hi", **fields)
    found = encode(request, GEMINI, model=model, stream=False).body
    dumps(found)
    return found


def turns(*messages: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body(*messages)["contents"]
    return found


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# -- the frame ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash"),
        ("tunedModels/mine", "/v1beta/tunedModels/mine"),
        ("../a?key=b#c", "/v1beta/models/..%2Fa%3Fkey%3Db%23c"),
        ("a:b", "/v1beta/models/a%3Ab"),
        ("publishers/google/models/gemini-2.5-flash", "/v1beta1/publishers/google/models/gemini-2.5-flash"),
        (
            "projects/p/locations/global/publishers/google/models/m",
            "/v1beta1/projects/p/locations/global/publishers/google/models/m",
        ),
        ("projects/../../a?key=b#c:d", "/v1beta1/projects/%2E%2E/%2E%2E/a%3Fkey%3Db%23c%3Ad"),
    ],
)
def test_the_model_is_in_the_path(model: str, path: str) -> None:
    request = ChatRequest("hi")
    streamed, whole = (encode(request, GEMINI, model=model, stream=stream) for stream in (True, False))
    assert FRAMING == "sse"
    assert streamed.path == f"{path}:streamGenerateContent?alt=sse"
    assert whole.path == f"{path}:generateContent"
    assert streamed.body == whole.body == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    assert not streamed.headers


# -- fields ------------------------------------------------------------------------------------------------------------

# What `encode` writes itself.
FRAME = {"messages", "model", "reasoning", "extra"}


def test_every_field_of_a_request_has_a_place_or_is_refused() -> None:
    fields = {field.name for field in attrs.fields(ChatRequest)}
    assert FIELDS.keys() | UNSUPPORTED.keys() | FRAME == fields
    assert len(FIELDS) + len(UNSUPPORTED) + len(FRAME) == len(fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [("parallel_tool_calls", False), ("user", "u"), ("metadata", {"a": "b"})],
)
def test_fields_without_a_place_are_refused(field: str, value: Any) -> None:
    with pytest.raises(UnsupportedError, match=f"the gemini format has no {field}: "):
        body(**{field: value})


def config(**fields: Any) -> dict[str, Any]:
    return {"generationConfig": fields}


def calling(mode: str, **more: Any) -> dict[str, Any]:
    return {"toolConfig": {"functionCallingConfig": {"mode": mode, **more}}}


SCHEMA = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}}
FIELD_CASES: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "tools",
        [Tool("f", "does f", SCHEMA), Tool("g", strict=False)],
        {
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": "f", "description": "does f", "parametersJsonSchema": SCHEMA},
                        {"name": "g", "description": ""},
                    ]
                }
            ]
        },
    ),
    ("tools", [], {}),
    (
        "tools",
        [Tool("g", strict=True)],
        {"tools": [{"functionDeclarations": [{"name": "g", "description": ""}]}], **calling("VALIDATED")},
    ),
    ("tool_choice", "auto", calling("AUTO")),
    ("tool_choice", "none", calling("NONE")),
    ("tool_choice", "required", calling("ANY")),
    ("tool_choice", "f", calling("ANY", allowedFunctionNames=["f"])),
    ("temperature", 0, config(temperature=0)),
    ("top_p", 0.5, config(topP=0.5)),
    ("max_tokens", 5, config(maxOutputTokens=5)),
    ("stop", ["a", "b"], config(stopSequences=["a", "b"])),
    ("stop", None, {}),
    ("seed", 0, config(seed=0)),
    ("response_format", "text", config(responseMimeType="text/plain")),
    ("response_format", "json_object", config(responseMimeType="application/json")),
    (
        "response_format",
        ResponseFormat("json_schema", SCHEMA, "n", strict=True),
        config(responseMimeType="application/json", responseJsonSchema=SCHEMA),
    ),
    ("reasoning", "low", config(thinkingConfig={"includeThoughts": True, "thinkingLevel": "low"})),
    ("reasoning", "none", config(thinkingConfig={"includeThoughts": False, "thinkingBudget": 0})),
    ("reasoning", 512, config(thinkingConfig={"includeThoughts": True, "thinkingBudget": 512})),
    ("reasoning", 0, config(thinkingConfig={"includeThoughts": False, "thinkingBudget": 0})),
    ("n", 2, config(candidateCount=2)),
    ("frequency_penalty", -1, config(frequencyPenalty=-1)),
    ("presence_penalty", 0, config(presencePenalty=0)),
    ("logprobs", True, config(responseLogprobs=True)),
    ("top_logprobs", 3, config(logprobs=3)),
    ("metadata", {}, {}),
    ("extra", {"safetySettings": [1]}, {"safetySettings": [1]}),
    ("extra", {}, {}),
]


@pytest.mark.parametrize(("field", "value", "expected"), FIELD_CASES)
def test_fields(field: str, value: Any, expected: dict[str, Any]) -> None:
    found = body(**{field: value})
    assert found.pop("contents")
    assert found == expected


def test_every_field_is_tried() -> None:
    assert {field for field, _, _ in FIELD_CASES} == (FIELDS.keys() | FRAME | {"metadata"}) - {"messages", "model"}


def test_fields_together() -> None:
    found = body(tools=[Tool("f", strict=True)], tool_choice="required", temperature=1, reasoning=5, seed=7)
    assert found["toolConfig"] == calling("ANY")["toolConfig"]
    assert found["generationConfig"].keys() == {"temperature", "seed", "thinkingConfig"}
    assert body(tools=[Tool("f", strict=True)], tool_choice="auto")["toolConfig"] == calling("VALIDATED")["toolConfig"]


@pytest.mark.parametrize(
    ("effort", "budget"), [("none", 0), ("minimal", 1024), ("low", 1024), ("medium", 8192), ("high", 24576)]
)
def test_efforts_of_models_that_know_budgets_only(effort: str, budget: int) -> None:
    found = body(reasoning=effort, model="models/gemini-2.5-flash-lite")
    assert found["generationConfig"]["thinkingConfig"] == {"includeThoughts": budget > 0, "thinkingBudget": budget}


@pytest.mark.parametrize(
    ("reasoning", "words"), [("odd", "takes reasoning as a budget"), (Reasoning("low", 5), "not as both")]
)
def test_reasoning_that_cannot_be_said(reasoning: Any, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        body(reasoning=reasoning, model="gemini-2.5-flash")


def test_reasoning_without_a_measure_shows_it() -> None:
    assert body(reasoning=Reasoning())["generationConfig"] == {"thinkingConfig": {"includeThoughts": True}}


def test_extra_wins_and_leaves_the_rest() -> None:
    found = body(
        temperature=0.5,
        seed=1,
        tools=[Tool("f")],
        extra={
            "generationConfig": {"temperature": 1, "topK": 3},
            "tools": [{"googleSearch": {}}],
            "cachedContent": "c",
        },
    )
    assert found["generationConfig"] == {"temperature": 1, "seed": 1, "topK": 3}
    assert (found["tools"], found["cachedContent"]) == ([{"googleSearch": {}}], "c")


# -- messages ----------------------------------------------------------------------------------------------------------


def test_the_system_has_a_place_of_its_own() -> None:
    found = body(Message.system(["a", "b"]), "hi", Message.system("c"))
    assert found["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}
    assert [turn["role"] for turn in found["contents"]] == ["user"]


DATA = {"mimeType": "image/png", "data": b64(b"png")}


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("hi", {"text": "hi"}),
        (ImageContent(data=b"png", media_type="image/png"), {"inlineData": DATA}),
        (ImageContent(data=b"png", media_type="image/png", detail="auto"), {"inlineData": DATA}),
        (ImageContent.from_url("https://x/y"), {"fileData": {"fileUri": "https://x/y"}}),
        (
            ImageContent(url="gs://x/y", media_type="image/png"),
            {"fileData": {"mimeType": "image/png", "fileUri": "gs://x/y"}},
        ),
        (
            FileContent(data=b"pdf", media_type="application/pdf", filename="a.pdf"),
            {"inlineData": {"mimeType": "application/pdf", "data": b64(b"pdf")}},
        ),
        (FileContent(url="https://youtu.be/x"), {"fileData": {"fileUri": "https://youtu.be/x"}}),
        (
            FileContent(file_id="files/abc", media_type="text/plain"),
            {
                "fileData": {
                    "mimeType": "text/plain",
                    "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
                }
            },
        ),
        (FileContent(file_id="https://g/v1beta/files/abc"), {"fileData": {"fileUri": "https://g/v1beta/files/abc"}}),
        (AudioContent(data=b"a", media_type="audio/aac"), {"inlineData": {"mimeType": "audio/aac", "data": b64(b"a")}}),
        (AudioContent(url="https://x/y"), {"fileData": {"fileUri": "https://x/y"}}),
        (UnknownContent({"type": "videoMetadata", "text": "x", "novel": 1}), {"text": "x", "novel": 1}),
    ],
)
def test_what_users_say(content: Any, part: dict[str, Any]) -> None:
    assert turns(Message.user(content)) == [{"role": "user", "parts": [part]}]


def test_messages_without_content() -> None:
    empty = [{"text": ""}]
    assert turns(Message("user"), Message("assistant")) == [
        {"role": "user", "parts": empty},
        {"role": "model", "parts": empty},
    ]


def test_empty_texts_are_left_out() -> None:
    """Unless there is nothing else, or they carry a signature."""
    call = ToolCall("c", "f")
    part = {"functionCall": {"name": "f", "args": {}, "id": "c"}}
    fields = UnknownContent({"type": "part_fields", "thoughtSignature": "s"})
    signed = {"text": "", "thoughtSignature": "s"}
    cases: list[tuple[list[Any], list[Any]]] = [
        ([""], [part]),
        (["", "a", RefusalContent("")], [{"text": "a"}, part]),
        (["", fields], [signed, part]),
        (["a", "", fields], [{"text": "a"}, signed, part]),
        ([UnknownContent({"type": "text", **signed})], [signed, part]),
    ]
    for content, expected in cases:
        assert turns(Message.assistant(content, tool_calls=[call])) == [{"role": "model", "parts": expected}]
    placed = ToolCall("c", "f", extra={"parts_before": 1})
    assert turns(Message.assistant(["", "a"], tool_calls=[placed]))[0]["parts"] == [part, {"text": "a"}]
    image = ImageContent(data=b"a", media_type="image/png")
    assert turns(Message.user(["", image])) == turns(Message.user([image]))
    assert turns(Message.user(""), Message.assistant("")) == turns(Message("user"), Message("assistant"))
    assert body(Message.system(["", "s"]), "hi")["systemInstruction"] == {"parts": [{"text": "s"}]}


def test_what_the_model_said() -> None:
    message = Message.assistant(
        [
            UnknownContent({"type": "part_fields", "thoughtSignature": "lost"}),
            ReasoningContent("hm", "s"),
            ReasoningContent("m"),
            "a",
            UnknownContent({"type": "part_fields", "thoughtSignature": "t"}),
            CitationContent("u"),
            RefusalContent("no"),
            ImageContent(data=b"png", media_type="image/png"),
            UnknownContent({"type": "part_fields", "inlineData": {"displayName": "n"}}),
        ],
        tool_calls=[
            ToolCall("c", "f", '{"a": 1}', extra={"thoughtSignature": "u", "functionCall": {"novel": 1}}),
            ToolCall("d", "g", generated_id=True, extra={"parts_before": 3}),
            ToolCall("e", "h", " ", extra={"parts_before": 99}),
        ],
    )
    [turn] = turns(message)
    assert turn == {
        "role": "model",
        "parts": [
            {"text": "", "thoughtSignature": "lost"},
            {"text": "hm", "thought": True, "thoughtSignature": "s"},
            {"text": "m", "thought": True},
            {"functionCall": {"name": "g", "args": {}}},
            {"text": "a", "thoughtSignature": "t"},
            {"text": "no"},
            {"inlineData": {**DATA, "displayName": "n"}},
            {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c", "novel": 1}, "thoughtSignature": "u"},
            {"functionCall": {"name": "h", "args": {}, "id": "e"}},
        ],
    }


@pytest.mark.parametrize(
    ("result", "is_error", "response"),
    [
        ("fine", False, {"output": "fine"}),
        ("42", False, {"output": "42"}),
        ({"a": [1]}, False, {"a": [1]}),
        ([1, 2], False, {"output": [1, 2]}),
        ("{broken", False, {"output": "{broken"}),
        ('{"a": 1e999}', False, {"output": '{"a": 1e999}'}),
        ("", False, {"output": ""}),
        ("bad", True, {"error": "bad"}),
        ({"a": 1}, True, {"error": {"a": 1}}),
        ({"a": 1}, False, {"a": 1}),
    ],
)
def test_results_of_tools(result: Any, is_error: bool, response: dict[str, Any]) -> None:
    message = Message.tool("c", result, name="f", is_error=is_error)
    [turn] = turns(message)
    assert turn == {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": response, "id": "c"}}]}


def test_a_result_with_an_image() -> None:
    image = ImageContent(data=b"png", media_type="image/png")
    [turn] = turns(Message("tool", ["see", image], tool_call_id="c", name="f"))
    [part] = turn["parts"]
    assert part["functionResponse"] == {
        "name": "f",
        "response": {"output": "see"},
        "id": "c",
        "parts": [{"inlineData": DATA}],
    }


def responses(turn: dict[str, Any]) -> list[tuple[str, str | None, Any]]:
    found = [part["functionResponse"] for part in turn["parts"]]
    return [(each["name"], each.get("id"), each["response"]["output"]) for each in found]


def test_results_that_follow_each_other_are_one_turn_in_the_order_of_their_calls() -> None:
    first = Message.assistant(tool_calls=[ToolCall("a", "f", generated_id=True), ToolCall("b", "f", generated_id=True)])
    second = Message.assistant(tool_calls=[ToolCall("c", "g"), ToolCall("a", "h", generated_id=True)])
    found = turns(
        "q",
        first,
        Message.tool("b", "2"),
        Message.tool("a", "1"),
        Message.tool("x", "3", name="i"),
        second,
        Message.tool("a", "5"),
        Message.tool("c", "4", name="other"),
        "more",
        Message.tool("c", "6"),
    )
    assert [turn["role"] for turn in found] == ["user", "model", "user", "model", "user", "user", "user"]
    assert responses(found[2]) == [("f", None, "1"), ("f", None, "2"), ("i", "x", "3")]
    assert responses(found[4]) == [("other", "c", "4"), ("h", None, "5")]
    assert responses(found[6]) == [("g", "c", "6")]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message.system(ImageContent.from_url("https://x/y")), "a system message cannot hold image content"),
        (Message.system("a", name="n"), "no place for the name of a system message"),
        (Message.user("a", name="n"), "no place for the name of a user message"),
        (Message.assistant("a", name="n"), "no place for the name of an? assistant message"),
        (Message.user(CitationContent("u")), "a user message cannot hold citation content"),
        (Message.user(ImageContent(data=b"a")), "takes image content by URL, or as data with its media_type"),
        (Message.user(AudioContent(id="a")), "takes audio content by URL, or as data with its media_type"),
        (Message.user(ImageContent(url="u", detail="high")), "detail"),
        (Message.tool("c", "r"), "needs the name of its tool"),
        (Message("tool", "r"), "needs the name of its tool"),
        (Message("tool", ReasoningContent("r"), name="f"), "a tool message cannot hold reasoning content"),
        (Message("tool", ImageContent.from_url("u"), name="f"), "as data, not by URL"),
        (Message.assistant(tool_calls=[ToolCall("c", "f", "x", "custom")]), "no custom tool calls"),
    ],
)
def test_messages_that_have_no_place(message: Message, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        turns(message)


def test_every_role_is_tried() -> None:
    assert len(turns(*(Message(role, "x", name="f" if role == "tool" else None) for role in ROLE_VALUES))) == 3


# -- the second turn ---------------------------------------------------------------------------------------------------


def test_an_answer_goes_back_as_it_came() -> None:
    expected = [dict(part) for part in GIVEN]
    expected[9] = {"functionCall": {"name": "g", "id": "own", "args": {}}}
    for reading in (whole(*GIVEN), parts(*([part] for part in GIVEN))):
        results = [Message.tool(call.id, {"ok": True}) for call in reading.message.tool_calls]
        _, answer, after = turns("q", reading.message, *results)
        assert answer == {"role": "model", "parts": expected}
        assert after == {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "f", "response": {"ok": True}}},
                {"functionResponse": {"name": "g", "response": {"ok": True}, "id": "own"}},
            ],
        }


@pytest.mark.parametrize("part", [{"thoughtSignature": "s"}, {"novel": {"a": 1}}, {"text": "a", "novel": {"b": 2}}])
def test_other_parts_go_back_as_they_came(part: dict[str, Any]) -> None:
    assert turns(whole(part).message) == [{"role": "model", "parts": [part]}]


# -- requests as others sent them --------------------------------------------------------------------------------------

_OURS = {
    "temperature": "temperature",
    "topP": "top_p",
    "maxOutputTokens": "max_tokens",
    "seed": "seed",
    "candidateCount": "n",
}


def simple(recording: Recording) -> bool:
    request: dict[str, Any] = recording.about.get("request") or {}
    return (
        bool(request.get("contents"))
        and not recording.about.get("request_shortened")
        and all(part.keys() == {"text"} for turn in request["contents"] for part in turn["parts"])
        and "system_instruction" not in request
    )


SIMPLE = [recording for recording in ALL if simple(recording)]


def test_there_are_some() -> None:
    assert not ALL or len(SIMPLE) >= 10


@each(SIMPLE)
def test_a_recorded_request_can_be_said(recording: Recording) -> None:
    """Said with our names where there are some, and else through `extra`, it is the request that was recorded."""
    sent = dict(recording.about["request"])
    roles: dict[str, Any] = {"user": "user", "model": "assistant"}
    said = [
        Message(roles[turn.get("role", "user")], [part["text"] for part in turn["parts"]])
        for turn in sent.pop("contents")
    ]
    settings = dict(sent.pop("generationConfig", {}))
    fields = {ours: settings.pop(theirs) for theirs, ours in _OURS.items() if theirs in settings}
    if settings:
        sent["generationConfig"] = settings
    found = body(*said, **fields, extra=sent)
    expected = dict(recording.about["request"])
    expected["contents"] = [{"role": "user", **turn} for turn in expected["contents"]]
    assert {key: value for key, value in found.items() if value} == {k: v for k, v in expected.items() if v}


def test_addresses_that_are_the_data_go_as_data() -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": b64(b"png")}}
    for media in (ImageContent, FileContent):
        content = media.from_url(f"data:image/png;base64,{b64(b'png')}")
        assert turns(Message.user(content)) == [{"role": "user", "parts": [part]}]
    result = Message("tool", [content], tool_call_id="c", name="f")
    assert turns(result)[0]["parts"][0]["functionResponse"]["parts"] == [part]
