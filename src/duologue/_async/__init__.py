"""The client and its streams: only what waits, in one of its two twins."""

from duologue._async.client import AsyncClient
from duologue._async.merge import AsyncMerge
from duologue._async.stream import AsyncStream
from duologue._async.tools import AsyncToolRun

__all__ = ["AsyncClient", "AsyncMerge", "AsyncStream", "AsyncToolRun"]
