"""What a real server answered gives the expected events: however its bytes are cut, and through both twins.

Each of these runs for every cassette under `cassettes/`. A cassette replays as one chunk, so what depends on chunks is
tested on the decoder itself, and once more through a socket.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import re
import shutil
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
from tests.kit.server import ScriptedServer, chunk, head, reply
from tests.kit.twins import Twin, collect
from tests.record.__main__ import LeakError, main, record
from tests.record.cases import CASES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from duologue.models import ChatResponse

FOUND = sorted(ROOT.glob("*/*/*.yaml"))
BY_PATH = {case.cassette(): case for case in CASES}
CANARY = "sk-canary-0123456789abcdef"
MARKER = b"data: [DONE]"


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


def client_for(twin: Twin, case: Case, base_url: str, **fields: Any) -> Any:
    return twin.Client(case.provider, base_url=base_url, api_key=CANARY, retry=RetryPolicy(max_retries=0), **fields)


@contextlib.asynccontextmanager
async def replaying(twin: Twin, case: Case) -> AsyncIterator[Any]:
    """A client whose server is the cassette: through an httpx client, which is what vcrpy can replay through."""
    http = httpx.Client(trust_env=False) if twin.name == "sync" else httpx.AsyncClient(trust_env=False)
    with tape().use_cassette(case.cassette()) as cassette:
        yield client_for(twin, case, f"{ADDRESS}/v1", http_client=http, options={"allow_insecure": True})
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


def test_cut_in_two_at_every_place(case: Case, recorded: Recorded) -> None:
    body = recorded.body
    whole = decode(case, recorded, [body])
    for place in range(1, len(body)):
        assert decode(case, recorded, [body[:place], body[place:]]) == whole, place


def test_broken_off_at_every_place(case: Case, recorded: Recorded) -> None:
    """Without the end marker no answer is done. An error's status is enough to know it by."""
    *_, whole = decode(case, recorded, [recorded.body])
    for place in range(len(recorded.body)):
        *_, last = decode(case, recorded, [recorded.body[:place]])
        if recorded.status != 200:
            assert isinstance(whole, Error)
            assert isinstance(last, Error)
            assert type(last.error) is type(whole.error)
        elif case.stream and MARKER in recorded.body[:place]:
            assert last == whole
        else:
            assert_truncated(last, whole)


def test_broken_off_after_every_line_by_an_unknown_server(case: Case, recorded: Recorded) -> None:
    """A server that we do not know may have no end marker, so there a finish reason is enough."""
    *_, whole = decode(case, recorded, [recorded.body], known=False)
    for line_end in re.finditer(b"\n", recorded.body):
        body = recorded.body[: line_end.start()]
        *_, last = decode(case, recorded, [body], known=False)
        if isinstance(last, Done):
            assert b'"finish_reason":"' in body
            assert last.response.terminator_missing is (MARKER not in body)
        else:
            assert_truncated(last, whole)


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
        async with client_for(twin, case, server.base_url) as client:
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


def test_streamed_and_whole_say_the_same() -> None:
    streamed, whole = (
        json.loads((ROOT / "openai-chat" / "llamacpp" / f"{name}.events.json").read_text("utf-8"))[-1]["response"]
        for name in ("text", "whole")
    )
    assert streamed["choices"] == whole["choices"]


# -- the recorder ------------------------------------------------------------------------------------------------------

HI = b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'


def test_no_key_gets_on_the_tape(tmp_path: Path) -> None:
    case = CASES[0]
    said = reply(HI + MARKER + b"\n\n", x_account=CANARY, set_cookie=f"id={CANARY}", x_request_id="req_1")
    with ScriptedServer(said) as server:
        record(case, server.base_url, CANARY, tmp_path)
        assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    [path] = (path for path in tmp_path.rglob("*") if path.is_file())
    text = path.read_text()
    assert CANARY not in text
    assert "127.0.0.1" not in text
    assert leaks(text) == []
    assert read(path).headers == {"content-type": "text/event-stream", "x-request-id": "req_1"}
    assert read(path).body == HI + MARKER + b"\n\n"


def test_a_key_in_the_answer_is_refused(tmp_path: Path) -> None:
    body = json.dumps({"error": {"message": "Incorrect API key provided: hunter2"}}).encode()
    with (
        ScriptedServer(reply(body, 401, "application/json")) as server,
        pytest.raises(LeakError, match="secret number 0"),
    ):
        record(CASES[0], server.base_url, "hunter2", tmp_path)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_no_answer_is_no_cassette(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        base_url = server.base_url
    with pytest.raises(DuologueError, match="no connection"):
        record(CASES[0], base_url, CANARY, tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        b"one\r\ntwo\r\n",
        "Zürich, 東京 🙂\n\n\u2028\x85 \n".encode(),
        b"\xff\xfe\x00\x01",
        b"  leading\n\ttab \n\n\n",
        b"",
    ],
)
def test_a_tape_keeps_every_byte(tmp_path: Path, body: bytes) -> None:
    case = CASES[0]
    with ScriptedServer(reply(body)) as server, contextlib.suppress(StreamTruncated):
        record(case, server.base_url, CANARY, tmp_path)
    assert read(case.cassette(tmp_path)).body == body
    with tape().use_cassette(case.cassette(tmp_path)) as cassette:
        assert cassette.responses[0]["body"]["string"] == body


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-0123456789abcdef",
        "AIzaSyA0123456789012345678901234567890",
        "AKIA0123456789ABCDEF",
        "Bearer x",
        "Authorization: Basic x",
        "set-cookie: a=b",
        '"x-api-key": "x"',
        "/home/someone/models",
        r"C:\\Users\\someone",
        "http://127.0.0.1:18080/v1",
        "https://example.org:8443/",
    ],
)
def test_what_counts_as_a_leak(text: str) -> None:
    assert leaks(f"before {text} after")


def test_the_users_name_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "jane.d")
    assert leaks("D:/models/jane.d/x.gguf")
    assert leaks("from jane.d@host")
    assert not leaks("what jane.d said")


def test_events_are_derived_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for case in CASES[:2]:
        case.cassette(tmp_path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(case.cassette(), case.cassette(tmp_path))
        shutil.copy(case.events(), case.events(tmp_path))
    first = CASES[0].events(tmp_path)
    first.write_text(first.read_text("utf-8").replace("API", "ABI"), "utf-8")
    assert main(["--events-only", CASES[0].name, CASES[1].name], tmp_path) == 0
    for case in CASES[:2]:
        assert case.events(tmp_path).read_text("utf-8") == case.events().read_text("utf-8")
    output = capsys.readouterr().out
    assert re.search(r"/text: \d+ events, fields \+\d -\d\n    -", output)
    assert '-  "text": " ABI"' in output
    assert re.search(r"/multi-turn: \d+ events, unchanged\n$", output)


def test_an_unknown_case_is_a_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["no-such-case"])
    assert "no such case: no-such-case; there are text, " in capsys.readouterr().err
