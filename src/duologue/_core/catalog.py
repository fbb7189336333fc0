"""What is known of a model."""

from __future__ import annotations

from duologue._tables import MODELS
from duologue.models import ModelInfo


def model_info(provider: str, model: str | None) -> ModelInfo:
    """The row of the model table, or one that says that the model is not known."""
    info = MODELS.get(model or "")
    if info is not None and info.provider == provider:
        return info
    return ModelInfo(model or "", provider, known=False)
