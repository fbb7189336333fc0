"""Closing several things, come what may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


async def close_all(closing: Iterable[Callable[[], Any]]) -> None:
    """Close each of them, also where this is cancelled or one of them fails; that is raised when all are closed."""
    failed: BaseException | None = None
    for close in closing:
        try:
            await close()
        except BaseException as reason:  # noqa: BLE001 - raised below
            failed = failed or reason
    try:
        if failed is not None:
            raise failed
    finally:
        del failed  # its traceback would hold this, which holds it
