"""httpx alone: the bytes are thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from bench.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Blocking:
    """httpx's blocking client."""

    def __init__(self, url: str, shape: str) -> None:
        self._url = url + SHAPES[shape].base + SHAPES[shape].path
        self._request = SHAPES[shape].request
        self._client = httpx.Client()

    def run(self) -> None:
        """One stream."""
        with self._client.stream("POST", self._url, json=self._request) as response:
            for _ in response.iter_raw():
                pass

    def pieces(self) -> Iterator[str]:
        """Nothing, for each piece of bytes."""
        with self._client.stream("POST", self._url, json=self._request) as response:
            for _ in response.iter_raw():
                yield ""

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class Async:
    """httpx's async client."""

    def __init__(self, url: str, shape: str) -> None:
        self._url = url + SHAPES[shape].base + SHAPES[shape].path
        self._request = SHAPES[shape].request
        self._client = httpx.AsyncClient()

    async def run(self) -> None:
        """One stream."""
        async with self._client.stream("POST", self._url, json=self._request) as response:
            async for _ in response.aiter_raw():
                pass

    async def pieces(self) -> AsyncIterator[str]:
        """Nothing, for each piece of bytes."""
        async with self._client.stream("POST", self._url, json=self._request) as response:
            async for _ in response.aiter_raw():
                yield ""

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()
