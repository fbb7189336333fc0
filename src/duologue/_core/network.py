"""What is the network's and not the provider's: TLS and proxies."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from duologue._core.endpoint import is_loopback
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


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


def needs_proxy(base_url: str | None, environ: Mapping[str, str]) -> bool:
    """Whether the environment names a proxy for this address; what listens on this machine needs none."""
    if base_url is None or is_loopback(urlsplit(base_url).hostname or ""):
        return False
    return any(environ.get(name) or environ.get(name.upper()) for name in _PROXIES)
