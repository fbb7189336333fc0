"""Which provider the environment speaks of: `Client.from_env()`."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

from duologue._tables import PROVIDERS
from duologue.config import ClientConfig
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


# These first, then the rest of the table. AWS's own keys speak for Bedrock as its bearer token does.
_FIRST = ("openai", "anthropic", "gemini", "deepseek", "openrouter", "bedrock")
_ALSO = {"openai": "OPENAI_BASE_URL", "bedrock": "AWS_ACCESS_KEY_ID"}


def config_from_env(environ: Mapping[str, str]) -> ClientConfig:
    """The first provider with a key (or `OPENAI_BASE_URL`): OpenAI, Anthropic, Gemini, DeepSeek, OpenRouter, Bedrock,
    then the rest of the table; the embedded model where none has.

    `<PROVIDER>_MODEL`, `<PROVIDER>_BASE_URL` and `<PROVIDER>_TIMEOUT` (seconds in all) are read beside the key. The key
    itself is for the provider's own address only: where a base URL leads elsewhere, `resolve` leaves it out.

    Raises:
        ConfigurationError: a timeout is no number of seconds.
    """
    order = sorted(PROVIDERS, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    for name in order:
        if any(environ.get(variable) for variable in (*PROVIDERS[name].key_env, _ALSO.get(name, ""))):
            return _config(name, environ)
    return _config("local", environ)


def _config(name: str, environ: Mapping[str, str]) -> ClientConfig:
    prefix = name.upper().replace("-", "_")
    return ClientConfig(
        provider=name,
        model=environ.get(f"{prefix}_MODEL") or None,
        base_url=environ.get(f"{prefix}_BASE_URL") or None,
        timeouts=_seconds(f"{prefix}_TIMEOUT", environ),
    )


def _seconds(variable: str, environ: Mapping[str, str]) -> float | None:
    text = environ.get(variable)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = nan
    if not seconds >= 0:
        raise ConfigurationError(f"{variable} must be a number of seconds, at least 0; got {text!r}")
    return seconds
