"""What is the network's and not the provider's: TLS, proxies, and what a server sent beyond its answer."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

import attrs

from duologue._core.endpoint import is_loopback
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    import httpx

_PORTS = {"https": 443, "http": 80, "socks5": 1080, "socks5h": 1080}
_PROXIES = frozenset({"http", "https", "socks5", "socks5h"})


@lru_cache(maxsize=2)
def ssl_context(*, trust_env: bool = True) -> ssl.SSLContext:
    """One TLS context for all clients: making one reads every root certificate, which takes some 25 ms.

    It is httpx's own default: certifi's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; without
    `trust_env` certifi's.
    """
    import httpx

    if trust_env:
        return httpx.create_ssl_context()
    import ssl

    import certifi

    # Python's default context would write its secrets to where `SSLKEYLOGFILE` says.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context


# -- proxies ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Proxy:
    """A proxy on the way to the provider.

    Args:
        url: its address, without a user.
        auth: the user and the password, or None.
    """

    url: str
    auth: tuple[bytes, bytes] | None = attrs.field(default=None, repr=False)

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS, and not HTTP."""
        return self.url.startswith("socks")


def proxy_for(base_url: str) -> Proxy | None:
    """The proxy that the environment, or else the system, names for an address, as Python itself reads them; what
    listens on this machine needs none.

    `HTTPS_PROXY` or `HTTP_PROXY`, by the address's scheme, else `ALL_PROXY`; not for what `NO_PROXY` names: hosts,
    domains and networks.

    Raises:
        ConfigurationError: the proxy's own address is none, or what speaks to it is not installed.
    """
    from urllib.request import getproxies, proxy_bypass  # slow to load

    url = urlsplit(base_url)
    host = (url.hostname or "").rstrip(".")
    if is_loopback(host):
        return None
    proxies = getproxies()
    port = url.port or _PORTS[url.scheme]
    if _is_exempt(host, port, proxies.get("no", "")) or proxy_bypass(f"{host}:{port}"):
        return None
    address = proxies.get(url.scheme) or proxies.get("all")
    return _proxy(address) if address else None


def port_of(url: httpx.URL) -> int:
    """The port of an address, said or not."""
    return url.port or _PORTS[url.scheme]


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    entries = no_proxy.lower().replace(",", " ").split()
    return any(entry == "*" or _is_meant(entry.rpartition("://")[2], host, port) for entry in entries)


def _is_meant(entry: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` is this host, a domain that it is in, or a network."""
    with suppress(ValueError):
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    name, _, wanted = entry.partition(":")
    name = name.removeprefix("*").removeprefix(".")
    return wanted in ("", str(port)) and f".{host}".endswith(f".{name}")


def _proxy(address: str) -> Proxy:
    url = _checked_address(address if "://" in address else f"http://{address}")
    if url is None:  # it is not shown, since there may be a password in it
        raise ConfigurationError(
            "the environment's proxy must be like http://host:3128, or begin with https, socks5 or socks5h"
        )
    user, at, place = url.netloc.rpartition("@")
    name, _, password = user.partition(":")
    auth = (unquote_to_bytes(name), unquote_to_bytes(password)) if at else None
    proxy = Proxy(f"{url.scheme}://{place}", auth)
    if proxy.is_socks and importlib.util.find_spec("socksio") is None:
        raise ConfigurationError("the environment names a SOCKS proxy, which needs: pip install 'httpx[socks]'")
    return proxy


def _checked_address(address: str) -> SplitResult | None:
    try:
        url = urlsplit(address)
        good = url.scheme in _PROXIES and url.hostname and url.port != 0
    except ValueError:
        return None
    return url if good else None


# -- a connection's end -----------------------------------------------------------------------------------------------


def has_more(stream: Any) -> bool:
    """Whether more came on one of httpcore's connections than the answer that was read from it. On its next use,
    httpcore would take that for the beginning of the next answer, whoever wrote it."""
    unread, _ = getattr(
        getattr(getattr(stream, "_connection", None), "_h11_state", None), "trailing_data", (b"", False)
    )
    return bool(unread)


def innermost(stream: Any) -> Any:
    """httpcore's own part of a body's stream, which knows its connection; None where there is none."""
    while stream is not None and not hasattr(stream, "_connection"):
        stream = getattr(stream, "_stream", None) or getattr(stream, "_httpcore_stream", None)
    return stream
