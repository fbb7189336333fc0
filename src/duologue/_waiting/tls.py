"""Whom TLS trusts."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


@lru_cache(maxsize=2)
def ssl_context(*, trust_env: bool = True) -> ssl.SSLContext:
    """One TLS context for all clients: making one reads every root certificate, which takes some 25 ms.

    It trusts certifi's roots, or those that `SSL_CERT_FILE` or else `SSL_CERT_DIR` names, as httpx's own default does;
    without `trust_env` certifi's. TLS 1.2 is the least.
    """
    import ssl

    import certifi

    if not trust_env:
        # Python's default context would write its secrets to where `SSLKEYLOGFILE` says.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certifi.where())
    elif file := os.environ.get("SSL_CERT_FILE"):
        context = ssl.create_default_context(cafile=file)
    elif folder := os.environ.get("SSL_CERT_DIR"):
        context = ssl.create_default_context(capath=folder)
    else:
        context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
