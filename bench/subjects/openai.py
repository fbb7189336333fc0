"""OpenAI's client."""

from __future__ import annotations

from typing import Any

from openai import AsyncOpenAI, OpenAI

from bench.subjects.reading import MESSAGES, AsyncPeer, BlockingPeer

_ASK: dict[str, Any] = {"model": "m", "messages": MESSAGES, "stream": True}


class Blocking(BlockingPeer):
    """The blocking client."""

    def __init__(self, url: str, _shape: str) -> None:
        self._client = OpenAI(api_key="k", base_url=f"{url}/v1")

    def stream(self) -> Any:
        """One stream."""
        return self._client.chat.completions.create(**_ASK)


class Async(AsyncPeer):
    """The async client."""

    def __init__(self, url: str, _shape: str) -> None:
        self._client = AsyncOpenAI(api_key="k", base_url=f"{url}/v1")

    async def stream(self) -> Any:
        """One stream."""
        return await self._client.chat.completions.create(**_ASK)
