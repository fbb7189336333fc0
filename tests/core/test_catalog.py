"""What is known of a model."""

from __future__ import annotations

import re
import threading
from typing import Any

import attrs
import pytest

from duologue._core import catalog
from duologue._core.catalog import check_abilities, check_row, model_info, register_model
from duologue._core.registry import find_provider, register_provider
from duologue._model_table import MODELS
from duologue._tables import PROVIDERS
from duologue.errors import ConfigurationError, UnsupportedError
from duologue.models import AudioContent, ChatRequest, FileContent, ImageContent, Message, ModelInfo, Tool

PRICES = ("input_price", "output_price", "cached_input_price", "cache_write_price")


def info_of(provider: str, model: str | None) -> ModelInfo:
    return model_info(find_provider(provider), model)


def test_a_known_one() -> None:
    info = info_of("openai", "gpt-4o")
    assert info == MODELS["openai:gpt-4o"]
    assert info.known
    assert (info.context_window, info.max_output_tokens) == (128_000, 16_384)
    assert (info.input_price, info.output_price, info.cached_input_price) == (2.5, 10, 1.25)
    assert info.source
    assert info.as_of


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "novel"),
        ("openai", ""),
        ("llamacpp", "gpt-4o"),
        ("azure", "gpt-4o"),
        ("anthropic", "gpt-4o"),
        ("openrouter", "gpt-4o"),
    ],
)
def test_one_that_is_not_known_is_assumed_to_stream(provider: str, model: str) -> None:
    info = info_of(provider, model)
    assert info == ModelInfo(model, provider, known=False)
    assert info.supports_streaming
    unknown = {field.name: getattr(info, field.name) for field in attrs.fields(ModelInfo)[4:]}
    assert set(unknown.values()) == {None}


def test_none() -> None:
    assert info_of("openai", None) == ModelInfo("", "openai", known=False)


def test_the_rows_of_another_provider_hold_for_one_with_the_same_models() -> None:
    info = info_of("openai-responses", "gpt-5")
    assert info == attrs.evolve(MODELS["openai:gpt-5"], provider="openai-responses")


SNAPSHOTS = [
    ("openai", "gpt-4o-2024-08-06", "openai:gpt-4o"),
    ("openai", "gpt-4o-mini-2024-07-18", "openai:gpt-4o-mini"),
    ("openai-responses", "o1-pro-2025-03-19", "openai:o1-pro"),
    ("anthropic", "claude-sonnet-4-5-20250929", "anthropic:claude-sonnet-4-5"),
    ("gemini", "gemini-2.0-flash-001", "gemini:gemini-2.0-flash"),
    ("gemini", "models/gemini-2.5-flash", "gemini:gemini-2.5-flash"),
    ("gemini", "models/gemini-2.0-flash-lite-001", "gemini:gemini-2.0-flash-lite"),
    ("xai", "grok-4-0709", "xai:grok-4"),
    ("xai", "grok-4.3-latest", "xai:grok-4.3"),
    ("ollama", "llama3.2:latest", "ollama:llama3.2"),
    (
        "bedrock",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "bedrock:anthropic.claude-haiku-4-5-20251001-v1:0",
    ),
]


@pytest.mark.parametrize(("provider", "name", "row"), SNAPSHOTS)
def test_another_name_of_the_same_model(provider: str, name: str, row: str) -> None:
    assert info_of(provider, name) == attrs.evolve(MODELS[row], name=name, provider=provider)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("apac.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
    ],
)
def test_where_a_model_runs_changes_what_it_costs(name: str, row: str) -> None:
    known = MODELS[f"bedrock:{row}"]
    assert known.input_price is not None
    unpriced: dict[str, Any] = dict.fromkeys(PRICES)
    assert info_of("bedrock", name) == attrs.evolve(known, name=name, **unpriced)


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "gpt-4o-nano"),
        ("openai", "gpt-4o-2024"),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc"),
        ("openai", "gpt-4o-latest"),
        ("openai", "GPT-4o"),
        ("openai", " gpt-4o"),
        ("openai", "-2024-08-06"),
        ("openai", "gpt-4o-2024-08-06-2024-08-06"),
        ("anthropic", "claude-sonnet-4-5-2025"),
        ("gemini", "gemini-2.0-flash-exp"),
        ("gemini", "gemini-2.5-flash-preview-09-2025"),
        ("mistral", "mistral-small-2402"),
        ("bedrock", "xx.amazon.nova-lite-v1:0"),
        ("bedrock", "us.amazon.nova-lite-v2:0"),
        ("bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"),
        ("openrouter", "openai/gpt-4o:extended"),
        ("ollama", "llama3.2:1b"),
    ],
)
def test_no_name_is_guessed(provider: str, name: str) -> None:
    assert not info_of(provider, name).known


def test_a_snapshot_that_differs_has_a_row_of_its_own() -> None:
    info = info_of("openai", "gpt-4o-2024-05-13")
    assert (info.input_price, info.max_output_tokens, info.supports_json_schema) == (5, 4096, False)


@pytest.mark.usefixtures("added_models")
def test_a_row_of_one_s_own() -> None:
    row = register_model("openai:gpt-99", context_window=1000, input_price=0.5)
    assert row == ModelInfo("gpt-99", "openai", context_window=1000, input_price=0.5)
    assert info_of("openai", "gpt-99") == row
    assert info_of("openai", "gpt-99-2027-01-02") == attrs.evolve(row, name="gpt-99-2027-01-02")
    assert info_of("openai-responses", "gpt-99") == attrs.evolve(row, provider="openai-responses")
    assert register_model(name="a:b", provider="bedrock") == info_of("bedrock", "a:b")
    assert register_model("bedrock:c:d").name == "c:d"


@pytest.mark.usefixtures("added_models")
def test_a_row_of_one_s_own_takes_the_place_of_the_table_s() -> None:
    better = attrs.evolve(info_of("openai", "gpt-4o"), supports_audio=True)
    assert register_model(better) is better
    assert info_of("openai", "gpt-4o") == better
    assert not MODELS["openai:gpt-4o"].supports_audio
    own = register_model("openai-responses:gpt-4o", supports_audio=False)
    assert info_of("openai-responses", "gpt-4o") == own
    assert info_of("openai", "gpt-4o") == better


@pytest.mark.usefixtures("added", "added_models")
def test_models_of_a_provider_of_one_s_own() -> None:
    register_provider("acme", dialect="openai-chat", models_of="openai")
    assert info_of("acme", "gpt-4o-2024-08-06").input_price == 2.5
    assert not info_of("acme", "acme-1").known
    row = register_model("acme:acme-1", supports_streaming=False)
    assert info_of("acme", "acme-1") == row


BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "provider": ("opneai:gpt-4o", {}, ConfigurationError, "unknown provider 'opneai' (did you mean 'openai'?)"),
    "no-provider": ("gpt-4o", {}, ConfigurationError, "unknown provider 'gpt-4o'"),
    "no-name": ("openai", {}, ConfigurationError, "openai: cannot be registered: it needs a name"),
    "blank-name": ("openai: ", {}, ConfigurationError, "it needs a name"),
    "unknown-row": ("openai:m", {"known": False}, ConfigurationError, "known must be True"),
    "sizes": (
        "openai:m",
        {"context_window": 10, "max_output_tokens": 11},
        ConfigurationError,
        "openai:m cannot be registered: max_output_tokens is more than context_window",
    ),
    "day": ("openai:m", {"as_of": "yesterday"}, ConfigurationError, "as_of must be a day"),
    "no-such-day": ("openai:m", {"as_of": "2026-02-30"}, ConfigurationError, "as_of must be a day"),
    "short-day": ("openai:m", {"as_of": "20260724"}, ConfigurationError, "as_of must be a day"),
    "price": ("openai:m", {"input_price": -1}, ValueError, "input_price must be at least 0"),
    "infinite-price": ("openai:m", {"input_price": float("inf")}, ValueError, "input_price must be finite"),
    "type": ("openai:m", {"supports_tools": "yes"}, TypeError, "supports_tools must be True or False"),
    "column": ("openai:m", {"suports_tools": True}, TypeError, "suports_tools"),
    "nothing": (None, {}, TypeError, "name"),
    "both": (ModelInfo("m", "openai"), {"context_window": 5}, TypeError, "give context_window inside the ModelInfo"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_row_that_cannot_be(case: str, added_models: dict[tuple[str, str], ModelInfo]) -> None:
    model, fields, kind, words = BAD[case]
    with pytest.raises(kind, match=re.escape(words)):
        register_model(model, **fields)
    assert added_models == {}


def test_rows_of_many_threads(added_models: dict[tuple[str, str], ModelInfo]) -> None:
    def add(first: int) -> None:
        for number in range(first, first + 50):
            register_model(f"openai:m-{number}", context_window=number + 1)

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(added_models) == 400
    assert all(info_of("openai", f"m-{number}").context_window == number + 1 for number in range(400))


def test_a_row_that_is_added_while_another_thread_looks_for_it(
    added_models: dict[tuple[str, str], ModelInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = catalog._row

    def late(*args: Any) -> ModelInfo | None:
        found = look(*args)
        if not added_models:
            register_model("openai:late", context_window=7)
        return found

    monkeypatch.setattr(catalog, "_row", late)
    assert not info_of("openai", "late").known
    assert info_of("openai", "late").context_window == 7


@pytest.mark.parametrize("key", MODELS)
def test_the_rows(key: str) -> None:
    row = MODELS[key]
    assert key == f"{row.provider}:{row.name}"
    check_row(row)
    assert row.source
    assert row.as_of
    assert (row.input_price is None) == (row.output_price is None)
    assert row.context_window is None or 1000 <= row.context_window <= 10_000_000
    for price in (getattr(row, name) for name in PRICES):
        assert price is None or 0 <= price <= 1000
    if row.input_price is not None and row.output_price is not None:
        assert row.input_price <= row.output_price
        assert (row.cached_input_price or 0) <= row.input_price <= (row.cache_write_price or row.input_price)
    else:
        assert row.cached_input_price is row.cache_write_price is None


def test_a_row_says_no_more_than_its_family_s() -> None:
    """A snapshot has a row only where it differs."""
    for provider, row in ((PROVIDERS[row.provider], row) for row in MODELS.values()):
        found = re.fullmatch(r"(.+)-\d{4}-?\d\d-?\d\d", row.name)
        if found:
            family = model_info(provider, found[1])
            assert attrs.evolve(family, name=row.name) != row


def test_the_tables_fit_together() -> None:
    for name, provider in PROVIDERS.items():
        assert provider.name == name
    owners = {provider.models_of for provider in PROVIDERS.values()} - {None}
    assert owners <= {row.provider for row in MODELS.values()}


def test_default_models_have_rows() -> None:
    missing = {
        name for name, row in PROVIDERS.items() if row.default_model and not model_info(row, row.default_model).known
    }
    assert missing == {"llamacpp"}  # whose `default` is whatever the user's server runs


def test_some_are_known_not_to_stream() -> None:
    assert {key for key, row in MODELS.items() if not row.supports_streaming} == {"openai:gpt-5-pro", "openai:o1-pro"}


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
