"""The loop that people write by hand, at its best: httpx, a split at line ends, orjson, and a look into the dict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import orjson

from bench.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def _openai(data: dict[str, Any]) -> Any:
    choices = data["choices"]
    return choices[0]["delta"].get("content") if choices else None


def _anthropic(data: dict[str, Any]) -> Any:
    return data["delta"].get("text") if data["type"] == "content_block_delta" else None


def _gemini(data: dict[str, Any]) -> Any:
    return data["candidates"][0]["content"]["parts"][0].get("text")


def _ollama(data: dict[str, Any]) -> Any:
    return data["message"]["content"]


def _tools(data: dict[str, Any]) -> Any:
    calls = data["choices"][0]["delta"].get("tool_calls")
    return calls[0]["function"]["arguments"] if calls else None


_TEXT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "vertex": _gemini,
    "ollama": _ollama,
    "tools": _tools,
}
# An own client, which may have as many connections as it takes: as long as httpx's own pool allows, 1,000 streams wait.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)


class _Lines:
    """The texts in a body, fed piece by piece."""

    def __init__(self, shape: str) -> None:
        self._text = _TEXT[shape]
        self._before = b"" if shape == "ollama" else b"data: "
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The texts that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        before, length = self._before, len(self._before)
        texts = []
        for line in lines:
            if line and line.startswith(before) and line != b"data: [DONE]":
                text = self._text(orjson.loads(line[length:]))
                if text:
                    texts.append(text)
        return texts


class Blocking:
    """With httpx's blocking client."""

    def __init__(self, url: str, shape: str) -> None:
        self._shape = shape
        self._url = url + SHAPES[shape].base + SHAPES[shape].path
        self._request = SHAPES[shape].request
        self._client = httpx.Client(limits=_LIMITS, timeout=60)

    def run(self) -> int:
        """One stream."""
        size = 0
        lines = _Lines(self._shape)
        with self._client.stream("POST", self._url, json=self._request) as response:
            for data in response.iter_raw():
                for text in lines.feed(data):
                    size += len(text)
        return size

    def pieces(self) -> Iterator[str]:
        """The text of one stream."""
        lines = _Lines(self._shape)
        with self._client.stream("POST", self._url, json=self._request) as response:
            for data in response.iter_raw():
                yield from lines.feed(data)

    def arguments(self) -> str:
        """The arguments of the tool call."""
        return "".join(list(self.pieces()))

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class Async:
    """With httpx's async client."""

    def __init__(self, url: str, shape: str) -> None:
        self._shape = shape
        self._url = url + SHAPES[shape].base + SHAPES[shape].path
        self._request = SHAPES[shape].request
        self._client = httpx.AsyncClient(limits=_LIMITS, timeout=60)

    async def run(self) -> int:
        """One stream."""
        size = 0
        lines = _Lines(self._shape)
        async with self._client.stream("POST", self._url, json=self._request) as response:
            async for data in response.aiter_raw():
                for text in lines.feed(data):
                    size += len(text)
        return size

    async def pieces(self) -> AsyncIterator[str]:
        """The text of one stream."""
        lines = _Lines(self._shape)
        async with self._client.stream("POST", self._url, json=self._request) as response:
            async for data in response.aiter_raw():
                for text in lines.feed(data):
                    yield text

    async def arguments(self) -> str:
        """The arguments of the tool call."""
        return "".join([text async for text in self.pieces()])

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()
