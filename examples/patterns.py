# ruff: noqa: ARG002 - what the methods are given is not theirs to choose
"""Watch requests and events go by, fill a template, hand content to handlers, and find JSON in an answer.

python examples/patterns.py [PROVIDER]
"""

import sys

from duologue import (
    Client,
    Message,
    MessageRouter,
    Middleware,
    PromptTemplate,
    RequestInfo,
    ResponseHead,
    StreamEvent,
    TextContent,
    extract_json,
)


class Watching(Middleware):
    """Counts what comes."""

    def __init__(self) -> None:
        self.deltas = 0

    def on_response(self, response: ResponseHead, info: RequestInfo) -> None:
        print(f"Attempt {info.attempt}: status {response.status_code}")

    def on_event(self, event: StreamEvent, info: RequestInfo) -> None:
        self.deltas += event.is_delta


def main(provider: str) -> None:
    watching = Watching()
    template = PromptTemplate("What is a {thing}?", system="Answer in {number} words.")
    router: MessageRouter[str] = MessageRouter()
    router.on(TextContent, lambda part: f"text of {len(part.text)} characters")

    with Client(provider, middleware=watching) as client:
        health = client.check(timeout=60)
        print(f"{health.provider} is {'well' if health else health.error}")
        response = client.stream(template.messages(thing="river", number=9), max_tokens=20, temperature=0).result()
        print(f"{watching.deltas} deltas: {', '.join(router.route(response))}")
    print(extract_json(Message.assistant('It is ```json\n{"city": "Rome"}\n```').text))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
