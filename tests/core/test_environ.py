"""Which provider the environment speaks of."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from duologue import Client, Provider
from duologue._core.environ import config_from_env
from duologue._tables import PROVIDERS
from duologue.config import ClientConfig, Timeouts
from duologue.errors import ConfigurationError


def config(environ: dict[str, str], models: tuple[str, ...] | None = None, **fields: Any) -> ClientConfig:
    """What an environment means where an Ollama has these models, or where there is none."""
    return config_from_env(environ, lambda _: models, **fields)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {"provider": "local"}),
        ({"OPENAI_API_KEY": ""}, {"provider": "local"}),
        ({"OPENAI_API_KEY": "k"}, {"provider": "openai"}),
        ({"OPENAI_BASE_URL": "https://h/v1"}, {"provider": "openai", "base_url": "https://h/v1"}),
        (
            {"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m", "OPENAI_BASE_URL": "https://h", "OPENAI_TIMEOUT": "2.5"},
            {"provider": "openai", "model": "m", "base_url": "https://h", "timeouts": Timeouts(total=2.5)},
        ),
        ({"OPENAI_API_KEY": "k", "OPENAI_MODEL": "", "OPENAI_TIMEOUT": ""}, {"provider": "openai"}),
        ({"OPENAI_MODEL": "m"}, {"provider": "local"}),
        ({"LLAMACPP_API_KEY": "k", "LLAMACPP_MODEL": "m"}, {"provider": "llamacpp", "model": "m"}),
        ({"LLAMACPP_API_KEY": "k", "OPENAI_API_KEY": "k"}, {"provider": "openai"}),
        ({"LLAMACPP_BASE_URL": "https://h"}, {"provider": "local"}),
        ({"LOCAL_MODEL": "m", "LOCAL_TIMEOUT": "5"}, {"provider": "local", "model": "m", "timeouts": 5}),
    ],
)
def test_environment(environ: dict[str, str], expected: dict[str, Any]) -> None:
    assert config(environ) == ClientConfig(**expected)


def test_a_name_with_a_dash(added: dict[str, Provider]) -> None:
    added["x-ai"] = attrs.evolve(PROVIDERS["openai"], name="x-ai", key_env=("X_KEY",))
    assert config({"X_KEY": "k", "X_AI_MODEL": "m"}).model == "m"


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1,5"])
def test_a_timeout_that_is_none(text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^OPENAI_TIMEOUT must be a number of seconds, .*; got '{text}'$"):
        config({"OPENAI_API_KEY": "k", "OPENAI_TIMEOUT": text})


def test_the_key_stays_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    assert Client.from_env()._endpoint.api_key is None
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert Client.from_env()._endpoint.api_key is not None


def test_the_order() -> None:
    """With an Ollama that answers, and without."""
    keys = {
        "OPENAI_API_KEY": "openai",
        "ANTHROPIC_API_KEY": "anthropic",
        "GEMINI_API_KEY": "gemini",
        "DEEPSEEK_API_KEY": "deepseek",
        "OPENROUTER_API_KEY": "openrouter",
        "AWS_SECRET_ACCESS_KEY": "bedrock",
        "MISTRAL_API_KEY": "mistral",
    }
    environ = dict.fromkeys([*keys, "AWS_ACCESS_KEY_ID"], "k")
    for variable, provider in keys.items():
        assert config(environ).provider == provider
        assert config(environ, ("m",)).provider == ("ollama" if provider == "mistral" else provider)
        del environ[variable]
    assert config(environ).provider == "local", "half a key of AWS is none"


def test_a_key_alone_does_not_say_what_to_ask() -> None:
    """Hugging Face's is often there for its files, and the provider has no default model."""
    assert config({"HF_TOKEN": "k"}).provider == "local"
    for found in (config({"HF_TOKEN": "k", "HUGGINGFACE_MODEL": "m"}), config({"HF_TOKEN": "k"}, model="m")):
        assert (found.provider, found.model) == ("huggingface", "m")


@pytest.mark.parametrize(
    ("environ", "models", "expected"),
    [
        ({}, ("qwen3:8b", "llama3.2:latest"), "llama3.2"),
        ({}, ("qwen3:8b", "gemma3"), "qwen3:8b"),
        ({}, (), None),
        ({"OLLAMA_MODEL": "gemma3"}, ("qwen3:8b",), "gemma3"),
        ({"OLLAMA_BASE_URL": "http://localhost:11434"}, ("qwen3:8b",), "qwen3:8b"),
        ({"OLLAMA_BASE_URL": "http://localhost:11434"}, None, None),
        ({"OLLAMA_API_KEY": "k"}, None, None),
    ],
)
def test_an_ollama_that_answers(environ: dict[str, str], models: tuple[str, ...] | None, expected: str | None) -> None:
    assert config(environ, models) == ClientConfig(provider="ollama", model=expected, base_url="http://localhost:11434")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:8000", "http://box:8000"),
        (":8000", "http://127.0.0.1:8000"),
        (' "box" ', "http://box:11434"),
        ("[::]:8000", "http://127.0.0.1:8000"),
        ("[::1]", "http://[::1]:11434"),
        ("http://box", "http://box:80"),
        ("https://box/ollama/", "https://box:443/ollama"),
        ("box:none", "http://localhost:11434"),
        ("", "http://localhost:11434"),
    ],
)
def test_where_ollama_is_told_to_listen(host: str, address: str) -> None:
    asked: list[str] = []

    def models(url: str) -> None:
        asked.append(url)

    assert config_from_env({"OLLAMA_HOST": host}, models).provider == "local"
    assert asked == [address]


def test_an_address_alone_needs_no_answer() -> None:
    found = config({"OLLAMA_BASE_URL": "http://127.0.0.1:9"})
    assert (found.provider, found.base_url) == ("ollama", "http://127.0.0.1:9")


def test_what_is_given_counts_before_what_is_found() -> None:
    found = config({"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m"}, model="own", timeouts=5)
    assert found == ClientConfig(provider="openai", model="own", timeouts=5)
    assert config({}, ("gemma3",), base_url="http://127.0.0.1:9").base_url == "http://127.0.0.1:9"
    with pytest.raises(TypeError, match="modle"):
        config({}, modle="m")
