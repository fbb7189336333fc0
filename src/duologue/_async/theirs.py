"""The road on a client of the caller's own, out of httpx or a fork of it.

The client has its own connections, of which little is known. So how long a wait may take is up to `interrupt`, and how
far a request is, the client tells by httpx's extension `trace`.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from duologue._core.deadlines import CONNECTING, opening
from duologue._core.line import WriteTimeout
from duologue._core.theirs import checked_client, misplaced, refused_response, shorter
from duologue._waiting.places import async_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from duologue._core.call import Call
    from duologue._core.checking import Probe
    from duologue._waiting.interrupt import AsyncInterrupt

# How much later than `interrupt` the client's own timeout ends a read: where the first can, the second only does harm,
# since on HTTP/2 it ends the reads of all others too.
_LATER = 1.0


class AsyncTheirs:
    """Such a client.

    Raises:
        ConfigurationError: it is none, or one of the other twin's kind.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = checked_client(client, "aclose")
        self._home: object = None

    @property
    def closed(self) -> bool:
        """Whether the caller has closed it."""
        return self._client.is_closed

    def why(self, reason: Exception) -> Exception:
        """Why something failed, as far as that is up to who uses the client."""
        return misplaced(reason, self._home, async_here())

    async def send(
        self,
        call: Call | Probe,
        url: str,
        headers: Mapping[str, str],
        timeouts: Mapping[str, Any],
        interrupt: AsyncInterrupt,
    ) -> httpx.Response | None:
        """Send a call's request; None where the stream was closed in the meantime.

        Raises:
            TimeoutError: there was no response in time.
        """
        self._home = self._home or async_here()
        way, own = opening.get(), getattr(self._client, "timeout", None)
        assert way is not None
        host, seconds = urlsplit(url).hostname or "", shorter(timeouts, own)

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            before = way.stage, way.network
            way.told(event, info, host)
            if before != (way.stage, way.network):
                left = way.left(monotonic())
                seconds.update(shorter({"read": left, "write": left}, own))
                interrupt.until(inf if left is None else monotonic() + left, way.network)

        extensions = {"timeout": seconds, "trace": trace}
        request = self._client.build_request(
            call.method, url, headers=headers, content=call.body, extensions=extensions
        )
        response = None
        try:
            with interrupt.guard(call.deadlines.end()):
                response = await self._client.send(request, stream=True, follow_redirects=False)
        except Exception as reason:
            response = refused_response(reason)
            if response is None:
                raise
        finally:
            if response is None and way.stage in CONNECTING and way.network is not None:
                await way.network.aclose()  # httpcore leaves some of those open that came to nothing
        if interrupt.late:
            raise WriteTimeout if way.unsent else TimeoutError
        left = call.deadlines.body()
        seconds.update(shorter({"read": None if left is None else left + _LATER}, own))
        return response
