"""Report how far an answer is, while it comes, with the async client.

A piece is about a token, and the exact count comes with the end.

python examples/progress_async.py [PROVIDER]
"""

import asyncio
import sys
from collections.abc import Callable

from duologue import AsyncClient, ChatResponse

MOST = 60


async def ask(client: AsyncClient, prompt: str, report: Callable[[int], None]) -> ChatResponse:
    """The answer to a prompt; `report` is called with the number of pieces so far."""
    pieces = 0
    async with client.stream(prompt, max_tokens=MOST, temperature=0) as stream:
        async for event in stream:
            if event.is_delta:
                pieces += 1
                report(pieces)
        return stream.response


def show(pieces: int) -> None:
    if pieces % 10 == 0:
        print(f"about {pieces} of at most {MOST} tokens")


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        response = await ask(client, "Write a guide on concurrency.", show)
    print(f"It took {response.usage.output_tokens} tokens: {response.text}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
