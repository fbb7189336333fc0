"""Which provider the environment speaks of."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from duologue import Client
from duologue._core import environ as module
from duologue._core.environ import config_from_env
from duologue._tables import PROVIDERS
from duologue.config import ClientConfig, Timeouts
from duologue.errors import ConfigurationError


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
    assert config_from_env(environ) == ClientConfig(**expected)


def test_a_name_with_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    row = attrs.evolve(PROVIDERS["openai"], name="x-ai", key_env=("XAI_API_KEY",))
    monkeypatch.setattr(module, "PROVIDERS", {"x-ai": row})
    assert config_from_env({"XAI_API_KEY": "k", "X_AI_MODEL": "m"}).model == "m"


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1,5"])
def test_a_timeout_that_is_none(text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^OPENAI_TIMEOUT must be a number of seconds, .*; got '{text}'$"):
        config_from_env({"OPENAI_API_KEY": "k", "OPENAI_TIMEOUT": text})


def test_the_key_stays_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    assert Client.from_env()._endpoint.api_key is None
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert Client.from_env()._endpoint.api_key is not None


def test_the_order() -> None:
    keys = {
        "OPENAI_API_KEY": "openai",
        "ANTHROPIC_API_KEY": "anthropic",
        "GEMINI_API_KEY": "gemini",
        "DEEPSEEK_API_KEY": "deepseek",
        "OPENROUTER_API_KEY": "openrouter",
        "AWS_ACCESS_KEY_ID": "bedrock",
        "GROQ_API_KEY": "groq",
    }
    environ = dict.fromkeys(keys, "k")
    for variable, provider in keys.items():
        assert config_from_env(environ).provider == provider
        del environ[variable]
    assert config_from_env(environ).provider == "local"
