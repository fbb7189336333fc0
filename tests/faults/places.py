"""Surroundings that a fault on the way to a server needs: resolvers, backlogs, certificates, proxies."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import trustme

from duologue._waiting.tls import ssl_context
from tests.faults.bodies import FORMATS
from tests.faults.row import Place, Row, scripted
from tests.kit.canary import KEY
from tests.kit.server import ScriptedServer, head, reply, tunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "provider.invalid"  # no such name can ever be resolved (RFC 2606)
NAMED = {"api_key": KEY, "options": {"allow_insecure": True}}
PASSWORD = "canary-password"


@contextlib.contextmanager
def _resolver(answer: Callable[[str, int], list[Any]]) -> Iterator[None]:
    """The system's resolver, for names that are no addresses."""
    real = socket.getaddrinfo

    def stub(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> list[Any]:  # noqa: A002 - its own name
        name = host.decode() if isinstance(host, bytes) else host
        if name != NAME or flags & socket.AI_NUMERICHOST:
            return real(host, port, family, type, proto, flags)
        return answer(name, int(port))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", stub)
        yield


def _addresses(port: int, *hosts: str) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]


def resolver(hosts: set[str]) -> contextlib.AbstractContextManager[None]:
    """The name is that of these addresses."""
    return _resolver(lambda _, port: _addresses(port, *hosts))


@contextlib.contextmanager
def nobody_knows_the_name(_: Row) -> Iterator[Place]:
    """The resolver says that there is no such name."""

    def answer(*_: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with _resolver(answer):
        yield Place(None, {"base_url": f"http://{NAME}/v1", **NAMED})


@contextlib.contextmanager
def resolver_that_hangs_once(row: Row) -> Iterator[Place]:
    """The first question gets no answer before the test is over."""
    over, asked = threading.Event(), threading.Event()
    with scripted(row) as place:

        def answer(_: str, port: int) -> list[Any]:
            if not asked.is_set():
                asked.set()
                over.wait(30)
            return _addresses(port, "127.0.0.1")

        with _resolver(answer):
            assert place.server is not None
            yield Place(place.server, {"base_url": place.server.base_url.replace("127.0.0.1", NAME), **NAMED})
            over.set()


@contextlib.contextmanager
def nobody_listens(_: Row) -> Iterator[Place]:
    """A port that was just given back."""
    with ScriptedServer() as server:
        pass
    yield Place(None, {"base_url": server.base_url})


@contextlib.contextmanager
def full(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port whose queue of connections is full, so that the system lets further ones wait."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def nobody_accepts(_: Row) -> Iterator[Place]:
    """Nobody takes the connection up."""
    with full() as port:
        yield Place(None, {"base_url": f"http://127.0.0.1:{port}/v1"})


@contextlib.contextmanager
def first_address_is_dead(row: Row) -> Iterator[Place]:
    """A name of two addresses, and only the second one answers."""
    with scripted(row) as place:
        assert place.server is not None
        port = place.server.port
        if sys.platform != "linux":
            pytest.skip("only Linux has a second address of its own")
        with full("127.0.0.2", port), _resolver(lambda _, port: _addresses(port, "127.0.0.2", "127.0.0.1")):
            yield Place(place.server, {"base_url": f"http://{NAME}:{port}/v1", **NAMED})


# -- TLS --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _trusting(*authorities: trustme.CA) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "ca.pem")
        for authority in authorities:
            authority.cert_pem.write_to_path(str(path), append=True)
        patch.setenv("SSL_CERT_FILE", str(path))
        ssl_context.cache_clear()
        yield
    ssl_context.cache_clear()


def certified(
    identity: str = "127.0.0.1", *, trusted: bool = True, **dates: Any
) -> Callable[[Row], contextlib.AbstractContextManager[Place]]:
    """A server with a certificate of an authority made for the test."""

    @contextlib.contextmanager
    def place(row: Row) -> Iterator[Place]:
        authority, other = trustme.CA(), trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(identity, **dates).configure_cert(context)
        script = [*row.server, reply(FORMATS[row.speaks].frames)]
        with _trusting(authority if trusted else other), ScriptedServer(*script, tls=context) as server:
            yield Place(server, {"base_url": server.base_url})

    return place


YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
EXPIRED: dict[str, Any] = {"not_before": YESTERDAY - datetime.timedelta(days=1), "not_after": YESTERDAY}


@contextlib.contextmanager
def over_tls(row: Row) -> Iterator[Place]:
    """The scripted server under an address that asks for TLS, which it does not speak."""
    with scripted(row) as place:
        assert place.server is not None
        yield Place(place.server, {"base_url": place.server.base_url.replace("http:", "https:")})


# -- proxies ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def through_proxy(row: Row) -> Iterator[Place]:
    """The scripted server is a proxy, which answers itself."""
    with scripted(row) as proxy, _proxied("HTTP_PROXY", proxy.server):
        yield Place(proxy.server, {"base_url": f"http://{NAME}/v1", **NAMED})


@contextlib.contextmanager
def through_encrypted_proxy(row: Row) -> Iterator[Place]:
    """The proxy is spoken to over TLS, and answers itself."""
    with certified()(row) as proxy, _proxied("HTTP_PROXY", proxy.server, "https"):
        yield Place(proxy.server, {"base_url": f"http://{NAME}/v1", **NAMED})


@contextlib.contextmanager
def through_tunnel(row: Row) -> Iterator[Place]:
    """The row's server is a proxy; after what the row says, it lets through to a good server behind it."""
    inner = attrs.evolve(row, server=())
    with certified(NAME)(inner) as behind:
        assert behind.server is not None
        with (
            ScriptedServer(*row.server, [head(200), tunnel(behind.server.port)]) as proxy,
            _proxied("HTTPS_PROXY", proxy),
        ):
            yield Place(proxy, {"base_url": f"https://{NAME}/v1", **NAMED})


@contextlib.contextmanager
def _proxied(variable: str, proxy: ScriptedServer | None, scheme: str = "http") -> Iterator[None]:
    assert proxy is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, f"{scheme}://user:{PASSWORD}@127.0.0.1:{proxy.port}")
        yield


@contextlib.contextmanager
def proxy_is_not_there(_: Row) -> Iterator[Place]:
    """The environment names a proxy that nobody runs."""
    with ScriptedServer() as nobody:
        pass
    with _proxied("HTTP_PROXY", nobody):
        yield Place(None, {"base_url": f"http://{NAME}/v1", **NAMED})
