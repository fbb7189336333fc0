"""Fetching what an address points at, where the caller asks for it: see `duologue._core.fetching` for the rules."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from duologue._async.connection import AsyncBody, AsyncConnection, request_head
from duologue._async.errand import AsyncErrand
from duologue._async.transport import open_stream
from duologue._core.deadlines import Deadlines, Opening
from duologue._core.fetching import Download, unfetched
from duologue._core.headers import Headers
from duologue._core.line import LineError
from duologue._waiting.interrupt import async_run
from duologue._waiting.network import addresses
from duologue._waiting.tls import ssl_context
from duologue.config import Timeouts

if TYPE_CHECKING:
    from duologue._async.http import AsyncRoad
    from duologue._async.transport import AsyncTimedStream
    from duologue.models import AudioContent, FileContent, ImageContent

Media = TypeVar("Media", bound="ImageContent | FileContent | AudioContent")


async def fetch(road: AsyncRoad, part: Media, max_bytes: int, timeout: float) -> Media:
    """The part with what its address points at.

    Raises:
        ClosedError: the client is closed, or was in the meantime.
        FetchError: the address is not to be fetched, or what is there cannot be taken.
        StreamTimeout: it took longer than `timeout` seconds.
        TransportError: the line failed.
    """
    if (whole := unfetched(part)) is not None:
        return whole
    download = Download(str(part.url), max_bytes)
    limits = Timeouts(connect=timeout, first_event=None, idle=None, progress=None, total=timeout)
    errand = AsyncErrand(Deadlines(limits, monotonic()))
    await road.run(errand, partial(_follow, download, errand.way, road.trust_env))
    return download.fill(part)


async def _follow(download: Download, way: Opening, trust_env: bool) -> None:
    """To where the address leads, however often it leads on."""
    while not await _ask(download, way, trust_env):
        pass


async def _ask(download: Download, way: Opening, trust_env: bool) -> bool:
    """One request; whether the answer was there."""
    stream = await _connect(download, way)
    try:
        way.uses(stream)
        stream = await stream.start_tls(ssl_context(trust_env=trust_env), download.to.host.decode("ascii"))
        way.uses(stream)
        connection = AsyncConnection(download.to, stream)
        asked = request_head(b"GET", download.path.encode("ascii"), download.headers)
        head, body, early = await connection.ask(asked)
        wanted = download.head(head.status, Headers(head.headers))
        if wanted:
            async for piece in AsyncBody(stream, body, early, lambda _: None):
                download.feed(piece)
        return wanted
    finally:
        await stream.aclose()


async def _connect(download: Download, way: Opening) -> AsyncTimedStream:
    """A connection to one of the addresses that the host stands for."""
    host, port = download.to.host.decode("ascii"), download.to.port
    way.stage = "connect"
    find = partial(addresses, host, port, way.deadlines.connect(monotonic()))
    *others, last = download.allowed(await async_run(find))
    for address in others:
        try:
            return await open_stream(address, port, "connect")
        except LineError:
            continue
    return await open_stream(last, port, "connect")
