"""any-llm."""

from __future__ import annotations

from typing import Any

from any_llm import acompletion, completion

from bench.subjects.reading import MESSAGES, AsyncPeer, BlockingPeer

_ASK: dict[str, Any] = {"model": "m", "provider": "openai", "messages": MESSAGES, "api_key": "k", "stream": True}


class Blocking(BlockingPeer):
    """Its blocking function."""

    def __init__(self, url: str, _shape: str) -> None:
        self._url = f"{url}/v1"

    def stream(self) -> Any:
        """One stream."""
        return completion(api_base=self._url, **_ASK)


class Async(AsyncPeer):
    """Its async function."""

    def __init__(self, url: str, _shape: str) -> None:
        self._url = f"{url}/v1"

    async def stream(self) -> Any:
        """One stream."""
        return await acompletion(api_base=self._url, **_ASK)
