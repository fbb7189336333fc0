"""What a real server answered gives the expected events: however its bytes are cut, and through both twins.

Each of these runs for every cassette under `cassettes/`. A cassette replays as one chunk, so what depends on chunks is
tested on the decoder itself, and once more through a socket.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from typing import TYPE_CHECKING, Any, NoReturn

import attrs
import httpx
import pytest
from vcr.errors import (  # type: ignore[import-untyped]  # publishes no types
    CannotOverwriteExistingCassetteException,
)

from duologue import DuologueError, RetryPolicy, to_dict
from duologue.errors import StreamTruncated
from duologue.events import Done, Error, StreamEvent
from tests.kit.cassettes import (
    ADDRESS,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    ROOT,
    Case,
    Recorded,
    decode,
    leaks,
    read,
    tape,
)
from tests.kit.server import ScriptedServer, chunk, head
from tests.kit.twins import Twin, collect
from tests.record.cases import CASES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from duologue.models import ChatResponse

FOUND = sorted(ROOT.glob("*/*/*.yaml"))
BY_PATH = {case.cassette(): case for case in CASES}
CANARY = "sk-canary-0123456789abcdef"
# The line that ends a stream, in each format that is text. Gemini has none: a finish reason has to do.
END_LINES = {
    "openai-chat": rb"data: \[DONE\]",
    "openai-responses": rb'data: {"type":"response\.(completed|incomplete)",.*}',
    "anthropic-messages": rb'data: {"type":"message_stop"}',
    "gemini": rb'data: {.*"finishReason":"[A-Z_]+".*}',
    "ollama": rb'{.*"done":true,.*}',
    "cohere": rb'data: {"type":"message-end",.*}',
}


SHORT = 1024


def places(body: bytes) -> Iterable[int]:
    """Where to cut: everywhere in a short body. A long one says the same over and over, and each place costs the time
    of the whole, so there it is everywhere near the end, and at some thousand places before."""
    end = max(0, len(body) - SHORT // 4)
    return [*range(0, end, 1 + len(body) // SHORT), *range(end, len(body))]


def done_places(case: Case, body: bytes) -> set[int]:
    """Where a body may break off and the answer is whole all the same: after how many bytes."""
    if not case.stream:
        return {len(body)}
    if case.dialect == "bedrock-converse":
        # After the message that ends the answer, or after the counts that follow it, but not in between.
        ends = message_ends(body)
        assert b"messageStop" in body[ends[-3] : ends[-2]]
        return set(ends[-2:])
    [end] = re.finditer(rb"^%s$" % END_LINES[case.dialect], body, re.MULTILINE)
    return set(range(end.end(), len(body) + 1))


def message_ends(body: bytes) -> list[int]:
    """Where each message of an event stream ends; it begins with its length."""
    ends = [0]
    while ends[-1] < len(body):
        ends.append(ends[-1] + int.from_bytes(body[ends[-1] : ends[-1] + 4]))
    return ends


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


@pytest.fixture(params=FOUND, ids=[name_of(path) for path in FOUND])
def case(request: pytest.FixtureRequest) -> Case:
    """The case of each cassette that lies there."""
    assert request.param in BY_PATH, "no row in tests/record/cases.py: add one, or delete the cassette"
    return BY_PATH[request.param]


@pytest.fixture
def recorded(case: Case) -> Recorded:
    return read(case.cassette())


@pytest.fixture
def expected(case: Case) -> list[dict[str, Any]]:
    """The events, as data."""
    return without_attempts(json.loads(case.events().read_text("utf-8")))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name leads anywhere, and the address that is used is a name."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the cassette was passed by")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def without_attempts(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events without what depends on the client: only it knows how often it asked."""
    for event in events:
        event.get("error", {}).pop("attempts", None)
    return events


def data(events: list[StreamEvent]) -> list[dict[str, Any]]:
    return without_attempts([to_dict(event) for event in events])


def client_for(twin: Twin, case: Case, origin: str, **fields: Any) -> Any:
    fields |= case.address(origin, CANARY).fields(case.provider)
    fields["options"] = fields.get("options", {}) | {"allow_insecure": True}
    return twin.Client(case.provider, retry=RetryPolicy(max_retries=0), **fields)


@contextlib.asynccontextmanager
async def replaying(twin: Twin, case: Case) -> AsyncIterator[Any]:
    """A client whose server is the cassette: through an httpx client, which is what vcrpy can replay through."""
    http = httpx.Client(trust_env=False) if twin.name == "sync" else httpx.AsyncClient(trust_env=False)
    with tape().use_cassette(case.cassette()) as cassette:
        yield client_for(twin, case, ADDRESS, http_client=http)
        assert cassette.all_played
    if isinstance(http, httpx.Client):
        http.close()
    else:
        await http.aclose()


async def answer(client: Any, case: Case) -> tuple[list[StreamEvent], Any]:
    """What a client makes of a case: events where there are any, and the response as far as it came."""
    if case.stream:
        stream = client.stream(case.request, raise_errors=False)
        return await collect(stream), stream.response
    try:
        return [], await client.chat(case.request)
    except DuologueError as error:
        return [Error(error)], error.partial


def assert_same(case: Case, events: list[StreamEvent], response: Any, expected: list[dict[str, Any]]) -> None:
    last = expected[-1]
    if case.stream:
        assert data(events) == expected
    else:
        assert data(events) == [event for event in expected if event["type"] == "error"]
    assert to_dict(response) == (last["response"] if last["type"] == "done" else last["error"]["partial"])


# -- what lies there ---------------------------------------------------------------------------------------------------


def test_every_case_is_recorded() -> None:
    assert FOUND
    assert {path for case in CASES for path in (case.cassette(), case.events())} == {
        path for path in ROOT.rglob("*") if path.is_file() and path.parent != ROOT
    }


def test_nothing_secret(case: Case, recorded: Recorded) -> None:
    for path in (case.cassette(), case.events()):
        assert leaks(path.read_text("utf-8")) == []
        assert path.stat().st_size < 60_000
    assert leaks(recorded.body.decode("latin-1")) == []  # it may lie there in Base64
    with tape().use_cassette(case.cassette()) as cassette:
        [request] = cassette.requests
    assert request.uri == ADDRESS + recorded.path
    assert set(request.headers) <= REQUEST_HEADERS
    assert set(recorded.headers) <= RESPONSE_HEADERS


# -- the decoder -------------------------------------------------------------------------------------------------------


def test_whole_and_byte_by_byte(case: Case, recorded: Recorded, expected: list[dict[str, Any]]) -> None:
    body = recorded.body
    assert data(decode(case, recorded, [body])) == expected
    assert data(decode(case, recorded, [body[i : i + 1] for i in range(len(body))])) == expected


def test_cut_in_two(case: Case, recorded: Recorded) -> None:
    body = recorded.body
    whole = decode(case, recorded, [body])
    for place in places(body):
        assert decode(case, recorded, [body[:place], body[place:]]) == whole, place


def test_broken_off(case: Case, recorded: Recorded) -> None:
    """Without the end marker no answer is done. An error's status is enough to know it by."""
    body = recorded.body
    *_, whole = decode(case, recorded, [body])
    done = done_places(case, body) if recorded.status == 200 else set()
    for place in places(body):
        *_, last = decode(case, recorded, [body[:place]])
        if recorded.status != 200:
            assert isinstance(whole, Error)
            assert isinstance(last, Error)
            assert type(last.error) is type(whole.error)
        elif place in done:
            assert_done(last, whole, counted=case.dialect != "bedrock-converse")
        else:
            assert_truncated(last, whole)


@pytest.mark.parametrize("path", [path for path in FOUND if name_of(path).startswith("openai-chat/")], ids=name_of)
def test_broken_off_after_every_line_by_an_unknown_server(path: Path) -> None:
    """A server that we do not know may have no end marker, so there a finish reason is enough. The other formats are
    not spoken without theirs."""
    case, recorded = BY_PATH[path], read(path)
    *_, whole = decode(case, recorded, [recorded.body], known=False)
    for line_end in re.finditer(b"\n", recorded.body):
        body = recorded.body[: line_end.start()]
        *_, last = decode(case, recorded, [body], known=False)
        if isinstance(last, Done):
            assert b'"finish_reason":"' in body
            assert last.response.terminator_missing is (b"data: [DONE]" not in body)
        else:
            assert_truncated(last, whole)


def assert_done(last: StreamEvent, whole: StreamEvent, *, counted: bool) -> None:
    """The same answer, but for counts that come after the end marker and did not."""
    assert isinstance(last, Done)
    assert isinstance(whole, Done)
    if counted:
        assert last == whole
    else:
        assert last.usage.source == "absent"
        assert last.response.complete
        assert last.response.choices == whole.response.choices


def assert_truncated(last: StreamEvent, whole: StreamEvent) -> None:
    assert isinstance(last, Error)
    assert isinstance(last.error, StreamTruncated)
    assert last.error.partial is not None
    assert not last.error.partial.complete
    assert isinstance(whole, Done)
    texts = texts_of(whole.response)
    assert all(texts[index].startswith(text) for index, text in texts_of(last.error.partial).items())


def texts_of(response: ChatResponse) -> dict[int, str]:
    """Each choice's text, or the arguments of its calls."""
    return {
        choice.index: choice.message.text + "".join(call.arguments for call in choice.message.tool_calls)
        for choice in response.choices
    }


# -- the clients -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_network")
async def test_replay(twin: Twin, case: Case, expected: list[dict[str, Any]]) -> None:
    async with replaying(twin, case) as client:
        assert_same(case, *await answer(client, case), expected)


async def test_through_a_socket(twin: Twin, case: Case, recorded: Recorded, expected: list[dict[str, Any]]) -> None:
    """The client's own connections, which vcrpy does not see; the body comes in pieces that fit nothing in it."""
    pieces = [recorded.body[place : place + 97] for place in range(0, len(recorded.body), 97)]
    headers = recorded.headers | {"transfer-encoding": "chunked"}
    with ScriptedServer([head(recorded.status, headers), *map(chunk, pieces), chunk(b"")]) as server:
        async with client_for(twin, case, server.origin) as client:
            assert_same(case, *await answer(client, case), expected)
        [request] = server.requests
    assert request.json() == recorded.request
    assert request.path == recorded.path


@pytest.mark.usefixtures("no_network")
async def test_another_request_is_not_answered(twin: Twin) -> None:
    case = CASES[0]
    other = case._replace(request=attrs.evolve(case.request, seed=2))
    with pytest.raises(CannotOverwriteExistingCassetteException, match='"seed": 2'):
        async with replaying(twin, case) as client:
            await answer(client, other)


@pytest.mark.parametrize("folder", sorted({case.folder for case in CASES if case.name == "whole"}))
def test_streamed_and_whole_say_the_same(folder: str) -> None:
    streamed, whole = (
        json.loads((ROOT / folder / f"{name}.events.json").read_text("utf-8"))[-1]["response"]
        for name in ("text", "whole")
    )
    assert said(streamed) == said(whole)


def said(response: dict[str, Any]) -> list[dict[str, Any]]:
    """What was said, without the ids of what it was said in, which Responses gives to each message."""
    return [
        choice | {"message": [part for part in choice["message"]["content"] if part["type"] == "text"]}
        for choice in response["choices"]
    ]
