"""The command in this process, and a server that answers as told."""

from __future__ import annotations

import importlib.util

import pytest

from tests.cli.kit import Command


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def engine() -> None:
    """What a test with the embedded model needs."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: no wheel of it for this platform, or not the extra `local`")
