"""any-llm."""

from __future__ import annotations

from typing import Any

from any_llm import AnyLLM

from bench.subjects.reading import MESSAGES, AsyncPeer, BlockingPeer

_ASK: dict[str, Any] = {"model": "m", "messages": MESSAGES, "stream": True}


class Blocking(BlockingPeer):
    """Its provider's blocking method."""

    def __init__(self, url: str, _shape: str) -> None:
        self._provider = AnyLLM.create("openai", api_key="k", api_base=f"{url}/v1")

    def stream(self) -> Any:
        """One stream."""
        return self._provider.completion(**_ASK)


class Async(AsyncPeer):
    """Its provider's async method."""

    def __init__(self, url: str, _shape: str) -> None:
        self._provider = AnyLLM.create("openai", api_key="k", api_base=f"{url}/v1")

    async def stream(self) -> Any:
        """One stream."""
        return await self._provider.acompletion(**_ASK)
