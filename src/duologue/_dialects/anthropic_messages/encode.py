"""Anthropic's Messages, from a request to a JSON body.

What the request cannot say itself goes through `extra`, or as an `UnknownContent` with the block in Anthropic's own
words.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.anthropic_messages.history import encode_messages, uploaded
from duologue._dialects.request import encode_fields, merged, named
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from duologue._dialects.request import Convert
    from duologue.models import ChatRequest, Provider, Reasoning, ResponseFormat, Tool

_PATH = "/v1/messages"
# What depends on more than its own value, and so is written by `encode` itself.
_FRAME = frozenset({"max_tokens", "tool_choice", "parallel_tool_calls", "reasoning"})
# The format requires a limit. This is what every model has allowed since Claude 3, whose limit it was; thinking is
# counted against it as well, so a budget for that is added.
DEFAULT_MAX_TOKENS = 4096
# Without it, a file's id is refused: https://platform.claude.com/docs/en/build-with-claude/files
_FILES_BETA = {"anthropic-beta": "files-api-2025-04-14"}
# The models that take budgets only, and what an effort is for them. The numbers are those that Google and others give
# to the same words; a budget is at least 1,024.
_BUDGETED = re.compile(r"claude-(3\b|sonnet-4(-[05])?(?!-?\d\b)|haiku-4-5|opus-4(-[01])?(?!-?\d\b))")
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_CHOICES = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:
    """The path, body and headers for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    fields = encode_fields(request, FIELDS, UNSUPPORTED, where="the anthropic-messages format", frame=_FRAME)
    system, messages = encode_messages(request.messages, provider)
    thinking = _thinking(request.reasoning, model) if request.reasoning else {}
    limit = request.max_tokens or DEFAULT_MAX_TOKENS + thinking.get("thinking", {}).get("budget_tokens", 0)
    body = merged({"model": model, "max_tokens": limit, "messages": messages, **fields}, thinking)
    if system:
        body["system"] = system
    if request.tool_choice is not None or request.parallel_tool_calls is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice or "auto", request.parallel_tool_calls)
    if stream:
        body["stream"] = True
    return Wire(_PATH, merged(body, dict(request.extra)), _FILES_BETA if uploaded(request.messages) else {})


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


def _thinking(reasoning: Reasoning, model: str) -> dict[str, Any]:
    """Models up to Claude 4.5 take a budget, those from 4.6 on an effort, and Opus 4.5 both at once.

    https://platform.claude.com/docs/en/build-with-claude/effort
    """
    effort, budget = reasoning.effort, reasoning.budget_tokens
    if effort == "none" or budget == 0:
        return {"thinking": {"type": "disabled"}}
    if effort is not None and _BUDGETED.search(model):
        if budget is not None or effort not in _BUDGETS:
            raise UnsupportedError(f"{model} takes reasoning as a budget of tokens, or as none, {', '.join(_BUDGETS)}")
        return {"thinking": {"type": "enabled", "budget_tokens": _BUDGETS[effort]}}
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
FIELDS: dict[str, Convert] = {
    "tools": lambda tools: {"tools": [_tool(tool) for tool in tools]},
    "temperature": named("temperature"),
    "top_p": named("top_p"),
    "stop": named("stop_sequences"),
    "response_format": _response_format,
    "metadata": _metadata,
    "user": named("metadata", "user_id"),
}

UNSUPPORTED: dict[str, str] = {
    "seed": "sampling cannot be made repeatable",
    "n": "it gives one answer at a time",
    "frequency_penalty": "there is nothing like it",
    "presence_penalty": "there is nothing like it",
    "logprobs": "no model gives them",
    "top_logprobs": "no model gives them",
}
