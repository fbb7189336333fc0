"""Functions as tools: `tool(function)`, or `@tool` above one."""

from __future__ import annotations

import functools
import inspect
import itertools
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar, overload

from duologue.errors import UnsupportedError
from duologue.models import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duologue._tools.signature import Signature

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")

# What all providers take: https://platform.openai.com/docs/api-reference/chat/create (tools.function.name).
_NAME_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_NAME_LENGTH: Final = 64


class FunctionTool(Tool, Generic[P, R]):
    """A tool that runs here; made by `tool`. Calling it calls the function.

    Attributes:
        name: the name that the model calls it by.
        description: what it does, for the model to read.
        parameters: the JSON Schema of its arguments.
        strict: whether the provider must hold the model to the schema.
        function: what is called.
        timeout: the seconds that a call may take; None for what the loop says.
    """

    __slots__ = ("_signature", "function", "timeout")

    if TYPE_CHECKING:  # an annotation here would be one of a field to attrs
        function: Callable[P, R]
        timeout: float | None
        _signature: Signature

    @classmethod
    def make(
        cls, function: Callable[P, R], signature: Signature, timeout: float | None, **fields: Any
    ) -> FunctionTool[P, R]:
        """One of its parts; `fields` are those of `Tool`."""
        made = cls(**fields)
        for name, value in (("function", function), ("timeout", timeout), ("_signature", signature)):
            object.__setattr__(made, name, value)  # as attrs does in a frozen class
        return made

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self: Callable[Concatenate[S, Q], R], instance: S, owner: type | None = None) -> FunctionTool[Q, R]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Self: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """The tool of an object, where this is one of its methods."""
        if instance is None or not self._signature.method:
            return self
        bound = functools.partial(self.function, instance)
        return type(self).make(bound, self._signature._replace(method=False), self.timeout, **_fields(self))

    def __eq__(self, other: object) -> bool:
        """As a tool that a model is told of; so it equals what comes back from `to_dict`."""
        if not isinstance(other, Tool):
            return NotImplemented
        return _fields(self) == _fields(other)

    __hash__ = Tool.__hash__

    def __copy__(self) -> Self:
        """As functions have it."""
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> Any:
        """What is pickled is what a model is told."""
        return Tool, tuple(_fields(self).values())

    @property
    def runs(self) -> bool:
        """Whether it has a function; one that `attrs.evolve` made has none."""
        return hasattr(self, "function")

    def changed(
        self, *, parameters: Mapping[str, Any] | None = None, timeout: float | None = None, **said: Any
    ) -> FunctionTool[P, R]:
        """The same with other words; what is None stays as it is."""
        from duologue._tools.signature import signature_by_hand

        signature = self._signature if parameters is None else signature_by_hand(self.function, parameters)
        given = {name: value for name, value in said.items() if value is not None}
        fields = {**_fields(self), **given}
        fields["parameters"] = _told(signature.schema, fields["strict"])
        return self.make(self.function, signature, timeout or self.timeout, **fields)

    @property
    def is_async(self) -> bool:
        """Whether it runs in an event loop."""
        from duologue._tools.signature import is_async

        return is_async(self.function)

    @property
    def context(self) -> str | None:
        """The parameter that takes the `ToolContext`."""
        return self._signature.context

    def read(self, text: str) -> dict[str, Any]:
        """The arguments for the function, out of a call's raw ones. A null in the place of one that may be left out
        stands for that: models say it so, and must where a provider has all of them required.

        Raises:
            Misfit: they do not fit.
        """
        from duologue._output.rules import restored
        from duologue._tools.arguments import read_arguments

        schema = self._signature.schema
        return self._signature.take(restored(read_arguments(text), schema, schema))

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """What the function gives for arguments out of `read`."""
        if self._signature.method:
            raise TypeError(f"{self.name} is a method: give the tool of an object, such as obj.{self.name}")
        given = {**self._signature.positional, **arguments}
        by_place = [given.pop(name) for name in self._signature.positional]
        return self.function(*itertools.takewhile(_is_given, by_place), **given)


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...
@overload
def tool(
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
) -> FunctionTool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...
def tool(function: Any = None, /, **options: Any) -> Any:
    """A tool out of a function, a method, or an object or a class with `__call__`; plain or async, also a generator.

    The model is told of the parameters by their type hints, their defaults, and what the docstring or `Annotated` says
    of them. A parameter of the type `ToolContext` is filled in by the loop.

    Args:
        function: what is called. Of a class, an object is made without arguments.
        name: for the model; by default the function's own.
        description: for the model; by default the docstring's text.
        parameters: a JSON Schema of the arguments in place of the one out of the type hints; the function then gets
            them as plain data, by name.
        strict: whether the provider must hold the model to the schema.
        timeout: the seconds that a call may take.

    Raises:
        TypeError: a parameter has no JSON Schema.
        ValueError: the name or the schema cannot be used.
    """
    if function is None:
        return functools.partial(tool, **options)
    return _make(function, **options)


def _make(
    function: Any,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
) -> FunctionTool[..., Any]:
    # Not at the top: what makes schemas takes a fifth of the time that all else takes to import.
    from duologue._tools.signature import describe, signature_by_hand, signature_of

    function = _callable(function)
    own = function.name if isinstance(function, FunctionTool) else getattr(function, "__name__", None)
    name = name or own or type(function).__name__
    if len(name) > _NAME_LENGTH or not set(name) <= _NAME_CHARS:
        raise ValueError(f"the name of a tool is letters, digits, _ and -, {_NAME_LENGTH} at most; got {name!r}")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be more than 0 seconds, got {timeout!r}")
    if isinstance(function, FunctionTool):
        return function.changed(
            name=name, description=description, parameters=parameters, strict=strict, timeout=timeout
        )
    try:
        signature = signature_of(function) if parameters is None else signature_by_hand(function, parameters)
    except TypeError as reason:
        raise TypeError(f"{name}: {reason}") from None
    text = describe(function).text if description is None else description
    fields = {"description": text, "parameters": _told(signature.schema, strict), "strict": strict}
    return FunctionTool.make(function, signature, timeout, name=name, **fields)


def _told(schema: dict[str, Any], strict: bool | None) -> dict[str, Any]:
    """The schema as providers take it that hold a model to it; as it is, where there is no such form."""
    if not strict:
        return schema
    from duologue._output.rules import RULES, fitted

    try:
        return fitted(schema, RULES["strict"])
    except UnsupportedError:
        return schema


def _fields(tool: Tool) -> dict[str, Any]:
    return {name: getattr(tool, name) for name in ("name", "description", "parameters", "strict")}


def _is_given(value: Any) -> bool:
    from duologue._schema import REQUIRED

    return value is not REQUIRED


def _callable(function: Any) -> Any:
    if isinstance(function, staticmethod):
        function = function.__func__
    if isinstance(function, MethodType) and isinstance(function.__func__, FunctionTool):
        return function.__func__.__get__(function.__self__)  # a class method, from Python 3.13 on
    if inspect.isclass(function):
        try:
            function = function()
        except TypeError as reason:
            raise TypeError(
                f"{function.__name__}: make the object yourself, tool({function.__name__}(...)): {reason}"
            ) from None
    if not callable(function):
        raise TypeError(f"a tool is a function, a method, or an object with __call__; got {type(function).__name__}")
    return function
