"""The road to the provider: from a call to an open HTTP response.

Three roads with the same results: our own pool, a client of the caller's, and httpx's default one through a proxy.
"""

from __future__ import annotations

import os
from threading import Lock
from time import monotonic
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
        self._client = checked_client(http_client, "aclose")
        self._proxied: httpx.AsyncClient | None = None
        self._own: AsyncTransport | None = None
        self._lock = Lock()
        self.closed = False
        self._pace = Pace(config.limits.requests_per_minute)
        self.gate = AsyncGate(config.limits.max_concurrent)

    async def send(self, call: Call) -> httpx.Response:
        """Send a call's request, and give the response as soon as its head is there."""
        if self.closed or (self._client is not None and self._client.is_closed):
            raise ClosedError("the client is closed")
        delay = self._pace.reserve(monotonic())
        if delay:
            await async_sleep(delay)
        endpoint = self._endpoint
        if endpoint.base_url is None:
            endpoint = await async_run(endpoint.start)
        import httpx  # loaded with the first request, since it takes longer than all the rest

        timeouts = call.begin_request(monotonic())
        request = httpx.Request(
            "POST",
            f"{endpoint.base_url}{call.path}",
            headers=call.headers(endpoint),
            content=call.body,
            extensions={"timeout": timeouts},
        )
        if self._client is None and needs_proxy(endpoint.base_url, os.environ):
            self._client = self._proxied = httpx.AsyncClient(verify=ssl_context())
        if self._client is not None:
            response = await self._client.send(request, stream=True, follow_redirects=False)
        else:
            response = await self._transport(endpoint).handle_async_request(request)
        # Where connections have no deadline of their own, this much is what the body's reads are held to.
        timeouts["read"] = call.deadlines.body()
        return response

    async def aclose(self) -> None:
        """Close what is ours."""
        self.closed = True
        for ours in (self._own, self._proxied):
            if ours is not None:
                await ours.aclose()

    def _transport(self, endpoint: Endpoint) -> AsyncTransport:
        from duologue._async.transport import AsyncTransport

        with self._lock:  # held for no wait: two threads must not make a pool each
            if self._own is None:
                secure = str(endpoint.base_url).startswith("https:")
                self._own = AsyncTransport(ssl_context() if secure else None, self._max_connections)
            return self._own
