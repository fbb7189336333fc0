"""What is known of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from duologue._tables import MODELS
from duologue.errors import UnsupportedError
from duologue.models import ModelInfo

if TYPE_CHECKING:
    from duologue.models import ChatRequest


def model_info(provider: str, model: str | None) -> ModelInfo:
    """The row of the model table, or one that says that the model is not known."""
    info = MODELS.get(model or "")
    if info is not None and info.provider == provider:
        return info
    return ModelInfo(model or "", provider, known=False)


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
