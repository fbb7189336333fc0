"""Print an answer while it is being made.

python examples/simple_streaming.py [PROVIDER]
"""

import sys

from duologue import Client, Done, TextDelta


def main(provider: str) -> None:
    with Client(provider) as client:
        if not client.model_info().supports_streaming:
            sys.exit("This model does not stream.")
        pieces = []
        for event in client.stream("Explain what an API is.", max_tokens=40, temperature=0):
            match event:
                case TextDelta(text=piece):
                    pieces.append(piece)
                    print(piece, end="", flush=True)
                case Done(finish_reason=reason):
                    print(f"\n\nFinished: {reason}")
    text = "".join(pieces)
    print(f"{len(text)} characters came in {len(pieces)} pieces.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
