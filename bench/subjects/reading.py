"""How other people's clients are read: the same for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MESSAGES = [{"role": "user", "content": "hi"}]


class BlockingPeer:
    """Reads what `stream()` gives, item by item, with `text(item)`."""

    def stream(self) -> Iterator[Any]:
        """One stream, as the peer gives it."""
        raise NotImplementedError

    @staticmethod
    def text(item: Any) -> Any:
        """The text of an item of a stream; that of Chat Completions where a peer does not say otherwise."""
        return item.choices[0].delta.content if item.choices else None

    def run(self) -> int:
        """One stream."""
        size = 0
        text = self.text
        for item in self.stream():
            size += len(text(item) or "")
        return size

    def pieces(self) -> Iterator[str]:
        """The text of one stream."""
        for item in self.stream():
            if text := self.text(item):
                yield text

    def close(self) -> None:
        """Its process ends soon."""


class AsyncPeer:
    """The same with `await`."""

    async def stream(self) -> AsyncIterator[Any]:
        """One stream, as the peer gives it."""
        raise NotImplementedError

    text = staticmethod(BlockingPeer.text)

    async def run(self) -> int:
        """One stream."""
        size = 0
        text = self.text
        async for item in await self.stream():
            size += len(text(item) or "")
        return size

    async def pieces(self) -> AsyncIterator[str]:
        """The text of one stream."""
        async for item in await self.stream():
            if text := self.text(item):
                yield text

    async def aclose(self) -> None:
        """Its process ends soon."""
