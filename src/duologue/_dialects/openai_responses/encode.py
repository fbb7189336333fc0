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
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue.models import ChatRequest, Provider, Reasoning, ResponseFormat, Tool

_PATH = "/responses"
_CHOICES = frozenset({"auto", "none", "required"})


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:  # noqa: ARG001 - the interface
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    for field, reason in UNSUPPORTED.items():
        if getattr(request, field) not in (None, ()):
            raise UnsupportedError(f"the openai-responses format has no {field}: {reason}")
    body: dict[str, Any] = {"model": model, "input": input_items(request.messages)}
    include: list[str] = []
    for field, convert in FIELDS.items():
        value = getattr(request, field)
        if value is not None and value != () and value != {}:
            wire = convert(value)
            include += wire.pop("include", ())
            body |= wire
    if include:
        body["include"] = include
    if stream:
        body["stream"] = True
    body.update(request.extra)
    return Wire(_PATH, body)


def _as(name: str) -> Callable[[Any], dict[str, Any]]:
    """A field that goes as it is, under this name."""
    return lambda value: {name: value}


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
    return {"reasoning": {"effort": reasoning.effort}, "include": ["reasoning.encrypted_content"]}


# Every field of ChatRequest that has a place in the body, as what it adds there; the rest are the frame that `encode`
# writes itself, and those that the format has no place for.
FIELDS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "tool_choice": _tool_choice,
    "temperature": _as("temperature"),
    "top_p": _as("top_p"),
    "max_tokens": _as("max_output_tokens"),
    "response_format": _response_format,
    "reasoning": _reasoning,
    "parallel_tool_calls": _as("parallel_tool_calls"),
    "logprobs": lambda wanted: {"include": ["message.output_text.logprobs"]} if wanted else {},
    "top_logprobs": _as("top_logprobs"),
    "user": _as("user"),
    "metadata": _as("metadata"),
}
UNSUPPORTED: dict[str, str] = {
    "stop": "cut the text yourself, or use Chat Completions",
    "seed": "sampling cannot be made repeatable",
    "n": "there is one answer to a request",
    "frequency_penalty": "use Chat Completions",
    "presence_penalty": "use Chat Completions",
}
