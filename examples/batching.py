"""Draw larger pieces less often: small ones are joined until there is enough, or it has been long enough.

python examples/batching.py [PROVIDER]
"""

import sys

from duologue import Client


def main(provider: str) -> None:
    with Client(provider) as client:
        stream = client.stream("Explain what an API is.", max_tokens=40, temperature=0)
        drawn = 0
        for piece in stream.text(min_chars=40, max_delay=5):
            drawn += 1
            print(repr(piece))
    print(f"{stream.response.usage.output_tokens} tokens came, and {drawn} pieces were drawn.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
