"""Asking an Ollama for its models: over a real socket, and never for long."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from duologue._probe import ollama_models
from tests.kit.server import ScriptedServer, head, pause


def ask(*steps: Any) -> tuple[str, ...] | None:
    with ScriptedServer(steps) as server:
        return ollama_models(server.base_url)


def answer(data: Any, status: int = 200) -> bytes:
    body = json.dumps(data).encode()
    return head(status, {"content-length": str(len(body))}) + body


def test_its_models() -> None:
    with ScriptedServer([answer({"models": [{"name": "qwen3:8b"}, {"name": "llama3.2:latest"}, {}, 5]})]) as server:
        assert ollama_models(f"{server.base_url}/") == ("qwen3:8b", "llama3.2:latest")
    assert [(request.method, request.path) for request in server.requests] == [("GET", "/v1/api/tags")]
    assert ask(answer({"models": []})) == ()


@pytest.mark.parametrize(
    "steps",
    [
        [answer({"models": "none"})],
        [answer([])],
        [answer({"models": []}, status=404)],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{{{"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\xff\xff\xff"],
        [b"SSH-2.0-OpenSSH\r\n"],
    ],
)
def test_something_else_that_answers(steps: list[Any]) -> None:
    assert ask(*steps) is None


def test_nobody_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for address in (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}", "http://127.0.0.1:99999"):
            assert ollama_models(address) is None


def test_one_that_never_finishes_is_none() -> None:
    """Each byte comes in time, the answer never does."""
    drip = [step for _ in range(60) for step in (b" ", pause(0.05))]
    assert ask(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *drip) is None
