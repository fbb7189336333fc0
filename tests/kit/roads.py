"""The roads that a request may take: our own pool, or a client of the caller's, out of httpx or its fork httpx2."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import httpx2

from duologue._waiting.tls import ssl_context
from tests.kit.tls import authority, client_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    import pytest

    from tests.kit.twins import Twin

LIBRARIES: dict[str, Any] = {"httpx": httpx, "httpx2": httpx2}


@contextlib.asynccontextmanager
async def their_client(library: Any, twin: Twin, **fields: Any) -> AsyncIterator[Any]:
    """A client of the caller's, which the caller closes."""
    client = (library.Client if twin.name == "sync" else library.AsyncClient)(**fields)
    try:
        yield client
    finally:
        await close(client)


async def close(client: Any) -> None:
    """Close such a client."""
    if hasattr(client, "aclose"):
        await client.aclose()
    else:
        client.close()


class Road:
    """One of them.

    Attributes:
        name: `ours`, `httpx` or `httpx2`.
        library: the module that the caller's client comes from; None for our own.
    """

    def __init__(self, name: str, environ: pytest.MonkeyPatch, scratch: Path) -> None:
        self.name = name
        self.library = LIBRARIES.get(name)
        self._environ = environ
        self._scratch = scratch

    @contextlib.asynccontextmanager
    async def client(self, twin: Twin, *, proxy: str | None = None, **fields: Any) -> AsyncIterator[Any]:
        """A client of ours on this road, through that proxy; it trusts the servers of `tests.kit.tls`."""
        async with contextlib.AsyncExitStack() as stack:
            if self.library is None:
                self._tell_environment(proxy)
            else:
                theirs: dict[str, Any] = {"proxy": proxy, "verify": client_context(), "trust_env": False}
                fields["http_client"] = await stack.enter_async_context(their_client(self.library, twin, **theirs))
            yield await stack.enter_async_context(twin.Client("openai:m-1", **{"api_key": "sk-test", **fields}))

    def _tell_environment(self, proxy: str | None) -> None:
        if proxy is not None:
            self._environ.setenv("ALL_PROXY", proxy)
        authority().cert_pem.write_to_path(str(self._scratch / "ca.pem"))
        self._environ.setenv("SSL_CERT_FILE", str(self._scratch / "ca.pem"))


@contextlib.contextmanager
def fresh_contexts() -> Iterator[None]:
    """Our TLS context is made anew in here, and not kept."""
    ssl_context.cache_clear()
    try:
        yield
    finally:
        ssl_context.cache_clear()
