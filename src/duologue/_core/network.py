"""What is the network's and not the provider's: addresses, proxies, and what a server sent beyond its answer."""

from __future__ import annotations

import importlib.util
import re
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

import attrs

from duologue._core.endpoint import is_loopback
from duologue.errors import ConfigurationError

_PORTS = {"https": 443, "http": 80, "socks5": 1080, "socks5h": 1080}
_PLAIN = re.compile(r"[a-z0-9]+://(?:[A-Za-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?")
_PROXIES = frozenset({"http", "https", "socks5", "socks5h"})


# -- proxies ----------------------------------------------------------------------------------------------------------


class Address(NamedTuple):
    """Where a request goes: scheme, host and port, and the path that it begins with."""

    scheme: str
    host: bytes
    port: int
    path: str = ""

    @property
    def netloc(self) -> bytes:
        """Host and port, the latter where it is not the scheme's own, as the header `Host` has them."""
        host = b"[%b]" % self.host if b":" in self.host else self.host
        return host if self.port == _PORTS.get(self.scheme) else b"%b:%d" % (host, self.port)


@lru_cache(maxsize=64)
def address_of(url: str) -> Address:
    """The parts of a URL."""
    if not _PLAIN.fullmatch(url):
        import httpx  # it knows how to write hosts and paths that are not ASCII

        url = str(httpx.URL(url))
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("ascii")
    return Address(parts.scheme, host, parts.port or _PORTS[parts.scheme], parts.path)


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
    url = urlsplit(base_url)
    host = (url.hostname or "").rstrip(".")
    if is_loopback(host):
        return None
    from urllib.request import getproxies, proxy_bypass  # slow to load

    proxies = getproxies()
    port = url.port or _PORTS[url.scheme]
    if _is_exempt(host, port, proxies.get("no", "")) or proxy_bypass(f"{host}:{port}"):
        return None
    address = proxies.get(url.scheme) or proxies.get("all")
    return _proxy(address) if address else None


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
