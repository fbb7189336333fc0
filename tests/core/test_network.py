"""TLS and proxies."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest

from duologue._core.network import checked_client, proxy_for, ssl_context
from duologue.errors import ConfigurationError


def test_one_context_for_all() -> None:
    context = ssl_context()
    assert context is ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("base_url", "environ", "proxy"),
    [
        ("https://h/v1", {}, None),
        ("https://h/v1", {"HTTPS_PROXY": "http://p"}, "http://p"),
        ("https://h/v1", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://h/v1", {"https_proxy": "https://p"}, "https://p"),
        ("https://h/v1", {"all_proxy": "socks5://p"}, "socks5://p"),
        ("https://h/v1", {"HTTP_PROXY": "http://p"}, None),
        ("http://h/v1", {"HTTP_PROXY": "http://p"}, "http://p"),
        ("https://h/v1", {"HTTPS_PROXY": ""}, None),
        ("https://h/v1", {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, None),
        ("https://a.h:8443/v1", {"HTTPS_PROXY": "http://p", "NO_PROXY": "b,.h"}, None),
        ("https://ah/v1", {"HTTPS_PROXY": "http://p", "NO_PROXY": "b,.h"}, "http://p"),
        ("http://127.0.0.1:8080/v1", {"HTTP_PROXY": "http://p"}, None),
        ("http://localhost/v1", {"ALL_PROXY": "http://p"}, None),
        ("nonsense", {"ALL_PROXY": "http://p"}, "http://p"),
    ],
)
def test_proxies(base_url: str, environ: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(base_url)
    assert (str(found.url) if found else None) == proxy


def test_a_proxy_s_password_stands_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://us%40er:canary@p:3128")
    found = proxy_for("https://h/v1")
    assert found is not None
    assert found.raw_auth == (b"us@er", b"canary")
    assert "canary" not in str(found.url) + repr(found)


@pytest.mark.parametrize("proxy", ["gopher://user:canary@p", "http://user:canary@p:no-port"])
def test_a_proxy_that_is_no_address(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="the proxy for https that the environment names") as caught:
        proxy_for("https://h/v1")
    assert "canary" not in repr(caught.value)


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
