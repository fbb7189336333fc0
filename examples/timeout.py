"""Give an answer only so much time, and keep what came of it.

python examples/timeout.py [PROVIDER]
"""

import sys

from duologue import Client, StreamTimeout, Timeouts


def main(provider: str) -> None:
    # The embedded model would need some of the time to start; so it is started first.
    with Client(provider) as client:
        client.chat("Hello", max_tokens=1)

    with Client(provider, timeouts=Timeouts(total=1.5)) as client:
        try:
            for piece in client.stream("Write a long story about a river.", max_tokens=500, temperature=0).text():
                print(piece, end="", flush=True)
        except StreamTimeout as error:
            kept = error.partial.text if error.partial else ""
            print(f"\n\nOut of time ({error.phase}); {len(kept)} characters had come.")
        else:
            print("\n\nFinished in time.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
