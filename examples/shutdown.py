"""Stop in good order on SIGTERM or Ctrl-C: no new streams begin, and those that are open have a time of grace.

python examples/shutdown.py [PROVIDER]
"""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from duologue import Client, ClosedError


def ask(client: Client, name: str, most: int, begun: Event) -> None:
    try:
        stream = client.stream("Write a long story about a river.", max_tokens=most, temperature=0)
        for _ in stream.text():
            begun.set()
        print(f"{name}: came to its end")
    except ClosedError as error:
        print(f"{name}: {len(error.partial.text) if error.partial else 0} characters, then {error}")


def main(provider: str) -> None:
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    client = Client(provider)
    with ThreadPoolExecutor() as threads:
        streams = {"short": (5, Event()), "long": (5000, Event())}
        for name, (most, begun) in streams.items():
            threads.submit(ask, client, name, most, begun)
        for _, begun in streams.values():
            begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)  # what elsewhere the system does, or somebody who presses Ctrl-C
        stop.wait()
        print("Stopping")
        client.close(grace=2)
    ask(client, "late", 5, Event())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
