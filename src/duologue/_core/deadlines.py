"""How long to wait for the next bytes, and which of the `Timeouts` it was that ran out.

Times are those of a monotonic clock, in seconds, and come in as arguments.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue.config import Timeouts
    from duologue.errors import ClosedError


# Seconds. Sockets cannot wait longer than 24 days, unless it is without an end.
_FOREVER = 2e6


class Timed:
    """A connection whose reads end at a time of the monotonic clock; None where they have only their own timeout.

    A class to inherit from and no protocol: this is asked at every read, and a protocol takes 9 us to answer.
    """

    deadline: float | None = None
    requests = 0
    """How many requests have gone out on it."""


class Deadlines:
    """The clock hands of one call."""

    __slots__ = ("_bytes", "_event", "_request", "_start", "_timeouts")

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self._timeouts = _bounded(timeouts)
        self._start = self._request = now
        self._bytes: float | None = None
        self._event: float | None = None

    def restart(self, now: float) -> None:
        """What went before was not the provider's time: the caller's own before the first step of the loop, or the
        start of the embedded model."""
        self._start = self._request = now

    def request_begins(self, now: float) -> None:
        """A request goes out, the first one or a retry."""
        self._request = now
        self._bytes = self._event = None

    def bytes_came(self, now: float) -> None:
        """The head of a response, or a piece of its body, has come."""
        self._bytes = now

    def event_came(self, now: float) -> None:
        """An event has come, and so the caller may have taken any time over it."""
        self._bytes = self._event = now

    @property
    def heard(self) -> float:
        """When the last byte came, or the request went out where none has."""
        return self._request if self._bytes is None else self._bytes

    def connect(self, now: float) -> float | None:
        """The seconds that are left for connecting: for all of it, from waiting for a free connection to TLS."""
        limit = self._timeouts.connect
        return least(None if limit is None else max(0.001, self._request + limit - now), self.left(now))

    def head(self, now: float) -> float | None:
        """The seconds that the head of the response may take."""
        return least(self._timeouts.first_event, self.left(now))

    def body(self) -> float | None:
        """The seconds that a read of the body may take, where that can be said only once for all."""
        return least(least(self._timeouts.idle, self._timeouts.progress), self._timeouts.total)

    def next(self) -> tuple[float, str] | None:
        """When waiting for bytes must end, and the name of the limit that says so; None for never."""
        limits = self._timeouts
        hands = [("total", self._start, limits.total), ("idle", self._bytes, limits.idle)]
        if self._event is None:
            hands.append(("first_event", self._request, limits.first_event))
        hands.append(("progress", self._bytes if self._event is None else self._event, limits.progress))
        ends = [(since + limit, name) for name, since, limit in hands if limit is not None and since is not None]
        return min(ends, default=None)

    def end(self) -> float:
        """When waiting for bytes must end; infinity for never. The same as the time of `next`, for every read."""
        limits, heard, event = self._timeouts, self._bytes, self._event
        end = inf if limits.total is None else self._start + limits.total
        if heard is not None and limits.idle is not None and heard + limits.idle < end:
            end = heard + limits.idle
        if event is None:
            if limits.first_event is not None and self._request + limits.first_event < end:
                end = self._request + limits.first_event
            event = heard
        if event is not None and limits.progress is not None and event + limits.progress < end:
            end = event + limits.progress
        return end

    def phase(self) -> str:
        """The name of the limit that is the next to run out."""
        end = self.next()
        return end[1] if end else "idle"

    def connect_phase(self) -> str:
        """The name of the limit that ends connecting."""
        connect, total = self._timeouts.connect, self._timeouts.total
        sooner = total is not None and (connect is None or self._start + total < self._request + connect)
        return "total" if sooner else "connect"

    def allows(self, delay: float, now: float) -> bool:
        """Whether there is time to wait `delay` seconds."""
        left = self.left(now)
        return left is None or delay < left

    def left(self, now: float) -> float | None:
        """The seconds that are left of the total."""
        total = self._timeouts.total
        return None if total is None else max(0.001, self._start + total - now)


# How everything begins that a proxy is told before it lets a connection through: CONNECT (RFC 9110, section 9.3.6), the
# two messages of SOCKS 5 (RFC 1928), and its user and password (RFC 1929).
_TO_PROXY = (b"CONNECT ", b"\x05", b"\x01")
# What a client of the caller's says when it makes a connection, and not when it has one.
_STEPS = ("connect_tcp", "connect_unix_socket", "start_tls")
# The stages before a request itself goes out.
CONNECTING = ("connect", "proxy", "tls")


class Opening:
    """A request on its way out, for the connections to ask and to tell: httpx's own timeouts begin anew at each step,
    and nothing else would say which connection it is before the response is there.

    Attributes:
        network: the connection that it goes out on, as far as that is known.
        stage: how far it is, as far as the connections tell: `connect`, `proxy`, `tls` or `sent`.
        reused: whether an earlier request had gone out on the same connection.
        shared: whether others go out on it at the same time.
        closed: set by another task or thread that wants no answer any more.
        unsent: whether a client of the caller's is still at sending it.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self.network: Any = None
        self.stage: str | None = None
        self.reused = self.shared = self.unsent = False
        self.closed: ClosedError | None = None

    def uses(self, network: Timed) -> None:
        """This is the connection, from now on.

        Raises:
            ClosedError: no answer is wanted any more. Who closes sets `closed` first and looks for the connection then,
                so one of the two always notices.
        """
        self.network = network
        if self.closed is not None:
            raise self.closed

    def goes_out(self, network: Timed, data: bytes, now: float) -> None:
        """Bytes of the request, or what goes before it to a proxy, go out on this connection of ours."""
        if not data or (network is self.network and self.stage == "sent"):
            return
        to_proxy = data.startswith(_TO_PROXY)
        self.stage = "proxy" if to_proxy else "sent"
        self.uses(network)
        network.requests += not to_proxy
        self.reused = network.requests > 1
        left = self.deadlines.connect(now) if to_proxy else None
        network.deadline = now + left if left is not None else inf if to_proxy else self.deadlines.end()

    def told(self, event: str, info: Mapping[str, Any], host: str) -> None:
        """A client of the caller's tells how it gets on with the request for this host; `event` and `info` are those of
        https://www.python-httpx.org/advanced/extensions/#trace
        """
        kind, _, step = event.partition(".")
        step, _, when = step.partition(".")
        if when == "started" and step in _STEPS:
            self.stage = "tls" if step == "start_tls" else "proxy" if info.get("host", host) != host else "connect"
        elif when == "complete" and step in _STEPS:
            self.network = info["return_value"]
        elif when == "started" and step == "send_request_headers":
            self.stage = "proxy" if info["request"].method == b"CONNECT" else "sent"
            self.shared = kind == "http2"
            self.reused = self.network is None
            self.unsent = self.stage == "sent"
        elif when == "complete" and step == "send_request_body":
            self.unsent = False

    def left(self, now: float) -> float | None:
        """The seconds that are left for the stage that it is at."""
        if self.stage in CONNECTING:
            return self.deadlines.connect(now)
        end = self.deadlines.end()
        return None if end == inf else max(0.001, end - now)


# The request that this task or thread sends.
opening: ContextVar[Opening | None] = ContextVar("opening", default=None)


@lru_cache(maxsize=64)
def _bounded(timeouts: Timeouts) -> Timeouts:
    """The same, without those that come to nothing."""
    limits = attrs.asdict(timeouts)
    return attrs.evolve(timeouts, **{name: None for name, limit in limits.items() if limit and limit > _FOREVER})


def least(one: float | None, other: float | None) -> float | None:
    """The sooner of two times, None where neither is one."""
    return other if one is None or (other is not None and other < one) else one
