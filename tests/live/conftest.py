"""Servers that nobody here wrote, each started once and ended with the tests."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from duologue.local import ensure_server
from tests.kit import servers
from tests.live import boto3_asks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.servers import Address


@pytest.fixture(scope="session")
def llamacpp() -> Address:
    """The real model's own server."""
    servers.need_engine()
    return servers.llamacpp(ensure_server(tools=True))


@pytest.fixture(scope="session")
def ministack() -> Iterator[Address]:
    """MiniStack with the real model behind it."""
    servers.need_engine()
    servers.need_servers()
    with servers.ministack(ensure_server(tools=True)) as address:
        yield address


@pytest.fixture(scope="session")
def aimock() -> Iterator[Address]:
    """aimock with the answers of `tests/kit/aimock.json`."""
    servers.need_servers()
    with servers.aimock() as address:
        yield address


@pytest.fixture(scope="session")
def boto3_says(ministack: Address) -> dict[str, Any]:
    """What AWS's own client reads of MiniStack's answers; see `boto3_asks`."""
    asked = [str(servers.FOLDER / "bin" / "python"), boto3_asks.__file__, ministack.origin]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 0, said.stderr
    answers: dict[str, Any] = json.loads(said.stdout)
    return answers
