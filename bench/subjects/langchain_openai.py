"""LangChain's client for Chat Completions."""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from bench.subjects.reading import AsyncPeer, BlockingPeer


def _text(item: Any) -> Any:
    return item.content


class Blocking(BlockingPeer):
    """Its blocking method."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._model = ChatOpenAI(model="m", base_url=f"{url}/v1", api_key=SecretStr("k"))

    def stream(self) -> Any:
        """One stream."""
        return self._model.stream("hi")


class Async(AsyncPeer):
    """Its async method."""

    text = staticmethod(_text)

    def __init__(self, url: str, _shape: str) -> None:
        self._model = ChatOpenAI(model="m", base_url=f"{url}/v1", api_key=SecretStr("k"))

    async def stream(self) -> Any:
        """One stream."""
        return self._model.astream("hi")
