"""What real providers sent, through sockets and all three clients: each reads what it should, and all the same."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue import DuologueError, RetryPolicy
from duologue._tables import PROVIDERS
from tests.kit.recordings import SHARED, Recording, differences, needs_shared, recordings
from tests.kit.server import ScriptedServer, chunk, head

if TYPE_CHECKING:
    from tests.kit.twins import Twin

PROTOCOLS = sorted(path.name for path in (SHARED / "recordings").glob("*") if path.is_dir())
ALL = [one for protocol in PROTOCOLS for one in recordings(protocol)]
# What is expected of it is a client's reading without the counts that the first event holds; ours keeps them.
MORE = {"hand-overloaded-mid-stream-a-630bc4": ["usage"]}


def provider_of(recording: Recording) -> str:
    """The provider that answered where it speaks the format, else the first that does."""
    wire, name = recording.about["wire"], recording.about["provider"]
    if name in PROVIDERS and PROVIDERS[name].dialect == wire:
        return str(name)
    return next(row.name for row in PROVIDERS.values() if row.dialect == wire)


def script(recording: Recording) -> list[Any]:
    """The recorded response, its body in pieces of any length."""
    draw = random.Random(recording.name)
    left = {"content-length", "content-encoding", "transfer-encoding", "connection"}
    headers = {name: value for name, value in recording.headers.items() if name not in left}
    body, pieces = recording.body, []
    while body:
        size = draw.randrange(1, 5000)
        pieces.append(chunk(body[:size]))
        body = body[size:]
    return [head(recording.about["status"], {**headers, "transfer-encoding": "chunked"}), *pieces, chunk(b"")]


@needs_shared
@pytest.mark.parametrize("recording", ALL, ids=lambda one: one.name)
async def test_through_a_client(twin: Twin, recording: Recording) -> None:
    provider = provider_of(recording)
    path = PROVIDERS[provider].base_url or ""
    options = {"region": "us-east-1"} if provider == "bedrock" else {}
    with ScriptedServer(script(recording)) as server:
        base_url = server.base_url.removesuffix("/v1") + ("/v1" if path.endswith("/v1") else "")
        async with twin.Client(
            provider, base_url=base_url, api_key="k", model="m", retry=RetryPolicy(max_retries=0), options=options
        ) as client:
            error: DuologueError | None = None
            if recording.about["stream"]:
                stream = client.stream("hi", raise_errors=False)
                events = [event async for event in stream]
                response, error = stream.response, getattr(events[-1], "error", None)
                assert [event.is_done or event.is_error for event in events] == [False] * (len(events) - 1) + [True]
            else:
                try:
                    response = await client.chat("hi")
                except DuologueError as reason:
                    response, error = reason.partial, reason
    found = differences(recording, response, error)
    assert [one for one in found if one.partition(":")[0] not in MORE.get(recording.name, ())] == []


@needs_shared
def test_there_are_as_many_as_there_should_be() -> None:
    assert len(ALL) == 398
