"""The loop over what real providers answered: a recorded call, then a recorded answer, in every format that has
both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from duologue import FunctionTool, tool
from tests.kit.recordings import Recording, needs_shared, recordings
from tests.kit.server import ScriptedServer, reply
from tests.kit.twins import collect

if TYPE_CHECKING:
    from tests.kit.twins import Twin

PROVIDERS = {
    "openai-chat": "openai",
    "deepseek": "deepseek",
    "groq": "groq",
    "mistral": "mistral",
    "openrouter": "openrouter",
    "xai": "xai",
    "openai-responses": "openai-responses",
    "anthropic-messages": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
    "bedrock-converse": "bedrock",
    "cohere": "cohere",
}
DONE = {"tool_calls", "stop", "unknown"}


def is_good(recording: Recording) -> bool:
    """Whether it is one whole answer that was streamed."""
    streamed, choices = recording.about["stream"], len(recording.expected["text"] or [])
    return bool(streamed) and recording.expected["outcome"] == "done" and choices <= 1


def calls_of(recording: Recording) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = recording.expected["tool_calls"]
    return calls


def can_run(recording: Recording) -> bool:
    """Whether it calls tools as functions are called, and is not cut short."""
    calls = calls_of(recording)
    whole = all(isinstance(call["arguments"], dict) for call in calls)
    return bool(calls) and whole and recording.expected["finish_reason"] in DONE


def cases() -> list[Any]:
    found = []
    for protocol, provider in PROVIDERS.items():
        good = list(filter(is_good, recordings(protocol)))
        answer = next((one for one in good if not calls_of(one) and "".join(one.expected["text"] or [])), None)
        found += [
            pytest.param(provider, one, answer, id=f"{protocol}-{one.name}"[:60])
            for one in good
            if can_run(one) and answer is not None
        ]
    return found


CASES = cases()


def replies(recording: Recording) -> list[Any]:
    return reply(recording.body, content_type=recording.headers["content-type"])


def recorder(name: str, got: list[dict[str, Any]]) -> FunctionTool[..., Any]:
    """A tool that takes whatever it is given."""

    def remember(**arguments: Any) -> str:
        got.append(arguments)
        return f"{name} has run"

    return tool(remember, name=name, description="Remembers", parameters={"type": "object"})


@needs_shared
@pytest.mark.parametrize(("provider", "calling", "answer"), CASES)
async def test_a_recorded_call(twin: Twin, provider: str, calling: Recording, answer: Recording) -> None:
    got: list[dict[str, Any]] = []
    names = dict.fromkeys(call["name"] for call in calls_of(calling))
    with ScriptedServer(replies(calling), replies(answer)) as server:
        async with twin.Client(provider, base_url=server.base_url, api_key="k-test", model="m") as client:
            run = client.run_tools("hi", tools=[recorder(name, got) for name in names], max_parallel=1)
            events = await collect(run)
        assert events[-1].is_done, events[-1]
        assert got == [call["arguments"] for call in calls_of(calling)]
        assert events[-1].response.text == answer.expected["text"][0]
        assert (run.rounds, run.calls) == (2, len(got))
        assert run.usage.total_tokens > 0 or not calling.expected["usage"]
        second = server.requests[1].body.decode()
        assert all(f"{name} has run" in second for name in names)


@needs_shared
def test_every_format_is_among_them() -> None:
    assert {case.values[0] for case in CASES} == set(PROVIDERS.values())
