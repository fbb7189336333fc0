"""Responses, from a request to a JSON body.

https://platform.openai.com/docs/api-reference/responses/create

The whole history goes with each request, so nothing rests on what the server has stored; whether it stores anything is
left at its default (`extra={"store": False}` turns it off). Reasoning that is asked for is asked for in its encrypted
form as well, which a server that stores nothing needs back. It is not asked for otherwise: models that do not reason
refuse the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.openai_responses.history import input_items
from duologue._dialects.request import encode_fields, merged, named
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from duologue._dialects.request import Convert
    from duologue.models import ChatRequest, Provider, Reasoning, ResponseFormat, Tool

_PATH = "/responses"
_CHOICES = frozenset({"auto", "none", "required"})
# What has to be asked for by name besides, by the field that means it.
_LOGPROBS = "message.output_text.logprobs"
_INCLUDED = {"reasoning": "reasoning.encrypted_content", "logprobs": _LOGPROBS, "top_logprobs": _LOGPROBS}


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:  # noqa: ARG001 - the interface
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    fields = encode_fields(request, FIELDS, UNSUPPORTED, where="the openai-responses format")
    items = input_items(request.messages)
    if request.extra.get("store") is False:
        items = [item for item in items if not _stands_for_stored(item)]
    body: dict[str, Any] = {"model": model, "input": items, **fields}
    include = [name for field, name in _INCLUDED.items() if getattr(request, field) or request.extra.get(field)]
    if include:
        body["include"] = list(dict.fromkeys(include))
    if stream:
        body["stream"] = True
    return Wire(_PATH, merged(body, dict(request.extra)))


def _stands_for_stored(item: dict[str, Any]) -> bool:
    """Whether an item is reasoning that only a server that stored it knows: one that does not store says that there is
    no such item, and refuses the request."""
    return item.get("type") == "reasoning" and not (item.get("encrypted_content") or item.get("content"))


def _tool(tool: Tool) -> dict[str, Any]:
    wire: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    wire["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        wire["strict"] = tool.strict
    return wire


def _tool_choice(choice: str) -> dict[str, Any]:
    return {"tool_choice": choice if choice in _CHOICES else {"type": "function", "name": choice}}


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    wire: dict[str, Any] = {"type": form.type}
    if form.type == "json_schema":
        wire |= {"name": form.name, "schema": form.schema}
        if form.strict is not None:
            wire["strict"] = form.strict
    return {"text": {"format": wire}}


def _reasoning(reasoning: Reasoning) -> dict[str, Any]:
    if reasoning.effort is None or reasoning.budget_tokens is not None:
        raise UnsupportedError(
            "the openai-responses format takes reasoning as an effort, such as 'low', not as a budget of tokens"
        )
    return {"reasoning": {"effort": reasoning.effort}}


# Every field of ChatRequest that has a place in the body, as what it adds there; the rest are the frame that `encode`
# writes itself, and those that the format has no place for.
FIELDS: dict[str, Convert] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "tool_choice": _tool_choice,
    "temperature": named("temperature"),
    "top_p": named("top_p"),
    "max_tokens": named("max_output_tokens"),
    "response_format": _response_format,
    "reasoning": _reasoning,
    "parallel_tool_calls": named("parallel_tool_calls"),
    "logprobs": lambda _: {},  # one of those in `_INCLUDED`
    "top_logprobs": named("top_logprobs"),
    "user": named("user"),
    "metadata": named("metadata"),
}
UNSUPPORTED: dict[str, str] = {
    "stop": "cut the text yourself, or use Chat Completions",
    "seed": "sampling cannot be made repeatable",
    "n": "there is one answer to a request",
    "frequency_penalty": "use Chat Completions",
    "presence_penalty": "use Chat Completions",
}
