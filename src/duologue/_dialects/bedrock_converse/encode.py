"""Converse, from a request to a JSON body.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.bedrock_converse.messages import encode_messages, has_tool_blocks
from duologue._dialects.request import encode_fields, merged, named
from duologue._dialects.shape import path_segment
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._dialects.request import Convert
    from duologue.models import ChatRequest, Provider, Reasoning, ResponseFormat, Tool

_MODELS_OWN = "what a model of one's own choice takes beyond goes into extra={'additionalModelRequestFields': {...}}"
# What depends on more than its own value, and so is written by `encode` itself.
_FRAME = frozenset({"tools", "tool_choice", "reasoning"})
_STREAM_HEADERS = {"accept": "application/vnd.amazon.eventstream"}


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:  # noqa: ARG001 - the interface
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    fields = encode_fields(request, FIELDS, UNSUPPORTED, where="the bedrock-converse format", frame=_FRAME)
    system, messages = encode_messages(request.messages)
    body: dict[str, Any] = {"messages": messages, **fields}
    if system:
        body["system"] = system
    body |= _tools(request, messages) | _thinking(request.reasoning, model)
    path = f"/model/{path_segment(model)}/{'converse-stream' if stream else 'converse'}"
    return Wire(path, merged(body, dict(request.extra)), _STREAM_HEADERS if stream else {})


# -- tools -------------------------------------------------------------------------------------------------------------


def _tools(request: ChatRequest, messages: list[dict[str, Any]]) -> dict[str, Any]:
    choice = request.tool_choice
    if choice == "none":
        # There is no such choice, but tools that are not named cannot be called. A conversation that has used tools
        # is refused where none are named.
        if has_tool_blocks(messages):
            raise UnsupportedError("the bedrock-converse format has no tool_choice 'none' once tools were called")
        return {}
    if not request.tools:
        if choice not in (None, "auto"):
            raise UnsupportedError(f"the bedrock-converse format takes tool_choice {choice!r} only along with tools")
        return {}
    config: dict[str, Any] = {"tools": [_tool(tool) for tool in request.tools]}
    if choice is not None:
        config["toolChoice"] = _CHOICES.get(choice) or {"tool": {"name": choice}}
    return {"toolConfig": config}


_CHOICES: dict[str, dict[str, Any]] = {"auto": {"auto": {}}, "required": {"any": {}}}


def _tool(tool: Tool) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": dict(tool.parameters) or {"type": "object", "properties": {}}}
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return {"toolSpec": spec}


# -- the form of the answer --------------------------------------------------------------------------------------------


def _text_format(form: ResponseFormat) -> dict[str, Any]:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html"""
    if form.type == "text":
        return {}
    if form.type != "json_schema":
        raise UnsupportedError(f"the bedrock-converse format has no response_format {form.type!r}: give a JSON Schema")
    # The schema travels as text.
    schema = {"name": form.name, "schema": json.dumps(dict(form.schema), ensure_ascii=False)}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}}


# -- thinking ----------------------------------------------------------------------------------------------------------


def _thinking(reasoning: Reasoning | None, model: str) -> dict[str, Any]:
    """Each family of models has its own words for it."""
    if reasoning is None:
        return {}
    family = next((family for family in _THINKING if family in model), None)
    if family is None:
        raise UnsupportedError(f"it is not known how {model} takes reasoning: {_MODELS_OWN}")
    fields = _THINKING[family](reasoning)
    if fields is None:
        forms = "either an effort or a budget of tokens" if _THINKING[family] is _claude else "an effort"
        raise UnsupportedError(f"{model} takes reasoning as {forms}; got {reasoning!r}")
    return {"additionalModelRequestFields": fields}


def _claude(reasoning: Reasoning) -> dict[str, Any] | None:
    """A budget for models up to 4.5; an effort for those since 4.6.

    https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html
    """
    if reasoning.budget_tokens is None:
        if reasoning.effort is None:
            return None
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": reasoning.effort}}
    if reasoning.effort is not None:
        return None
    return {"thinking": {"type": "enabled", "budget_tokens": reasoning.budget_tokens}}


def _nova(reasoning: Reasoning) -> dict[str, Any] | None:
    """https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"""
    if reasoning.effort is None or reasoning.budget_tokens is not None:
        return None
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": reasoning.effort}}


def _gpt_oss(reasoning: Reasoning) -> dict[str, Any] | None:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html"""
    if reasoning.effort is None or reasoning.budget_tokens is not None:
        return None
    return {"reasoning_effort": reasoning.effort}


def _gpt(reasoning: Reasoning) -> dict[str, Any] | None:
    """https://github.com/jeremychone/rust-genai/pull/315"""
    if reasoning.effort is None or reasoning.budget_tokens is not None:
        return None
    return {"reasoning": {"effort": reasoning.effort}}


_THINKING: dict[str, Callable[[Reasoning], dict[str, Any] | None]] = {
    "anthropic.": _claude,
    "amazon.nova": _nova,
    "openai.gpt-oss": _gpt_oss,
    "openai.": _gpt,
}


# -- fields ------------------------------------------------------------------------------------------------------------

FIELDS: dict[str, Convert] = {
    "temperature": named("inferenceConfig", "temperature"),
    "top_p": named("inferenceConfig", "topP"),
    "max_tokens": named("inferenceConfig", "maxTokens"),
    "stop": named("inferenceConfig", "stopSequences"),
    "response_format": _text_format,
    "metadata": named("requestMetadata"),
}
UNSUPPORTED = {
    "seed": _MODELS_OWN,
    "n": "it gives one answer",
    "parallel_tool_calls": _MODELS_OWN,
    "frequency_penalty": _MODELS_OWN,
    "presence_penalty": _MODELS_OWN,
    "logprobs": "no model gives them",
    "top_logprobs": "no model gives them",
    "user": "notes go into metadata",
}
