"""Tell whoever waits that nothing has come for a while, before any time limit ends it, with the async client.

python examples/watching_async.py [PROVIDER]
"""

import asyncio
import sys

from duologue import AsyncClient, AsyncStream

PATIENCE = 0.1


async def watch(stream: AsyncStream) -> None:
    """Say so when the reader has waited for the next event for that long, for twice as long, and so on."""
    patience = PATIENCE
    while True:
        await asyncio.sleep(PATIENCE / 2)
        if stream.waiting_for > patience:
            print(f"(nothing for {stream.waiting_for:.1f} s)")
            patience *= 2


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        # With the first answer of the embedded model one waits for its start.
        stream = client.stream("Explain what an API is.", max_tokens=20, temperature=0)
        watcher = asyncio.create_task(watch(stream))
        try:
            print((await stream.result()).text)
        finally:
            watcher.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
