"""What was asked for, out of the answer; or what is wrong with it.

An answer that wants tools run is none yet, so nothing is read of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from duologue._output.rules import restored
from duologue._output.text import Growing, found_in
from duologue._parsed import ParsedResponse
from duologue._schema import Misfit, bounded
from duologue.errors import OutputValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue._output.target import Target
    from duologue.models import ChatResponse, FinishReason

# Where the provider itself says that it is no answer.
_NONE: Final[Mapping[FinishReason, str]] = {
    "refusal": "the model refused to answer",
    "content_filter": "a filter of the provider kept the answer back",
}

# What the model may do better when it is told.
_MENDABLE: Final = {"invalid", "no_json"}


def read(response: ChatResponse, target: Target, *, strict: bool) -> ParsedResponse[Any]:
    """The answer with what was asked for.

    Raises:
        OutputValidationError: it is not of that form.
    """
    if response.tool_calls:
        return ParsedResponse.of(response, None)
    reason = "refusal" if response.message.refusal else response.finish_reason
    if reason in _NONE:
        raise _wrong(response, target, _NONE[reason], reason=reason)
    wrong: tuple[str, str] | None = None
    for data in found_in(response.text):
        try:
            return ParsedResponse.of(response, _made(data, target, strict=strict))
        except Misfit as found:
            wrong = wrong or (str(found), found.path)
    if reason == "length":
        raise _wrong(response, target, "it was cut, by max_tokens or the model's own limit", reason=reason)
    if wrong is None:
        raise _wrong(response, target, "there is no JSON in the answer", reason="no_json")
    raise _wrong(response, target, wrong[0], path=wrong[1])


def _made(data: Any, target: Target, *, strict: bool) -> Any:
    bounded(data)
    return target.make(restored(data, target.schema, target.schema) if strict else data)


def _wrong(
    response: ChatResponse, target: Target, what: str, *, reason: str = "invalid", path: str = ""
) -> OutputValidationError:
    growing = Growing(target.unwrap)
    growing.feed(response.text)
    return OutputValidationError(
        f"not of the form that response_format asks for: {what}",
        path=path,
        text=response.text or response.message.refusal,
        value=growing.value,
        reason=reason,
        retryable=reason in _MENDABLE,
        partial=response,
        provider=response.provider,
    )
