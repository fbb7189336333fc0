"""The calls of an answer: what to tell of them as their items come in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import a_string, string_or_none
from duologue.events import StreamEvent, ToolCallDelta

if TYPE_CHECKING:
    from duologue._dialects.openai_responses.items import Item

# Of the kinds of items that are calls for the caller to answer: where the arguments are, and the type of call.
CALLS = {"function_call": ("arguments", "function"), "custom_tool_call": ("input", "custom")}


class Calls:
    """Gives the calls their numbers, and ids to those that came without."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def tell(
        self, item: Item, raw: dict[str, Any], arguments: str, response_id: str | None, events: list[StreamEvent]
    ) -> None:
        """The next piece of a call's arguments, and what `raw`, as much of its item as there is, says anew."""
        field, call_type = CALLS[item.kind]
        if item.call is None:
            item.call = self._count
            self._count += 1
        news = _ids(item, raw, response_id)
        if raw.get("name") and item.name is None:
            item.name = news["name"] = a_string(raw["name"], "item.name")
        rest = {key: value for key, value in raw.items() if key not in ("type", "call_id", "name", field)}
        if raw and rest != item.rest:
            item.rest = rest
            news["extra"] = {"item": rest, "output_index": item.index}
        item.said.add(arguments)
        if news or arguments:
            events.append(ToolCallDelta(item.call, arguments=arguments, call_type=call_type, **news))


def _ids(item: Item, raw: dict[str, Any], response_id: str | None) -> dict[str, Any]:
    """A call's id, where it is news: a better one than before. A tool's result has to name the call, so one without an
    id gets one: the same at every replay."""
    made = f"call_{response_id or 'without_id'}_{item.call}"
    names = (string_or_none(raw.get("call_id")), string_or_none(raw.get("id")), made)
    rank = next(rank for rank, name in enumerate(names) if name)
    if item.rank is not None and item.rank <= rank:
        return {}
    item.rank = rank
    return {"id": names[rank], "generated_id": names[rank] is made}


def rest_of_arguments(item: Item, said: dict[str, Any]) -> str:
    """Of all the arguments, which `said` has, those that were not given yet: LM Studio gives them in no pieces."""
    arguments = said.get(CALLS[item.kind][0])
    if isinstance(arguments, dict):  # some servers give them parsed
        arguments = json.dumps(arguments, ensure_ascii=False)
    return item.said.rest(a_string(arguments, "item.arguments"))
