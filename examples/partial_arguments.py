"""Show what a tool is called with while the model still writes it.

python examples/partial_arguments.py [PROVIDER]
"""

import sys

from duologue import Client, Tool, ToolCallDelta

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", "The weather in a city", CITY)


def main(provider: str) -> None:
    with Client(provider) as client:
        stream = client.stream("What is the weather in Paris?", tools=[WEATHER], max_tokens=60, temperature=0)
        for event in stream:
            if isinstance(event, ToolCallDelta):
                print(f"{event.arguments!r:12} {event.partial}")
        for call in stream.tool_calls:
            print(f"{call.name}: {call.partial}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
