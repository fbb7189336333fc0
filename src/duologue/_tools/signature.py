"""What a function takes, as a schema and as a way to make its arguments of JSON data."""

from __future__ import annotations

import functools
import inspect
import typing
from typing import Any, NamedTuple

from duologue._schema import (
    REQUIRED,
    Description,
    Field,
    Kinds,
    check,
    check_schema,
    described,
    object_kind,
    parameter_hints,
)
from duologue._tools.context import ToolContext

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Signature(NamedTuple):
    """What a function takes.

    Attributes:
        schema: of the arguments.
        take: makes the arguments, by name, of JSON data; raises `Misfit`.
        positional: those that can only be given by their place, and their defaults; `REQUIRED` where there is none.
        context: the name of the one that is not the model's.
        method: whether the function still lacks the object that it is a method of.
    """

    schema: dict[str, Any]
    take: Callable[[Any], dict[str, Any]]
    positional: Mapping[str, Any]
    context: str | None
    method: bool


def signature_of(function: Callable[..., Any]) -> Signature:
    """What a function takes, by its type hints, its defaults and its docstring.

    Raises:
        TypeError: a parameter cannot be given by name and JSON value.
    """
    parameters, own = _parameters(function)
    said = describe(function).parameters
    kinds, fields, rest = Kinds(), [], None
    for parameter, hint in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            raise TypeError(f"*{parameter.name}: a model gives arguments by name; take a list instead")
        if parameter.kind is parameter.VAR_KEYWORD:
            rest = kinds.of(hint)
        elif parameter.name != own.context:
            fields.append(_field(parameter, hint, said.get(parameter.name, "")))
    kind = object_kind(kinds, fields, dict, rest)
    return own._replace(schema=kinds.whole(kind.schema), take=kind.take)


def signature_by_hand(function: Callable[..., Any], schema: Mapping[str, Any]) -> Signature:
    """What a function takes, by a schema that was written for it; it gets the plain data.

    Raises:
        TypeError, ValueError: the schema cannot be used.
    """
    check_schema(schema)

    def take(value: Any) -> dict[str, Any]:
        check(value, schema)
        return dict(value)

    return _parameters(function)[1]._replace(schema=dict(schema), take=take)


def _parameters(function: Callable[..., Any]) -> tuple[list[tuple[inspect.Parameter, Any]], Signature]:
    """The parameters that can be given, with their hints, and what else there is to know of them."""
    hints = parameter_hints(hinted(function))
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError as reason:
        raise TypeError(str(reason)) from None
    method = bool(parameters) and _is_self(parameters[0], hints)
    parameters = parameters[method:]
    context = next((one.name for one in parameters if _is_context(hints.get(one.name))), None)
    positional = {one.name: _default(one) for one in parameters if one.kind is one.POSITIONAL_ONLY}
    own = Signature({}, dict, positional, context, method)
    return [(parameter, hints.get(parameter.name, Any)) for parameter in parameters], own


def _field(parameter: inspect.Parameter, hint: Any, description: str) -> Field:
    return Field(parameter.name, hint, _default(parameter), description)


def _default(parameter: inspect.Parameter) -> Any:
    return REQUIRED if parameter.default is parameter.empty else parameter.default


def _is_self(first: inspect.Parameter, hints: Mapping[str, Any]) -> bool:
    return first.name in ("self", "cls") and first.name not in hints


def _is_context(hint: Any) -> bool:
    return hint is ToolContext or ToolContext in typing.get_args(hint)


def hinted(function: Any) -> Any:
    """What has the hints of something that can be called: a function, or the `__call__` of an object's class."""
    while isinstance(function, functools.partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__


def describe(function: Any) -> Description:
    """What the docstrings say: the function's own, or those of an object's class and its `__call__`."""
    target = hinted(function)
    own = described(inspect.getdoc(target))
    if target is function or inspect.isroutine(function) or isinstance(function, functools.partial):
        return own
    outer = described(type(function).__doc__)
    return Description(outer.text or own.text, {**outer.parameters, **own.parameters})


def is_async(function: Any) -> bool:
    """Whether calling it gives something to await or to iterate over in an event loop."""
    target = hinted(function)
    return inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target)
