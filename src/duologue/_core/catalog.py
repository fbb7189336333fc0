"""What is known of a model: the rows of the model table, and those added at run time.

The table is large, so it is loaded when a model is first asked for.
"""

from __future__ import annotations

import math
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from duologue._core.registry import find_provider
from duologue.errors import ConfigurationError, UnsupportedError
from duologue.models import ModelInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue.models import ChatRequest, Provider

# Other names of one model, by provider: a snapshot's, or one that says where it runs (`place`), where it may cost
# something else. Only what the provider documents as such: `-2506` at Mistral, say, is a model of its own.
_ALIASES: Mapping[str, str] = {
    # https://platform.openai.com/docs/models: an alias points to a snapshot.
    "openai": r"(?P<name>.+)-\d{4}-\d\d-\d\d",
    # https://platform.claude.com/docs/en/about-claude/models/model-ids-and-versions
    "anthropic": r"(?P<name>.+)-\d{8}",
    # https://ai.google.dev/gemini-api/docs/models#model-versions; `models/` is how the interface itself names them.
    "gemini": r"(?:models/)?(?P<name>.+?)(?:-\d{3})?",
    # https://docs.x.ai/docs/models
    "xai": r"(?P<name>.+)-(?:latest|\d{4})",
    # https://github.com/ollama/ollama/blob/main/docs/api.md#model-names
    "ollama": r"(?P<name>.+):latest",
    # https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html: a global profile costs what
    # the model does.
    "bedrock": (
        r"(?P<place>(?:arn:[\w-]+:bedrock:[^/]+/)?(?:(?:us|us-gov|eu|apac|au|jp|ca)\.)?)(?:global\.)?(?P<name>.+)"
    ),
}

_added: dict[tuple[str, str], ModelInfo] = {}
# Another one for each row that is added: what a thread found before, and keeps only afterwards, counts no more.
_state = [object()]


def model_info(provider: Provider, model: str | None) -> ModelInfo:
    """The row of the model, or one that says that the model is not known."""
    return _info(provider.name, provider.models_of, model or "", _state[0])


@lru_cache(maxsize=256)
def _info(provider: str, models_of: str | None, name: str, _state: object) -> ModelInfo:
    row = _row(provider, models_of, name) or _alias(provider, models_of, name)
    if row is None:
        return ModelInfo(name, provider, known=False)
    return attrs.evolve(row, name=name, provider=provider)


def _row(provider: str, models_of: str | None, name: str) -> ModelInfo | None:
    """The row of exactly that name: the provider's own, or that of the one whose models it serves."""
    from duologue._model_table import MODELS

    for owner in filter(None, (provider, models_of)):
        row = _added.get((owner, name)) or MODELS.get(f"{owner}:{name}")
        if row is not None:
            return row
    return None


def _alias(provider: str, models_of: str | None, name: str) -> ModelInfo | None:
    """The row of the model that has `name` as another name, without prices where those may differ."""
    pattern = _ALIASES.get(models_of or provider)
    found = re.fullmatch(pattern, name) if pattern else None
    row = _row(provider, models_of, found["name"]) if found else None
    if row is None or found is None or not found.groupdict().get("place"):
        return row
    return attrs.evolve(row, input_price=None, output_price=None, cached_input_price=None, cache_write_price=None)


def register_model(model: ModelInfo | str | None = None, **fields: Any) -> ModelInfo:
    """Add a row to the model table, or replace one, for as long as the program runs. Safe to call from any thread.

    ```python
    register_model("acme:acme-large", context_window=200_000, supports_tools=True, supports_streaming=False)
    ```

    Args:
        model: a whole row, or `provider:name`.
        fields: the columns of `ModelInfo`, where no whole row was given.

    Returns:
        The row.

    Raises:
        ConfigurationError: the provider is unknown, or the columns contradict each other.
        TypeError, ValueError: a column is unknown, or its value wrong.
    """
    if isinstance(model, str):
        provider, _, name = model.partition(":")
        model, fields = None, {"provider": provider, "name": name, **fields}
    if model is None:
        model = ModelInfo(**fields)
    elif fields:
        raise TypeError(f"give {', '.join(fields)} inside the ModelInfo, not beside it")
    check_row(model)
    _added[model.provider, model.name] = model
    _state[0] = object()
    return model


def check_row(row: ModelInfo) -> None:
    """What must hold between the columns of a row.

    Raises:
        ConfigurationError: it does not.
    """
    find_provider(row.provider)
    largest = row.context_window or math.inf
    wrong = {
        "it needs a name": not row.name.strip(),
        "it is a row, so known must be True": not row.known,
        "max_output_tokens is more than context_window": (row.max_output_tokens or 0) > largest,
        "as_of must be a day, as 2026-07-24": row.as_of is not None and not _is_day(row.as_of),
    }
    for problem, holds in wrong.items():
        if holds:
            raise ConfigurationError(f"the model {row.provider}:{row.name} cannot be registered: {problem}")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def check_abilities(info: ModelInfo, request: ChatRequest, *, stream: bool) -> None:
    """Refuse what a model is known not to do; of what is not known, the provider is the judge.

    Raises:
        UnsupportedError: the request asks for it.
    """
    kinds = {part.type for message in request.messages if message.role != "assistant" for part in message.content}
    form = request.response_format
    asked = {
        "supports_streaming": ("stream: use chat()", stream),
        "supports_tools": ("take tools", bool(request.tools)),
        "supports_vision": ("take images", "image" in kinds),
        "supports_files": ("take files", "file" in kinds),
        "supports_audio": ("take sound", "audio" in kinds),
        "supports_reasoning": ("take reasoning: it does not think before it answers", request.reasoning is not None),
        "supports_json_schema": ("take a JSON Schema", form is not None and form.type == "json_schema"),
    }
    for ability, (words, wanted) in asked.items():
        if wanted and getattr(info, ability) is False:
            raise UnsupportedError(f"{info.name} does not {words}")
