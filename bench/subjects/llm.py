"""llm."""

from __future__ import annotations

from typing import Any

from llm.default_plugins.openai_models import AsyncChat, Chat

from bench.subjects.reading import AsyncPeer, BlockingPeer


def _text(item: Any) -> Any:
    return item


class Blocking(BlockingPeer):
    """Its blocking model."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._model = Chat("m", key="k", api_base=f"{url}/v1")

    def stream(self) -> Any:
        """One stream."""
        return self._model.prompt("hi", key="k")


class Async(AsyncPeer):
    """Its async model."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._model = AsyncChat("m", key="k", api_base=f"{url}/v1")

    async def stream(self) -> Any:
        """One stream."""
        return self._model.prompt("hi", key="k")
