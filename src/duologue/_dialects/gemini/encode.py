"""Gemini's `GenerateContentRequest`: from a request to a path and a JSON body.

https://ai.google.dev/api/generate-content#method:-models.generatecontent. The model is named in the path, and the key
goes in a header, never into the address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects import Wire
from duologue._dialects.gemini.contents import encode_contents, encode_system
from duologue._dialects.request import encode_fields, merged, named
from duologue._dialects.shape import path_segment
from duologue.errors import UnsupportedError

if TYPE_CHECKING:
    from duologue._dialects.request import Convert
    from duologue.models import ChatRequest, Provider, Reasoning, ResponseFormat, Tool

_VERSION = "/v1beta"
_METHODS = {True: "streamGenerateContent?alt=sse", False: "generateContent"}
# What a model's name may begin with, where it says of what kind it is.
_KINDS = ("models/", "tunedModels/")
# On Vertex AI it says where the model is, too, and the versions have other names:
# https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/vertex-ai-express-mode-api-reference
_PLACES = ("publishers/", "projects/")
_VERTEX_VERSION = "/v1beta1"


def encode(request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:  # noqa: ARG001
    """The path and body for `request`.

    Raises:
        UnsupportedError: a content part or a field that the format cannot carry.
    """
    fields = encode_fields(request, FIELDS, UNSUPPORTED, where="the gemini format", frame=("reasoning",))
    system = [message for message in request.messages if message.role == "system"]
    talk = [message for message in request.messages if message.role != "system"]
    body: dict[str, Any] = {"contents": encode_contents(talk), **fields}
    if system:
        body["systemInstruction"] = {"parts": encode_system(system)}
    if request.reasoning is not None:
        body = merged(body, _config("thinkingConfig", _thinking(request.reasoning, model)))
    if request.tool_choice in (None, "auto") and any(tool.strict for tool in request.tools):
        body = merged(body, _calling("VALIDATED"))
    return Wire(_path(model, stream=stream), merged(body, dict(request.extra)))


def _path(model: str, *, stream: bool) -> str:
    if model.startswith(_PLACES):
        return f"{_VERTEX_VERSION}/{'/'.join(map(path_segment, model.split('/')))}:{_METHODS[stream]}"
    kind = next((kind for kind in _KINDS if model.startswith(kind)), _KINDS[0])
    return f"{_VERSION}/{kind}{path_segment(model.removeprefix(kind))}:{_METHODS[stream]}"


# -- fields ------------------------------------------------------------------------------------------------------------


def _config(name: str, value: Any) -> dict[str, Any]:
    return {"generationConfig": {name: value}}


def _tools(tools: tuple[Tool, ...]) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [_tool(tool) for tool in tools]}]}


def _tool(tool: Tool) -> dict[str, Any]:
    """`parameters` takes a part of OpenAPI's schemas, `parametersJsonSchema` takes JSON Schema."""
    declaration: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.parameters:
        declaration["parametersJsonSchema"] = tool.parameters
    return declaration


def _calling(mode: str, **more: Any) -> dict[str, Any]:
    """https://ai.google.dev/api/caching#FunctionCallingConfig; `VALIDATED` holds calls to their schemas, as `ANY`
    does, and lets the model choose whether to call, as `AUTO` does."""
    return {"toolConfig": {"functionCallingConfig": {"mode": mode, **more}}}


def _tool_choice(choice: str) -> dict[str, Any]:
    mode = _MODES.get(choice)
    return _calling("ANY", allowedFunctionNames=[choice]) if mode is None else _calling(mode)


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    """A schema always binds here, and its name is nobody's business."""
    if form.type == "json_schema":
        return {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": form.schema}}
    return _config("responseMimeType", "application/json" if form.type == "json_object" else "text/plain")


def _thinking(reasoning: Reasoning, model: str) -> dict[str, Any]:
    """Who asks for thinking wants to see it as well, where there is any.

    https://ai.google.dev/gemini-api/docs/thinking
    """
    effort, budget = reasoning.effort, reasoning.budget_tokens
    if effort is not None and budget is not None:
        raise UnsupportedError("the gemini format takes reasoning as an effort or as a budget of tokens, not as both")
    if effort is not None and (effort == "none" or _BUDGETED in model):
        budget = _BUDGETS.get(effort)
        if budget is None:
            raise UnsupportedError(f"{model} takes reasoning as a budget of tokens, or as {', '.join(_BUDGETS)}")
    if budget is not None:
        return {"includeThoughts": budget > 0, "thinkingBudget": budget}
    return {"includeThoughts": True} if effort is None else {"includeThoughts": True, "thinkingLevel": effort}


_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
# The models before Gemini 3 know budgets only, and for no thinking at all the later ones have no other word either.
# Google's own OpenAI-compatible road turns efforts into these: https://ai.google.dev/gemini-api/docs/openai#thinking
_BUDGETED = "gemini-2.5"
_BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}

# Every field of ChatRequest that has a place of its own in the body. `encode` writes the messages, the model,
# `reasoning` (which depends on the model) and `extra` itself.
FIELDS: dict[str, Convert] = {
    "tools": _tools,
    "tool_choice": _tool_choice,
    "temperature": named("generationConfig", "temperature"),
    "top_p": named("generationConfig", "topP"),
    "max_tokens": named("generationConfig", "maxOutputTokens"),
    "stop": named("generationConfig", "stopSequences"),
    "seed": named("generationConfig", "seed"),
    "response_format": _response_format,
    "n": named("generationConfig", "candidateCount"),
    "frequency_penalty": named("generationConfig", "frequencyPenalty"),
    "presence_penalty": named("generationConfig", "presencePenalty"),
    "logprobs": named("generationConfig", "responseLogprobs"),
    "top_logprobs": named("generationConfig", "logprobs"),
}
UNSUPPORTED: dict[str, str] = {
    "parallel_tool_calls": "its models call as many tools at once as they like",
    "user": "a request has no place for the end user's id",
    "metadata": "it stores no notes with a request",
}
