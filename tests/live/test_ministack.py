"""Bedrock's Converse as MiniStack speaks it, the real model behind it: our client reads what AWS's own client reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from duologue import Message, Tool
from duologue.errors import AuthenticationError, BadRequestError, NotFoundError
from tests.live.boto3_asks import DESCRIPTION, MODEL, PARAMETERS, QUESTION, RESULT, TOOL, WEATHER

if TYPE_CHECKING:
    from tests.kit.servers import Address
    from tests.kit.twins import Twin

TOOLS = [Tool(TOOL, DESCRIPTION, PARAMETERS)]
HOW = ["streamed", "whole"]


def client_for(twin: Twin, address: Address) -> Any:
    return twin.Client("bedrock", **address.fields("bedrock"), model=MODEL)


async def ask(client: Any, how: str, prompt: Any, **params: Any) -> Any:
    """The answer, streamed or whole."""
    if how == "streamed":
        return await client.stream(prompt, temperature=0, **params).result()
    return await client.chat(prompt, temperature=0, **params)


def reading(answer: Any) -> dict[str, Any]:
    """What an answer says, as `boto3_asks` puts it."""
    assert answer.complete
    return {
        "text": answer.text,
        "calls": [[call.name, call.parsed()] for call in answer.tool_calls],
        "stop": answer.choices[0].raw_finish_reason,
        "usage": [answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens],
    }


@pytest.mark.parametrize("how", HOW)
async def test_an_answer(twin: Twin, how: str, ministack: Address, boto3_says: dict[str, Any]) -> None:
    async with client_for(twin, ministack) as client:
        answer = await ask(client, how, QUESTION, max_tokens=12)
    assert [reading(answer)] == boto3_says[f"question, {how}"]
    # The model's words, not those that MiniStack says where it cannot reach one.
    assert not answer.text.startswith("[ministack mock")
    assert answer.usage.output_tokens == 12


@pytest.mark.parametrize("how", HOW)
async def test_a_tool_in_two_turns(twin: Twin, how: str, ministack: Address, boto3_says: dict[str, Any]) -> None:
    talk = [Message.user(WEATHER)]
    async with client_for(twin, ministack) as client:
        first = await ask(client, how, talk, tools=TOOLS, tool_choice="required", max_tokens=48)
        [call] = first.tool_calls
        talk += [first.message, Message.tool(call.id, RESULT)]
        second = await ask(client, how, talk, tools=TOOLS, max_tokens=48)
    assert (first.finish_reason, call.parsed()) == ("tool_calls", {"city": "Paris"})
    assert (second.finish_reason, bool(second.text)) == ("stop", True)
    assert [reading(first), reading(second)] == boto3_says[f"talk, {how}"]


async def test_the_pieces_of_a_stream(twin: Twin, ministack: Address) -> None:
    async with client_for(twin, ministack) as client:
        stream = client.stream(QUESTION, temperature=0, max_tokens=12)
        events = [event async for event in stream]
    assert len([event for event in events if event.text]) >= 5
    assert [event.is_done for event in events] == [False] * (len(events) - 1) + [True]
    assert "".join(event.text for event in events if event.is_delta) == events[-1].response.text


@pytest.mark.parametrize("how", HOW)
async def test_errors(twin: Twin, how: str, ministack: Address) -> None:
    nobody = {"messages": [{"role": "nobody", "content": [{"text": "Hello"}]}]}
    no_guardrail = {"guardrailConfig": {"guardrailIdentifier": "none", "guardrailVersion": "1"}}
    async with client_for(twin, ministack) as client:
        with pytest.raises(BadRequestError, match="role must be") as bad:
            await ask(client, how, QUESTION, extra=nobody)
        with pytest.raises(NotFoundError, match="not found") as missing:
            await ask(client, how, QUESTION, extra=no_guardrail)
    assert (bad.value.status_code, bad.value.type) == (400, "ValidationException")
    assert (missing.value.status_code, missing.value.type) == (404, "ResourceNotFoundException")
    assert missing.value.request_id


@pytest.mark.parametrize("how", HOW)
async def test_an_unknown_key(twin: Twin, how: str, ministack: Address) -> None:
    async with client_for(twin, ministack._replace(key_id="NOBODY")) as client:
        with pytest.raises(AuthenticationError, match="token") as unknown:
            await ask(client, how, QUESTION, max_tokens=12)
    assert (unknown.value.status_code, unknown.value.type) == (403, "UnrecognizedClientException")
