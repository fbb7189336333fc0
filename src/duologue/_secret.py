"""A key that does not show itself."""

from __future__ import annotations

from typing import NoReturn, Self

from duologue.errors import ConfigurationError


class Secret:
    """Holds an API key; only `reveal()` gives it out.

    Raises:
        ConfigurationError: the key is empty or cannot stand in a header. The error does not say what it is.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise ConfigurationError(f"api_key must be a string, got {type(value).__name__}")
        value = value.strip()
        if not value:
            raise ConfigurationError("api_key is empty")
        if not value.isascii() or not value.isprintable():
            raise ConfigurationError("api_key holds a character that cannot stand in a header; was it copied whole?")
        self._value = value

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def __repr__(self) -> str:
        return "'***'"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self  # it never changes, and one less is about

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")
