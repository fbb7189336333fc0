"""A replay server on loopback, in a process of its own so that its work is not counted: `python -m bench.server
EVENTS`.

Prints its port, then answers every POST with that many events, one an HTTP chunk, as fast as they are taken.
"""

from __future__ import annotations

import json
import socket
import sys
import threading


def body(events: int) -> bytes:
    """A Chat Completions stream, framed in chunks, as it goes over the line."""
    chunk = {
        "id": "chatcmpl-9f2c",
        "object": "chat.completion.chunk",
        "created": 1750959982,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_34a54ae93c",
        "choices": [{"index": 0, "delta": {"content": " token"}, "logprobs": None, "finish_reason": None}],
        "obfuscation": "Avo8mE",
    }
    end = {**chunk, "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]}
    frames = [chunk] * events + [end]
    texts = [f"data: {json.dumps(frame, separators=(',', ':'))}\n\n".encode() for frame in frames]
    return b"".join(b"%x\r\n%s\r\n" % (len(text), text) for text in [*texts, b"data: [DONE]\n\n", b""])


def serve(events: int) -> None:
    """Answer until the process is ended."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = head + body(events)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - how the port is told
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection, answer), daemon=True).start()


def _answer(connection: socket.socket, answer: bytes) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    lines = connection.makefile("rb")
    while lines.readline():
        length = 0
        while (line := lines.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        lines.read(length)
        connection.sendall(answer)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
