"""What is the network's and not the provider's: TLS and proxies."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from duologue._core.endpoint import is_loopback

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


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
