"""What is said to a proxy before it lets a connection through to the server."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import httpcore

from duologue._core.network import port_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    import httpx

    from duologue._core.network import Proxy

_KNOWN_REPLIES = ("succeeded", "general failure", "not allowed", "network unreachable", "host unreachable", "refused")


def authorization(proxy: Proxy) -> list[tuple[bytes, bytes]]:
    """The header that says who asks."""
    if proxy.auth is None:
        return []
    return [(b"proxy-authorization", b"Basic " + b64encode(b":".join(proxy.auth)))]


async def ask_http(
    stream: httpcore.AsyncNetworkStream, url: httpx.URL, proxy: Proxy, extensions: MutableMapping[str, Any]
) -> None:
    """Ask a proxy that speaks HTTP (RFC 9110, section 9.3.6).

    Raises:
        httpcore.ProxyError: it refuses.
    """
    to = httpcore.URL(proxy.url)
    host = b"[%b]" % url.raw_host if b":" in url.raw_host else url.raw_host
    target = b"%b:%d" % (host, port_of(url))
    request = httpcore.Request(
        b"CONNECT",
        httpcore.URL(scheme=to.scheme, host=to.host, port=to.port, target=target),
        headers=[(b"host", target), *authorization(proxy)],
        extensions=extensions,
    )
    response = await httpcore.AsyncHTTP11Connection(to.origin, stream).handle_async_request(request)
    if not 200 <= response.status < 300:
        reason = response.extensions.get("reason_phrase", b"").decode("ascii", "replace")
        raise httpcore.ProxyError(f"{response.status} {reason}")


async def ask_socks(stream: httpcore.AsyncNetworkStream, url: httpx.URL, proxy: Proxy) -> None:
    """Ask a proxy that speaks SOCKS 5 (RFC 1928, and RFC 1929 for user and password).

    Raises:
        httpcore.ProxyError: it refuses, or does not speak it.
    """
    from socksio import ProtocolError, socks5  # an extra of httpx's; `proxy_for` has seen that it is there

    talk = socks5.SOCKS5Connection()

    async def ask(message: Any) -> Any:
        talk.send(message)
        await stream.write(talk.data_to_send())
        try:
            return talk.receive_data(await stream.read(4096))
        except ProtocolError as reason:
            raise httpcore.ProxyError(f"no SOCKS 5: {reason}") from None

    methods = socks5.SOCKS5AuthMethod
    method = methods.NO_AUTH_REQUIRED if proxy.auth is None else methods.USERNAME_PASSWORD
    if (await ask(socks5.SOCKS5AuthMethodsRequest([method]))).method != method:
        raise httpcore.ProxyError("the proxy does not take this way to say who asks")
    if proxy.auth is not None and not (await ask(socks5.SOCKS5UsernamePasswordRequest(*proxy.auth))).success:
        raise httpcore.ProxyError("Invalid username/password")
    place = (url.raw_host, port_of(url))
    reply = await ask(socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, place))
    code = reply.reply_code[0]
    if code:
        why = _KNOWN_REPLIES[code] if code < len(_KNOWN_REPLIES) else f"reply {code}"
        raise httpcore.ProxyError(f"the proxy could not connect: {why}")
