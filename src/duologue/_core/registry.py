"""Every provider that is known by name: the table's, those of installed packages, and those added at run time."""

from __future__ import annotations

import difflib
import re
from collections import ChainMap
from typing import TYPE_CHECKING, Any

import attrs

from duologue._dialects import find_dialect
from duologue._dialects.media_limits import LIMITS
from duologue._dialects.request import FIELDS
from duologue._dialects.unsupported import WAYS
from duologue._plugins import load_plugin
from duologue._tables import PROVIDERS
from duologue.errors import ConfigurationError
from duologue.models import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

# `:` parts it from a model's name, and environment variables are named after it.
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_PATH = re.compile(r"/[A-Za-z0-9._~/?=&%-]+")
# What columns look like that are part of an address.
_FORMS = {"base_url": (_URL, "https://host/v1"), "key_path": (_PATH, "/key")}
_GROUP = "duologue.providers"
# What the keys of a column can be.
_NAMES = {"field_names": FIELDS, "unsupported": FIELDS | WAYS, "media_limits": frozenset(LIMITS)}

_added: dict[str, Provider] = {}


def known_providers() -> Mapping[str, Provider]:
    """All rows by name, but those of packages that nobody has asked for yet."""
    return ChainMap(_added, PROVIDERS)  # type: ignore[arg-type]  # it is only read


def find_provider(name: str) -> Provider:
    """The row of that name.

    Raises:
        ConfigurationError: there is none.
    """
    known = known_providers()
    provider = known.get(name) or _installed(name)
    if provider is None:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ConfigurationError(f"unknown provider {name!r}{hint}. Known ones: {', '.join(sorted(known))}")
    return provider


def register_provider(provider: Provider | str, *, replace: bool = False, **fields: Any) -> Provider:
    """Add a provider that `Client(...)` then knows by name.

    ```python
    register_provider("acme", dialect="openai-chat", base_url="https://api.acme.example/v1", key_env=["ACME_API_KEY"])
    ```

    Args:
        provider: a whole row, or its name.
        replace: whether it may take the place of another row of that name.
        fields: where a name was given, the columns of `Provider`; `title` is the name unless given, `docs` empty.

    Returns:
        The row.

    Raises:
        ConfigurationError: the name is taken or no name, the dialect is unknown, or a column's value is wrong.
        TypeError: a column is unknown.
    """
    if isinstance(provider, str):
        provider = _row(provider, fields)
    elif fields:
        raise TypeError(f"give {', '.join(fields)} inside the Provider, not beside it")
    _check(provider)
    known = known_providers().get(provider.name)
    if known is not None and known != provider and not replace:
        raise ConfigurationError(f"there is a provider {provider.name!r} already: pass replace=True if it shall go")
    _added[provider.name] = provider
    return provider


def _row(name: str, fields: dict[str, Any]) -> Provider:
    columns = [column.name for column in attrs.fields(Provider)]
    unknown = sorted(fields.keys() - columns)
    if unknown:
        raise TypeError(f"unknown column {', '.join(map(repr, unknown))}; there are {', '.join(columns)}")
    if "dialect" not in fields:
        raise TypeError("a provider needs a dialect, such as 'openai-chat'")
    try:
        return Provider(**{"name": name, "title": name, "docs": "", **fields})
    except (TypeError, ValueError) as reason:
        raise ConfigurationError(f"the provider {name!r} cannot be added: {reason}") from reason


def _check(provider: Provider) -> None:
    """What the compiler and the tests check in the table's rows."""
    if not _NAME.fullmatch(provider.name):
        raise ConfigurationError(f"a provider's name is lower-case letters, digits and `-`; got {provider.name!r}")
    for column, (form, example) in _FORMS.items():
        value = getattr(provider, column)
        if value is not None and not form.fullmatch(value):
            raise ConfigurationError(f"the {column} of {provider.name!r} must be like {example}")
    for column, known in _NAMES.items():
        for name in getattr(provider, column):
            if name not in known:
                words = f"{column} of {provider.name!r}: there is no {name!r}; there are {', '.join(sorted(known))}"
                raise ConfigurationError(words)
    for pattern in provider.reasoning_history:
        try:
            re.compile(pattern)
        except re.error as reason:
            raise ConfigurationError(f"reasoning_history of {provider.name!r}: {pattern!r}: {reason}") from None
    find_dialect(provider.dialect)


def _installed(name: str) -> Provider | None:
    """The row that an installed package adds."""
    found = load_plugin(_GROUP, name)
    if found is None:
        return None
    place, provider = found
    if not isinstance(provider, Provider) or provider.name != name:
        raise ConfigurationError(f"{place} must be a duologue.Provider of the name {name!r}")
    return register_provider(provider)
