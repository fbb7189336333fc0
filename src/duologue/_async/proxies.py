"""What is said to a proxy before it lets a connection through to the server."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from duologue._async.connection import AsyncConnection, request_head
from duologue._core.line import ProxyError

if TYPE_CHECKING:
    from duologue._async.transport import AsyncTimedStream
    from duologue._core.network import Address, Proxy

_KNOWN_REPLIES = ("succeeded", "general failure", "not allowed", "network unreachable", "host unreachable", "refused")


def authorization(proxy: Proxy) -> list[tuple[bytes, bytes]]:
    """The header that says who asks."""
    if proxy.auth is None:
        return []
    return [(b"proxy-authorization", b"Basic " + b64encode(b":".join(proxy.auth)))]


async def ask_http(stream: AsyncTimedStream, to: Address, proxy: Proxy) -> None:
    """Ask a proxy that speaks HTTP (RFC 9110, section 9.3.6).

    Raises:
        ProxyError: it refuses.
    """
    target = b"%b:%d" % (b"[%b]" % to.host if b":" in to.host else to.host, to.port)
    connection = AsyncConnection(to, stream)
    head, _, _ = await connection.ask(request_head(b"CONNECT", target, [(b"host", target), *authorization(proxy)]))
    if not 200 <= head.status < 300:
        raise ProxyError(f"{head.status} {head.reason.decode('ascii', 'replace')}")


async def ask_socks(stream: AsyncTimedStream, to: Address, proxy: Proxy) -> None:
    """Ask a proxy that speaks SOCKS 5 (RFC 1928, and RFC 1929 for user and password).

    Raises:
        ProxyError: it refuses, or does not speak it.
    """
    from socksio import ProtocolError, socks5  # an extra of httpx's; `proxy_for` has seen that it is there

    talk = socks5.SOCKS5Connection()

    async def ask(message: Any) -> Any:
        talk.send(message)
        await stream.write(talk.data_to_send())
        try:
            return talk.receive_data(await stream.read(4096))
        except ProtocolError as reason:
            raise ProxyError(f"no SOCKS 5: {reason}") from None

    methods = socks5.SOCKS5AuthMethod
    method = methods.NO_AUTH_REQUIRED if proxy.auth is None else methods.USERNAME_PASSWORD
    if (await ask(socks5.SOCKS5AuthMethodsRequest([method]))).method != method:
        raise ProxyError("the proxy does not take this way to say who asks")
    if proxy.auth is not None and not (await ask(socks5.SOCKS5UsernamePasswordRequest(*proxy.auth))).success:
        raise ProxyError("Invalid username/password")
    place = (to.host, to.port)
    reply = await ask(socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, place))
    code = reply.reply_code[0]
    if code:
        why = _KNOWN_REPLIES[code] if code < len(_KNOWN_REPLIES) else f"reply {code}"
        raise ProxyError(f"the proxy could not connect: {why}")
