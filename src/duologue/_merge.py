"""`merge_streams`, for both twins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from duologue._async.merge import AsyncMerge
from duologue._sync.merge import Merge

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable

T = TypeVar("T")


@overload
def merge_streams(*streams: Iterable[T]) -> Merge[T]: ...  # type: ignore[overload-overlap]  # a stream is one or the other
@overload
def merge_streams(*streams: AsyncIterable[T] | Iterable[T]) -> AsyncMerge[T]: ...
def merge_streams(*streams: Any) -> Any:
    """Several streams as one: their events in the order in which they arrive.

    Args:
        streams: streams of events, or anything else to iterate over. If one of them is async, the result is, and what
            is not is read in threads.

    Raises:
        TypeError: one cannot be iterated over.
    """
    waits = any(hasattr(stream, "__aiter__") for stream in streams)
    return AsyncMerge(streams) if waits else Merge(streams)
