"""Hold no more of an answer than there is room for.

`Limits(max_bytes=...)` counts what comes over the line, decompressed; a program that keeps only the text may also count
for itself, and leave.

python examples/buffer_limit.py [PROVIDER]
"""

import sys

from duologue import Client, LimitExceeded, Limits

PROMPT = "Write a long story about a river."


def first_characters(client: Client, most: int) -> str:
    """No more of the text than there is room for; leaving the loop ends the stream."""
    held = ""
    with client.stream(PROMPT, temperature=0) as stream:
        for piece in stream.text():
            if len(held) + len(piece) > most:
                break
            held += piece
    return held


def main(provider: str) -> None:
    with Client(provider, limits=Limits(max_bytes=5000)) as client:
        text = first_characters(client, 60)
        print(f"{len(text)} characters: {text}")
        try:
            client.stream(PROMPT, temperature=0).result()
        except LimitExceeded as error:
            kept = error.partial.text if error.partial else ""
            print(f"Too large ({error.limit}); {len(kept)} characters had come.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
