"""Google's client for Gemini."""

from __future__ import annotations

from typing import Any

from google import genai
from google.genai.types import HttpOptions

from bench.subjects.reading import AsyncPeer, BlockingPeer


def _text(item: Any) -> Any:
    return item.candidates[0].content.parts[0].text


class Blocking(BlockingPeer):
    """The blocking client."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._client = genai.Client(api_key="k", http_options=HttpOptions(base_url=url))

    def stream(self) -> Any:
        """One stream."""
        return self._client.models.generate_content_stream(model="m", contents="hi")


class Async(AsyncPeer):
    """The async client."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._client = genai.Client(api_key="k", http_options=HttpOptions(base_url=url))

    async def stream(self) -> Any:
        """One stream."""
        return await self._client.aio.models.generate_content_stream(model="m", contents="hi")
