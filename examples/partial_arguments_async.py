"""Show what a tool is called with while the model still writes it, with the async client.

python examples/partial_arguments_async.py [PROVIDER]
"""

import asyncio
import sys

from duologue import AsyncClient, Tool, ToolCallDelta

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", "The weather in a city", CITY)


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        stream = client.stream("What is the weather in Paris?", tools=[WEATHER], max_tokens=60, temperature=0)
        async for event in stream:
            if isinstance(event, ToolCallDelta):
                print(f"{event.arguments!r:12} {event.partial}")
        for call in stream.tool_calls:
            print(f"{call.name}: {call.partial}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
