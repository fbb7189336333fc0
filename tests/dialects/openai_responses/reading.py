"""Reading Responses answers, and writing such answers by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from tests.dialects.reading import JSON, SSE, Reading, data, dumped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROVIDER = PROVIDERS["openai-responses"]


def read(
    pieces: Iterable[bytes],
    *,
    stream: bool = True,
    known: bool = True,
    status: int = 200,
    headers: Mapping[str, str] = SSE,
) -> Reading:
    """Read a body to its end."""
    exchange = Exchange(find_dialect("openai-responses"), PROVIDER, Limits(), stream=stream, known=known)
    events = exchange.begin(status, headers)
    for piece in pieces:
        events += exchange.feed(piece)
    events += exchange.close()
    assert exchange.close() == exchange.feed(b"data: more\n\n") == [], "something came after the last event"
    assert [event.is_done or event.is_error for event in events] == [False] * (len(events) - 1) + [True]
    return Reading(events, exchange.response)


def response(*output: Any, **top: Any) -> dict[str, Any]:
    """A response with these items."""
    return {"id": "resp_1", "object": "response", "model": "m-1", "status": "completed", "output": list(output), **top}


CREATED = {"type": "response.created", "response": response(status="in_progress")}


def completed(*output: Any, **top: Any) -> dict[str, Any]:
    """The last event of a stream."""
    return {"type": "response.completed", "response": response(*output, **top)}


def events(*given: Any) -> Reading:
    """What a stream of these events says, nothing added."""
    return read(map(data, given))


def stream(*given: Any) -> Reading:
    """What these events say between the first and the last of an answer."""
    return events(CREATED, *given, completed())


def whole(*output: Any, **top: Any) -> Reading:
    """What a whole answer with these items says."""
    return read([dumped(response(*output, **top))], headers=JSON, stream=False)


def ev(kind: str, **fields: Any) -> dict[str, Any]:
    """An event; its kind without `response.`"""
    return {"type": f"response.{kind}", **fields}


def added(index: int | None, kind: str, **item: Any) -> dict[str, Any]:
    """An item that begins."""
    return _at(index) | ev("output_item.added", item={"type": kind, **item})


def done(index: int | None, item: dict[str, Any]) -> dict[str, Any]:
    """An item at its end."""
    return _at(index) | ev("output_item.done", item=item)


def _at(index: int | None) -> dict[str, Any]:
    return {} if index is None else {"output_index": index}


def text(*texts: str, **fields: Any) -> dict[str, Any]:
    """A message item."""
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content, **fields}


def call(arguments: Any = "{}", **fields: Any) -> dict[str, Any]:
    """A function call item."""
    return {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": arguments, **fields}
