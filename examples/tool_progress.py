"""A tool that tells how far it is and gives its result piece by piece, next to another stream of events.

python examples/tool_progress.py [PROVIDER]
"""

import sys
import time
from collections.abc import Iterator

from duologue import Client, ToolContext, ToolResult, merge_streams, tool


@tool(timeout=10)
def get_weather(city: str, context: ToolContext) -> Iterator[str]:
    """The weather in a city."""
    for number, piece in enumerate(["21 degrees ", "and a clear sky ", f"in {city}"], 1):
        time.sleep(0.05)  # as if it asked somebody
        context.progress(number / 3, f"part {number}")
        yield piece


def main(provider: str) -> None:
    with Client(provider) as client:
        asked = "What is the weather in Paris?"
        run = client.run_tools(asked, [get_weather], tool_choice="required", max_tokens=60, temperature=0)
        other = client.stream("Explain what an API is.", max_tokens=20, temperature=0)
        for event in merge_streams(run, other):
            match event:
                case ToolResult(status="progress", progress=progress, content=content):
                    print(f"{progress:.0%}: {content}")
                case ToolResult(status="data", content=content):
                    print(f"A piece: {content!r}")
                case ToolResult(status="done", content=content):
                    print(f"All of it: {content!r}")
        print("The one:", run.response.text)
        print("The other:", other.response.text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
