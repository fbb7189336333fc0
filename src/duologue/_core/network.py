"""What is the network's and not the provider's: TLS, proxies, and what a server sent beyond its answer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from duologue._core.endpoint import is_loopback
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    import httpx


Client = TypeVar("Client")


def checked_client(http_client: Client, close: str) -> Client:
    """The caller's HTTP client, if it is of the right kind: told by the name of its closing method, so that httpx and
    forks of it both pass.

    Raises:
        ConfigurationError: it is of the other twin's kind, or none at all.
    """
    if http_client is not None and not (hasattr(http_client, close) and hasattr(http_client, "send")):
        kind = "an httpx.AsyncClient" if close == "aclose" else "an httpx.Client"
        raise ConfigurationError(f"http_client must be {kind} here; got {type(http_client).__name__}")
    return http_client


@lru_cache(maxsize=1)
def ssl_context() -> ssl.SSLContext:
    """One TLS context for all clients: making one reads every root certificate, which takes some 25 ms.

    It is httpx's own default: certifi's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    """
    import httpx

    return httpx.create_ssl_context()


def proxy_for(base_url: str) -> httpx.Proxy | None:
    """The proxy that the environment, or else the system, names for an address, as Python itself reads them; what
    listens on this machine needs none.

    Raises:
        ConfigurationError: the proxy's own address makes no sense. It is not shown, since a password may be in it.
    """
    from urllib.request import getproxies, proxy_bypass  # slow to load

    address = urlsplit(base_url)
    if is_loopback(address.hostname or "") or proxy_bypass(address.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy:
        return None
    import httpx

    try:
        return httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    except (ValueError, httpx.InvalidURL):
        raise ConfigurationError(f"the proxy for {address.scheme} that the environment names is no address") from None


def has_more(stream: Any) -> bool:
    """Whether more came than the answer that `stream`, httpcore's, was read from. On the next use of the connection,
    httpcore would take it for the beginning of that answer, whoever wrote it."""
    connection = getattr(getattr(stream, "_stream", None), "_connection", None)
    unread, _ = getattr(getattr(connection, "_h11_state", None), "trailing_data", (b"", False))
    return bool(unread)
