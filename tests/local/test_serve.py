"""`serve`, the command: what it prints, and how it ends."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from typing import Any

import httpx
import pytest

from duologue.errors import ConfigurationError
from duologue.local import _serve, serve


class FakeServer:
    base_url = "http://127.0.0.1:1/v1"
    api_key = "key"
    model = "smollm2-135m"
    stopped = False

    def __init__(self, *running: object) -> None:
        self._running = iter(running)

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped = True

    @property
    def running(self) -> bool:
        now = next(self._running)
        return bool(now() if callable(now) else now)


@pytest.mark.usefixtures("server")  # so that the model has been fetched
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these to a process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop(number: signal.Signals) -> None:
    code = "import sys; from duologue.local import serve; sys.exit(serve(tools=True))"
    command = [sys.executable, "-W", "error", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, key = (process.stdout.readline().split(": ")[1].strip() for _ in range(2))
        headers = {"authorization": f"Bearer {key}"}
        models = httpx.get(f"{url}/models", headers=headers, trust_env=False)
        assert models.json()["data"][0]["id"] == "smollm2-135m"
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/models", trust_env=False)


def test_the_arguments_reach_the_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    taken: dict[str, Any] = {}

    def interrupted() -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return True

    fake = FakeServer(interrupted)

    def start(**given: Any) -> FakeServer:
        taken.update(given)
        return fake

    monkeypatch.setattr(_serve, "start_server", start)
    before = signal.getsignal(signal.SIGINT)
    assert serve(8099, tools=True, slots=3) == 0
    assert taken == {
        "port": 8099,
        "tools": True,
        "api_key": None,
        "slots": 3,
        "context": 8192,
        "max_tokens": 512,
        "threads": 1,
    }
    assert fake.stopped
    assert signal.getsignal(signal.SIGINT) is before
    out = capsys.readouterr().out
    assert out.startswith("base URL: http://127.0.0.1:1/v1\nAPI key:  key\n")
    command = shlex.split(out[out.index("curl") : out.index("Ctrl-C")])
    assert command[:3] == ["curl", "-N", "http://127.0.0.1:1/v1/chat/completions"]
    assert "Authorization: Bearer key" in command


def test_off_the_main_thread_it_ends_with_the_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_serve, "start_server", lambda **_: FakeServer(True, False))
    monkeypatch.setattr(_serve, "LOOK_SECONDS", 0.01)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(serve()))
    thread.start()
    thread.join()
    assert codes == [1]
    assert "ended by itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "told"), [(ConfigurationError("No room"), 1, "No room\n"), (KeyboardInterrupt(), 0, "")]
)
def test_it_does_not_come_up(
    error: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(**_: object) -> None:
        raise error

    monkeypatch.setattr(_serve, "start_server", start)
    assert serve() == code
    assert capsys.readouterr() == ("", told)
