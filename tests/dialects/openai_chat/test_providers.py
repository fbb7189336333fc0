"""Each provider that speaks Chat Completions: what is sent to it, and its answer as history.

The answers are written in the shape that the provider documents. Recordings of those that there are some of follow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from duologue._dialects.openai_chat.encode import encode
from duologue._dialects.unsupported import check_supported
from duologue._tables import PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import AudioContent, ChatRequest, FileContent, Message, Reasoning, Tool, ToolCall
from tests.dialects.openai_chat.test_recordings import ALL, each, read_recording
from tests.dialects.reading import deltas

if TYPE_CHECKING:
    from tests.kit.recordings import Recording

NAMES = [name for name, row in PROVIDERS.items() if row.dialect == "openai-chat"]
TOOL = Tool("get_weather", "", {"type": "object", "properties": {"city": {"type": "string"}}})
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}}


def body(provider: str, *messages: Message, model: str = "m", stream: bool = True, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages or "hi", **fields)
    check_supported(request, PROVIDERS[provider])
    return encode(request, PROVIDERS[provider], model=model, stream=stream).body


# -- what is sent ------------------------------------------------------------------------------------------------------

USAGE = {"stream_options": {"include_usage": True}}
# The fields of SAMPLE that a provider gives another name, and what it is told of how to answer.
SAMPLE: dict[str, Any] = {"max_tokens": 5, "temperature": 0.5, "stop": ["END"]}
SAID = {"temperature": 0.5, "stop": ["END"], "stream": True}
MAX_COMPLETION = {"openai", "azure", "openrouter", "groq", "xai", "cerebras", "moonshot"}
NO_STREAM_USAGE = {"mistral", "fireworks", "perplexity"}


@pytest.mark.parametrize("provider", NAMES)
def test_a_request(provider: str) -> None:
    found = body(provider, **SAMPLE)
    limit = "max_completion_tokens" if provider in MAX_COMPLETION else "max_tokens"
    expected = SAID | ({} if provider in NO_STREAM_USAGE else USAGE) | {limit: 5}
    assert {key: found[key] for key in found.keys() - {"model", "messages"}} == expected


@pytest.mark.parametrize(
    ("provider", "fields", "expected"),
    [
        ("mistral", {"seed": 7}, {"random_seed": 7}),
        ("mistral", {"reasoning": "high"}, {"reasoning_effort": "high"}),
        ("mistral", {"logprobs": False, "n": 1}, {"n": 1}),
        ("deepseek", {"user": "u"}, {"user_id": "u"}),
        ("deepseek", {"reasoning": "max"}, {"reasoning_effort": "max"}),
        ("deepseek", {"reasoning": "none"}, {"thinking": {"type": "disabled"}}),
        ("deepseek", {"n": 1, "parallel_tool_calls": True}, {}),
        ("groq", {"n": 1, "reasoning": "none", "user": "u"}, {"reasoning_effort": "none", "user": "u"}),
        ("together", {"logprobs": True, "top_logprobs": 3}, {"logprobs": 3}),
        ("together", {"reasoning": "none"}, {"reasoning": {"enabled": False}}),
        ("openrouter", {"reasoning": Reasoning(budget_tokens=2000)}, {"reasoning": {"max_tokens": 2000}}),
        ("fireworks", {"reasoning": "max"}, {"reasoning_effort": "max"}),
        ("moonshot", {"user": "u"}, {"safety_identifier": "u"}),
        ("moonshot", {"reasoning": "disabled"}, {"thinking": {"type": "disabled"}}),
        ("moonshot", {"reasoning": "high"}, {"reasoning_effort": "high"}),
        ("zai", {"user": "user-12345"}, {"user_id": "user-12345"}),
        ("zai", {"reasoning": "enabled"}, {"thinking": {"type": "enabled"}}),
        ("zai", {"tools": [TOOL], "tool_choice": "auto"}, {"tool_choice": "auto"}),
        ("qwen", {"reasoning": Reasoning(budget_tokens=50)}, {"enable_thinking": True, "thinking_budget": 50}),
        ("vllm", {"reasoning": "none"}, {"chat_template_kwargs": {"enable_thinking": False}}),
        ("nvidia", {"reasoning": "enabled"}, {"chat_template_kwargs": {"enable_thinking": True}}),
        ("xai", {"reasoning": "high"}, {"reasoning_effort": "high"}),
        ("cerebras", {"reasoning": "none"}, {"reasoning_effort": "none"}),
        ("perplexity", {"reasoning": "low"}, {"reasoning_effort": "low"}),
    ],
)
def test_a_field_in_the_provider_s_words(
    provider: str, fields: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    found = body(provider, stream=False, **fields)
    if expected is not None:
        assert {key: found[key] for key in found.keys() - {"model", "messages", "tools"}} == expected


PDF = FileContent(data=b"%PDF-", media_type="application/pdf", filename="a.pdf")
FAR = FileContent.from_url("https://h/a.pdf")
WAV = AudioContent(data=b"x", media_type="audio/wav")


@pytest.mark.parametrize(
    ("provider", "part", "expected"),
    [
        ("openrouter", FAR, {"type": "file", "file": {"filename": "file", "file_data": "https://h/a.pdf"}}),
        ("mistral", FAR, {"type": "document_url", "document_url": "https://h/a.pdf"}),
        ("mistral", WAV, {"type": "input_audio", "input_audio": "eA=="}),
        ("perplexity", PDF, {"type": "file_url", "file_url": {"url": "JVBERi0="}, "file_name": "a.pdf"}),
        ("qwen", WAV, {"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,eA==", "format": "wav"}}),
        ("xai", FileContent(file_id="f"), {"type": "file", "file": {"file_id": "f"}}),
    ],
)
def test_media(provider: str, part: Any, expected: dict[str, Any]) -> None:
    [message] = body(provider, Message.user(part))["messages"]
    assert message["content"] == [expected]


@pytest.mark.parametrize("provider", NAMES)
def test_what_a_row_refuses_is_refused(provider: str) -> None:
    strict = Tool("f", strict=True)
    ways: dict[str, Any] = {
        "n": {"n": 2},
        "seed": {"seed": 1},
        "user": {"user": "u"},
        "metadata": {"metadata": {"a": "b"}},
        "logprobs": {"logprobs": True},
        "top_logprobs": {"top_logprobs": 2},
        "frequency_penalty": {"frequency_penalty": 1},
        "presence_penalty": {"presence_penalty": 1},
        "parallel_tool_calls": {"parallel_tool_calls": False},
        "tools.strict": {"tools": [strict]},
        "tool_choice.none": {"tool_choice": "none"},
        "tool_choice.required": {"tool_choice": "required"},
        "tool_choice.tool": {"tool_choice": "f"},
        "response_format.json_object": {"response_format": "json_object"},
        "response_format.json_schema": {"response_format": {"type": "object"}},
        "name": {"messages": [Message.user("hi", name="ann")]},
        "content.file": {"messages": [Message.user(PDF)]},
        "content.file.data": {"messages": [Message.user(PDF)]},
        "content.audio": {"messages": [Message.user(WAV)]},
    }
    for what, reason in PROVIDERS[provider].unsupported.items():
        fields = {"messages": "hi", **ways[what]}
        with pytest.raises(UnsupportedError) as caught:
            check_supported(ChatRequest(**fields), PROVIDERS[provider])
        assert str(caught.value) == f"{PROVIDERS[provider].title} takes no {what}: {reason}"


# -- the second turn ---------------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """What a provider's stream says of a thought and a call, and the message that it gets back."""

    deltas: list[dict[str, Any]]
    back: dict[str, Any]
    model: str = "m"


def called(index: int | None = 0, **call: Any) -> dict[str, Any]:
    numbered = {} if index is None else {"index": index}
    return {"tool_calls": [{**numbered, **CALL, **call}]}


PIECES: list[dict[str, Any]] = [
    {"role": "assistant", "tool_calls": [{"index": 0, **CALL, "function": {"name": "get_weather", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]},
]
BACK = {"content": None, "tool_calls": [CALL]}


def thinking(field: str, *more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "assistant", field: "Let me "}, {field: "look."}, *(more or (called(),))]


SECOND: dict[str, list[Said]] = {
    "openai": [Said(PIECES, BACK)],
    "azure": [Said(PIECES, BACK)],
    "local": [Said(thinking("reasoning_content", *PIECES), {**BACK, "reasoning_content": "Let me look."})],
    "llamacpp": [Said(thinking("reasoning_content", *PIECES), {**BACK, "reasoning_content": "Let me look."})],
    "lmstudio": [Said(thinking("reasoning", *PIECES), BACK)],
    "vllm": [
        Said(thinking("reasoning", *PIECES), {**BACK, "reasoning": "Let me look."}),
        # As it was until November 2025.
        Said(thinking("reasoning_content", *PIECES), {**BACK, "reasoning": "Let me look."}),
    ],
    "openrouter": [
        Said(
            [
                {
                    "reasoning": piece,
                    "reasoning_details": [{"type": "reasoning.text", "text": piece, "format": "f", "index": 0}],
                }
                for piece in ("Let me ", "look.")
            ]
            + [{"reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "id": "call_1", "index": 1}]}]
            + [called()],
            {
                **BACK,
                "reasoning": "Let me look.",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "Let me look.", "format": "f", "index": 0},
                    {"type": "reasoning.encrypted", "data": "x", "id": "call_1", "index": 1},
                ],
            },
        ),
        Said(
            [{"images": [{"type": "image_url", "image_url": {"url": "data:,"}}]}, called()],
            {**BACK, "images": [{"type": "image_url", "image_url": {"url": "data:,"}}]},
        ),
    ],
    "deepseek": [
        Said(
            thinking("reasoning_content", *PIECES),
            {**BACK, "reasoning_content": "Let me look."},
            model="deepseek-v4-pro",
        ),
        Said(PIECES, {**BACK, "reasoning_content": ""}, model="deepseek-v4-flash"),
        Said(
            thinking("reasoning_content", {"content": "Sunny"}),
            {"content": "Sunny", "reasoning_content": "Let me look."},
            model="deepseek-v4-flash",
        ),
        # R1, which had no tools, refused it; V3.2 under the same name wants it where tools are called.
        Said(thinking("reasoning_content", {"content": "Sunny"}), {"content": "Sunny"}, model="deepseek-reasoner"),
        Said(
            thinking("reasoning_content", *PIECES),
            {**BACK, "reasoning_content": "Let me look."},
            model="deepseek-reasoner",
        ),
    ],
    "groq": [Said(thinking("reasoning"), {**BACK, "reasoning": "Let me look."})],
    "mistral": [
        Said([called(None)], BACK),
        Said(
            [
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Let me "}]}]},
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "look."}]}]},
                {"content": "Well. "},
                {"content": [{"type": "text", "text": "See:"}]},
                called(None),
            ],
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Let me look."}]},
                    {"type": "text", "text": "Well. See:"},
                ],
                "tool_calls": [CALL],
            },
        ),
    ],
    "xai": [Said(thinking("reasoning_content"), {**BACK, "reasoning_content": "Let me look."})],
    "together": [
        Said(thinking("reasoning", *PIECES), {**BACK, "reasoning": "Let me look."}),
        Said(thinking("reasoning_content", *PIECES), {**BACK, "reasoning": "Let me look."}),
    ],
    "fireworks": [Said(thinking("reasoning_content", *PIECES), {**BACK, "reasoning_content": "Let me look."})],
    "cerebras": [Said(thinking("reasoning"), {**BACK, "reasoning": "Let me look."})],
    "perplexity": [Said([{"role": "assistant", "content": "Sun"}, {"content": "ny"}], {"content": "Sunny"})],
    "nvidia": [Said(thinking("reasoning_content", *PIECES), BACK)],
    "huggingface": [
        Said(
            [called(id=None)],
            {"content": None, "tool_calls": [{**CALL, "id": "call_r-1_0_0"}]},
        )
    ],
    "moonshot": [
        Said(thinking("reasoning_content", *PIECES), {**BACK, "reasoning_content": "Let me look."}),
        Said(PIECES, {**BACK, "reasoning_content": ""}),
        Said(
            thinking("reasoning_content", {"content": "Sunny"}),
            {"content": "Sunny", "reasoning_content": "Let me look."},
        ),
        Said([{"content": "Sunny"}], {"content": "Sunny"}),
    ],
    "qwen": [
        Said(
            [
                {"role": "assistant", "content": None, "reasoning_content": "Let me "},
                {"content": None, "reasoning_content": "look."},
                {"tool_calls": [{"index": 0, **CALL, "function": {"name": "get_weather", "arguments": '{"city":'}}]},
                {"tool_calls": [{"index": 0, "id": "", "type": "function", "function": {"arguments": '"Oslo"}'}}]},
            ],
            {**BACK, "reasoning_content": "Let me look."},
        )
    ],
    "zai": [Said(thinking("reasoning_content"), {**BACK, "reasoning_content": "Let me look."})],
}


def test_every_provider_has_a_second_turn() -> None:
    assert SECOND.keys() == set(NAMES)


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        pytest.param(name, said, id=f"{name}-{i}")
        for name, all_said in SECOND.items()
        for i, said in enumerate(all_said)
    ],
)
def test_the_second_turn(provider: str, said: Said) -> None:
    answer = deltas(*said.deltas, provider=provider).message
    results = [Message.tool(call.id, {"celsius": 21}) for call in answer.tool_calls]
    asked, back, *rest = body(provider, Message.user("q"), answer, *results, model=said.model, tools=[TOOL])["messages"]
    assert asked == {"role": "user", "content": "q"}
    assert back == {"role": "assistant", **said.back}
    assert rest == [
        {"role": "tool", "tool_call_id": call["id"], "content": '{"celsius": 21}'}
        for call in said.back.get("tool_calls", ())
    ]


# -- recordings --------------------------------------------------------------------------------------------------------

OWN = [one for one in ALL if one.about["provider"] in NAMES and one.expected["outcome"] == "done"]


@each(OWN)
def test_a_recorded_answer_goes_back(recording: Recording) -> None:
    """With its calls, and with its reasoning where the provider takes it."""
    name, model = recording.about["provider"], str(recording.about["model"])
    answer = read_recording(recording, [recording.body], provider=name).response.choices[0].message
    [back] = body(name, answer, model=model)["messages"]
    assert [call["function"]["name"] for call in back.get("tool_calls", ()) if "function" in call] == [
        call.name for call in answer.tool_calls if call.type == "function"
    ]
    sent = json.dumps(back)
    held = PROVIDERS[name].reasoning_field is not None and (model != "deepseek-reasoner" or bool(answer.tool_calls))
    assert (json.dumps(answer.reasoning)[1:-1] in sent) is (held or not answer.reasoning)


ANSWERED: tuple[str, ...] = ("content", "reasoning_content", "reasoning", "reasoning_details")


def sent_back(recording: Recording) -> list[dict[str, Any]]:
    request = recording.about.get("request") or {}
    return [m for m in request.get("messages", ()) if m["role"] == "assistant" and m.get("tool_calls")]


@each([one for one in ALL if one.about["provider"] in NAMES and one.about["status"] == 200 and sent_back(one)])
def test_it_goes_back_as_others_sent_it(recording: Recording) -> None:
    """Requests that the provider took: of each answer in them, what we would have sent has all that it has."""
    name, model = recording.about["provider"], str(recording.about["model"])
    for sent in sent_back(recording):
        calls = [ToolCall(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in sent["tool_calls"]]
        given: dict[str, Any] = {key: sent[key] for key in ANSWERED if key in sent}
        answer = deltas({**given, "tool_calls": sent["tool_calls"]}, provider=name).message
        assert [(c.id, c.name, c.arguments) for c in answer.tool_calls] == [(c.id, c.name, c.arguments) for c in calls]
        [back] = body(name, answer, model=model)["messages"]
        for key, value in given.items():
            if value:
                assert back[key] == value
