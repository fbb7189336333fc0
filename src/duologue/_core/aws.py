"""Access to Amazon Bedrock: which region, and whose keys.

A bearer token is a key like any other. AWS's own keys sign each request instead: given as options, or out of the
environment, they need nothing else; those of profiles, SSO, roles and machines are found by botocore (the extra
`bedrock`), which is imported when the first request goes out.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from duologue._core.sigv4 import Credentials, scope_at, sign
from duologue._secret import Secret
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS = frozenset({"region", "profile", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"})
_REGION_ENV = ("AWS_REGION", "AWS_DEFAULT_REGION")
_SERVICE = "bedrock"
# A region becomes part of a host's name.
_REGION = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KEY_ID = re.compile(r"\w{1,128}", re.ASCII)
_HOST_REGION = re.compile(r"(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")
# What a region's hosts end in, by how its name begins; AWS keeps these partitions apart.
# https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
_SUFFIX = "amazonaws.com"
_DUAL_STACK = (".api.aws", ".api.amazonwebservices.com.cn", ".api.amazonwebservices.eu")
_HOSTS = (*(f".{suffix}" for suffix in (_SUFFIX, *_SUFFIXES.values())), *_DUAL_STACK)
# Those that have to be the same where the request arrives; a proxy on the way may change the others.
_SIGNED = ("content-type", "host")
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
_NO_REGION = "Amazon Bedrock needs a region: pass options={'region': 'us-east-1'}, say, or set AWS_REGION"
_NO_KEYS = (
    "Amazon Bedrock needs a key: pass api_key=... (a Bedrock API key), or options={'aws_access_key_id': ..., "
    "'aws_secret_access_key': ...}; or set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
)
_NO_BOTOCORE = "for a profile, SSO or a role, install duologue[bedrock]"


@attrs.frozen
class Signer:
    """Signs requests with one set of keys."""

    credentials: Credentials
    region: str

    def sign(self, base_url: str, path: str, headers: Mapping[str, str], body: bytes, now: float) -> dict[str, str]:
        """The headers with a signature; `now` is in seconds since 1970."""
        url = urlsplit(f"{base_url}{path}")
        named = {"host": url.netloc.lower().removesuffix(_DEFAULT_PORTS[url.scheme]), **headers}
        scope = scope_at(now, self.region, _SERVICE)
        signed = [(name, named[name]) for name in _SIGNED if name in named]
        return {**headers, **sign(self.credentials, scope, path=url.path, headers=signed, body=body)}


class Chain:
    """The keys and the region that botocore finds; it renews keys that run out."""

    def __init__(self, profile: str | None, region: str | None) -> None:
        self._profile = profile
        self._region = region
        self._keys: Any = None
        self._lock = Lock()

    def signer(self) -> Signer:
        """The keys as they are now. May take a while: a profile may name a role, a program or a server to ask.

        Raises:
            ConfigurationError: there are none.
        """
        with self._lock:
            found = self._find()
        credentials = Credentials(
            found.access_key, Secret(found.secret_key), Secret(found.token) if found.token else None
        )
        return Signer(credentials, checked_region(self._region))

    def _find(self) -> Any:
        core, client = _botocore("session"), _botocore("exceptions")
        try:
            if self._keys is None:
                session = core.Session(profile=self._profile)
                self._region = self._region or session.get_config_variable("region")
                self._keys = session.get_credentials()
            found = self._keys and self._keys.get_frozen_credentials()
        except (client.BotoCoreError, client.ClientError, OSError, ValueError) as reason:
            # Not what a system's error is about: the name of a program that is not there comes out of the file of keys.
            words = getattr(reason, "strerror", None) or reason
            raise ConfigurationError(f"no key for Amazon Bedrock: {type(reason).__name__}: {words}") from None
        if not found:
            raise ConfigurationError(_NO_KEYS)
        return found


def _botocore(module: str) -> Any:
    return import_module(f"botocore.{module}")


@attrs.frozen
class Access:
    """How to reach Bedrock.

    Args:
        base_url: the address; None where botocore has yet to tell the region.
        signer: what signs; None for a bearer token, for no key, and where `chain` has yet to tell the keys.
        chain: where the keys come from, if neither the options nor the environment have them.
        bearer: the bearer token out of the environment.
    """

    base_url: str | None
    signer: Signer | None = None
    chain: Chain | None = None
    bearer: Secret | None = None


def find_access(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    base_url: str | None,
    api_key: Secret | None,
    bearer_env: tuple[str, ...],
    trusted: bool,
) -> Access:
    """What the options, the environment and botocore say, in this order.

    `trusted` tells whether what the environment holds may be used at `base_url`.

    Raises:
        ConfigurationError: the region or the keys are missing, half given, or given twice.
    """
    region = _region(options, environ, base_url)
    keys = _keys({name: options.get(f"aws_{name}") for name in _KEYS}, "options", "aws_{}")
    profile = options.get("profile")
    if sum(given is not None for given in (api_key, keys, profile)) > 1:
        raise ConfigurationError("give Amazon Bedrock an api_key, AWS keys or a profile, not several of them")
    if api_key is not None:
        return Access(base_url or address(region))
    if keys is not None:
        return _signed(keys, region, base_url)
    if profile is not None:
        return _chained(profile, region)
    if not trusted:
        return Access(base_url)
    return _from_environment(environ, region, base_url, bearer_env)


def _from_environment(
    environ: Mapping[str, str], region: str | None, base_url: str | None, bearer_env: tuple[str, ...]
) -> Access:
    token = next((environ[name] for name in bearer_env if environ.get(name)), None)
    if token is not None:
        return Access(base_url or address(region), bearer=Secret(token))
    keys = _keys({name: environ.get(f"AWS_{name.upper()}") or None for name in _KEYS}, "environment", "AWS_{}")
    if keys is not None:
        return _signed(keys, region, base_url)
    if base_url is not None and not is_aws(base_url):  # such as a stand-in on this machine, which may want no key
        return Access(base_url)
    return _chained(None, region)


def _signed(keys: Credentials, region: str | None, base_url: str | None) -> Access:
    return Access(base_url or address(region), Signer(keys, checked_region(region)))


def _chained(profile: str | None, region: str | None) -> Access:
    if find_spec("botocore") is None:
        raise ConfigurationError(f"{_NO_KEYS}; {_NO_BOTOCORE}")
    return Access(None, chain=Chain(profile, region))


_KEYS = ("access_key_id", "secret_access_key", "session_token")


def _keys(given: Mapping[str, Any], place: str, form: str) -> Credentials | None:
    key_id, secret, token = (given[name] for name in _KEYS)
    if key_id is None and secret is None and (token is None or place == "environment"):
        return None
    names = [form.format(name.upper() if place == "environment" else name) for name in _KEYS]
    if key_id is None or secret is None:
        raise ConfigurationError(f"{names[0]} and {names[1]} have to be given together")
    key_id = (key_id.reveal() if isinstance(key_id, Secret) else str(key_id)).strip()
    if not _KEY_ID.fullmatch(key_id):
        raise ConfigurationError(f"{names[0]} must be letters and digits; was it mixed up with the secret?")
    return Credentials(key_id, _secret(secret), None if token is None else _secret(token))


def _secret(value: str | Secret) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)


def _region(options: Mapping[str, Any], environ: Mapping[str, str], base_url: str | None) -> str | None:
    """The region; one in the address is beyond doubt where none is given as an option."""
    if options.get("region") is not None:
        return checked_region(options["region"])
    found = _HOST_REGION.search(urlsplit(base_url or "").hostname or "")
    if found:
        return found[1]
    region = next((environ[name] for name in _REGION_ENV if environ.get(name)), None)
    return None if region is None else checked_region(region)


def checked_region(region: Any) -> str:
    """The region.

    Raises:
        ConfigurationError: there is none, or what there is cannot be one.
    """
    if region is None:
        raise ConfigurationError(_NO_REGION)
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise ConfigurationError(f"a region is like 'us-east-1'; got {region!r}")
    return region


def address(region: str | None) -> str:
    """Where Bedrock listens in a region: https://docs.aws.amazon.com/general/latest/gr/bedrock.html"""
    region = checked_region(region)
    suffix = next((suffix for start, suffix in _SUFFIXES.items() if region.startswith(start)), _SUFFIX)
    return f"https://bedrock-runtime.{region}.{suffix}"


def is_aws(base_url: str) -> bool:
    """Whether an address is AWS's own."""
    return (urlsplit(base_url).hostname or "").endswith(_HOSTS)
