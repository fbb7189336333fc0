"""Anthropic's client."""

from __future__ import annotations

from typing import Any

from anthropic import Anthropic, AsyncAnthropic

from bench.subjects.reading import MESSAGES, AsyncPeer, BlockingPeer

_ASK: dict[str, Any] = {"model": "m", "messages": MESSAGES, "max_tokens": 1024, "stream": True}


def _text(item: Any) -> Any:
    return item.delta.text if item.type == "content_block_delta" else None


class Blocking(BlockingPeer):
    """The blocking client."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._client = Anthropic(api_key="k", base_url=url)

    def stream(self) -> Any:
        """One stream."""
        return self._client.messages.create(**_ASK)


class Async(AsyncPeer):
    """The async client."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._client = AsyncAnthropic(api_key="k", base_url=url)

    async def stream(self) -> Any:
        """One stream."""
        return await self._client.messages.create(**_ASK)
