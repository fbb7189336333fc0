"""The road to the provider: from a call to an open HTTP response.

Two roads with the same results: our own pool, through a proxy where the environment names one, and a client of the
caller's.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from duologue._async.closing import close_all
from duologue._async.theirs import AsyncTheirs
from duologue._core.network import address_of, proxy_for
from duologue._core.pace import Pace
from duologue._waiting.interrupt import AsyncInterrupt, async_run
from duologue._waiting.places import AsyncKeeper, async_forget, async_here, in_forked_child
from duologue._waiting.queue import AsyncGate
from duologue._waiting.tls import ssl_context
from duologue.errors import ClosedError, PoolTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from duologue._async.connection import AsyncAnswer
    from duologue._async.errand import AsyncErrand
    from duologue._async.pool import AsyncPool
    from duologue._async.stream import AsyncStream
    from duologue._async.tools import AsyncToolRun
    from duologue._core.call import Call
    from duologue._core.checking import Probe
    from duologue._core.endpoint import Endpoint
    from duologue.config import ClientConfig


class AsyncPlace:
    """What a client has in one event loop, its `home`, since neither connections nor queues can be taken to another."""

    def __init__(self, home: object, max_concurrent: int | None) -> None:
        self.home = home
        self.gate = AsyncGate(max_concurrent)
        self.idle = AsyncInterrupt()  # called when the last work of a client that closes has ended
        self.pool: AsyncPool | None = None
        self.keeper = AsyncKeeper()


class AsyncRoad:
    """What a client's calls share: the connections, and the limits on how many at once and how soon."""

    def __init__(self, config: ClientConfig, endpoint: Endpoint, http_client: httpx.AsyncClient | None) -> None:
        self._limits = config.limits
        self._endpoint = endpoint
        self._theirs = None if http_client is None else AsyncTheirs(http_client)
        self.trust_env = bool(config.options.get("trust_env", True))
        self.pace = Pace(config.limits.requests_per_minute)
        self.closing = self.closed = False
        self._start_anew()
        in_forked_child(self, "_forget")

    def _start_anew(self) -> None:
        self._lock = Lock()
        self._places: dict[object, AsyncPlace] = {}
        # The streams that are open, and since when. Weak: a stream that nobody holds any more frees its connection.
        self._open: WeakKeyDictionary[AsyncStream[Any], tuple[AsyncPlace, float]] = WeakKeyDictionary()
        self._errands: set[AsyncErrand] = set()
        # The loops with tools, which have no stream open while those run.
        self.runs: WeakSet[AsyncToolRun[Any]] = WeakSet()

    def _forget(self) -> None:
        """In a forked child: the connections are the parent's, who goes on to use them."""
        pools = [place.pool for place in self._places.values() if place.pool is not None]
        self._start_anew()
        async_forget(pools)

    # -- a stream's place ----------------------------------------------------------------------------------------------

    async def enter(self, stream: AsyncStream[Any], timeout: float | None) -> None:
        """Wait until one more stream may be open.

        Raises:
            ClosedError: the client is closed, or about to be.
            PoolTimeout: none of those that are open was closed in `timeout` seconds.
        """
        self.check_open()
        place = self._place()
        if not await place.gate.enter(timeout):
            raise PoolTimeout(f"max_concurrent={self._limits.max_concurrent}: {self._crowd()}", phase="connect")
        try:
            self.check_open()
        except ClosedError:
            place.gate.leave()
            raise
        stream.place = place
        self._open[stream] = place, monotonic()

    def leave(self, stream: AsyncStream[Any]) -> None:
        """A stream is closed. It knows its place itself: where the garbage collector finds it in a cycle, what refers
        to it weakly has forgotten it before it is told."""
        self._open.pop(stream, None)  # first: interrupted in there, it is told again
        place, stream.place = stream.place, None
        if place is not None:
            place.gate.leave()
            if self.closing:
                self._one_less(place)

    async def run(self, errand: AsyncErrand, work: Callable[[], Any]) -> Any:
        """Do a piece of work that takes no place among the streams; closing the client ends it as it does those.

        Raises:
            ClosedError: the client is closed, or was in the meantime.
        """
        self._errands.add(errand)
        try:
            self.check_open()  # who closes forbids first and looks for errands then, so one of the two notices
            return await errand.run(work)
        finally:
            self._errands.discard(errand)
            if self.closing:
                self._one_less(self._place())

    def _one_less(self, place: AsyncPlace) -> None:
        if not self._at_work(place):
            place.idle.set()

    def check_open(self) -> None:
        """Whether a new stream may begin.

        Raises:
            ClosedError: it may not.
        """
        if self.closing:
            raise ClosedError("the client is closed")

    def _at_work(self, place: AsyncPlace) -> list[Callable[[ClosedError], Any]]:
        """How to end what is under way there."""
        streams = [partial(stream.stop, tell=True) for stream, (there, _) in list(self._open.items()) if there is place]
        return [*streams, *(errand.stop for errand in list(self._errands) if errand.home is place.home)]

    def _crowd(self, waiting: int = 0) -> str:
        """Who is in the way: the streams that are open, but for the newest ones, which wait."""
        since = sorted(since for _, since in list(self._open.values()))
        since = since[: len(since) - waiting]
        oldest = f", the oldest for {monotonic() - since[0]:.1f} s" if since else ""
        return f"{len(since)} streams are open{oldest}: close those that are not read any more, or raise the limit"

    # -- requests ------------------------------------------------------------------------------------------------------

    async def send(self, call: Call | Probe, interrupt: AsyncInterrupt) -> httpx.Response | AsyncAnswer | None:
        """Send a call's request, and give the response as soon as its head is there; None where it was to wait no
        longer."""
        if error := self._closed_error():
            raise error
        endpoint = self._endpoint
        if endpoint.base_url is None:
            endpoint = await async_run(endpoint.start)
            call.deadlines.restart(monotonic())
        if interrupt.called:
            return None
        url, timeouts = f"{endpoint.base_url}{call.path}", call.begin_request(monotonic())
        headers = call.headers(endpoint, time())
        try:
            if self._theirs is not None:
                return await self._theirs.send(call, url, headers, timeouts, interrupt)
            base_url = endpoint.base_url or ""
            pool, to = await self._pool(base_url), address_of(base_url)
            if call.method == "POST":
                headers["content-length"] = str(len(call.body))
            return await pool.send(to, call.path, headers, call.body, timeouts["pool"], call.method)
        except Exception as reason:
            if type(reason).__name__ != "PoolTimeout":
                raise
            words = f"max_connections={self._limits.max_connections}" if self._theirs is None else "your http_client"
            raise PoolTimeout(
                f"no connection came free ({words}): {self._crowd(waiting=1)}", phase="connect"
            ) from reason

    def why(self, reason: Exception) -> Exception:
        """Why something failed: for the reason given, or for what the caller's own client is used for."""
        return reason if self._theirs is None else self._closed_error() or self._theirs.why(reason)

    def _closed_error(self) -> ClosedError | None:
        if self.closed:
            return ClosedError("the client is closed")
        if self._theirs is not None and self._theirs.closed:
            return ClosedError("your http_client is closed")
        return None

    async def aclose(self, grace: float) -> None:
        """Begin nothing new; give what is under way so many seconds, end it, and close what is ours."""
        self.closing = True
        here = self._place()
        if grace > 0 and self._at_work(here):
            await here.idle.sleep(grace)
        self.closed = True
        for run in list(self.runs):
            run.stop(ClosedError("the client was closed"))
        stops = [partial(stop, ClosedError("the client was closed")) for stop in self._at_work(here)]
        await close_all([*stops, here.keeper.aclose])

    def _place(self) -> AsyncPlace:
        key = async_here()
        with self._lock:  # held for no wait: two threads must not make one each
            place = self._places.get(key)
            if place is None:
                self._drop_those_that_are_over()
                place = self._places[key] = AsyncPlace(key, self._limits.max_concurrent)
            return place

    def _drop_those_that_are_over(self) -> None:
        """A program may have very many event loops, one after the other."""
        for key, place in list(self._places.items()):
            if place.pool is not None and place.pool.closed:
                del self._places[key]

    async def _pool(self, base_url: str) -> AsyncPool:
        place = self._place()
        with self._lock:
            if place.pool is None:
                place.pool = self._new_pool(base_url)
        await place.keeper.start(place.pool.aclose)
        return place.pool

    def _new_pool(self, base_url: str) -> AsyncPool:
        from duologue._async.pool import AsyncPool

        proxy = proxy_for(base_url) if self.trust_env else None
        encrypted = base_url.startswith("https:") or (proxy is not None and proxy.url.startswith("https:"))
        context = ssl_context(trust_env=self.trust_env) if encrypted else None
        return AsyncPool(context, self._limits.max_connections, proxy)
