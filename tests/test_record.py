"""The recorder of cassettes: nothing secret gets in, every byte does, and events are derived anew."""

from __future__ import annotations

import contextlib
import getpass
import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from duologue import DuologueError
from duologue.errors import StreamTruncated
from tests.kit.cassettes import leaks, read, tape
from tests.kit.server import ScriptedServer, reply
from tests.kit.servers import Address
from tests.record import __main__ as recorder
from tests.record.__main__ import LeakError, main, record
from tests.record.cases import CASES

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "sk-canary-0123456789abcdef"
HI = b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
END = b"data: [DONE]\n\n"


def test_no_key_gets_on_the_tape(tmp_path: Path) -> None:
    case = CASES[0]
    said = reply(HI + END, x_account=CANARY, set_cookie=f"id={CANARY}", x_request_id="req_1")
    with ScriptedServer(said) as server:
        record(case, Address(server.origin, CANARY), tmp_path)
        assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    [path] = (path for path in tmp_path.rglob("*") if path.is_file())
    text = path.read_text()
    assert CANARY not in text
    assert "127.0.0.1" not in text
    assert leaks(text) == []
    assert read(path).headers == {"content-type": "text/event-stream", "x-request-id": "req_1"}
    assert read(path).body == HI + END


def test_a_key_in_the_answer_is_refused(tmp_path: Path) -> None:
    body = json.dumps({"error": {"message": "Incorrect API key provided: hunter2"}}).encode()
    with (
        ScriptedServer(reply(body, 401, "application/json")) as server,
        pytest.raises(LeakError, match="secret number 0"),
    ):
        record(CASES[0], Address(server.origin, "hunter2"), tmp_path)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_no_answer_is_no_cassette(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        address = Address(server.origin, CANARY)
    with pytest.raises(DuologueError, match="no connection"):
        record(CASES[0], address, tmp_path)


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
        record(case, Address(server.origin, CANARY), tmp_path)
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
    assert main(["--events-only", str(CASES[0]), str(CASES[1])], tmp_path) == 0
    for case in CASES[:2]:
        assert case.events(tmp_path).read_text("utf-8") == case.events().read_text("utf-8")
    output = capsys.readouterr().out
    assert re.search(r"/text: \d+ events, fields \+\d -\d\n    -", output)
    assert '-  "text": " ABI"' in output
    assert re.search(r"/multi-turn: \d+ events, unchanged\n$", output)


def test_an_unknown_case_is_a_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["no-such-case"])
    assert "no such case: no-such-case; there are openai-chat/llamacpp/text, " in capsys.readouterr().err


def test_without_the_servers_of_others_the_rest_is_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recorder, "INSTALLED", False)
    assert main(["gemini/aimock", "bedrock-converse/ministack/text"], tmp_path) == 0
    assert re.match(r"\d+ cases left as they are: .*make servers", capsys.readouterr().err)
    assert not any(tmp_path.iterdir())
    assert {case.server for case in recorder.left(CASES)} == {"llamacpp"}
