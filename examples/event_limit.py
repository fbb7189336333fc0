"""End an answer that has too many events, whatever the model thinks of an end.

python examples/event_limit.py [PROVIDER]
"""

import sys

from duologue import Client, LimitExceeded, Limits


def main(provider: str) -> None:
    with Client(provider, limits=Limits(max_events=20)) as client:
        try:
            for piece in client.stream("Write a long story about a river.", temperature=0).text():
                print(piece, end="", flush=True)
        except LimitExceeded as error:
            kept = error.partial.text if error.partial else ""
            print(f"\n\nEvent limit reached ({error.limit}); {len(kept)} characters had come.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
