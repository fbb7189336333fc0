"""TLS and proxies."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from duologue._core.headers import Headers
from duologue._core.network import Proxy, address_of, proxy_for
from duologue._waiting.tls import ssl_context
from duologue.errors import ConfigurationError
from tests.kit.tls import authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _contexts_of_this_test() -> Iterator[None]:
    ssl_context.cache_clear()
    yield
    ssl_context.cache_clear()


@pytest.mark.parametrize("trust_env", [True, False])
def test_one_context_for_all(trust_env: bool) -> None:
    context = ssl_context(trust_env=trust_env)
    assert context is ssl_context(trust_env=trust_env)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def subjects(context: ssl.SSLContext) -> str:
    return repr([found["subject"] for found in context.get_ca_certs()])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_roots_of_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem" if variable == "SSL_CERT_FILE" else tmp_path))
    context = ssl_context(trust_env=True)
    if variable == "SSL_CERT_FILE":
        assert subjects(context).count("commonName") == 0
        assert "ours" in subjects(context)
    else:
        assert context.get_ca_certs() == []  # a folder is looked into when a certificate is to be checked
    plain = ssl_context(trust_env=False)
    assert "ours" not in subjects(plain)
    assert len(plain.get_ca_certs()) > 50


def test_secrets_are_written_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    assert ssl_context(trust_env=False).keylog_filename is None
    assert not log.exists()
    assert ssl_context(trust_env=True).keylog_filename == str(log)


P = Proxy("http://p:3128")
# The address, the environment, and the proxy.
PROXIES: list[tuple[str, dict[str, str], Proxy | None]] = [
    ("https://h/v1", {}, None),
    ("https://h/v1", {"HTTPS_PROXY": "http://p:3128"}, P),
    ("https://h/v1", {"https_proxy": "http://p:3128"}, P),
    ("https://h/v1", {"HTTP_PROXY": "http://p:3128"}, None),
    ("http://h/v1", {"HTTP_PROXY": "http://p:3128"}, P),
    ("http://h/v1", {"HTTPS_PROXY": "http://p:3128"}, None),
    ("https://h/v1", {"ALL_PROXY": "http://p:3128"}, P),
    ("https://h/v1", {"all_proxy": "http://p:3128"}, P),
    ("https://h/v1", {"HTTPS_PROXY": "http://p:3128", "ALL_PROXY": "http://q"}, P),
    # small letters first, and nothing is nothing
    ("https://h/v1", {"https_proxy": "http://p:3128", "HTTPS_PROXY": "http://q"}, P),
    ("https://h/v1", {"https_proxy": "", "HTTPS_PROXY": "http://q"}, None),
    ("https://h/v1", {"HTTPS_PROXY": ""}, None),
    # how an address may be written
    ("https://h/v1", {"HTTPS_PROXY": "p:3128"}, P),
    ("https://h/v1", {"HTTPS_PROXY": "https://p"}, Proxy("https://p")),
    ("https://h/v1", {"HTTPS_PROXY": "socks5://p:1080"}, Proxy("socks5://p:1080")),
    ("https://h/v1", {"HTTPS_PROXY": "socks5h://p"}, Proxy("socks5h://p")),
    ("https://h/v1", {"HTTPS_PROXY": "http://[::1]:3128"}, Proxy("http://[::1]:3128")),
    ("https://h/v1", {"HTTPS_PROXY": "http://me:p%40ss%C3%A9@p:3128"}, Proxy(P.url, (b"me", "p@ssé".encode()))),
    ("https://h/v1", {"HTTPS_PROXY": "http://me@p:3128"}, Proxy(P.url, (b"me", b""))),
    # what this machine itself serves
    ("http://127.0.0.1:8080/v1", {"HTTP_PROXY": "http://p:3128"}, None),
    ("http://[::1]:8080/v1", {"ALL_PROXY": "http://p:3128"}, None),
    ("http://localhost/v1", {"ALL_PROXY": "http://p:3128"}, None),
    # a CGI script's HTTP_PROXY is a header of whoever asks
    ("http://h/v1", {"HTTP_PROXY": "http://p:3128", "REQUEST_METHOD": "POST"}, None),
    ("http://h/v1", {"http_proxy": "http://p:3128", "REQUEST_METHOD": "POST"}, P),
]


def found(base_url: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Proxy | None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return proxy_for(base_url)


@pytest.mark.parametrize(("base_url", "environ", "proxy"), PROXIES)
def test_proxies_of_the_environment(
    base_url: str, environ: dict[str, str], proxy: Proxy | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(base_url, environ, monkeypatch) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "meant"),
    [
        ("api.example.com", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("EXAMPLE.COM", True),
        ("other.com, example.com", True),
        ("other.com example.com", True),
        ("api.example.com:443", True),
        ("https://api.example.com", True),
        ("*", True),
        ("", False),
        (" , ", False),
        (".", False),
        ("ample.com", False),
        ("le.com", False),
        ("other.com", False),
        ("api.example.com:8443", False),
        ("10.0.0.0/8", False),
        ("api.example.com.evil.com", False),
    ],
)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_by_name(no_proxy: str, meant: bool, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HTTPS_PROXY": "http://p:3128", variable: no_proxy}
    for host in ("api.example.com", "api.example.com.", "API.example.com"):
        assert found(f"https://{host}/v1", environ, monkeypatch) == (None if meant else P)


@pytest.mark.parametrize(
    ("host", "no_proxy", "meant"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "10.1.2.4,11.0.0.0/8", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "[fd00::1]", True),
        ("[fd00::1]", "10.0.0.0/8", False),
    ],
)
def test_no_proxy_by_number(host: str, no_proxy: str, meant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": no_proxy}
    assert found(f"https://{host}/v1", environ, monkeypatch) == (None if meant else P)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://me:canary@p",
        "socks4://me:canary@p",
        "http://",
        "://canary",
        "http://me:canary@p:x",
        "http://me:canary@p:99999",
        "http://me:canary@p:0",
        "http://[me:canary@p",
    ],
)
def test_a_proxy_that_cannot_be_used(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="proxy must be like http://host:3128") as caught:
        found("https://h/v1", {"HTTPS_PROXY": address}, monkeypatch)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_socks_proxy_without_what_speaks_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'httpx\[socks\]'"):
        found("https://h/v1", {"ALL_PROXY": "socks5://p"}, monkeypatch)


def test_a_proxy_does_not_show_its_password() -> None:
    assert repr(Proxy("http://p", (b"me", b"canary"))) == "Proxy(url='http://p')"


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "path", "netloc"),
    [
        ("https://api.openai.com/v1", "https", b"api.openai.com", 443, "/v1", b"api.openai.com"),
        ("http://127.0.0.1:8080", "http", b"127.0.0.1", 8080, "", b"127.0.0.1:8080"),
        ("http://[::1]:80/a", "http", b"::1", 80, "/a", b"[::1]"),
        ("https://[::1]:8443/a", "https", b"::1", 8443, "/a", b"[::1]:8443"),
        ("https://bücher.example/ä b", "https", b"xn--bcher-kva.example", 443, "/%C3%A4%20b", b"xn--bcher-kva.example"),
        ("socks5h://proxy.test", "socks5h", b"proxy.test", 1080, "", b"proxy.test"),
    ],
)
def test_addresses(url: str, scheme: str, host: bytes, port: int, path: str, netloc: bytes) -> None:
    address = address_of(url)
    assert address == (scheme, host, port, path)
    assert address.netloc == netloc


def test_headers() -> None:
    headers = Headers([(b"Content-Type", b"text/plain"), (b"x-a", b"1"), (b"X-A", b"2"), (b"x-latin", b"caf\xe9")])
    assert headers["content-TYPE"] == "text/plain"
    assert headers.get("X-A") == "1, 2"
    assert headers["x-latin"] == "caf\u00e9"
    assert list(headers) == ["content-type", "x-a", "x-latin"]
    assert len(headers) == 3
    assert "text/plain" not in repr(headers)
    assert headers.get("x-b") is None


def test_a_folder_of_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ssl_context().get_ca_certs() == []


def test_the_roots_where_the_environment_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert len(ssl_context().get_ca_certs()) > 50
