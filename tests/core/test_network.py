"""TLS and proxies."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest

from duologue._core.network import checked_client, needs_proxy, ssl_context
from duologue.errors import ConfigurationError


def test_one_context_for_all() -> None:
    context = ssl_context()
    assert context is ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("base_url", "environ", "needed"),
    [
        ("https://h/v1", {}, False),
        ("https://h/v1", {"HTTPS_PROXY": "http://p"}, True),
        ("https://h/v1", {"https_proxy": "http://p"}, True),
        ("https://h/v1", {"all_proxy": "socks5://p"}, True),
        ("http://h/v1", {"HTTP_PROXY": "http://p"}, True),
        ("https://h/v1", {"HTTPS_PROXY": ""}, False),
        ("https://h/v1", {"NO_PROXY": "*"}, False),
        ("http://127.0.0.1:8080/v1", {"HTTP_PROXY": "http://p"}, False),
        ("http://localhost/v1", {"ALL_PROXY": "http://p"}, False),
        ("nonsense", {"ALL_PROXY": "http://p"}, True),
        (None, {"ALL_PROXY": "http://p"}, False),
    ],
)
def test_needs_proxy(base_url: str | None, environ: dict[str, str], needed: bool) -> None:
    assert needs_proxy(base_url, environ) is needed


@pytest.mark.parametrize(("close", "kind"), [("close", httpx.Client), ("aclose", httpx.AsyncClient)])
def test_a_client_of_the_callers_own(close: str, kind: Any) -> None:
    # Never opened, so there is nothing to close.
    own = kind.__new__(kind)
    assert checked_client(own, close) is own
    assert checked_client(None, close) is None


@pytest.mark.parametrize(
    ("close", "given", "words"),
    [
        ("close", httpx.AsyncClient.__new__(httpx.AsyncClient), "an httpx.Client here; got AsyncClient"),
        ("aclose", httpx.Client.__new__(httpx.Client), "an httpx.AsyncClient here; got Client"),
        ("close", object(), "got object"),
        ("close", open, "got builtin_function_or_method"),
    ],
)
def test_a_client_that_is_none(close: str, given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        checked_client(given, close)
