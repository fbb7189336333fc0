"""Draw larger pieces less often, with the async client: small ones are joined until there is enough, or it has been
long enough.

python examples/batching_async.py [PROVIDER]
"""

import asyncio
import sys

from duologue import AsyncClient


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        stream = client.stream("Explain what an API is.", max_tokens=40, temperature=0)
        drawn = 0
        async for piece in stream.text(min_chars=40, max_delay=5):
            drawn += 1
            print(repr(piece))
    print(f"{stream.response.usage.output_tokens} tokens came, and {drawn} pieces were drawn.")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
