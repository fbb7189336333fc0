"""Start, share and stop the embedded model's server.

Gives a `LocalServer` that listens on loopback and wants its random key (llama.cpp allows every origin,
so the key is what keeps the user's web pages out). Raises `ConfigurationError` where the engine or the
model is missing or does not start. The server is a child process and ends with this one, whatever ends it;
a forked process starts its own.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import weakref
from typing import TYPE_CHECKING

from duologue.local import _launch
from duologue.local._model import MODEL_NAME, model_path

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

_lock = threading.Lock()
_shared: dict[bool, LocalServer] = {}  # by `tools`
_all: weakref.WeakSet[LocalServer] = weakref.WeakSet()


class LocalServer:
    """A running server; leaving its `with` block, `stop()`, or the end of the process stops it."""

    def __init__(self, process: subprocess.Popen[str], address: str, api_key: str, *, tools: bool) -> None:
        self.base_url = f"{address}/v1"
        self.api_key = api_key
        self.model = MODEL_NAME
        self.tools = tools
        self._process = process
        # Also runs when the object is collected and at the interpreter's exit.
        self._end = weakref.finalize(self, _launch.end, process)
        _all.add(self)

    def __repr__(self) -> str:
        state = "running" if self.running else "stopped"
        return f"<LocalServer {self.base_url} model={self.model!r} tools={self.tools} {state}>"

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it answers: not after `stop()`, nor in a process forked from the one that started it."""
        return self._end.alive and self._process.poll() is None

    def stop(self) -> None:
        """End the process and the streams it is giving. Again is fine."""
        self._end()

    def _disown(self) -> None:
        self._end.detach()
        _launch.disown(self._process)


def start_server(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | None = None,
    slots: int = 2,
    context: int = 8192,
    max_tokens: int = 512,
    threads: int = 1,
    tools: bool = False,
) -> LocalServer:
    """Start a new server, fetching the model first if need be.

    `port` 0 takes a free one, no `api_key` a random one. `slots` requests are answered at once and share
    `context` tokens. `max_tokens` is how long an answer gets at the most where the request names no `max_tokens`; one
    that does may ask for more. `tools` makes the model answer with tool calls.
    Raises `ConfigurationError`.
    """
    _launch.require_engine()
    key = api_key or secrets.token_urlsafe(24)  # an empty one would leave the server open
    process, address = _launch.launch(
        {
            "model": str(model_path()),
            "alias": MODEL_NAME,
            "host": host,
            "port": port,
            "api_key": key,
            "slots": slots,
            "context": context,
            "max_tokens": max_tokens,
            "threads": threads,
            "template": _launch.tools_template() if tools else None,
            "verbosity": _launch.verbosity(),
        }
    )
    return LocalServer(process, address, key, tools=tools)


def ensure_server(*, tools: bool = False) -> LocalServer:
    """Give the server that this process shares, starting it on first use or if it is gone. Blocks meanwhile.

    One with and one without `tools`, for the two answer differently. Raises `ConfigurationError`.
    """
    with _lock:
        server = _shared.get(tools)
        if server is None or not server.running:
            server = _shared[tools] = start_server(tools=tools)
        return server


def _after_fork() -> None:
    """Let go of the parent's servers: the child may neither use nor stop them."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it, and is not here to let go
    _lock = threading.Lock()
    _shared.clear()
    for server in list(_all):
        server._disown()
    _all.clear()


with contextlib.suppress(AttributeError):  # Windows cannot fork
    os.register_at_fork(after_in_child=_after_fork)
