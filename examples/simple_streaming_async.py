"""Print an answer while it is being made, with the async client.

python examples/simple_streaming_async.py [PROVIDER]
"""

import asyncio
import sys

from duologue import AsyncClient, Done, TextDelta


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        if not client.model_info().supports_streaming:
            sys.exit("This model does not stream.")
        pieces = []
        async for event in client.stream("Explain what an API is.", max_tokens=40, temperature=0):
            match event:
                case TextDelta(text=piece):
                    pieces.append(piece)
                    print(piece, end="", flush=True)
                case Done(finish_reason=reason):
                    print(f"\n\nFinished: {reason}")
    text = "".join(pieces)
    print(f"{len(text)} characters came in {len(pieces)} pieces.")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
