"""However a program ends, it ends at once and quietly, and its server with it. Each test is a program of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

SECONDS = 60

START = """
import os, signal, sys, threading, time
import httpx
from duologue.local import ensure_server
server = ensure_server()
print(server.base_url, flush=True)

def stream(wanted, started):
    body = {"stream": True, "max_tokens": 500, "ignore_eos": True, "messages": [{"role": "user", "content": "Talk"}]}
    headers = {"authorization": f"Bearer {server.api_key}"}
    url = f"{server.base_url}/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=30, trust_env=False) as response:
        for line in response.iter_lines():
            started.set()
            wanted -= 1
            if not wanted:
                return

def begin(wanted=10**6):
    started = threading.Event()
    def run():
        try:
            stream(wanted, started)
        except httpx.HTTPError as error:
            pass
    threading.Thread(target=run, daemon=True).start()
    assert started.wait(30)
"""

ENDS = {
    "idle": "",
    "exit": "sys.exit(0)",
    "streaming": "begin()",
    "unread": "begin(wanted=3)",
    "stopped while streaming": "begin(); server.stop()",
    "global left": "import builtins; builtins.keep = server",
}


# The shared server is not used here, but by then the model has been fetched, which would be told on standard error.
pytestmark = pytest.mark.usefixtures("server")


def gone(url: str) -> bool:
    """Tell whether nobody listens there any more, within 10 seconds."""
    address = urlsplit(url)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((address.hostname, address.port)) != 0:
                return True
        time.sleep(0.05)
    return False


def program(code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", START + code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, list[str]]:
    """Wait; give exit code, standard error, and lines of standard output."""
    with process:
        out, err = process.communicate(timeout=SECONDS)
    return process.returncode, err, out.splitlines()


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS)
def test_the_end_is_clean(code: str) -> None:
    began = time.monotonic()
    status, err, out = outcome(program(code))
    assert (status, err) == (0, "")
    assert time.monotonic() - began < 30
    assert gone(out[0])


def test_ctrl_c_in_a_stream() -> None:
    code = """
try:
    begin()
    print("ready", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    stream(3, threading.Event())  # the server has not been hit: it is another process group
    print("still there", flush=True)
"""
    process = program(code)
    assert process.stdout is not None
    url = process.stdout.readline()
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert outcome(process) == (0, "", ["still there"])
    assert gone(url.strip())


def test_a_killed_program_leaves_no_server_behind() -> None:
    process = program("time.sleep(30)")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    process.kill()
    assert outcome(process)[0] == -signal.SIGKILL
    assert gone(url)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_program_starts_its_own_and_leaves_its_parents_alone() -> None:
    code = """
import warnings
from duologue.local import _server
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork beside a thread
_server._lock.acquire()  # as another thread of the parent might
pid = os.fork()
if pid == 0:
    assert not server.running
    own = ensure_server()
    assert own is not server
    assert own.base_url != server.base_url
    server.stop()  # not ours: does nothing
    server = own
    stream(3, threading.Event())
    print("child", flush=True)
    sys.exit(7)
_server._lock.release()
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
assert server.running
assert ensure_server() is server
stream(3, threading.Event())
"""
    status, err, out = outcome(program(code))
    assert (status, err) == (0, "")
    assert out[1:] == ["child"]
