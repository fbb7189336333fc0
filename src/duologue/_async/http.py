"""The road to the provider: from a call to an open HTTP response.

Three roads with the same results: our own pool, a client of the caller's, and httpx's default one through a proxy.
"""

from __future__ import annotations

import os
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING

from duologue._core.network import checked_client, needs_proxy, ssl_context
from duologue._core.pace import Pace
from duologue._waiting import AsyncGate, async_run, async_sleep
from duologue.errors import ClosedError

if TYPE_CHECKING:
    import httpx

    from duologue._async.transport import AsyncTransport
    from duologue._core.call import Call
    from duologue._core.endpoint import Endpoint
    from duologue.config import ClientConfig


class AsyncRoad:
    """What a client's calls share: the connections, and the limits on how many at once and how soon."""

    def __init__(self, config: ClientConfig, endpoint: Endpoint, http_client: httpx.AsyncClient | None) -> None:
        self._max_connections = config.limits.max_connections
        self._endpoint = endpoint
        self._theirs = checked_client(http_client, "aclose")
        self._ours: AsyncTransport | httpx.AsyncClient | None = None
        self._lock = Lock()
        self.closed = False
        self._pace = Pace(config.limits.requests_per_minute)
        self.gate = AsyncGate(config.limits.max_concurrent)

    async def send(self, call: Call) -> httpx.Response:
        """Send a call's request, and give the response as soon as its head is there."""
        if self.closed or (self._theirs is not None and self._theirs.is_closed):
            raise ClosedError("the client is closed")
        if delay := self._pace.reserve(now := monotonic()):
            await async_sleep(call.allowed(delay, now))
        endpoint = self._endpoint
        if endpoint.base_url is None:
            endpoint = await async_run(endpoint.start)
            call.deadlines.restart(monotonic())
        import httpx  # loaded with the first request, since it takes longer than all the rest

        timeouts = call.begin_request(monotonic())
        request = httpx.Request(
            "POST",
            f"{endpoint.base_url}{call.path}",
            headers=call.headers(endpoint, time()),
            content=call.body,
            extensions={"timeout": timeouts},
        )
        road = self._theirs or self._road(str(endpoint.base_url))
        if isinstance(road, httpx.AsyncBaseTransport):
            response = await road.handle_async_request(request)
        else:
            response = await road.send(request, stream=True, follow_redirects=False)
        # Where connections have no deadline of their own, this much is what the body's reads are held to.
        timeouts["read"] = call.deadlines.body()
        return response

    async def aclose(self) -> None:
        """Close what is ours."""
        self.closed = True
        if self._ours is not None:
            await self._ours.aclose()

    def _road(self, base_url: str) -> AsyncTransport | httpx.AsyncClient:
        import httpx

        from duologue._async.transport import AsyncTransport

        context = ssl_context() if base_url.startswith("https:") else None
        with self._lock:  # held for no wait: two threads must not make a pool each
            if self._ours is None and needs_proxy(base_url, os.environ):
                self._ours = httpx.AsyncClient(
                    verify=ssl_context(), limits=httpx.Limits(max_connections=self._max_connections)
                )
            elif self._ours is None:
                self._ours = AsyncTransport(context, self._max_connections)
            return self._ours
