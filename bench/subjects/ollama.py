"""Ollama's client."""

from __future__ import annotations

from typing import Any

from ollama import AsyncClient, Client

from bench.subjects.reading import MESSAGES, AsyncPeer, BlockingPeer


def _text(item: Any) -> Any:
    return item.message.content


class Blocking(BlockingPeer):
    """The blocking client."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._client = Client(host=url)

    def stream(self) -> Any:
        """One stream."""
        return self._client.chat("m", MESSAGES, stream=True)


class Async(AsyncPeer):
    """The async client."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._client = AsyncClient(host=url)

    async def stream(self) -> Any:
        """One stream."""
        return await self._client.chat("m", MESSAGES, stream=True)
