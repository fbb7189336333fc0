"""`_engine`, the script of the child process, with a stand-in for xllamacpp."""

from __future__ import annotations

import io
import json
import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

import pytest

from duologue.local import _engine

SETTINGS: _engine.Settings = {
    "model": "/model.gguf",
    "alias": "smollm2-135m",
    "host": "127.0.0.1",
    "port": 0,
    "api_key": "key",
    "slots": 3,
    "context": 8192,
    "max_tokens": 512,
    "threads": 1,
    "template": "T",
    "verbosity": -1,
}


class Ended(BaseException):
    """In the place of the end of the process."""


def fake_engine(monkeypatch: pytest.MonkeyPatch, **defaults: object) -> list[Any]:
    """Put a module in the place of xllamacpp; give the parameters that its servers were started with."""
    started: list[Any] = []

    def params() -> SimpleNamespace:
        return SimpleNamespace(
            model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace(), **defaults
        )

    def serve(params: Any) -> SimpleNamespace:
        started.append(params)
        return SimpleNamespace(listening_address="http://127.0.0.1:1")

    module = ModuleType("xllamacpp")
    vars(module).update(CommonParams=params, Server=serve)
    monkeypatch.setitem(sys.modules, "xllamacpp", module)
    return started


def test_it_serves_as_told_until_its_input_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    started = fake_engine(monkeypatch, hostnames=[])
    codes: list[int] = []

    def leave(code: int) -> NoReturn:
        codes.append(code)
        raise Ended

    monkeypatch.setattr(os, "_exit", leave)
    replies = io.StringIO()
    with pytest.raises(Ended):
        _engine.main(io.StringIO(json.dumps(SETTINGS) + "\n"), replies)
    assert json.loads(replies.getvalue()) == {"address": "http://127.0.0.1:1"}
    assert codes == [0]
    params = started[0]
    assert params.hostnames == ["127.0.0.1"]
    assert params.api_keys == ["key"]
    assert params.chat_template == "T"
    assert params.cpuparams.n_threads == params.cpuparams_batch.n_threads == 1
    assert (params.n_predict, params.n_parallel, params.ui) == (512, 3, False)


def test_older_engines_take_one_host_and_the_models_own_template(monkeypatch: pytest.MonkeyPatch) -> None:
    started = fake_engine(monkeypatch)
    _engine.start({**SETTINGS, "template": None})
    assert started[0].hostname == "127.0.0.1"
    assert not hasattr(started[0], "chat_template")


def test_what_goes_wrong_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    replies = io.StringIO()
    _engine.main(io.StringIO(json.dumps(SETTINGS) + "\n"), replies)
    assert json.loads(replies.getvalue())["error"].startswith("ModuleNotFoundError: ")
