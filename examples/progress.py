"""Report how far an answer is, while it comes.

A piece is about a token, and the exact count comes with the end.

python examples/progress.py [PROVIDER]
"""

import sys
from collections.abc import Callable

from duologue import ChatResponse, Client

MOST = 60


def ask(client: Client, prompt: str, report: Callable[[int], None]) -> ChatResponse:
    """The answer to a prompt; `report` is called with the number of pieces so far."""
    pieces = 0
    with client.stream(prompt, max_tokens=MOST, temperature=0) as stream:
        for event in stream:
            if event.is_delta:
                pieces += 1
                report(pieces)
        return stream.response


def show(pieces: int) -> None:
    if pieces % 10 == 0:
        print(f"about {pieces} of at most {MOST} tokens")


def main(provider: str) -> None:
    with Client(provider) as client:
        response = ask(client, "Write a guide on concurrency.", show)
    print(f"It took {response.usage.output_tokens} tokens: {response.text}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
