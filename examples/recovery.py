"""Get an answer though a provider is down: try again, begin again where the line breaks in the middle, and go on to the
next provider.

python examples/recovery.py [PROVIDER]
"""

import sys

from duologue import ChatResponse, Client, DuologueError, RetryPolicy


def tell(error: DuologueError, seconds: float) -> None:
    print(f"Try {error.attempts} failed ({error.code}); again in {seconds:.2f} s.")


def ask(clients: list[Client], prompt: str) -> ChatResponse:
    """The whole answer of the first one that gives it."""
    for client in clients[:-1]:
        try:
            return client.stream(prompt, max_tokens=20, temperature=0, restart="again").result()
        except DuologueError as error:
            if not error.retryable:  # a wrong key, a wrong request: another provider is not to hide it
                raise
            print(f"Given up after {error.attempts} tries: {error.message}")
    return clients[-1].stream(prompt, max_tokens=20, temperature=0, restart="again").result()


def main(provider: str) -> None:
    retry = RetryPolicy(max_retries=2, base_delay=0.05, on_retry=tell)
    nobody = Client("llamacpp", base_url="http://127.0.0.1:9/v1", retry=retry)  # nobody listens there
    with nobody, Client(provider, retry=retry) as client:
        response = ask([nobody, client], "Explain what an API is.")
        print(f"{response.provider} answered: {response.text}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
