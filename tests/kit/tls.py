"""Certificates for servers on loopback, good ones and bad ones."""

from __future__ import annotations

import datetime
import ssl
from functools import cache
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def authority(name: str = "ours") -> trustme.CA:
    """The authority of that name."""
    return _authority(name)


@cache
def _authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


def server_context(
    host: str = "127.0.0.1", *, by: str = "ours", expired: bool = False, protocols: Sequence[str] = ()
) -> ssl.SSLContext:
    """What a server shows: a certificate for this host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    not_after = _LONG_AGO if expired else None
    authority(by).issue_cert(host, "localhost", "provider.test", not_after=not_after).configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def client_context(by: str = "ours") -> ssl.SSLContext:
    """What a client trusts."""
    context = ssl.create_default_context()
    authority(by).configure_trust(context)
    return context
