"""What goes wrong on a connection of ours.

Under the names that httpx has for it: what becomes of an exception is told by its name, so that those of a caller's
own client, httpx's or a fork's, are understood without being imported. See `failures.py`.
"""

from __future__ import annotations


class LineError(OSError):
    """The root of them."""


class ConnectError(LineError):
    """No connection; why is the cause."""


class ConnectTimeout(LineError):  # noqa: N818 - as httpx has it
    """No connection in time."""


class PoolTimeout(LineError):  # noqa: N818 - as httpx has it
    """No connection of the pool came free in time."""


class ReadError(LineError):
    """A connection that nothing can be read from."""


class ReadTimeout(LineError):  # noqa: N818 - as httpx has it
    """Nothing came in time."""


class WriteError(LineError):
    """A connection that nothing can be written to."""


class WriteTimeout(LineError):  # noqa: N818 - as httpx has it
    """The other side took nothing in time."""


class ProxyError(LineError):
    """A proxy that does not let a connection through."""


class LocalProtocolError(LineError):
    """What HTTP cannot say."""


class RemoteProtocolError(LineError):
    """What came is no HTTP."""
