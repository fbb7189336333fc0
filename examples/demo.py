"""`make demo`: one prompt, two twins, one answer.

Streams an answer of a real model that runs on this machine, first through the blocking client, then through the async
one. Exits with 1 where a call fails or the two answers differ.

python examples/demo.py [PROVIDER]
"""

import asyncio
import sys
from time import perf_counter

from duologue import AsyncClient, ChatResponse, Client, DuologueError

PROMPT = "Explain what an API is."
TOKENS = 120


def ask(provider: str) -> ChatResponse:
    print(f"\n--- Client: for event in client.stream({PROMPT!r})\n")
    with Client(provider) as client:
        began, times = perf_counter(), []
        stream = client.stream(PROMPT, max_tokens=TOKENS, temperature=0)
        for event in stream:
            if event.is_delta:
                times.append(perf_counter() - began)
                print(event.text, end="", flush=True)
    report(stream.response, times)
    return stream.response


async def ask_async(provider: str) -> ChatResponse:
    print(f"\n--- AsyncClient: async for event in client.stream({PROMPT!r})\n")
    async with AsyncClient(provider) as client:
        began, times = perf_counter(), []
        stream = client.stream(PROMPT, max_tokens=TOKENS, temperature=0)
        async for event in stream:
            if event.is_delta:
                times.append(perf_counter() - began)
                print(event.text, end="", flush=True)
    report(stream.response, times)
    return stream.response


def report(response: ChatResponse, times: list[float]) -> None:
    if len(times) < 2:
        sys.exit("\nFailed: the answer did not come piece by piece.")
    usage, seconds = response.usage, times[-1] - times[0]
    print("\n")
    print(f"finish reason        {response.finish_reason}")
    print(f"tokens               {usage.input_tokens} in, {usage.output_tokens} out")
    print(f"tokens per second    {(usage.output_tokens - 1) / seconds:.1f}, measured here over {len(times)} pieces")
    print(f"time to first token  {times[0]:.2f} s")


def main(provider: str) -> int:
    print("Streams an answer of a real model on this machine, token by token as it is made, through both twins.")
    print("The first run downloads the model once (93 MB); no key is needed.")
    try:
        # Starts the model, so that the time to the first token is that of the model at work.
        with Client(provider) as client:
            client.chat("Hello", max_tokens=1)
        blocking, concurrent = ask(provider), asyncio.run(ask_async(provider))
    except DuologueError as error:
        print(f"\nFailed: {error}", file=sys.stderr)
        return 1
    if blocking.text != concurrent.text:
        print("\nThe twins gave different answers.", file=sys.stderr)
        return 1
    print("\nBoth twins gave the same answer.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
