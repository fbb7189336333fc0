"""pydantic-ai, at the door that costs least: one request to a model, without an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_ai import ModelRequest
from pydantic_ai.direct import model_request_stream, model_request_stream_sync
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from bench.subjects.reading import AsyncPeer, BlockingPeer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_ASK = [ModelRequest.user_text_prompt("hi")]


def _model(url: str) -> Any:
    return OpenAIChatModel("m", provider=OpenAIProvider(base_url=f"{url}/v1", api_key="k"))


def _text(item: Any) -> Any:
    """The first piece of a part comes with its beginning."""
    if item.event_kind == "part_delta":
        return item.delta.content_delta
    return item.part.content if item.event_kind == "part_start" else None


class Blocking(BlockingPeer):
    """Its blocking function."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._model = _model(url)

    def stream(self) -> Iterator[Any]:
        """One stream."""
        with model_request_stream_sync(self._model, _ASK) as events:
            yield from events


class Async(AsyncPeer):
    """Its async function."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._model = _model(url)

    async def stream(self) -> AsyncIterator[Any]:
        """One stream."""
        return self._events()

    async def _events(self) -> AsyncIterator[Any]:
        async with model_request_stream(self._model, _ASK) as events:
            async for event in events:
                yield event
