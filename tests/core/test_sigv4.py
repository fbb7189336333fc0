"""Signature Version 4: every vector of AWS's own suites."""

from __future__ import annotations

import base64
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest

from duologue._core.sigv4 import (
    Credentials,
    Scope,
    canonical_headers,
    canonical_request,
    scope_at,
    sign,
    signature,
    string_to_sign,
)
from duologue._secret import Secret
from tests.kit.corpora import Vector, each, vectors

KEYS = Credentials("AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret("the-token"))


class Request(NamedTuple):
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes


def request_of(vector: Vector) -> Request:
    head, _, body = vector["request"].partition("\n\n")
    first, *lines = head.split("\n")
    method, _, rest = first.partition(" ")
    path, _, query = rest.rpartition(" ")[0].partition("?")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(" "):  # a value goes on
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line}")
        elif line:
            name, _, value = line.partition(":")
            headers.append((name, value))
    return Request(method, path, query, headers, body.encode())


def keys_of(vector: Vector) -> Credentials:
    given = vector["context"]["credentials"]
    token = given.get("token")
    if vector["source"] == "aws4_testsuite":  # the older suite says it in the headers alone
        names = dict(line.partition(":")[::2] for line in vector["canonical_request"].split("\n"))
        token = names.get("x-amz-security-token")
    if vector["context"].get("omit_session_token"):  # it is added after the signature
        token = None
    return Credentials(
        given["access_key_id"], Secret(given["secret_access_key"]), None if token is None else Secret(token)
    )


def scope_of(vector: Vector) -> Scope:
    context = vector["context"]
    now = datetime.fromisoformat(context["timestamp"]).timestamp()
    return scope_at(now, context["region"], context["service"])


@each("aws_sigv4")
def test_vectors(vector: Vector) -> None:
    request, keys, scope = request_of(vector), keys_of(vector), scope_of(vector)
    normalize = vector["context"].get("normalize", True)
    query, added = request.query, {}
    if vector["kind"] == "query":
        query = presigned(vector, request, keys, scope)
    else:
        added = {"x-amz-date": scope.time}
        if keys.session_token is not None:
            added["x-amz-security-token"] = keys.session_token.reveal()
    signed = canonical_headers([*(pair for pair in request.headers if pair[0].lower() not in added), *added.items()])
    canonical = canonical_request(
        request.method, request.path, query, signed, sha256(request.body).hexdigest(), normalize=normalize
    )
    assert canonical == vector["canonical_request"]
    text = string_to_sign(scope, canonical)
    assert text == vector["string_to_sign"]
    assert signature(keys, scope, text) == vector["signature"]


def presigned(vector: Vector, request: Request, keys: Credentials, scope: Scope) -> str:
    """The query with what signs it, which is not needed for more than these vectors."""
    names = ";".join(canonical_headers(request.headers))
    pairs = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{keys.access_key_id}/{scope}",
        "X-Amz-Date": scope.time,
        "X-Amz-Expires": str(vector["context"]["expiration_in_seconds"]),
        "X-Amz-SignedHeaders": names,
    }
    if keys.session_token is not None:
        pairs["X-Amz-Security-Token"] = keys.session_token.reveal()
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs.items())
    return f"{request.query}&{added}"


@each("aws_sigv4")
def test_signing(vector: Vector) -> None:
    if vector["kind"] != "header":
        return
    request, keys, scope = request_of(vector), keys_of(vector), scope_of(vector)
    added = sign(
        keys,
        scope,
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=request.body,
        normalize=vector["context"].get("normalize", True),
        send_hash=False,
    )
    if "authorization" in vector:
        assert added["authorization"] == vector["authorization"]
    assert added["authorization"].endswith(f"Signature={vector['signature']}")
    assert added.keys() - {"authorization"} <= {"x-amz-date", "x-amz-security-token"}


SIGNED = [vector for vector in vectors("bedrock_auth") if vector["kind"] == "sigv4"]


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in SIGNED])
def test_bedrock_vectors(vector: Vector) -> None:
    given, expected = vector["given"], vector["expected"]
    keys, place = given["credentials"], given.get("signing", given)
    request = given["request"]
    time = place.get("timestamp") or place["signingDate"]
    body = base64.b64decode(request["body_base64"]) if "body_base64" in request else request["body"].encode()
    url = urlsplit(request["url"])
    headers = request.get("headers") or {"content-type": request["contentType"], "host": url.hostname}
    added = sign(
        Credentials(
            keys.get("access_key_id") or keys["accessKeyId"],
            Secret(keys.get("secret_access_key") or keys["secretAccessKey"]),
            Secret(keys.get("session_token") or keys["sessionToken"]),
        ),
        scope_at(datetime.fromisoformat(time).timestamp(), place["region"], place["service"]),
        path=url.path,
        headers=headers.items(),
        body=body,
    )
    if "headers" in expected:
        assert added == expected["headers"]
    else:
        assert added["authorization"] == expected["authorization"]
        assert added["x-amz-date"] == expected["date"]
        assert added["x-amz-content-sha256"] == expected["payloadHash"]


def test_keys_are_not_shown() -> None:
    assert repr(KEYS) == "Credentials(access_key_id='AKIDEXAMPLE', secret_access_key='***', session_token='***')"


def test_a_path_of_nothing() -> None:
    request = canonical_request("GET", "", "", {}, "h")
    assert request == "GET\n/\n\n\n\nh"


def test_the_body_s_hash_is_signed_and_need_not_be_sent() -> None:
    scope = scope_at(0.0, "us-east-1", "bedrock")
    given: dict[str, Any] = {"path": "/", "headers": [("host", "h")], "body": b"x"}
    with_it, without = (sign(KEYS, scope, **given, send_hash=sent) for sent in (True, False))
    assert with_it.keys() - without.keys() == {"x-amz-content-sha256"}
    assert with_it["authorization"] != without["authorization"]
    plain = sign(Credentials("AKIDEXAMPLE", Secret("x")), scope, **given)
    assert with_it.keys() - plain.keys() == {"x-amz-security-token"}
