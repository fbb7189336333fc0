"""`duologue serve-local`: the embedded model over HTTP until Ctrl-C.

Takes a port and options, gives the exit code: 0 after Ctrl-C or SIGTERM, 1 with the reason on standard error.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from duologue.errors import ConfigurationError
from duologue.local._server import LocalServer, start_server

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_SECONDS = 0.5  # how soon the end of the server is noticed


def serve(
    port: int = 0,
    *,
    tools: bool = False,
    api_key: str | None = None,
    slots: int = 2,
    context: int = 8192,
    max_tokens: int = 512,
    threads: int = 1,
) -> int:
    """Start a server, print how to reach it, and wait. See `start_server` for the arguments."""
    try:
        server = start_server(
            port=port,
            tools=tools,
            api_key=api_key,
            slots=slots,
            context=context,
            max_tokens=max_tokens,
            threads=threads,
        )
    except ConfigurationError as error:
        return _complain(str(error))
    except KeyboardInterrupt:  # while it loads
        return 0
    with server:
        print(greeting(server), flush=True)  # noqa: T201 - this is the command's output
        return _wait(server)


def greeting(server: LocalServer) -> str:
    """Give the address, the key, and a command to try."""
    body = {
        "model": server.model,
        "stream": True,
        "messages": [{"role": "user", "content": "Explain what an API is"}],
    }
    return "\n".join(
        [
            f"base URL: {server.base_url}",
            f"API key:  {server.api_key}",
            f"model:    {server.model}",
            "",
            f"curl -N {server.base_url}/chat/completions \\",
            f"  -H {shlex.quote('Authorization: Bearer ' + server.api_key)} \\",
            "  -H 'Content-Type: application/json' \\",
            f"  -d {shlex.quote(json.dumps(body))}",
            "",
            "Ctrl-C stops it.",
        ]
    )


def _wait(server: LocalServer) -> int:
    with _told_to_stop() as stop:
        while server.running:
            # Without a limit, Windows would not let Ctrl-C through.
            if stop.wait(LOOK_SECONDS):
                return 0
    return _complain("The embedded model's server has ended by itself.")


@contextlib.contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set. Off the main thread, where signals cannot be had, it stays unset."""
    stop = threading.Event()
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before[number] = signal.signal(number, lambda *_: stop.set())
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _complain(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - this is the command's output
    return 1
