"""Tell the kinds of events apart: with `match`, or with the flags that every event has.

python examples/event_types.py [PROVIDER]
"""

import sys
from collections import Counter

from duologue import Client, Done, Error, Start, StreamEvent, TextDelta, UsageUpdate


def describe(event: StreamEvent) -> str:
    match event:
        case Start(model=model, provider=provider):
            return f"{model} of {provider} begins to answer"
        case TextDelta(text=text):
            return f"a piece of the answer: {text!r}"
        case UsageUpdate(usage=usage):
            return f"{usage.input_tokens} tokens were read and {usage.output_tokens} written"
        case Done(finish_reason=reason, response=response):
            return f"whole, because of {reason!r}: {response.text!r}"
        case Error(error=error):
            return f"failed with {error.code}: {error.message}"
        case _:
            return "something else, such as a piece of a tool call"


def main(provider: str) -> None:
    kinds: Counter[str] = Counter()
    with Client(provider) as client:
        for event in client.stream("Explain what an API is.", max_tokens=12, temperature=0, raise_errors=False):
            print(f"{event.type:12} {describe(event)}")
            kinds["deltas"] += event.is_delta
            kinds["ends"] += event.is_done or event.is_error
    print(f"{kinds['deltas']} deltas, {kinds['ends']} end.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
