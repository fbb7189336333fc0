"""Answers of a given form and arguments in pieces, as real providers sent them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from duologue import OutputValidationError, ToolCallDelta
from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from tests.kit.recordings import Recording, cuts, needs_shared
from tests.kit.server import ScriptedServer
from tests.test_recordings import ALL, provider_of, script

if TYPE_CHECKING:
    from tests.kit.twins import Twin

# Where requests have their schema.
PLACES = [
    ("response_format", "json_schema", "schema"),
    ("response_format", "json_schema"),
    ("text", "format", "schema"),
    ("output_config", "format", "schema"),
    ("output_format", "schema"),
    ("generationConfig", "responseJsonSchema"),
    ("format",),
]
# The models that said no, as they were asked to.
REFUSED = {
    "mira-test-refusal-openai-gpt-4o-completions-async-0-8c833c",
    "mira-test-refusal-openai-gpt-4o-completions-async-stream-0-a1f271",
    "mira-test-refusal-openai-gpt-4o-responses-async-stream-0-652cfb",
    "mira-test-refusal-openai-gpt-4o-responses-stream-0-ef88e5",
}


def schema_of(recording: Recording) -> dict[str, Any] | None:
    """The JSON Schema that an answer was asked for with."""
    for place in PLACES:
        found: Any = recording.about["request"]
        for step in place:
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, dict) and found:
            return found
    return None


ASKED = [one for one in ALL if one.expected["outcome"] == "done" and schema_of(one) is not None]


@needs_shared
@pytest.mark.parametrize("recording", ASKED, ids=lambda one: one.name)
async def test_an_answer_of_that_form(twin: Twin, recording: Recording) -> None:
    provider = provider_of(recording)
    path = PROVIDERS[provider].base_url or ""
    with ScriptedServer(script(recording)) as server:
        base_url = server.base_url.removesuffix("/v1") + ("/v1" if path.endswith("/v1") else "")
        async with twin.Client(provider, base_url=base_url, api_key="k", model="m") as client:
            asked: dict[str, Any] = {"prompt": "hi", "response_format": schema_of(recording)}
            if recording.name in REFUSED:
                with pytest.raises(OutputValidationError) as caught:
                    await client.stream(**asked).result()
                assert caught.value.reason == "refusal"
                assert caught.value.text == recording.expected["refusal"][0]
                return
            if not recording.about["stream"]:
                response = await client.chat(**asked)
            else:
                stream = client.stream(**asked)
                partials = [partial async for partial in stream.partials()]
                response = await stream.result()
                assert response.tool_calls or partials[-1] == response.parsed
    assert response.tool_calls or isinstance(response.parsed, dict)


WITH_CALLS = [one for one in ALL if one.about["stream"] and one.expected["tool_calls"]]


@needs_shared
@pytest.mark.parametrize("recording", WITH_CALLS, ids=lambda one: one.name)
def test_arguments_while_they_stream(recording: Recording) -> None:
    """However the body is cut, the last piece of a call has the whole of its arguments."""
    row = PROVIDERS[provider_of(recording)]
    for _, pieces in cuts(recording.body):
        exchange = Exchange(find_dialect(row.dialect), row, Limits(), stream=True, known=False)
        exchange.begin(recording.about["status"], recording.headers)
        events = [event for piece in pieces for event in exchange.feed(piece)] + exchange.close()
        last = {(event.index, event.call_index): event for event in events if isinstance(event, ToolCallDelta)}
        calls = {
            (choice.index, number): call
            for choice in exchange.response.choices
            for number, call in enumerate(choice.message.tool_calls)
        }
        assert len(last) == len(calls) > 0
        for (_, event), (_, call) in zip(sorted(last.items()), sorted(calls.items()), strict=True):
            if call.type == "function" and exchange.complete:
                assert (event.partial or {}) == call.parsed()
            assert event.partial == call.partial
        assert [call.partial for call in exchange.tool_calls] == [call.partial for call in exchange.response.tool_calls]


@needs_shared
def test_there_are_as_many_as_there_should_be() -> None:
    assert (len(ASKED), len(WITH_CALLS)) == (22, 84)
    assert {one.name for one in ASKED} >= REFUSED
