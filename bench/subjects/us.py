"""duologue, as its README shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duologue
from bench.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_PROVIDERS = {"tools": "openai", "vertex": "gemini"}


class Blocking:
    """The blocking client."""

    def __init__(self, url: str, shape: str) -> None:
        provider = _PROVIDERS.get(shape, shape)
        self._client = duologue.Client(provider, model="m", api_key="k", base_url=url + SHAPES[shape].base)

    def run(self) -> int:
        """One stream."""
        size = 0
        for event in self._client.stream("hi"):
            if event.is_delta:
                size += len(event.text)
        return size

    def pieces(self) -> Iterator[str]:
        """The text of one stream."""
        for event in self._client.stream("hi"):
            if event.is_delta:
                yield event.text

    def arguments(self) -> str:
        """The arguments of the tool call."""
        return self._client.stream("hi").result().tool_calls[0].arguments

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class Async:
    """The async client."""

    def __init__(self, url: str, shape: str) -> None:
        provider = _PROVIDERS.get(shape, shape)
        self._client = duologue.AsyncClient(provider, model="m", api_key="k", base_url=url + SHAPES[shape].base)

    async def run(self) -> int:
        """One stream."""
        size = 0
        async for event in self._client.stream("hi"):
            if event.is_delta:
                size += len(event.text)
        return size

    async def pieces(self) -> AsyncIterator[str]:
        """The text of one stream."""
        async for event in self._client.stream("hi"):
            if event.is_delta:
                yield event.text

    async def arguments(self) -> str:
        """The arguments of the tool call."""
        response = await self._client.stream("hi").result()
        return response.tool_calls[0].arguments

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()
