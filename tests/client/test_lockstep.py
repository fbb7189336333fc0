"""Each event is given before the next one is sent: joining what one read brought never means to wait for more.

The server sends an event only when the reader has the one before, plain, compressed, encrypted, and both.
"""

from __future__ import annotations

import threading
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from duologue import TextDelta
from tests.client.test_stream import CHUNKED
from tests.kit.roads import Road, fresh_contexts
from tests.kit.server import ScriptedServer, chunk, head
from tests.kit.tls import server_context
from tests.kit.wire import DONE, delta

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from tests.kit.twins import Twin

# As many as make the reader take every step that it has: the first events, those that differ in their text alone.
WORDS = [f"word{number} " for number in range(40)]


class Turns:
    """Whose turn it is, the server's or the reader's."""

    def __init__(self) -> None:
        self._seen = threading.Semaphore(1)
        self.sent = 0

    def ask(self, _: socket.socket) -> None:
        """The server wants to send another one."""
        assert self._seen.acquire(timeout=10), f"the reader never got event {self.sent}"
        self.sent += 1

    def tell(self) -> None:
        """The reader has one."""
        self._seen.release()


def plain(piece: bytes) -> bytes:
    return piece


@pytest.mark.parametrize("road", ["ours", "httpx", "httpx2"])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["tcp", "tls"])
async def test_each_event_is_given_before_the_next_one_is_sent(
    twin: Twin, road: str, encrypted: bool, compressed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    turns = Turns()
    squeeze = zlib.compressobj(wbits=31)
    pack = (lambda piece: squeeze.compress(piece) + squeeze.flush(zlib.Z_SYNC_FLUSH)) if compressed else plain
    steps: list[Any] = [head(200, {**CHUNKED, "content-encoding": "gzip"} if compressed else CHUNKED)]
    for word in WORDS:
        steps += [turns.ask, chunk(pack(delta(word)))]
    steps += [turns.ask, chunk(pack(delta(finish="stop") + DONE)), chunk(b"")]
    with fresh_contexts(), ScriptedServer(steps, tls=server_context() if encrypted else None) as server:
        async with Road(road, monkeypatch, tmp_path).client(twin, base_url=server.base_url) as client:
            seen = []
            async for event in client.stream("hi"):
                if isinstance(event, TextDelta):
                    seen.append(event.text)
                    assert turns.sent == len(seen)
                    turns.tell()
    assert seen == WORDS
