"""Let a model call functions, and watch the whole conversation as it happens.

python examples/tool_loop.py [PROVIDER]
"""

import sys
from typing import Annotated

from duologue import Client, ToolCall, ToolCallDelta, ToolResult, tool


@tool
def get_weather(city: Annotated[str, "The city's name"]) -> dict[str, object]:
    """The weather in a city."""
    return {"city": city, "celsius": 21, "sky": "clear"}


def approve(call: ToolCall) -> bool:
    """Ask before a call is run; here, all that look harmless may."""
    print(f"\nMay {call.name} be called with {call.parsed()}? Yes.")
    return True


def main(provider: str) -> None:
    with Client(provider) as client:
        run = client.run_tools(
            "What is the weather in Paris?",
            tools=[get_weather],
            tool_choice="required",  # for the first answer; then the model is free
            max_rounds=3,
            approve=approve,
            raise_errors=False,
            max_tokens=60,
            temperature=0,
        )
        for event in run:
            match event:
                case ToolCallDelta(name=name, arguments=arguments):
                    # The name comes with the first piece of a call.
                    print(f"Tool call: {name} " if name else "", arguments, sep="", end="", flush=True)
                case ToolResult(status="done", tool_name=name, content=content):
                    print(f"Result of {name}: {content}")
                case ToolResult(status="error", tool_name=name, error=error):
                    print(f"{name} failed: {error}")
                case _:
                    print(event.text, end="", flush=True)
        print(f"\n{run.rounds} answers, {run.calls} calls, {run.usage.total_tokens} tokens")
        print([message.role for message in run.messages])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
