"""What is known of a model."""

from __future__ import annotations

import pytest

from duologue._core.catalog import model_info
from duologue._tables import MODELS, PROVIDERS
from duologue.models import ModelInfo


def test_a_known_one() -> None:
    assert model_info("openai", "gpt-4o") == MODELS["gpt-4o"]
    assert model_info("openai", "gpt-4o").known


@pytest.mark.parametrize(("provider", "model"), [("openai", "novel"), ("llamacpp", "gpt-4o"), ("openai", "")])
def test_one_that_is_not_known_is_assumed_to_stream(provider: str, model: str) -> None:
    info = model_info(provider, model)
    assert info == ModelInfo(model, provider, known=False)
    assert info.supports_streaming
    assert info.supports_tools is None


def test_none() -> None:
    assert model_info("openai", None) == ModelInfo("", "openai", known=False)


def test_the_tables_fit_together() -> None:
    for name, info in MODELS.items():
        assert info.name == name
        assert info.provider in PROVIDERS
    for name, provider in PROVIDERS.items():
        assert provider.name == name
