"""What is recorded: one row a cassette. To add one, write its row and run `python -m tests.record <name>`.

The model is small, so ask for what it can do, and keep `max_tokens` low: a cassette is read by people.
"""

from __future__ import annotations

from typing import Any

from duologue import ChatRequest, Message, ResponseFormat, ToolCall
from tests.kit.cassettes import Case


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


CASES = [
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
    Case("error-key", ask(API), api_key="not-the-key"),
    Case("error-whole", ask(API, extra={"temperature": "hot"}), stream=False),
]
