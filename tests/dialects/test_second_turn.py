"""An answer as history: it can be kept as JSON, and all that is opaque in it goes back to the provider that gave it.

Every recorded good answer is read, kept, and sent again with results for its calls. Each signature, encrypted text and
redacted block that the recording's bytes hold must then be in the request's body, unchanged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from duologue import ChatRequest, ChatResponse, Message, from_json, to_json
from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._frames.eventstream import EventStreamReader
from duologue._frames.sse import SSEReader
from duologue._tables import PROVIDERS
from duologue.config import Limits
from tests.kit.recordings import SHARED, Recording, needs_shared, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duologue.models import Provider

PROTOCOLS = sorted(path.name for path in (SHARED / "recordings").glob("*") if path.is_dir())
GOOD = [one for protocol in PROTOCOLS for one in recordings(protocol) if one.expected["outcome"] == "done"]
OPAQUE = frozenset(
    {"encrypted_content", "redactedContent", "signature", "thoughtSignature", "thought_signature", "encrypted_index"}
)
# The same reasoning, encrypted anew in each event that tells of its item: the last one counts.
AGAIN = {"genai-openairesponses-gpt-5.6-sol-thinking-genstream-tools-squareroot-2-0-38a61d": 2}


def row_of(recording: Recording) -> Provider:
    """The provider that answered, or the first one that speaks its format."""
    wire, name = recording.about["wire"], recording.about["provider"]
    own = PROVIDERS.get(name)
    if own is not None and own.dialect == wire:
        return own
    return next(row for row in PROVIDERS.values() if row.dialect == wire)


def payloads(recording: Recording) -> Iterator[Any]:
    """The JSON values that a body is made of."""
    body, framing = recording.body, recording.about["framing"]
    if framing == "sse":
        reader = SSEReader(max_bytes=None)
        texts: list[Any] = [event.data for event in [*reader.feed(body), *reader.close()] if event.data != "[DONE]"]
    elif framing == "aws-eventstream":
        texts = [message.payload for message in EventStreamReader(max_bytes=None).feed(body)]
    else:
        texts = body.splitlines() if framing == "ndjson" else [body]
    return (json.loads(text) for text in texts if text.strip())


def opaque(value: Any) -> Iterator[str]:
    """Every opaque string in a JSON value."""
    if isinstance(value, list):
        for item in value:
            yield from opaque(item)
    elif isinstance(value, dict):
        kind = str(value.get("type"))
        for key, item in value.items():
            hidden = key == "data" and kind.startswith(("redacted_", "reasoning.encrypted"))
            if isinstance(item, str) and item and (key in OPAQUE or hidden):
                yield item
            else:
                yield from opaque(item)


def answer_of(recording: Recording, row: Provider) -> ChatResponse:
    exchange = Exchange(find_dialect(row.dialect), row, Limits(), stream=bool(recording.about["stream"]), known=False)
    exchange.begin(recording.about["status"], recording.headers)
    exchange.feed(recording.body)
    exchange.close()
    assert exchange.error is None
    return exchange.response


@needs_shared
@pytest.mark.parametrize("recording", GOOD, ids=lambda one: one.name)
def test_an_answer_goes_back(recording: Recording) -> None:
    row = row_of(recording)
    response = answer_of(recording, row)
    kept = from_json(ChatResponse, to_json(response))
    assert kept == response
    for choice in kept.choices[:1]:
        results = [Message.tool(call.id, {"done": True}) for call in choice.message.tool_calls]
        talk = [Message.user("First"), choice.message, *(results or [Message.user("Next")])]
        wire = find_dialect(row.dialect).encode(ChatRequest(talk), row, model="m", stream=True)
        body = json.dumps(wire.body, default=str)  # Base64 is written late
        lost = [
            text for payload in payloads(recording) for text in opaque(payload) if json.dumps(text)[1:-1] not in body
        ]
        assert len(lost) == AGAIN.get(recording.name, 0)
        for call in choice.message.tool_calls:
            assert json.dumps(call.name) in body
            assert call.generated_id or json.dumps(call.id) in body


@needs_shared
def test_there_is_something_to_lose() -> None:
    found = {one.about["wire"] for one in GOOD for payload in payloads(one) if any(opaque(payload))}
    assert found >= {"anthropic-messages", "bedrock-converse", "gemini", "openai-chat", "openai-responses"}
