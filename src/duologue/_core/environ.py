"""Which provider the environment speaks of: `Client.from_env()`."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from duologue._core.registry import known_providers
from duologue.config import ClientConfig
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from duologue.models import Provider


# These first, then an Ollama, and then the rest of the table.
_FIRST = ("openai", "anthropic", "gemini", "deepseek", "openrouter", "bedrock")
_OLLAMA_PORT = 11434
# What speaks for a provider as a key does: all the variables of one group.
_ALSO: dict[str, list[tuple[str, ...]]] = {
    "openai": [("OPENAI_BASE_URL",)],
    "bedrock": [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_PROFILE",)],
}


def config_from_env(
    environ: Mapping[str, str], ollama_models: Callable[[str], Sequence[str] | None], **fields: Any
) -> ClientConfig:
    """The first provider with a key (or `OPENAI_BASE_URL`): OpenAI, Anthropic, Gemini, DeepSeek, OpenRouter, Bedrock;
    then an Ollama that is named or answers; the rest of the table; and last the embedded model.

    `<PROVIDER>_MODEL`, `<PROVIDER>_BASE_URL` and `<PROVIDER>_TIMEOUT` (seconds in all) are read beside the key. The key
    itself is for the provider's own address only: where a base URL leads elsewhere, `resolve` leaves it out.

    Args:
        environ: the environment's variables.
        ollama_models: asks the Ollama at an address for its models; None where none answers.
        fields: fields of `ClientConfig` that are laid over what the environment says.

    Raises:
        ConfigurationError: a timeout is no number of seconds, or a field is wrong.
    """
    known = known_providers()
    for name in _FIRST:
        if _speaks_of(known[name], environ):
            return _config(name, environ, fields)
    ollama = known["ollama"]
    named = environ.get("OLLAMA_BASE_URL") or None
    address = named or _ollama_address(environ) or str(ollama.base_url)
    models = ollama_models(address)
    if models is not None or named or _speaks_of(ollama, environ):
        found = {"base_url": address, "model": _installed(ollama, environ, models or ())}
        return _config("ollama", environ, {**found, **fields})
    for name, provider in known.items():
        # A key may be there for another purpose, as Hugging Face's often is: alone it does not say what to ask.
        model = fields.get("model") or environ.get(f"{_prefix(name)}_MODEL") or provider.default_model
        if name not in _FIRST and model and _speaks_of(provider, environ):
            return _config(name, environ, fields)
    return _config("local", environ, fields)


def _speaks_of(provider: Provider, environ: Mapping[str, str]) -> bool:
    """Whether the environment has a key for a provider, or what else tells that it is meant."""
    groups: list[tuple[str, ...]] = [(variable,) for variable in provider.key_env]
    groups += _ALSO.get(provider.name, ())
    return any(all(environ.get(variable) for variable in group) for group in groups)


def _prefix(name: str) -> str:
    return name.upper().replace("-", "_")


def _config(name: str, environ: Mapping[str, str], fields: Mapping[str, Any]) -> ClientConfig:
    prefix = _prefix(name)
    found = {
        "model": environ.get(f"{prefix}_MODEL") or None,
        "base_url": environ.get(f"{prefix}_BASE_URL") or None,
        "timeouts": _seconds(f"{prefix}_TIMEOUT", environ),
    }
    return ClientConfig(**{"provider": name, **found, **fields})


def _ollama_address(environ: Mapping[str, str]) -> str | None:
    """Where Ollama itself is told to listen: `OLLAMA_HOST` is a host, a port, both, or a URL.

    https://github.com/ollama/ollama/blob/main/envconfig/config.go
    """
    host = environ.get("OLLAMA_HOST", "").strip().strip("\"'")
    if not host:
        return None
    url = urlsplit(host if "://" in host else f"http://{host}")
    try:
        port = url.port or (_OLLAMA_PORT if "://" not in host else {"https": 443}.get(url.scheme, 80))
    except ValueError:
        return None
    # It listens on every address of the machine, and answers on this one.
    name = "127.0.0.1" if url.hostname in (None, "0.0.0.0", "::") else url.hostname  # noqa: S104 - nothing is bound here
    return f"{url.scheme}://{f'[{name}]' if ':' in name else name}:{port}{url.path.rstrip('/')}"


def _installed(ollama: Provider, environ: Mapping[str, str], models: Sequence[str]) -> str | None:
    """The model that the environment names, else the default one where it is there, else the newest that is."""
    wanted = environ.get("OLLAMA_MODEL")
    if wanted or not models:
        return wanted or None
    default = str(ollama.default_model)
    return default if any(model.partition(":")[0] == default for model in models) else models[0]


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
