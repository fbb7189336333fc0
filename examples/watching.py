"""Tell whoever waits that nothing has come for a while, before any time limit ends it.

python examples/watching.py [PROVIDER]
"""

import sys
from threading import Event, Thread

from duologue import Client, Stream

PATIENCE = 0.1


def watch(stream: Stream, over: Event) -> None:
    """Say so when the reader has waited for the next event for that long, for twice as long, and so on."""
    patience = PATIENCE
    while not over.wait(PATIENCE / 2):
        if stream.waiting_for > patience:
            print(f"(nothing for {stream.waiting_for:.1f} s)")
            patience *= 2


def main(provider: str) -> None:
    over = Event()
    with Client(provider) as client:
        # With the first answer of the embedded model one waits for its start.
        stream = client.stream("Explain what an API is.", max_tokens=20, temperature=0)
        watcher = Thread(target=watch, args=(stream, over))
        watcher.start()
        try:
            print(stream.result().text)
        finally:
            over.set()
            watcher.join()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
