"""Show a tool call while it comes, run the tool when the answer is whole, and stream what is made of the result.

python examples/tools.py [PROVIDER]
"""

import sys

from duologue import ChatResponse, Client, Message, Tool, ToolCall, ToolCallDelta

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [Tool("get_weather", "The weather in a city", CITY)]


def run(call: ToolCall) -> dict[str, object]:
    """What a call gives, or what is wrong with it: a model may call what there is not, and as it likes."""
    if call.name != "get_weather":
        return {"error": f"there is no tool {call.name!r}"}
    return {"city": call.parsed().get("city"), "celsius": 21, "sky": "clear"}


def ask(client: Client, talk: list[Message]) -> ChatResponse:
    stream = client.stream(talk, tools=TOOLS, max_tokens=60, temperature=0)
    for event in stream:
        if isinstance(event, ToolCallDelta):
            # The name comes with the first piece of a call.
            print(f"Tool call: {event.name} " if event.name else "", event.arguments, sep="", end="", flush=True)
        elif event.is_delta:
            print(event.text, end="", flush=True)
    print()
    return stream.response


def main(provider: str) -> None:
    with Client(provider) as client:
        talk = [Message.user("What is the weather in Paris?")]
        answer = ask(client, talk)
        talk.append(answer.message)
        for call in answer.tool_calls:
            result = run(call)
            print(f"Result: {result}")
            talk.append(Message.tool(call.id, result))
        ask(client, talk)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
