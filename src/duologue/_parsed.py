"""The answer to a request that asked for a form: a `ChatResponse` with `parsed`."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

import attrs

from duologue._check import WRITTEN
from duologue.models import ChatResponse

T = TypeVar("T")


@attrs.frozen(eq=False)
class ParsedResponse(ChatResponse, Generic[T]):
    """A `ChatResponse` with what `response_format` asked for.

    Attributes:
        parsed: the instance of the class, or the data that fit the JSON Schema; None where the model wants tools run
            first. No part of what is compared, or written by `to_dict`.
    """

    parsed: T = attrs.field(kw_only=True, metadata={WRITTEN: False})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChatResponse) and _response(self) == _response(other)

    __hash__ = ChatResponse.__hash__

    @classmethod
    def of(cls, response: ChatResponse, parsed: T) -> Self:
        """The response, with that."""
        return cls(**_response(response), parsed=parsed)


def _response(response: ChatResponse) -> dict[str, Any]:
    return {field.name: getattr(response, field.name) for field in attrs.fields(ChatResponse)}
