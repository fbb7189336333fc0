"""Where requests go, and whose key goes along."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue import _tables
from duologue._core.endpoint import Endpoint, is_loopback, resolve
from duologue._core.registry import find_provider
from duologue._secret import Secret
from duologue._tables import PROVIDERS
from duologue.config import ClientConfig
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from duologue.models import Provider

KEY = {"OPENAI_API_KEY": "sk-env"}


def end(environ: dict[str, str] | None = None, **fields: Any) -> Endpoint:
    return resolve(ClientConfig(**fields), KEY if environ is None else environ)


def key_of(found: Endpoint) -> str | None:
    return found.api_key.reveal() if found.api_key else None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("openai", "https://api.openai.com/v1", "gpt-4o-mini", "sk-env", True)),
        ({"provider": "openai:gpt-4o"}, ("openai", "https://api.openai.com/v1", "gpt-4o", "sk-env", True)),
        ({"provider": "openai:a:b/c"}, ("openai", "https://api.openai.com/v1", "a:b/c", "sk-env", True)),
        ({"provider": "openai:x", "model": "y"}, ("openai", "https://api.openai.com/v1", "y", "sk-env", True)),
        ({"provider": "openai:"}, ("openai", "https://api.openai.com/v1", "gpt-4o-mini", "sk-env", True)),
        ({"api_key": "sk-own"}, ("openai", "https://api.openai.com/v1", "gpt-4o-mini", "sk-own", True)),
        ({"provider": "llamacpp"}, ("llamacpp", "http://127.0.0.1:8080/v1", "default", None, True)),
        ({"provider": "local"}, ("local", None, "smollm2-135m", None, True)),
        ({"base_url": "https://h/v1//"}, ("openai", "https://h/v1", "gpt-4o-mini", None, False)),
    ],
)
def test_resolve(fields: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found = end(**fields)
    assert (found.provider.name, found.base_url, found.model, key_of(found), found.known) == expected


@pytest.mark.parametrize(
    ("name", "hint"),
    [("opneai", " (did you mean 'openai'?)"), ("OpenAI", ""), ("lama.cpp", ""), ("", ""), ("zzz", "")],
)
def test_unknown_providers(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_provider(name)
    message = str(caught.value)
    assert message.startswith(f"unknown provider {name!r}")
    assert message.endswith(f". Known ones: {', '.join(sorted(PROVIDERS))}")
    assert hint in message


def test_a_missing_key() -> None:
    with pytest.raises(ConfigurationError, match=r"OpenAI needs a key: pass api_key=..., or set OPENAI_API_KEY"):
        end({})
    with pytest.raises(ConfigurationError, match="needs a key"):
        end({"OPENAI_API_KEY": ""})


def test_a_provider_without_keys(added: dict[str, Provider]) -> None:
    added["open"] = attrs.evolve(PROVIDERS["openai"], name="open", auth="none", key_env=())
    assert end({}, provider="open").api_key is None


def test_the_first_variable_that_is_set(added: dict[str, Provider]) -> None:
    added["two"] = attrs.evolve(PROVIDERS["openai"], name="two", key_env=("FIRST_KEY", "SECOND_KEY"))
    assert key_of(end({"SECOND_KEY": "b"}, provider="two")) == "b"
    assert key_of(end({"SECOND_KEY": "b", "FIRST_KEY": "a"}, provider="two")) == "a"


def test_a_key_that_is_kept_back_is_named() -> None:
    assert end(base_url="https://h/v1").withheld == "OPENAI_API_KEY"
    assert end().withheld is None
    assert end(base_url="https://h/v1", api_key="own").withheld is None
    assert end({}, base_url="https://h/v1").withheld is None


@pytest.mark.parametrize(
    ("base_url", "own"),
    [
        ("https://api.openai.com/v1", True),
        ("https://API.OpenAI.com:443/v1/", True),
        ("https://api.openai.com", True),
        ("https://api.openai.com:8443/v1", False),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://evil.example/api.openai.com/v1", False),
        ("https://127.0.0.1/v1", False),
        ("http://localhost:8080/v1", False),
    ],
)
def test_a_key_of_the_environment_goes_only_to_its_provider(base_url: str, own: bool) -> None:
    found = end(base_url=base_url)
    assert (key_of(found), found.known) == (("sk-env", True) if own else (None, False))
    assert key_of(end(base_url=base_url, api_key="sk-own")) == "sk-own"


def test_nor_does_it_go_unencrypted() -> None:
    found = end(base_url="http://api.openai.com/v1", options={"allow_insecure": True})
    assert (key_of(found), found.known) == (None, False)


def test_a_server_of_the_users_own_may_be_anywhere() -> None:
    found = end({"LLAMACPP_API_KEY": "k"}, provider="llamacpp", base_url="https://gpu.example/v1")
    assert (key_of(found), found.known) == ("k", True)


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("", "like https://host/v1"),
        ("api.openai.com/v1", "like https://host/v1"),
        ("//host/v1", "like https://host/v1"),
        ("https://", "like https://host/v1"),
        ("https:///v1", "like https://host/v1"),
        ("ftp://host/v1", "like https://host/v1"),
        ("file:///etc/passwd", "like https://host/v1"),
        ("localhost:8080/v1", "like https://host/v1"),
        ("https://[::1", "like https://host/v1"),
        ("https://host:99999/v1", "like https://host/v1"),
        ("https://host:x/v1", "like https://host/v1"),
        ("https://host:0/v1", "like https://host/v1"),
        ("https://host/v1?a=b", "no query"),
        ("https://host/v1?", "no query"),
        ("https://host/v1#a", "no query"),
        ("https://user@host/v1", "no user"),
        ("https://user:pass@host/v1", "no user"),
        ("https://host/v1\r\nx: y", "no blanks"),
        ("https://host/v1\0", "no blanks"),
        ("https://host/a b", "no blanks"),
        (" https://host/v1", "no blanks"),
        ("https://höst/v1", "no blanks"),
        ("https://host\\@evil/v1", "no user"),
        ("https://host/v1\\x", "backslashes"),
        ("http://host/v1", "is not encrypted"),
        ("http://127.0.0.1.evil.example/v1", "is not encrypted"),
        ("http://localhost.evil.example/v1", "is not encrypted"),
        ("http://127.1/v1", "is not encrypted"),
        ("http://0.0.0.0/v1", "is not encrypted"),
        ("http://10.0.0.1/v1", "is not encrypted"),
    ],
)
def test_addresses_that_are_not_to_be_used(base_url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        end(base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://localhost/v1",
        "http://LOCALHOST:1/v1",
        "http://127.0.0.1:8080/v1",
        "http://127.9.9.9/v1",
        "http://[::1]:8080/v1",
        "https://host",
        "HTTPS://host:65535/a/b",
    ],
)
def test_addresses_that_may_be_used(base_url: str) -> None:
    assert end(base_url=base_url).base_url == base_url


def test_an_unencrypted_address_that_is_trusted() -> None:
    found = end(base_url="http://gpu.lan/v1", options={"allow_insecure": True})
    assert found.base_url == "http://gpu.lan/v1"
    with pytest.raises(ConfigurationError, match="to be trusted"):
        end(base_url="http://gpu.lan/v1", options={"allow_insecure": False})


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("", False),
        ("localhost.", False),
        ("localhost.localdomain", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("2130706433", False),
    ],
)
def test_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_options() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown option 'tools'; known ones: allow_insecure"):
        end(options={"tools": True})


def test_options_that_are_headers() -> None:
    given = {"site_url": "https://h", "app_name": "My app", "allow_insecure": True}
    found = end({}, provider="openrouter:m", api_key="k", options=given)
    assert found.headers() == {"http-referer": "https://h", "x-title": "My app", "authorization": "Bearer k"}
    assert "x-title" not in end({}, provider="openrouter:m", api_key="k", options={"app_name": None}).headers()
    with pytest.raises(ConfigurationError, match="unknown option 'site_url'"):
        end(options={"site_url": "https://h"})
    with pytest.raises(ConfigurationError, match="unknown option 'site'; known ones: allow_insecure, app_name, log_"):
        end({}, provider="openrouter:m", api_key="k", options={"site": "https://h"})


@pytest.mark.parametrize("value", ["a\r\nx: y", "Ä", " a", 5])
def test_an_option_that_cannot_be_a_header(value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        end({}, provider="openrouter:m", api_key="k", options={"app_name": value})
    assert str(caught.value) == "option 'app_name' must be a string of printable ASCII characters"


def test_starting_the_embedded_model(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def ensure_server(*, tools: bool) -> Any:
        asked.append(tools)
        return types.SimpleNamespace(base_url="http://127.0.0.1:5/v1", api_key="sk-local")

    stand_in: Any = types.SimpleNamespace(ensure_server=ensure_server)
    monkeypatch.setitem(sys.modules, "duologue.local", stand_in)
    found = end(provider="local").start()
    assert (found.base_url, found.api_key, asked) == ("http://127.0.0.1:5/v1", Secret("sk-local"), [True])
    assert found.model == "smollm2-135m"


REGION = {"AWS_REGION": "us-east-1"}


def test_a_provider_without_an_address_asks_for_one() -> None:
    with pytest.raises(ConfigurationError, match=r"Azure OpenAI .* pass base_url"):
        resolve(ClientConfig(provider="azure", api_key="k"), {})


def test_every_provider_of_the_table_can_be_had() -> None:
    for name, provider in _tables.PROVIDERS.items():
        own = {"azure": "https://mine.openai.azure.com/openai/v1"}.get(name)  # an address for each user
        found = resolve(ClientConfig(provider=name, base_url=own), dict.fromkeys(provider.key_env, "k") | REGION)
        assert found.known or own
        assert found.base_url is None or is_loopback(found.base_url.split("/")[2].split(":")[0]) or found.api_key


@pytest.mark.parametrize(
    ("provider", "headers"),
    [
        ("openai", {"authorization": "Bearer k"}),
        ("anthropic", {"x-api-key": "k", "anthropic-version": "2023-06-01"}),
        ("gemini", {"x-goog-api-key": "k"}),
    ],
)
def test_each_provider_has_its_header_for_the_key(provider: str, headers: dict[str, str]) -> None:
    assert resolve(ClientConfig(provider=provider, api_key="k"), {}).headers() == headers
