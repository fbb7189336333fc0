"""Every format as aimock speaks it, saying what stands in `tests/kit/aimock.json`: answers, errors and faults.

aimock is not the provider. It says `FUNCTION_CALL` where Gemini says `STOP`, puts an empty `start` before Bedrock's
text, and gives Ollama no counts. What providers really send is in `tests/dialects/*/test_recordings.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from duologue import DuologueError, Message, RetryPolicy, Tool
from duologue.errors import (
    AuthenticationError,
    ConnectionLost,
    OverloadedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    StreamTruncated,
    TransportError,
)
from tests.kit.twins import collect

if TYPE_CHECKING:
    from tests.kit.servers import Address
    from tests.kit.twins import Twin

# One provider a format, and OpenRouter, whose errors and counts aimock has in a form of their own.
MODELS = {
    "openai": "gpt-4o-mini",
    "openrouter": "openai/gpt-4o-mini",
    "openai-responses": "o4-mini",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
    "ollama": "llama3.2",
    "bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere": "command-a-03-2025",
}
THINKERS = {
    "deepseek": "deepseek-reasoner",
    **{provider: MODELS[provider] for provider in ("openai-responses", "anthropic", "gemini", "bedrock")},
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", "Get the current weather in a city", CITY)
CITIES = [{"city": "Paris"}, {"city": "Zürich"}]
API = "Explain what an API is."
FAULTS = {
    "drop": ServerError,  # a 500
    "malformed": ProtocolError,  # a 200 with what is no JSON
    "disconnect": ConnectionLost,
    "ratelimit": RateLimitError,
}

every_provider = pytest.mark.parametrize("provider", MODELS)


def client_for(twin: Twin, address: Address, provider: str, *, retries: int = 0, **fields: Any) -> Any:
    fields = address.fields(provider) | fields
    retry = RetryPolicy(max_retries=retries, base_delay=0.001)
    return twin.Client(provider, model=(MODELS | THINKERS)[provider], retry=retry, **fields)


async def both_ways(client: Any, prompt: Any, **params: Any) -> list[Any]:
    """An answer streamed, and whole."""
    return [await client.stream(prompt, **params).result(), await client.chat(prompt, **params)]


async def failures(client: Any, prompt: str) -> list[DuologueError]:
    """The errors of a stream and of a whole answer. The stream ends in its error, and nothing is ever done."""
    events = await collect(client.stream(prompt, raise_errors=False))
    assert [event.is_error for event in events] == [False] * (len(events) - 1) + [True]
    assert not any(event.is_done for event in events)
    with pytest.raises(DuologueError) as whole:
        await client.chat(prompt)
    return [events[-1].error, whole.value]


# -- answers -----------------------------------------------------------------------------------------------------------


@every_provider
async def test_an_answer(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider) as client:
        answers = await both_ways(client, API)
    for answer in answers:
        assert (answer.text, answer.finish_reason) == ("An API lets programs talk.", "stop")
        assert answer.complete
        counts = (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens)
        assert counts == ((0, 0, 0) if provider == "ollama" else (9, 6, 15))


@every_provider
async def test_letters_of_every_length(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider) as client:
        answers = await both_ways(client, "Greet everybody.")
    assert [answer.text for answer in answers] == ["Grüße, 你好 👩‍👩‍👧!"] * 2


@every_provider
async def test_two_tools_in_two_turns(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider) as client:
        for first in await both_ways(client, "What is the weather?", tools=[WEATHER]):
            assert (first.text, first.finish_reason) == ("Let me look.", "tool_calls")
            assert [call.name for call in first.tool_calls] == ["get_weather"] * 2
            assert [call.parsed() for call in first.tool_calls] == CITIES
            results = [Message.tool(call.id, {"celsius": 18}) for call in first.tool_calls]
            talk = [Message.user("What is the weather?"), first.message, *results]
            for second in await both_ways(client, talk, tools=[WEATHER]):
                assert (second.text, second.finish_reason) == ("18 degrees in Paris.", "stop")


@pytest.mark.parametrize("provider", THINKERS)
async def test_thoughts(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider) as client:
        answers = await both_ways(client, "Think: what is six times seven?")
    for answer in answers:
        assert answer.message.reasoning == "Six times seven is forty-two."
        assert (answer.text, answer.finish_reason) == ("The answer is 42.", "stop")


# Ollama stops for no reason here, and Responses says that it is incomplete, but not why.
@pytest.mark.parametrize("provider", [name for name in MODELS if name not in ("ollama", "openai-responses")])
async def test_the_limit(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider) as client:
        answers = await both_ways(client, "Write a poem.")
    assert [(answer.text, answer.finish_reason) for answer in answers] == [("Roses are red, violets", "length")] * 2


# -- errors and faults -------------------------------------------------------------------------------------------------


@every_provider
async def test_a_wrong_key(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider, api_key="not-the-key") as client:
        errors = await failures(client, API)
    for error in errors:
        assert isinstance(error, AuthenticationError)
        assert error.code == "invalid_api_key"


@every_provider
async def test_too_many_requests(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider) as client:
        errors = await failures(client, "Hurry up!")
    for error in errors:
        assert isinstance(error, RateLimitError)
        assert (error.message, error.status_code, error.retry_after) == ("Slow down.", 429, 1.0)
        assert error.retryable
        assert error.request_id


@every_provider
async def test_what_has_no_answer(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider) as client:
        errors = await failures(client, "What nobody has written down")
    assert [type(error) for error in errors] == [OverloadedError] * 2  # a 503


@every_provider
@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(twin: Twin, provider: str, fault: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider, headers={f"x-aimock-chaos-{fault}": "1"}) as client:
        errors = await failures(client, API)
    for error in errors:
        assert isinstance(error, FAULTS[fault])
        assert error.partial is None or not error.partial.complete


@every_provider
async def test_a_fault_is_tried_again(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider, retries=2, headers={"x-aimock-chaos-drop": "1"}) as client:
        errors = await failures(client, API)
    assert [error.attempts for error in errors] == [3, 3]


@every_provider
async def test_a_stream_that_breaks_off(twin: Twin, provider: str, aimock: Address) -> None:
    async with client_for(twin, aimock, provider, retries=2) as client:
        events = await collect(client.stream("Break off soon.", raise_errors=False))
    *given, last = events
    assert last.is_error
    assert not any(event.is_done or event.is_error for event in given)
    assert isinstance(last.error, (TransportError, StreamTruncated))
    assert last.error.attempts == 1  # some of it has been given already
    text = "".join(event.text for event in given)
    assert text
    assert last.error.partial is not None
    assert last.error.partial.text == text
    assert "This answer is long enough to come in many pieces".startswith(text[:49])
