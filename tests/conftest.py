"""Fixtures for all tests, and how a test that is a coroutine runs."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from duologue._core import catalog, registry
from tests.kit.twins import Twin, is_coroutine_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duologue.models import ModelInfo, Provider


def pytest_configure() -> None:
    """A run in the background of a script has Ctrl-C ignored, and so would all the processes that tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def twin(request: pytest.FixtureRequest) -> Twin:
    """Each way to run the test; see `tests.kit.twins`."""
    return Twin(request.param)


@pytest.fixture(params=["asyncio", "trio"])
def async_twin(request: pytest.FixtureRequest) -> Twin:
    """Each event loop, for what only the async client has."""
    return Twin(request.param)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> dict[str, Provider]:
    """The providers that were added at run time: none, and none when the test is over."""
    providers: dict[str, Provider] = {}
    monkeypatch.setattr(registry, "_added", providers)
    return providers


@pytest.fixture
def added_models(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[tuple[str, str], ModelInfo]]:
    """The rows of models that were added at run time: none, and none when the test is over."""
    models: dict[tuple[str, str], ModelInfo] = {}
    monkeypatch.setattr(catalog, "_added", models)
    yield models
    catalog._info.cache_clear()


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the keys, addresses, proxies and servers of the machine it runs on."""
    for name in list(os.environ):
        if (
            name.endswith(("_API_KEY", "_BASE_URL", "_MODEL"))
            or name.startswith("AWS_")
            or name.lower().endswith("_proxy")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")  # nobody listens there (RFC 863)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test with its twin."""
    if not is_coroutine_test(pyfuncitem.obj):
        return None
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    twin = arguments.get("twin") or arguments["async_twin"]
    twin.run(lambda: pyfuncitem.obj(**arguments))
    return True
