"""What type checkers know of attachments, middlewares and the other patterns; held as in `tools.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_type

import attrs

from duologue import (
    AsyncClient,
    Client,
    FileContent,
    Health,
    ImageContent,
    Message,
    MessageRouter,
    Middleware,
    OutgoingRequest,
    PromptTemplate,
    RequestInfo,
    StreamEvent,
    TextContent,
    ToolCall,
    extract_json,
)

if TYPE_CHECKING:
    from typing import IO

    from duologue import ChatResponse


@dataclass
class City:
    name: str


class Own(Middleware):
    def on_request(self, request: OutgoingRequest, info: RequestInfo) -> OutgoingRequest:
        assert_type(info.attempt, int)
        return attrs.evolve(request, body=request.body)

    def on_event(self, event: StreamEvent, info: RequestInfo) -> StreamEvent | None:  # noqa: ARG002 - not ours to choose
        return event


def blocking(client: Client, image: ImageContent, file: IO[bytes], response: ChatResponse) -> None:
    assert_type(client.fetch(image), ImageContent)
    client.fetch("https://example.com")  # type: ignore[type-var]
    assert_type(client.check(), Health)
    assert_type(FileContent.from_file(file), FileContent)
    assert_type(extract_json("{}", City), City)
    assert_type(extract_json("{}"), Any)
    assert_type(response.json(City), City)
    assert_type(response.json({"type": "object"}), Any)
    assert_type(PromptTemplate("{a}").messages(a=1), tuple[Message, ...])
    client.chat(PromptTemplate("{a}").messages(a=1))
    Client("local", middleware=Own()).close()
    Client("local", middleware=[Own()]).close()
    Client("local", middleware=Own)  # type: ignore[arg-type]


def handlers(response: ChatResponse) -> None:
    router: MessageRouter[str] = MessageRouter()

    @router.on(TextContent)
    def text(part: TextContent) -> str:
        return part.text

    router.on(ToolCall, lambda call: call.name)
    router.on(ToolCall, lambda call: call.text)  # type: ignore[attr-defined]
    assert_type(text(TextContent("a")), str)
    assert_type(router.route(response), list[str])


async def waiting(client: AsyncClient, image: ImageContent) -> None:
    assert_type(await client.fetch(image), ImageContent)
    assert_type(await client.check(), Health)
