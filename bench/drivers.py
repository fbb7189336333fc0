"""Ways to read the same stream. Each takes the base URL and the number of requests, and gives the number of text
pieces.

`httpx_bytes` throws the bytes away; `by_hand` is the loop that people write: httpx, a split at the line ends,
`json.loads`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

import duologue

REQUEST: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}


def httpx_bytes(url: str, requests: int) -> int:
    """httpx, bytes only."""
    with httpx.Client() as client:
        for _ in range(requests):
            with client.stream("POST", f"{url}/chat/completions", json=REQUEST) as response:
                for _data in response.iter_raw():
                    pass
    return 0


def by_hand(url: str, requests: int) -> int:
    """httpx and the usual loop."""
    pieces = 0
    with httpx.Client() as client:
        for _ in range(requests):
            with client.stream("POST", f"{url}/chat/completions", json=REQUEST) as response:
                for line in response.iter_lines():
                    if line.startswith("data: ") and line != "data: [DONE]":
                        delta = json.loads(line[6:])["choices"][0]["delta"]
                        pieces += "content" in delta
    return pieces


def blocking(url: str, requests: int) -> int:
    """duologue's blocking client."""
    pieces = 0
    with duologue.Client("llamacpp", base_url=url, model="m") as client:
        for _ in range(requests):
            for event in client.stream("hi"):
                pieces += event.is_delta
    return pieces


def asynchronous(url: str, requests: int) -> int:
    """duologue's async client on asyncio."""

    async def run() -> int:
        pieces = 0
        async with duologue.AsyncClient("llamacpp", base_url=url, model="m") as client:
            for _ in range(requests):
                async for event in client.stream("hi"):
                    pieces += event.is_delta
        return pieces

    return asyncio.run(run())


DRIVERS = {
    "httpx, bytes only": httpx_bytes,
    "httpx, by hand": by_hand,
    "duologue, blocking": blocking,
    "duologue, async": asynchronous,
}
