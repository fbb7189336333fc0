"""Give an answer only so much time, and keep what came of it: asyncio's own timeout around the loop.

`Timeouts(total=...)`, as in timeout.py, does the same here and there.

python examples/timeout_async.py [PROVIDER]
"""

import asyncio
import sys

from duologue import AsyncClient


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        # The embedded model would need some of the time to start; so it is started first.
        await client.chat("Hello", max_tokens=1)

        stream = client.stream("Write a long story about a river.", max_tokens=500, temperature=0)
        try:
            async with asyncio.timeout(1.5):
                async for piece in stream.text():
                    print(piece, end="", flush=True)
        except TimeoutError:
            # The cancelled loop has closed the stream; what it gave is still there.
            print(f"\n\nOut of time (total); {len(stream.response.text)} characters had come.")
        else:
            print("\n\nFinished in time.")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
