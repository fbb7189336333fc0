"""A conversation with tools, as far as it has got: what is asked next, which calls are run, and what has been used up.

`next_request()`, then `answered(response)` with what came of it, then `prepare(call)` for each call and
`settled(call_id, message)` for each result, and so on until an answer calls nothing. No call is prepared twice.
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any, Final

import attrs

from duologue._tools.function import FunctionTool
from duologue._tools.job import Job, News, failure
from duologue.errors import LimitExceeded
from duologue.models import ChatRequest, ChatResponse, Message, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue._tools.bounds import Bounds

# An answer that ends for another reason is not whole, and so its calls may not be.
_RUNS: Final = frozenset({"tool_calls", "stop", "unknown"})
_COUNTS: Final = ("input_tokens", "output_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")


class Talk:
    """One conversation.

    Attributes:
        response: the last whole answer.
        usage: of all answers together.
        rounds: how many requests were made.
        calls: how many calls were run or refused.
    """

    def __init__(self, request: ChatRequest, bounds: Bounds) -> None:
        self._tools = runnable(request)
        self._request = request
        self._bounds = bounds
        self._messages = list(request.messages)
        self._open: dict[str, ToolCall] = {}  # the calls of the last answer, and what came of them so far
        self._results: dict[str, Message] = {}
        self.response: ChatResponse | None = None
        self.usage = Usage()
        self.rounds = self.calls = 0

    @property
    def pending(self) -> bool:
        """Whether a call has no result yet."""
        return len(self._results) < len(self._open)

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that was said, ready to be sent: a call without a result has one that says so."""
        results = [self._results.get(call_id) or _unfinished(call_id) for call_id in self._open]
        return (*self._messages, *results)

    def next_request(self) -> ChatRequest:
        """What is asked next.

        Raises:
            LimitExceeded: it would be one request too many, or too many tokens are used up.
        """
        self._within("max_rounds", self.rounds + 1)
        self._within("max_total_tokens", self.usage.total_tokens + 1)
        self._messages = list(self.messages)
        self._open, self._results = {}, {}
        self.rounds += 1
        # A model that was told to call a tool would never come to an end.
        choice = self._request.tool_choice
        if self.rounds > 1 and choice not in ("auto", "none"):
            choice = None
        return attrs.evolve(self._request, messages=tuple(self._messages), tool_choice=choice)

    def answered(self, response: ChatResponse) -> tuple[ToolCall, ...]:
        """A whole answer has come; the calls to run.

        Raises:
            LimitExceeded: there are too many.
        """
        self.response = response
        self.usage = _sum(self.usage, response.usage)
        message = _told_apart(response.message)
        self._messages.append(message)
        self._open = {call.id: call for call in message.tool_calls}
        if response.finish_reason not in _RUNS:
            return ()
        self._within("max_calls", self.calls + len(self._open))
        self.calls += len(self._open)
        return tuple(self._open.values())

    def prepare(self, call: ToolCall) -> Job | News:
        """What is to be run, or what is wrong with the call."""
        from duologue._schema import Misfit

        tool = self._tools.get(call.name)
        if tool is None:
            return failure(
                call.name, call.id, f"there is no tool {call.name[:64]!r}; there are {', '.join(self._tools)}"
            )
        if call.type != "function":
            return failure(call.name, call.id, "this tool takes a JSON object, not free text")
        try:
            return Job(call, tool, tool.read(call.arguments), self._bounds.tool_timeout)
        except Misfit as misfit:
            return failure(call.name, call.id, f"the call does not fit the tool's schema: {misfit}")

    def settled(self, message: Message) -> None:
        """A call's result has come; a second one for it does not count."""
        assert message.tool_call_id is not None
        self._results.setdefault(message.tool_call_id, message)

    def _within(self, limit: str, count: int) -> None:
        bound = getattr(self._bounds, limit)
        if bound is not None and count > bound:
            raise LimitExceeded(f"the loop would go on beyond {limit}={bound}", limit=limit)


def refused(call: ToolCall, verdict: Any) -> News | None:
    """What is told where a call was not approved; None where it was."""
    if verdict is True:
        return None
    reason = verdict if isinstance(verdict, str) and verdict else "no reason was given"
    return failure(call.name, call.id, f"the call was refused: {reason}")


def runnable(request: ChatRequest) -> Mapping[str, FunctionTool[..., Any]]:
    """The tools by their names.

    Raises:
        TypeError: one of them is no function.
        ValueError: two have the same name, or there are to be several answers.
    """
    if request.n not in (None, 1):
        raise ValueError("a loop with tools goes on from one answer: leave n out")
    found: dict[str, FunctionTool[..., Any]] = {}
    for tool in request.tools:
        if not isinstance(tool, FunctionTool) or not tool.runs:
            raise TypeError(f"{tool.name!r} has no function to run: make it with duologue.tool(function)")
        if found.setdefault(tool.name, tool) is not tool:
            raise ValueError(f"two tools have the name {tool.name!r}")
    return found


def _told_apart(message: Message) -> Message:
    """With an id of its own for each call, since a result is told by it: some servers give several the same."""
    given = {call.id for call in message.tool_calls}
    if len(given) == len(message.tool_calls):
        return message
    taken: set[str] = set()
    numbers, calls = itertools.count(2), []
    for call in message.tool_calls:
        own = call.id
        while own in taken or (own != call.id and own in given):
            own = f"{call.id}_{next(numbers)}"
        taken.add(own)
        calls.append(attrs.evolve(call, id=own))
    return attrs.evolve(message, tool_calls=calls)


def _unfinished(call_id: str) -> Message:
    return Message.tool(call_id, "Error: the call was not finished", is_error=True)


def _sum(usage: Usage, more: Usage) -> Usage:
    counts = {name: operator.add(getattr(usage, name), getattr(more, name)) for name in _COUNTS}
    return Usage(**counts, source="reported" if "reported" in (usage.source, more.source) else "absent")
