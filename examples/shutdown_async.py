"""Stop in good order on SIGTERM or Ctrl-C, with the async client: no new streams begin, and those that are open have a
time of grace.

python examples/shutdown_async.py [PROVIDER]
"""

import asyncio
import os
import signal
import sys

from duologue import AsyncClient, ClosedError


async def ask(client: AsyncClient, name: str, most: int, begun: asyncio.Event) -> None:
    try:
        stream = client.stream("Write a long story about a river.", max_tokens=most, temperature=0)
        async for _ in stream.text():
            begun.set()
        print(f"{name}: came to its end")
    except ClosedError as error:
        print(f"{name}: {len(error.partial.text) if error.partial else 0} characters, then {error}")


async def main(provider: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)  # not on Windows, which knows no SIGTERM
    client = AsyncClient(provider)
    async with asyncio.TaskGroup() as tasks:
        streams = {"short": (5, asyncio.Event()), "long": (5000, asyncio.Event())}
        for name, (most, begun) in streams.items():
            tasks.create_task(ask(client, name, most, begun))
        for _, begun in streams.values():
            await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)  # what elsewhere the system does, or somebody who presses Ctrl-C
        await stop.wait()
        print("Stopping")
        await client.aclose(grace=2)
    await ask(client, "late", 5, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
