"""`_server` with the real engine and model: it answers, wants its key, is shared, stops, and starts again."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from duologue.errors import ConfigurationError
from duologue.local import LocalServer, _launch, _server, ensure_server, start_server

QUESTION = [{"role": "user", "content": "Explain what an API is"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def chat(server: LocalServer, **fields: Any) -> tuple[list[dict[str, Any]], str]:
    """Stream an answer; give its chunks and the last line."""
    body = {"model": server.model, "stream": True, "temperature": 0, "messages": QUESTION, **fields}
    headers = {"authorization": f"Bearer {server.api_key}"}
    with (
        httpx.Client(trust_env=False, timeout=60) as client,
        client.stream("POST", f"{server.base_url}/chat/completions", json=body, headers=headers) as response,
    ):
        assert response.status_code == 200
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line]
    return [json.loads(line) for line in lines[:-1]], lines[-1]


def root(server: LocalServer) -> str:
    return server.base_url.removesuffix("/v1")


def refuses(server: LocalServer) -> bool:
    """Tell whether nobody listens there any more."""
    address = urlsplit(server.base_url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) != 0


def test_it_is_healthy_and_only_on_loopback(server: LocalServer) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")
    assert httpx.get(f"{root(server)}/health", trust_env=False).json() == {"status": "ok"}
    assert server.running


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}])
@pytest.mark.parametrize("path", ["/v1/models", "/props"])
def test_without_the_key_nothing_is_told(server: LocalServer, path: str, headers: dict[str, str]) -> None:
    assert httpx.get(root(server) + path, headers=headers, trust_env=False).status_code == 401


def test_the_key_is_long_and_not_in_the_repr(server: LocalServer) -> None:
    assert len(server.api_key) >= 32
    assert server.api_key not in repr(server)
    assert repr(server) == f"<LocalServer {server.base_url} model='smollm2-135m' tools=False running>"


def test_a_real_answer_streams_to_its_end_marker(server: LocalServer) -> None:
    chunks, last = chat(server, max_tokens=24)
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
    assert "API" in text
    assert len(chunks) > 10
    assert last == "[DONE]"


def test_an_answer_whose_request_names_no_length_has_the_servers(server: LocalServer) -> None:
    with start_server(max_tokens=5, api_key="mine") as capped:
        assert capped.api_key == "mine"
        assert capped.base_url != server.base_url
        chunks, _ = chat(capped)
        longer, _ = chat(capped, max_tokens=20)
    finished = [chunk["choices"][0]["finish_reason"] for chunk in chunks if chunk["choices"]]
    assert finished[-1] == "length"
    assert len(chunks) < 10
    assert len(longer) > len(chunks) + 10


def test_tools_give_real_call_deltas(tool_server: LocalServer) -> None:
    question = [{"role": "user", "content": "What is the weather in Paris?"}]
    chunks, last = chat(tool_server, messages=question, tools=[WEATHER], tool_choice="required", max_tokens=64)
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    pieces = [call["function"] for choice in choices for call in choice["delta"].get("tool_calls") or ()]
    assert pieces[0]["name"] == "get_weather"
    assert len(pieces) > 2
    arguments = json.loads("".join(piece.get("arguments", "") for piece in pieces))
    assert list(arguments) == ["city"]
    assert isinstance(arguments["city"], str)
    assert choices[-1]["finish_reason"] == "tool_calls"
    assert last == "[DONE]"


def test_a_tools_result_is_answered_in_words(tool_server: LocalServer) -> None:
    call = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    history = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": "1", "content": "18 degrees and sunny"},
    ]
    chunks, _ = chat(tool_server, messages=history, tools=[WEATHER], max_tokens=48)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas).strip()
    assert not any(delta.get("tool_calls") for delta in deltas)


def test_without_tools_the_prompt_is_the_models_own(server: LocalServer, tool_server: LocalServer) -> None:
    def prompt(of: LocalServer) -> str:
        headers = {"authorization": f"Bearer {of.api_key}"}
        messages = [*QUESTION, {"role": "assistant", "content": "A door."}, {"role": "user", "content": "To what?"}]
        answer = httpx.post(f"{root(of)}/apply-template", json={"messages": messages}, headers=headers, trust_env=False)
        return str(answer.json()["prompt"])

    assert prompt(server) == prompt(tool_server)


@pytest.fixture
def alone(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the server that the other tests share."""
    assert server.running
    monkeypatch.setattr(_server, "_shared", {})


@pytest.mark.usefixtures("alone")
def test_threads_that_race_get_the_same_one() -> None:
    got: list[LocalServer] = []
    threads = [threading.Thread(target=lambda: got.append(ensure_server())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with got[0]:
        assert len(got) == 8
        assert all(server is got[0] for server in got)


@pytest.mark.usefixtures("alone")
def test_a_stopped_one_is_replaced() -> None:
    first = ensure_server()
    first.stop()
    first.stop()
    assert not first.running
    assert "stopped" in repr(first)
    assert refuses(first)
    with ensure_server() as second:
        assert second is not first
        assert second.api_key != first.api_key
        assert chat(second, max_tokens=4)[1] == "[DONE]"


@pytest.mark.usefixtures("alone")
def test_one_that_died_is_replaced() -> None:
    first = ensure_server()
    first._process.kill()
    first._process.wait()
    with ensure_server() as second:
        assert second is not first


@pytest.mark.usefixtures("alone")
def test_dropping_the_last_reference_stops_it() -> None:
    server = start_server()
    process = server._process
    del server
    assert process.returncode is not None


@pytest.mark.usefixtures("alone")
def test_after_a_fork_the_servers_are_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the child; the fork itself is in `test_lifetime`."""
    mine = start_server()
    _server._shared[False] = mine
    monkeypatch.setattr(_server, "_all", {mine})
    monkeypatch.setattr(_server, "_lock", _server._lock)  # to be put back
    pid = mine._process.pid
    _server._after_fork()
    assert not mine.running
    assert _server._shared == {}
    mine.stop()  # does nothing
    os.waitpid(pid, 0)  # its lifeline was let go, so it ends by itself
    assert refuses(mine)


def test_a_port_in_use(server: LocalServer) -> None:
    port = urlsplit(server.base_url).port
    assert port is not None
    with pytest.raises(ConfigurationError, match=f"port {port} "):
        start_server(port=port)


@pytest.mark.usefixtures("server")
def test_the_log_is_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    start_server().stop()
    assert capfd.readouterr() == ("", "")
    monkeypatch.setenv(_launch.LOG_VARIABLE, "1")
    start_server().stop()
    assert "llama" in capfd.readouterr().err
