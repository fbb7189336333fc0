"""What is recorded: one row a cassette. To add one, write its row and run `python -m tests.record <name>`.

The model is small, so ask for what it can do, and keep `max_tokens` low: a cassette is read by people. aimock says what
`tests/kit/aimock.json` has for the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from duologue import ChatRequest, Message, ResponseFormat, ToolCall
from tests.kit.cassettes import Case

if TYPE_CHECKING:
    from collections.abc import Iterable


def ask(*messages: str | Message, **params: Any) -> ChatRequest:
    """A request that gets the same answer each time."""
    fixed: dict[str, Any] = {"model": "smollm2-135m", "temperature": 0, "seed": 1, "max_tokens": 12}
    return ChatRequest(messages, **fixed | params)


API = "Explain what an API is"
WEATHER = "What is the weather in Paris?"
TOOLS = [
    {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
CALLED = (
    Message.user(WEATHER),
    Message.assistant("", tool_calls=[ToolCall("call_1", "get_weather", '{"city": "Paris"}')]),
    Message.tool("call_1", "18 degrees and sunny"),
)
TALK = (Message.user("Name a colour."), Message.assistant("Blue."), Message.user("Name another one."))


def city(**properties: Any) -> ResponseFormat:
    """JSON with these properties, all of them."""
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return ResponseFormat("json_schema", schema, "city")


_CHAT = [
    Case("text", ask(API)),
    Case("multi-turn", ask(Message.system("Answer in one short sentence."), *TALK)),
    Case("json-schema", ask("Describe Paris.", response_format=city(name={"type": "string"}), max_tokens=48)),
    # The model has no choice but this text, whose characters are 1 to 4 bytes long and some of them several tokens.
    Case("unicode", ask("A city?", response_format=city(name={"const": "ü 京 🙂"}), max_tokens=48)),
    Case("length-stop", ask(API, max_tokens=3)),
    Case("stop-text", ask(API, stop=[" Inter"])),
    Case("several-choices", ask(API, n=2, max_tokens=4)),
    Case("logprobs", ask(API, logprobs=True, top_logprobs=2, max_tokens=3)),
    Case("whole", ask(API), stream=False),
    Case("tool-call", ask(WEATHER, tools=TOOLS, tool_choice="required", max_tokens=48), tools=True),
    Case("tool-result", ask(*CALLED, tools=TOOLS), tools=True),
    Case("whole-tool-call", ask(WEATHER, tools=TOOLS, tool_choice="required", max_tokens=48), tools=True, stream=False),
    Case("error-bad-request", ask(API, extra={"temperature": "hot"})),
    Case("error-context", ask("word " * 1100)),
    Case("error-key", ask(API), key="not-the-key"),
    Case("error-whole", ask(API, extra={"temperature": "hot"}), stream=False),
]

NOBODY = {"messages": [{"role": "nobody", "content": [{"text": "Hello"}]}]}
NO_GUARDRAIL = {"guardrailConfig": {"guardrailIdentifier": "none", "guardrailVersion": "1"}}
_MINISTACK = [
    Case("error-bad-request", ask(API, extra=NOBODY)),
    Case("error-not-found", ask(API, extra=NO_GUARDRAIL)),
    Case("error-whole", ask(API, extra=NOBODY), stream=False),
]
THINK = "Think: what is six times seven?"
_AIMOCK = [
    Case("text", ChatRequest(API)),
    Case("unicode", ChatRequest("Greet everybody.")),
    Case("length-stop", ChatRequest("Write a poem.")),
    Case("reasoning", ChatRequest(THINK)),
    Case("tool-calls", ChatRequest(WEATHER, tools=TOOLS)),
    Case("tool-result", ChatRequest(CALLED, tools=TOOLS)),
    Case("whole", ChatRequest(API), stream=False),
    Case("whole-reasoning", ChatRequest(THINK), stream=False),
    Case("whole-tool-calls", ChatRequest(WEATHER, tools=TOOLS), stream=False),
    Case("error-rate-limit", ChatRequest("Hurry up!")),
    Case("error-key", ChatRequest(API), key="not-the-key"),
    Case("error-whole", ChatRequest("Hurry up!"), stream=False),
]


def through(server: str, provider: str, cases: Iterable[Case], names: str, **request: Any) -> list[Case]:
    """Those of the cases that are named, put to another server or in another format."""
    return [
        case._replace(server=server, provider=provider, request=attrs.evolve(case.request, **request))
        for case in cases
        if case.name in names.split()
    ]


TALKS = "text multi-turn whole tool-call tool-result whole-tool-call"
ERRORS = "error-bad-request error-context error-key error-whole"
SCRIPT = "text unicode tool-calls tool-result whole whole-tool-calls error-rate-limit error-key error-whole"
# What neither the model nor MiniStack can do.
BEYOND = "reasoning tool-calls whole-reasoning whole-tool-calls"
CASES = [
    *_CHAT,
    *through("llamacpp", "openai-responses", _CHAT, f"{TALKS} {ERRORS} length-stop", seed=None),
    *through("llamacpp", "anthropic", _CHAT, f"{TALKS} {ERRORS} length-stop stop-text", seed=None),
    *through("ministack", "bedrock", _CHAT, f"{TALKS} stop-text error-key", seed=None),
    *through("ministack", "bedrock", _MINISTACK, "error-bad-request error-not-found error-whole", seed=None),
    *through("aimock", "gemini", _AIMOCK, f"{SCRIPT} {BEYOND} length-stop"),
    # aimock lets neither of these think, and Ollama say nothing of a limit.
    *through("aimock", "ollama", _AIMOCK, SCRIPT),
    *through("aimock", "cohere", _AIMOCK, f"{SCRIPT} length-stop"),
    *through("aimock", "deepseek", _AIMOCK, BEYOND, model="deepseek-reasoner"),
    *through("aimock", "openai-responses", _AIMOCK, BEYOND, model="o4-mini"),
    *through("aimock", "anthropic", _AIMOCK, BEYOND),
    *through("aimock", "bedrock", _AIMOCK, BEYOND, model="anthropic.claude-sonnet-4-5-20250929-v1:0"),
]
