"""Anthropic's Messages, from a request to a JSON body.

What the request cannot say itself goes through `extra`, or as an `UnknownContent` with the block in Anthropic's own
words. So it is with marks for the prompt cache: `extra={"cache_control": {"type": "ephemeral"}}` marks the end of the
request, and a block in a message is marked by writing it out with its `cache_control`.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.anthropic_messages.history import encode_messages, uploaded
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue.models import ChatRequest, Provider, Reasoning, ResponseFormat, Tool

_PATH = "/v1/messages"
# The format requires a limit. This is what every model has allowed since Claude 3, whose limit it was; thinking is
# counted against it as well, so a budget for that is added.
DEFAULT_MAX_TOKENS = 4096
# Without it, a file's id is refused: https://platform.claude.com/docs/en/build-with-claude/files
_FILES_BETA = {"anthropic-beta": "files-api-2025-04-14"}
_CHOICES = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:
    """The path, body and headers for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    _refuse(request)
    system, messages = encode_messages(request.messages, provider)
    body: dict[str, Any] = {"model": model, "max_tokens": _max_tokens(request), "messages": messages}
    if system:
        body["system"] = system
    for field, convert in FIELDS.items():
        value = getattr(request, field)
        if value is not None and value != () and value != {}:
            _merge(body, convert(value))
    if request.tool_choice is not None or request.parallel_tool_calls is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice or "auto", request.parallel_tool_calls)
    if stream:
        body["stream"] = True
    body.update(request.extra)
    return Wire(_PATH, body, _FILES_BETA if uploaded(request.messages) else {})


def _refuse(request: ChatRequest) -> None:
    for field, reason in UNSUPPORTED.items():
        value = getattr(request, field)
        if value is not None and value != _AS_IT_IS.get(field):
            raise UnsupportedError(f"{field}: {reason}")


def _max_tokens(request: ChatRequest) -> int:
    if request.max_tokens is not None:
        return request.max_tokens
    budget = request.reasoning.budget_tokens if request.reasoning else None
    return DEFAULT_MAX_TOKENS + (budget or 0)


def _merge(body: dict[str, Any], news: dict[str, Any]) -> None:
    """Add to the body. Two fields have a part each in `output_config`, and two in `metadata`."""
    for key, value in news.items():
        body[key] = {**body[key], **value} if isinstance(body.get(key), dict) else value


# -- fields ------------------------------------------------------------------------------------------------------------


def _tool(tool: Tool) -> dict[str, Any]:
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    wire["input_schema"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        wire["strict"] = tool.strict
    return wire


def _tool_choice(choice: str, parallel: bool | None) -> dict[str, Any]:
    wire: dict[str, Any] = dict(_CHOICES.get(choice) or {"type": "tool", "name": choice})
    if parallel is not None and choice != "none":
        wire["disable_parallel_tool_use"] = not parallel
    return wire


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    """https://platform.claude.com/docs/en/build-with-claude/structured-outputs: always strict, and without a name."""
    if form.type == "text":
        return {}
    if form.type == "json_object":
        raise UnsupportedError("response_format: the anthropic-messages format takes a JSON Schema, not json_object")
    return {"output_config": {"format": {"type": "json_schema", "schema": form.schema}}}


def _reasoning(reasoning: Reasoning) -> dict[str, Any]:
    """Models up to Claude 4.5 take a budget, those from 4.6 on an effort, and Opus 4.5 both at once.

    https://platform.claude.com/docs/en/build-with-claude/effort
    """
    effort, budget = reasoning.effort, reasoning.budget_tokens
    if effort == "none" or budget == 0:
        return {"thinking": {"type": "disabled"}}
    wire: dict[str, Any] = {}
    if budget is not None:
        wire["thinking"] = {"type": "enabled", "budget_tokens": budget}
    if effort is not None:
        wire |= {"thinking": wire.get("thinking", {"type": "adaptive"}), "output_config": {"effort": effort}}
    return wire


def _metadata(metadata: dict[str, str]) -> dict[str, Any]:
    unknown = sorted(metadata.keys() - {"user_id"})
    if unknown:
        raise UnsupportedError(f"metadata: the anthropic-messages format takes user_id alone, not {', '.join(unknown)}")
    return {"metadata": metadata}


# Every field of ChatRequest that has a place of its own in the body; the rest are the frame that `encode` writes
# itself.
FIELDS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "temperature": lambda value: {"temperature": value},
    "top_p": lambda value: {"top_p": value},
    "stop": lambda texts: {"stop_sequences": list(texts)},
    "response_format": _response_format,
    "reasoning": _reasoning,
    "metadata": _metadata,
    "user": lambda user: {"metadata": {"user_id": user}},
}

_NONE = "the anthropic-messages format has nothing like it"
UNSUPPORTED: dict[str, str] = {
    "seed": _NONE,
    "n": "the anthropic-messages format gives one answer at a time",
    "frequency_penalty": _NONE,
    "presence_penalty": _NONE,
    "logprobs": "Anthropic gives no log probabilities",
    "top_logprobs": "Anthropic gives no log probabilities",
}
# What is the case without being asked for is no reason to refuse.
_AS_IT_IS = {"n": 1, "frequency_penalty": 0, "presence_penalty": 0, "logprobs": False, "top_logprobs": 0}
