"""Signing requests with AWS Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html

`sign` gives the headers to add to a request. The steps on the way are functions of their own, in the order of AWS's
description: the canonical request, the string to sign, the signature. The time comes in as an argument.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from posixpath import normpath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duologue._secret import Secret

_ALGORITHM = "AWS4-HMAC-SHA256"


@attrs.frozen
class Credentials:
    """Keys of an AWS account; only the first of them may be shown."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None


class Scope(NamedTuple):
    """When and for what a signature counts: `time` is like `20150830T123600Z`."""

    time: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.time[:8]}/{self.region}/{self.service}/aws4_request"


def scope_at(now: float, region: str, service: str) -> Scope:
    """The scope of a request that is sent at `now`, in seconds since 1970."""
    return Scope(datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ"), region, service)


def sign(
    credentials: Credentials,
    scope: Scope,
    *,
    path: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    method: str = "POST",
    query: str = "",
    normalize: bool = True,
    send_hash: bool = True,
) -> dict[str, str]:
    """The headers that have to be added to a request so that it is signed.

    Args:
        path, query: as they are sent.
        headers: those to be signed, `host` among them.
        normalize: whether `..` and double slashes in the path are worked out, as all services but S3 do.
        send_hash: whether the body's hash is sent along.
    """
    added = {"x-amz-date": scope.time}
    if credentials.session_token is not None:
        added["x-amz-security-token"] = credentials.session_token.reveal()
    body_hash = sha256(body).hexdigest()
    if send_hash:
        added["x-amz-content-sha256"] = body_hash
    signed = canonical_headers([*((n, v) for n, v in headers if n.lower() not in added), *added.items()])
    request = canonical_request(method, path, query, signed, body_hash, normalize=normalize)
    added["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={';'.join(signed)}, "
        f"Signature={signature(credentials, scope, string_to_sign(scope, request))}"
    )
    return added


def canonical_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, the values without needless blanks; several of one name become a list."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(" ".join(value.split()))
    return {name: ",".join(found[name]) for name in sorted(found)}


def canonical_request(
    method: str, path: str, query: str, headers: dict[str, str], body_hash: str, *, normalize: bool = True
) -> str:
    """The request in the form that both sides work out alike. A path that is sent encoded is encoded once more."""
    return "\n".join(
        [
            method,
            quote(_normalized(path) if normalize else path, safe="/~"),
            _canonical_query(query),
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            ";".join(headers),
            body_hash,
        ]
    )


def _normalized(path: str) -> str:
    slash = "/" if path.endswith(("/", "/.", "/..")) else ""
    return (normpath(f"/{path.lstrip('/')}").rstrip("/") + slash) or "/"


def _canonical_query(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    encoded = sorted((quote(unquote(key), safe="~"), quote(unquote(value), safe="~")) for key, _, value in pairs)
    return "&".join(f"{key}={value}" for key, value in encoded)


def string_to_sign(scope: Scope, request: str) -> str:
    """What the signature is made of."""
    return "\n".join([_ALGORITHM, scope.time, str(scope), sha256(request.encode()).hexdigest()])


def signature(credentials: Credentials, scope: Scope, text: str) -> str:
    """The signature, with a key that is good for the scope alone."""
    key = f"AWS4{credentials.secret_access_key.reveal()}".encode()
    for part in (*str(scope).split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()
