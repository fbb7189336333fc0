"""Whether a provider answers and takes the key: what to ask for it, and what the answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from duologue._core.deadlines import Deadlines
from duologue._dialects import find_dialect
from duologue._dialects.api_errors import api_error
from duologue._json import loads
from duologue.config import Timeouts
from duologue.errors import ContentTypeError, DecodeError, DuologueError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue._core.endpoint import Endpoint

MOST_BYTES = 65536
# Those of servers that have no list of models: they answer, but that says nothing of the key.
NO_LIST = frozenset({404, 405, 501})
_BEGINNINGS = ("", "{", "[")
_NO_LIST = "expected a list of models in JSON, as of a provider, got"


@attrs.frozen
class Health:
    """Whether a provider answers and takes the key; true where it does.

    Args:
        ok: whether it does.
        provider: its name.
        checked_at: when it was asked, in seconds since 1970.
        seconds: how long it took.
        error: why not; None where it does.
    """

    ok: bool
    provider: str
    checked_at: float
    seconds: float
    error: DuologueError | None = attrs.field(default=None, eq=False)

    def __bool__(self) -> bool:
        return self.ok


class Probe:
    """A request for the list of models, or for what is known of the key; either costs nothing. To be sent as a `Call`
    is."""

    method = "GET"
    body = b""

    def __init__(self, headers: Mapping[str, str], path: str, seconds: float, now: float) -> None:
        self.path = path
        self._headers = headers
        self._seconds = seconds
        limits = Timeouts(connect=seconds, first_event=None, idle=None, progress=None, total=seconds)
        self.deadlines = Deadlines(limits, now)

    def begin_request(self, now: float) -> dict[str, float | None]:
        """It goes out; the timeouts, as httpx takes them."""
        self.deadlines.request_begins(now)
        return dict.fromkeys(("connect", "pool", "write", "read"), self._seconds)

    def headers(self, endpoint: Endpoint, _now: float) -> dict[str, str]:
        """With the key; the caller's own win."""
        own = {name.lower(): value for name, value in self._headers.items()}
        return {"accept": "application/json", "accept-encoding": "identity", **endpoint.headers(), **own}


def make_probe(endpoint: Endpoint, headers: Mapping[str, str], seconds: float, now: float) -> Probe | None:
    """What asks for the list of models, or where the provider's row says; None where the format has no list."""
    path = endpoint.provider.key_path or getattr(find_dialect(endpoint.provider.dialect), "MODELS_PATH", None)
    return None if path is None else Probe(headers, path, seconds, now)


def outcome(status: int, body: bytes) -> DuologueError | None:
    """What an answer says is wrong; None where nothing is."""
    text = body.decode("utf-8", "replace")
    if status < 300:
        # Not looked at further: it may be long, and is not read to its end.
        began = text.lstrip()[:200]
        return None if began[:1] in _BEGINNINGS else ContentTypeError(f"{_NO_LIST} {began!r}", status_code=status)
    try:
        return api_error(loads(text), status=status)
    except DecodeError:
        return api_error(text[:4096], status=status)
