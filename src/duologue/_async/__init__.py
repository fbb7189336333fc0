"""The client and its streams: only what waits, in one of its two twins."""

from duologue._async.client import AsyncClient
from duologue._async.stream import AsyncStream

__all__ = ["AsyncClient", "AsyncStream"]
