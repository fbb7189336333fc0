"""End an answer that has too many events, whatever the model thinks of an end, with the async client.

python examples/event_limit_async.py [PROVIDER]
"""

import asyncio
import sys

from duologue import AsyncClient, LimitExceeded, Limits


async def main(provider: str) -> None:
    async with AsyncClient(provider, limits=Limits(max_events=20)) as client:
        try:
            async for piece in client.stream("Write a long story about a river.", temperature=0).text():
                print(piece, end="", flush=True)
        except LimitExceeded as error:
            kept = error.partial.text if error.partial else ""
            print(f"\n\nEvent limit reached ({error.limit}); {len(kept)} characters had come.")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
