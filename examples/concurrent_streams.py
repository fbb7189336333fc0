"""Several answers at once, in threads that share one client.

python examples/concurrent_streams.py [PROVIDER]
"""

import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

from duologue import Client, Limits

QUESTIONS = ["Explain what an API is.", "What is a river?", "Why is the sky blue?"]


def ask(client: Client, question: str) -> str:
    return "".join(client.stream(question, max_tokens=20, temperature=0).text())


def main(provider: str) -> None:
    # No more than two streams at once, however many threads there are: the others wait their turn.
    with Client(provider, limits=Limits(max_concurrent=2)) as client, ThreadPoolExecutor() as threads:
        numbers = {threads.submit(ask, client, question): number for number, question in enumerate(QUESTIONS, 1)}
        for answer in as_completed(numbers):
            print(f"Stream {numbers[answer]}: {answer.result()}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
