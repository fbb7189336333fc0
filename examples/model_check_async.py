"""Look at what a model can do before asking it, and stream only where it streams, with the async client.

python examples/model_check_async.py [PROVIDER]
"""

import asyncio
import sys
from collections.abc import AsyncIterator

from duologue import AsyncClient, ImageContent, Message, UnsupportedError

PICTURE = ImageContent.from_url("https://example.com/picture.png")


async def ask(client: AsyncClient, prompt: str) -> AsyncIterator[str]:
    """The answer's text: in pieces, or at once where the model does not stream."""
    if client.model_info().supports_streaming:
        async for piece in client.stream(prompt, max_tokens=20, temperature=0).text():
            yield piece
    else:
        yield (await client.chat(prompt, max_tokens=20, temperature=0)).text


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        info = client.model_info()
        print(f"{info.name}: streaming {info.supports_streaming}, images {info.supports_vision}, known {info.known}")
        pieces = [piece async for piece in ask(client, "Explain what an API is.")]
        print(f"{len(pieces)} pieces: {''.join(pieces)}")
        try:
            client.stream(Message.user([PICTURE]))
        except UnsupportedError as error:  # before anything is sent
            print(f"Refused: {error}")

    # Nothing is sent here either: what is known of a model comes with the package.
    async with AsyncClient("openai:o1-pro", api_key="none") as other:
        print(f"{other.model_info().name}: streaming {other.model_info().supports_streaming}, so it takes chat()")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
