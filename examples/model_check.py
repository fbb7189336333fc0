"""Look at what a model can do before asking it, and stream only where it streams.

python examples/model_check.py [PROVIDER]
"""

import sys
from collections.abc import Iterator

from duologue import Client, ImageContent, Message, UnsupportedError

PICTURE = ImageContent.from_url("https://example.com/picture.png")


def ask(client: Client, prompt: str) -> Iterator[str]:
    """The answer's text: in pieces, or at once where the model does not stream."""
    if client.model_info().supports_streaming:
        yield from client.stream(prompt, max_tokens=20, temperature=0).text()
    else:
        yield client.chat(prompt, max_tokens=20, temperature=0).text


def main(provider: str) -> None:
    with Client(provider) as client:
        info = client.model_info()
        print(f"{info.name}: streaming {info.supports_streaming}, images {info.supports_vision}, known {info.known}")
        pieces = list(ask(client, "Explain what an API is."))
        print(f"{len(pieces)} pieces: {''.join(pieces)}")
        try:
            client.stream(Message.user([PICTURE]))
        except UnsupportedError as error:  # before anything is sent
            print(f"Refused: {error}")

    # Nothing is sent here either: what is known of a model comes with the package.
    with Client("openai:o1-pro", api_key="none") as other:
        print(f"{other.model_info().name}: streaming {other.model_info().supports_streaming}, so it takes chat()")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
