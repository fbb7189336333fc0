"""Answers that call tools, in Chat Completions' format, for tests of what happens around them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.kit.server import ScriptedServer, reply
from tests.kit.wire import DONE, answer, data, delta

if TYPE_CHECKING:
    from tests.kit.server import Request
    from tests.kit.twins import Twin

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def calling(*calls: tuple[str, Any], first: int = 1, finish: str = "tool_calls", text: str = "") -> list[bytes]:
    """An answer that calls these tools: a name, and arguments as data or as raw text."""
    pieces = [delta(text)] if text else []
    for index, (name, arguments) in enumerate(calls):
        raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
        function = {"name": name, "arguments": raw[:3]}
        pieces.append(delta(tool_calls=[{"index": index, "id": f"call_{first + index}", "function": function}]))
        pieces.append(delta(tool_calls=[{"index": index, "function": {"arguments": raw[3:]}}]))
    return [*pieces, delta(finish=finish), data({"id": "chatcmpl-1", "choices": [], "usage": USAGE}), DONE]


def script(*rounds: list[bytes]) -> ScriptedServer:
    """A server with an answer for each round."""
    return ScriptedServer(*map(reply, rounds))


def client_for(twin: Twin, server: ScriptedServer, **fields: Any) -> Any:
    """A client of it."""
    return twin.Client("llamacpp", base_url=server.base_url, api_key="sk-test", model="m-1", **fields)


def results(request: Request) -> list[tuple[str, str]]:
    """What a request tells the model of its calls: their ids and what came of them."""
    return [
        (message["tool_call_id"], message["content"])
        for message in request.json()["messages"]
        if message["role"] == "tool"
    ]


def told(events: list[Any]) -> list[tuple[str, str, Any]]:
    """The news of tools among some events."""
    return [(event.call_id, event.status, event.error or event.content) for event in events if event.is_tool_result]


__all__ = ["answer", "calling", "client_for", "results", "script", "told"]
