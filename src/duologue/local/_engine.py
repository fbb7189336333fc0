"""The process that runs llama.cpp: a script of its own, so that it needs none of the rest of the package.

Takes one line of JSON on standard input (see `Settings`), gives one line on standard output:
`{"address": "http://127.0.0.1:PORT"}` once the model is loaded, or `{"error": "..."}`.
Then it serves until standard input ends, which the system sees to however the parent dies.

Why not a thread of the caller's process: xllamacpp holds the interpreter lock for the half second of
loading, so every event loop would stand still; a process forked afterwards would hang at its exit in
llama.cpp's destructors; and a failed assertion in C++ would take the caller's program with it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any, TypedDict


class Settings(TypedDict):
    """What the parent asks for. The key travels here and not in the arguments, which every user can list."""

    model: str  # path of the GGUF
    alias: str
    host: str
    port: int
    api_key: str
    slots: int  # requests answered at once
    context: int  # tokens, shared by the slots
    max_tokens: int  # of an answer whose request names none
    threads: int
    template: str | None  # Jinja chat template in place of the model's own
    verbosity: int  # llama.cpp's: 3 tells all, -1 nothing


def main(requests: IO[str], replies: IO[str]) -> None:
    """Start as told, say where, and serve until `requests` ends."""
    try:
        server = start(json.loads(requests.readline()))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        reply(replies, error=f"{type(error).__name__}: {error}")
        return
    reply(replies, address=server.listening_address)
    requests.read()
    # Not a return: the destructors would first wait for the streams that are still running.
    os._exit(0)


def reply(replies: IO[str], **message: str) -> None:
    """Write one line, at once."""
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def start(settings: Settings) -> Any:
    """Load the model and listen; returns when the first request can be taken."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.model_alias = {settings["alias"]}
    if hasattr(params, "hostnames"):
        params.hostnames = [settings["host"]]
    else:  # before 2026.6: the last that is prebuilt for macOS on x86_64 is 2026.5
        params.hostname = settings["host"]
    params.port = settings["port"]
    params.api_keys = [settings["api_key"]]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["context"]
    params.n_predict = settings["max_tokens"]
    # On busy cores a second thread is many times slower than one, for the threads wait by spinning.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.verbosity = settings["verbosity"]
    if settings["template"] is not None:
        params.chat_template = settings["template"]
    _keep_small(params, settings["slots"])
    return xllamacpp.Server(params)


def _keep_small(params: Any, slots: int) -> None:
    """Turn off what a 135M model on a shared machine has no use for."""
    params.ui = False
    params.kv_unified = True  # one long request may use the whole context
    params.fit_params = False  # measuring the memory would load the model twice
    params.n_gpu_layers = 0
    params.cache_ram_mib = 0  # else up to 8 GiB of old prompts
    # A thread stays with an idle connection for 5 s; with llama.cpp's own few, a pool of clients waits for them.
    params.n_threads_http = slots + 16


if __name__ == "__main__":  # pragma: no cover - runs in the child, where nothing measures it
    main(sys.stdin, sys.stdout)
