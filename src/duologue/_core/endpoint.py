"""Where requests go: a `ClientConfig` and the environment become an `Endpoint`."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from duologue._core import aws
from duologue._core.registry import find_provider
from duologue._secret import Secret
from duologue.config import check_header_value
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue.config import ClientConfig
    from duologue.models import Provider

# What `options` may hold.
_OPTIONS = frozenset({"allow_insecure", "log_content", "trust_env"})
_PORTS = {"https": 443, "http": 80}


@attrs.frozen
class Endpoint:
    """Where requests go, and how.

    Args:
        provider: the row of the provider table.
        base_url: the address, without a slash at its end; None where the server is started here first.
        api_key: the key, or None.
        model: the model where a request names none.
        known: whether what answers there is what the table describes.
        signer: what signs the requests, where that takes the place of a key in a header.
        chain: where the keys to sign with come from, if they are not known yet.
        option_headers: the options that go along as headers.
        fixed_url: the caller's own address, where `base_url` waits for `start`.
        withheld: the variable with the provider's key, where it is not sent since the address is another's.
    """

    provider: Provider
    base_url: str | None
    api_key: Secret | None
    model: str | None
    known: bool = True
    signer: aws.Signer | None = None
    chain: aws.Chain | None = None
    option_headers: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    fixed_url: str | None = None
    withheld: str | None = None

    def __str__(self) -> str:
        return f"{self.provider.name}:{self.model}"

    def headers(self) -> dict[str, str]:
        """The headers that carry the key, and those that every request to the provider carries."""
        headers = {**self.provider.headers, **self.option_headers}
        scheme = self.provider.auth
        if self.api_key is not None and scheme in ("bearer", "sigv4"):
            headers["authorization"] = f"Bearer {self.api_key.reveal()}"
        elif self.api_key is not None and scheme != "none":
            headers[scheme] = self.api_key.reveal()
        return headers

    def signed(self, headers: dict[str, str], path: str, body: bytes, now: float) -> dict[str, str]:
        """The headers with a signature where one is wanted; `now` is in seconds since 1970. The caller's own
        authorization wins."""
        if self.signer is None or "authorization" in headers:
            return headers
        return self.signer.sign(str(self.base_url), path, headers, body, now)

    def start(self) -> Endpoint:
        """The endpoint with what it waits for: keys, or the embedded model's server running behind it. Takes a while
        the first time.

        Raises:
            ConfigurationError: the keys or the server cannot be had.
        """
        if self.chain is not None:
            signer = self.chain.signer()
            return attrs.evolve(self, base_url=self.fixed_url or aws.address(signer.region), signer=signer)
        from duologue.local import ensure_server

        # The template that knows tools writes the same prompt as the model's own where a request has none.
        server = ensure_server(tools=True)
        return attrs.evolve(self, base_url=server.base_url, api_key=Secret(server.api_key))


def resolve(config: ClientConfig, environ: Mapping[str, str]) -> Endpoint:
    """The endpoint that a configuration means.

    Raises:
        ConfigurationError: the provider is unknown, the key is missing, or the address is not to be used.
    """
    name, _, model = config.provider.partition(":")
    provider = find_provider(name)
    option_headers = _checked_options(config, provider)
    if config.base_url is None and provider.base_url is None and provider.auth != "sigv4" and name != "local":
        raise ConfigurationError(f"{provider.title} has an address of your own: pass base_url=...; see {provider.docs}")
    base_url = _checked_url(config.base_url, insecure=bool(config.options.get("allow_insecure")))
    model_name = config.model or model or provider.default_model
    if provider.auth == "sigv4":
        return _resolve_aws(config, provider, environ, base_url=base_url, model=model_name)
    known = base_url is None or _same_server(base_url, provider.base_url)
    return Endpoint(
        provider=provider,
        base_url=base_url or provider.base_url,
        api_key=config.api_key or _key_of(provider, environ, known=known),
        withheld=None if known or config.api_key else _variable_of(provider, environ),
        model=model_name,
        known=known,
        option_headers=option_headers,
    )


def _checked_options(config: ClientConfig, provider: Provider) -> dict[str, str]:
    """The options that are headers, by the headers' names in lower case, once all options are known ones."""
    known = {*_OPTIONS, *provider.option_headers, *(aws.OPTIONS if provider.auth == "sigv4" else ())}
    for option in config.options:
        if option not in known:
            raise ConfigurationError(f"unknown option {option!r}; known ones: {', '.join(sorted(known))}")
    headers = {}
    for option, header in provider.option_headers.items():
        value = config.options.get(option)
        if value is not None:
            check_header_value(value, f"option {option!r}")
            headers[header.lower()] = value
    return headers


def _resolve_aws(
    config: ClientConfig, provider: Provider, environ: Mapping[str, str], *, base_url: str | None, model: str | None
) -> Endpoint:
    known = base_url is None or aws.is_aws(base_url) or is_loopback(urlsplit(base_url).hostname or "")
    access = aws.find_access(
        config.options,
        environ,
        base_url=base_url,
        api_key=config.api_key,
        bearer_env=provider.key_env,
        trusted=known,
    )
    return Endpoint(
        provider=provider,
        base_url=access.base_url,
        api_key=config.api_key or access.bearer,
        model=model,
        known=known,
        signer=access.signer,
        chain=access.chain,
        fixed_url=base_url,
    )


def _same_server(base_url: str, own: str | None) -> bool:
    """Whether the table's row describes what answers at `base_url`. A server that users run themselves may be
    anywhere."""
    if own is None or is_loopback(urlsplit(own).hostname or ""):
        return True
    return _origin(base_url) == _origin(own)


def _origin(base_url: str) -> tuple[str, str | None, int]:
    url = urlsplit(base_url)
    return url.scheme, url.hostname, url.port or _PORTS[url.scheme]


def _checked_url(base_url: str | None, *, insecure: bool) -> str | None:
    if base_url is None:
        return None
    try:
        url = urlsplit(base_url)
        good = url.scheme in _PORTS and url.hostname and url.port != 0
    except ValueError:
        good = False
    # No error shows the address: keys have been found in queries, before the @, and in place of the whole.
    if not good:
        raise ConfigurationError("base_url must be like https://host/v1, with a port if need be")
    if "?" in base_url or "#" in base_url or "@" in url.netloc:
        raise ConfigurationError("base_url must have no query, no fragment and no user: a key is given as api_key")
    if not base_url.isascii() or not base_url.isprintable() or " " in base_url or "\\" in base_url:
        raise ConfigurationError("base_url must have no blanks, backslashes, control or non-ASCII characters")
    if url.scheme == "http" and not insecure and not is_loopback(url.hostname or ""):
        raise ConfigurationError(
            f"base_url is not encrypted, so the key and all that is said could be read on the way: use https, "
            f"or options={{'allow_insecure': True}} if {url.hostname} is to be trusted"
        )
    return base_url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine's own, beyond doubt."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _variable_of(provider: Provider, environ: Mapping[str, str]) -> str | None:
    """The variable that holds the key."""
    return next((variable for variable in provider.key_env if environ.get(variable)), None)


def _key_of(provider: Provider, environ: Mapping[str, str], *, known: bool) -> Secret | None:
    """The key out of the environment. It belongs to the provider, so it goes to no other server."""
    if not known:
        return None
    variable = _variable_of(provider, environ)
    if variable is not None:
        return Secret(environ[variable])
    if provider.auth == "none" or provider.base_url is None or is_loopback(urlsplit(provider.base_url).hostname or ""):
        return None
    raise ConfigurationError(f"{provider.title} needs a key: pass api_key=..., or set {' or '.join(provider.key_env)}")
