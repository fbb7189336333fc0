"""The ways to ask for an answer of a given form, and how each is read.

A provider's row says which way comes first; the next one is tried where what is asked for is not taken, by the
provider's row, by that of the model, or by the format. A tool that stands for the answer is seen by nobody: its
arguments come as text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from duologue._output.read import read
from duologue._output.rules import RULES, Rules, fitted
from duologue._output.target import Target
from duologue._output.text import Growing
from duologue.errors import UnsupportedError
from duologue.events import StreamEvent, TextDelta, ToolCallDelta
from duologue.models import ChatRequest, Message, ResponseFormat, TextContent, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duologue._parsed import ParsedResponse
    from duologue.models import ChatResponse, OutputWay, Provider, Usage

T = TypeVar("T")

_RESTRICTED: Final = {None, "auto", "required"}


@attrs.frozen
class Output:
    """How one answer is read.

    Attributes:
        way: how it was asked for.
    """

    way: OutputWay
    _target: Target
    _strict: bool
    _tool: str | None

    @property
    def by_tool(self) -> bool:
        """Whether the arguments of a tool are the answer."""
        return self._tool is not None

    def keeper(self) -> Callable[[StreamEvent], StreamEvent]:
        """What turns one answer's events into those that the caller gets."""
        return (lambda event: event) if self._tool is None else _Untooled(self._tool)

    def growing(self) -> Growing:
        """Reads the text as it comes."""
        return Growing(self._target.unwrap)

    def read(self, response: ChatResponse, before: Usage | None = None) -> ParsedResponse[Any]:
        """The answer with what was asked for; its usage with what was used up before.

        Raises:
            OutputValidationError: it is not of that form.
        """
        if before is not None:
            response = attrs.evolve(response, usage=_sum(before, response.usage))
        return read(response, self._target, strict=self._strict)


def _sum(before: Usage, usage: Usage) -> Usage:
    counts = {name: getattr(before, name) + getattr(usage, name) for name in _COUNTS}
    return attrs.evolve(usage, **counts)


_COUNTS: Final = ("input_tokens", "output_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")


class _Untooled:
    """The tool that stands for the answer goes, and its arguments become text."""

    def __init__(self, tool: str) -> None:
        self._tool = tool
        self._calls: set[tuple[int, int]] = set()

    def __call__(self, event: StreamEvent) -> StreamEvent:
        if not isinstance(event, ToolCallDelta):
            return event
        call = event.index, event.call_index
        if event.name == self._tool:
            self._calls.add(call)
        return TextDelta(event.arguments, event.index) if call in self._calls else event


def plan(request: ChatRequest, provider: Provider, encode: Callable[[ChatRequest], T]) -> tuple[Output, T]:
    """How to ask, and what `encode` makes of the request.

    Raises:
        UnsupportedError: no way is taken.
        TypeError, ValueError: what is asked for has no JSON Schema, or a wrong one.
    """
    assert request.response_format is not None
    target = Target.of(request.response_format)
    ways = list(_WAYS)[list(_WAYS).index(provider.output_way) :]
    *others, last = [(way, asked) for way in ways for asked in _WAYS[way]]
    for way, ask in others:
        try:
            asked, strict, tool = ask(request, target, RULES[provider.schema_rules])
            return Output(way, target, strict, tool), encode(asked)
        except UnsupportedError:
            continue
    way, ask = last
    asked, strict, tool = ask(request, target, RULES[provider.schema_rules])
    return Output(way, target, strict, tool), encode(asked)


_Asked = tuple[ChatRequest, bool, str | None]


def _by_schema(request: ChatRequest, target: Target, rules: Rules) -> _Asked:
    form = ResponseFormat("json_schema", fitted(target.schema, rules), target.name, rules.strict)
    return attrs.evolve(request, response_format=form), bool(rules.strict), None


def _by_loose_schema(request: ChatRequest, target: Target, rules: Rules) -> _Asked:
    """Where a schema has no strict form, the provider does what it can."""
    if not rules.strict:
        raise UnsupportedError("response_format: the provider knows no other form of it")
    form = ResponseFormat("json_schema", dict(target.schema), target.name, strict=False)
    return attrs.evolve(request, response_format=form), False, None


def _by_tool(request: ChatRequest, target: Target, _: Rules) -> _Asked:
    """Models that think cannot be made to call a tool, and a caller's own choice of one stands. That one must be called
    is known to more servers than which one."""
    if request.reasoning is not None or request.tool_choice not in _RESTRICTED:
        raise UnsupportedError("response_format: it would take a tool that the model must call")
    name = target.name
    while any(tool.name == name for tool in request.tools):
        name += "_"
    tool = Tool(name, target.schema.get("description", "Gives the whole answer."), target.schema)
    asked = attrs.evolve(request, tools=(*request.tools, tool), tool_choice="required", response_format=None)
    return asked, False, name


def _by_prompt(request: ChatRequest, target: Target, _: Rules) -> _Asked:
    return attrs.evolve(_in_words(request, target), response_format=None), False, None


def _by_json_and_prompt(request: ChatRequest, target: Target, _: Rules) -> _Asked:
    return attrs.evolve(_in_words(request, target), response_format=ResponseFormat("json_object")), False, None


_WAYS: Final[Mapping[OutputWay, list[Callable[[ChatRequest, Target, Rules], _Asked]]]] = {
    "json_schema": [_by_schema, _by_loose_schema],
    "tool": [_by_tool],
    "prompt": [_by_json_and_prompt, _by_prompt],
}


def _in_words(request: ChatRequest, target: Target) -> ChatRequest:
    """The request, with the schema in its instructions: servers take one such message, and first."""
    schema = json.dumps(target.schema, ensure_ascii=False)
    words = TextContent(f"Answer with one JSON object and nothing else. It must fit this JSON Schema:\n{schema}")
    first, *rest = request.messages
    if first.role == "system":
        return attrs.evolve(request, messages=(attrs.evolve(first, content=(*first.content, _GAP, words)), *rest))
    return attrs.evolve(request, messages=(Message("system", (words,)), *request.messages))


_GAP: Final = TextContent("\n\n")


def again(request: ChatRequest, response: ChatResponse, what: str) -> ChatRequest:
    """The request once more, with the answer that did not fit and what is wrong with it, as the error says it."""
    words = f"That is {what}. Give the whole answer again, in that form."
    said = (response.message,) if response.text else ()
    return attrs.evolve(request, messages=(*request.messages, *said, Message.user(words)))
