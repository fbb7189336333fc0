"""What each twin waits with, where a stream through a socket does not reach it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from duologue._waiting.places import async_abandon

if TYPE_CHECKING:
    import pytest


def test_abandoned_where_trio_was_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "trio")
    closed = []

    async def close() -> None:
        closed.append(True)

    async def main() -> None:
        async_abandon(close)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert closed == [True]
