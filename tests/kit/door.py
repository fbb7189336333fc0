"""A door to the real model's server, for programs that have no key to give.

`python door.py PORT ADDRESS`, with the key in the environment variable `DOOR_KEY`. What has been asked before is
answered as before: of two near words the model may take one or the other, and clients that are compared have to have
been told the same. A script of its own, since a process that records cassettes would record what goes through here too.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import sys
from typing import ClassVar


class Door(http.server.BaseHTTPRequestHandler):
    """Passes a request on, with the key, and the answer back."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {}

    def do_POST(self) -> None:
        """Say what is answered, or was."""
        body = self.rfile.read(int(self.headers["content-length"]))
        question = self.path + json.dumps(json.loads(body), sort_keys=True)
        if question not in self.answers:
            self.answers[question] = self.ask(body)
        status, answer = self.answers[question]
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def ask(self, body: bytes) -> tuple[int, bytes]:
        """Ask the server."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {os.environ['DOOR_KEY']}"}
        with contextlib.closing(http.client.HTTPConnection(sys.argv[2], timeout=60)) as connection:
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
