"""Servers that others wrote, on loopback: MiniStack, with the real model behind it, and aimock, with answers of ours.

`make servers` installs them. Each is a program of its own on a free port, which knows nothing of this machine's
environment. It ends with the `with` block, or with this process, however that dies.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from duologue._tables import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duologue.local import LocalServer

FOLDER = Path(__file__).parents[2] / ".servers"
INSTALLED = (FOLDER / ".ready").exists()
MISSING = "the servers of others are not installed: run `make servers`"
REGION = "us-east-1"
KEY_ID = "EXAMPLE"

_KEEPER = Path(__file__).with_name("keeper.py")
_DOOR = Path(__file__).with_name("door.py")
_ANSWERS = Path(__file__).with_name("aimock.json")
_AIMOCK = FOLDER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
_START_SECONDS = 60.0


class Address(NamedTuple):
    """Where a server listens and what it takes for a key; one with an id is to sign with, as AWS's are."""

    origin: str
    key: str
    key_id: str = ""

    def fields(self, provider: str) -> dict[str, Any]:
        """What a client needs to talk to it in a provider's format."""
        path = urlsplit(PROVIDERS[provider].base_url or "").path
        options = {"aws_access_key_id": self.key_id, "aws_secret_access_key": self.key, "region": REGION}
        return {"base_url": self.origin + path, **({"options": options} if self.key_id else {"api_key": self.key})}


def need_engine() -> None:
    """Skip a test that needs the real model where there is no engine for it."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: no wheel of it for this platform, or not the extra `local`")


def need_servers() -> None:
    """Skip a test that needs MiniStack, boto3 or aimock where they are not installed."""
    if not INSTALLED:
        pytest.skip(MISSING)


def llamacpp(model: LocalServer) -> Address:
    """The real model's own server."""
    return Address(model.base_url.removesuffix("/v1"), model.api_key)


@contextlib.contextmanager
def ministack(model: LocalServer) -> Iterator[Address]:
    """MiniStack, which speaks Bedrock's Converse and lets the model answer: https://github.com/ministackorg/ministack

    It looks whether it knows the key that a request is signed with, and not whether the signature is right.
    """
    port, key = _free_port(), secrets.token_urlsafe(24)
    listen = {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    checks = {"AUTH": "true", "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": key}
    with _unlocked(model) as door:
        environ = listen | checks | {"MINISTACK_BEDROCK_PROXY_URL": door}
        with _running([str(FOLDER / "bin" / "ministack")], port, environ) as origin:
            yield Address(origin, key, KEY_ID)


@contextlib.contextmanager
def aimock() -> Iterator[Address]:
    """aimock, which speaks every format and says what stands in `aimock.json`: https://github.com/CopilotKit/aimock"""
    port, key = _free_port(), secrets.token_urlsafe(24)
    listen = ["--host", "127.0.0.1", "--port", str(port)]
    options = ["--fixtures", str(_ANSWERS), "--validate-on-load", "--strict", "--chunk-size", "12"]
    command = [str(FOLDER / "bin" / "node"), str(_AIMOCK), *listen, *options]
    with _running(command, port, {"AIMOCK_API_KEYS": key}) as origin:
        yield Address(origin, key)


@contextlib.contextmanager
def _unlocked(model: LocalServer) -> Iterator[str]:
    """The model's server without the need of a key, since MiniStack has none to give; its origin."""
    port = _free_port()
    command = [sys.executable, str(_DOOR), str(port), urlsplit(model.base_url).netloc]
    with _running(command, port, {"DOOR_KEY": model.api_key}) as origin:
        yield origin


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextlib.contextmanager
def _running(command: list[str], port: int, environ: dict[str, str]) -> Iterator[str]:
    """A program that listens at the port; its origin."""
    with tempfile.TemporaryDirectory() as scratch, (Path(scratch) / "log").open("w+", encoding="utf-8") as log:
        given = {"PATH": os.environ["PATH"], "HOME": scratch, "TMPDIR": scratch, **environ}
        with subprocess.Popen(
            [sys.executable, str(_KEEPER), *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=scratch,
            env=given,
        ) as keeper:  # leaving it closes the pipe, which ends the program, and waits
            if not _listens(keeper, port):
                log.seek(0)
                raise RuntimeError(f"{command[0]} did not start; it said: {log.read()[-2000:]}")
            yield f"http://127.0.0.1:{port}"


def _listens(keeper: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until something listens at the port; whether it does."""
    deadline = time.monotonic() + _START_SECONDS
    while keeper.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return True
        time.sleep(0.05)
    return False
