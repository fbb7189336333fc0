"""What is known of a model."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from duologue._core.catalog import check_abilities, model_info
from duologue._tables import MODELS, PROVIDERS
from duologue.errors import UnsupportedError
from duologue.models import AudioContent, ChatRequest, FileContent, ImageContent, Message, ModelInfo, Tool


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


IMAGE = Message.user(ImageContent.from_url("https://example.com/a.png"))
FILE = Message.user(FileContent(file_id="file_1"))
SOUND = Message.user(AudioContent(data=b"x", media_type="audio/wav"))
ABILITIES: dict[str, ChatRequest] = {
    "tools": ChatRequest("hi", tools=[Tool("t")]),
    "images": ChatRequest(IMAGE),
    "files": ChatRequest(FILE),
    "sound": ChatRequest(SOUND),
    "reasoning": ChatRequest("hi", reasoning="low"),
    "a JSON Schema": ChatRequest("hi", response_format={"type": "object"}),
    "stream": ChatRequest("hi"),
}


@pytest.mark.parametrize("words", ABILITIES)
def test_what_a_model_is_known_not_to_do_is_refused(words: str) -> None:
    able = [field.name for field in attrs.fields(ModelInfo) if field.name.startswith("supports_")]
    refused: dict[str, Any] = dict.fromkeys(able, False)
    unable = attrs.evolve(ModelInfo("m-1", "p"), **refused)
    with pytest.raises(UnsupportedError, match=f"m-1 does not .*{words}"):
        check_abilities(unable, ABILITIES[words], stream=words == "stream")
    check_abilities(ModelInfo("m-1", "p", known=False), ABILITIES[words], stream=True)
    check_abilities(unable, ChatRequest([Message.assistant([AudioContent(id="a")]), "hi"]), stream=False)
