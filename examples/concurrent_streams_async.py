"""Several answers at once, in tasks that share one client.

python examples/concurrent_streams_async.py [PROVIDER]
"""

import asyncio
import sys

from duologue import AsyncClient, Limits

QUESTIONS = ["Explain what an API is.", "What is a river?", "Why is the sky blue?"]


async def ask(client: AsyncClient, number: int, question: str) -> None:
    stream = client.stream(question, max_tokens=20, temperature=0)
    answer = "".join([piece async for piece in stream.text()])
    print(f"Stream {number}: {answer}")


async def main(provider: str) -> None:
    # No more than two streams at once, however many tasks there are: the others wait their turn.
    async with AsyncClient(provider, limits=Limits(max_concurrent=2)) as client, asyncio.TaskGroup() as tasks:
        for number, question in enumerate(QUESTIONS, 1):
            tasks.create_task(ask(client, number, question))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
