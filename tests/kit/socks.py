"""A scripted proxy on loopback that speaks SOCKS 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.kit.server import ScriptedServer, hang_up, tunnel, until_closed

if TYPE_CHECKING:
    import socket

# What it answers, to the greeting, to a user and password, and to the wish for a connection (RFC 1928 and 1929).
OPEN, ASK, NOBODY = b"\x05\x00", b"\x05\x02", b"\x05\xff"
KNOWN, UNKNOWN = b"\x01\x00", b"\x01\x01"
THROUGH, REFUSED = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"


def socks_proxy(server: ScriptedServer, *answers: bytes, heard: list[bytes] | None = None) -> ScriptedServer:
    """Gives these answers, one for each message that comes, and then a connection with that server if the last one was
    a yes.

    `heard` gets the messages.
    """

    def hear(connection: socket.socket) -> None:
        message = connection.recv(65536)
        if heard is not None:
            heard.append(message)

    end = tunnel(server.port) if answers[-1:] == (THROUGH,) else until_closed
    return ScriptedServer([hang_up], greeting=[*(step for answer in answers for step in (hear, answer)), end])
