"""Chat Completions, from a request to a JSON body.

https://platform.openai.com/docs/api-reference/chat/create and, in the rows of the provider table, what other servers
make of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.openai_chat.messages import encode_messages
from duologue._dialects.openai_chat.reasoning import ask_for
from duologue._dialects.request import encode_fields, merged, named

if TYPE_CHECKING:
    from duologue._dialects.request import Convert
    from duologue.models import ChatRequest, Provider, ResponseFormat, Tool

_PATH = "/chat/completions"
_CHOICES = frozenset({"auto", "none", "required"})


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format or the provider cannot carry.
    """
    body: dict[str, Any] = {"model": model, "messages": encode_messages(request.messages, provider, model=model)}
    body |= _fields(request, provider)
    if request.reasoning is not None:
        body |= ask_for(request.reasoning, provider)
    if stream:
        body["stream"] = True
        if provider.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return Wire(_PATH, merged(body, dict(request.extra)))


def _fields(request: ChatRequest, provider: Provider) -> dict[str, Any]:
    """The fields under the provider's names. One that it does not know asks for nothing if it is there at all, and is
    left out, since some servers refuse the mere name."""
    known = {field: convert for field, convert in FIELDS.items() if field not in provider.unsupported}
    body = encode_fields(request, known, provider.unsupported, where=provider.title, frame=("reasoning",))
    return {provider.field_names.get(name, name): value for name, value in body.items()}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> dict[str, Any]:
    return {"tool_choice": choice if choice in _CHOICES else {"type": "function", "function": {"name": choice}}}


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    if form.type != "json_schema":
        return {"response_format": {"type": form.type}}
    schema: dict[str, Any] = {"name": form.name, "schema": form.schema}
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


# Every field of ChatRequest that has a place of its own in the body; the rest are the frame that `encode` writes
# itself.
FIELDS: dict[str, Convert] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "tool_choice": _tool_choice,
    "temperature": named("temperature"),
    "top_p": named("top_p"),
    "max_tokens": named("max_tokens"),
    "stop": named("stop"),
    "seed": named("seed"),
    "response_format": _response_format,
    "n": named("n"),
    "parallel_tool_calls": named("parallel_tool_calls"),
    "frequency_penalty": named("frequency_penalty"),
    "presence_penalty": named("presence_penalty"),
    "logprobs": named("logprobs"),
    "top_logprobs": named("top_logprobs"),
    "user": named("user"),
    "metadata": named("metadata"),
}
