"""Which credentials and which address a client of Bedrock uses, and the signed request that it sends."""

from __future__ import annotations

import base64
import builtins
import importlib
import logging
import pickle
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from duologue import ClientConfig
from duologue._core import aws
from duologue._core.call import Call
from duologue._core.endpoint import Endpoint, resolve
from duologue._core.sigv4 import Credentials
from duologue._secret import Secret
from duologue.errors import ConfigurationError
from duologue.models import ChatRequest
from tests.kit.canary import shown
from tests.kit.corpora import Vector, vectors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECRET, TOKEN = "wJalrXUtnFEMI/SECRET", "the-session-token"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": SECRET}
ENV_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
NOW = 1_780_317_296.0


def find(environ: Mapping[str, str] = {}, *, options: Mapping[str, Any] | None = None, **fields: Any) -> Endpoint:
    return resolve(ClientConfig(provider="bedrock", model="m:0", options=options, **fields), environ)


def sent(endpoint: Endpoint, *, stream: bool = False, now: float = NOW, **fields: Any) -> dict[str, str]:
    config = ClientConfig(provider="bedrock", model="m:0", **fields)
    return Call(config, endpoint, ChatRequest("hi"), stream=stream, now=0).headers(endpoint, now)


def mode(endpoint: Endpoint) -> str:
    if endpoint.chain is not None:
        return "chain"
    return "static" if endpoint.signer else "bearer" if endpoint.api_key else "none"


@pytest.fixture
def botocore(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for botocore; its attributes say what it finds, and what was asked of it."""
    state = SimpleNamespace(
        keys=[("AKIDCHAIN", "s", None)], region="eu-west-1", profiles=[], calls=0, error=None, missing=False
    )

    class Found:
        def get_frozen_credentials(self) -> Any:
            state.calls += 1
            key, secret, token = state.keys[min(state.calls, len(state.keys)) - 1]
            return SimpleNamespace(access_key=key, secret_key=secret, token=token)

    class Session:
        def __init__(self, profile: str | None = None) -> None:
            state.profiles.append(profile)

        def get_config_variable(self, name: str) -> str | None:
            region: str | None = state.region
            return region if name == "region" else None

        def get_credentials(self) -> Any:
            if state.error is not None:
                raise state.error
            return None if state.missing else Found()

    modules = {name: ModuleType(name) for name in ("botocore", "botocore.session", "botocore.exceptions")}
    modules["botocore.session"].Session = Session  # type: ignore[attr-defined]  # made up here
    for name in ("BotoCoreError", "ClientError"):
        setattr(modules["botocore.exceptions"], name, type(name, (Exception,), {}))
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(aws, "find_spec", lambda _: object())
    return state


@pytest.fixture
def no_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "find_spec", lambda _: None)


# -- which credentials -------------------------------------------------------------------------------------------------

CHOICES = [vector for vector in vectors("bedrock_auth") if vector["kind"] == "auth_selection"]


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in CHOICES])
def test_vectors_of_the_choice(vector: Vector, botocore: SimpleNamespace) -> None:
    explicit = {f"aws_{name}": value for name, value in vector["given"]["explicit"].get("aws", {}).items()}
    endpoint = find(vector["given"]["environment"], options={"region": "us-east-1", **explicit})
    expected = vector["expected"]
    source = {"static": "static", "environment": "bearer", "default": "chain"}[expected["auth_source"]]
    assert mode(endpoint) == source
    assert (mode(endpoint) != "bearer") == (expected["auth_mode"] == "sigv4")


REGION = {"region": "us-east-1"}
OTHER = "https://proxy.example.com"
CHOSEN: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({}, {"api_key": "k", "options": REGION}, "bearer"),
    ({"AWS_BEARER_TOKEN_BEDROCK": "b", "AWS_REGION": "us-east-1"}, {}, "bearer"),
    ({"AWS_BEARER_TOKEN_BEDROCK": "b", **ENV_KEYS}, {}, "bearer"),
    (ENV_KEYS, {}, "static"),
    (ENV_KEYS, {"options": {"profile": "p"}}, "chain"),
    ({**ENV_KEYS, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, {}, "chain"),
    ({"AWS_SESSION_TOKEN": "t"}, {}, "chain"),
    ({}, {"base_url": "https://bedrock-runtime.us-east-1.amazonaws.com"}, "chain"),
    # What the environment holds goes to AWS and to this machine only.
    (ENV_KEYS, {"base_url": "http://127.0.0.1:4566"}, "static"),
    ({"AWS_BEARER_TOKEN_BEDROCK": "b"}, {"base_url": "http://127.0.0.1:4566"}, "bearer"),
    ({}, {"base_url": "http://127.0.0.1:4566"}, "none"),
    ({"AWS_BEARER_TOKEN_BEDROCK": "b", **ENV_KEYS}, {"base_url": OTHER}, "none"),
    ({}, {"base_url": OTHER, "options": {**KEYS, **REGION}}, "static"),
    ({}, {"base_url": OTHER, "api_key": "k"}, "bearer"),
]


@pytest.mark.parametrize(("environ", "fields", "expected"), CHOSEN)
def test_the_choice(environ: dict[str, str], fields: dict[str, Any], expected: str, botocore: SimpleNamespace) -> None:
    endpoint = find(environ, **fields)
    assert mode(endpoint) == expected
    assert endpoint.known is (fields.get("base_url") != OTHER)
    assert not botocore.profiles, "botocore waits for the first request"


WRONG: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({}, {}, r"needs a key: pass api_key.*aws_access_key_id.*AWS_BEARER_TOKEN_BEDROCK.*duologue\[bedrock\]"),
    ({}, {"options": {"profile": "p", **REGION}}, r"duologue\[bedrock\]"),
    ({}, {"api_key": "k"}, "needs a region"),
    ({}, {"options": KEYS}, "needs a region"),
    ({}, {"options": KEYS, "base_url": OTHER}, "needs a region"),
    ({}, {"options": {"region": "evil.com/"}}, "a region is like 'us-east-1'; got 'evil.com/'"),
    ({}, {"options": {"region": 5}}, "got 5"),
    ({"AWS_REGION": "a b", **KEYS}, {"api_key": "k"}, "got 'a b'"),
    ({}, {"api_key": "k", "options": {**KEYS, **REGION}}, "not several of them"),
    ({}, {"options": {**KEYS, **REGION, "profile": "p"}}, "not several of them"),
    ({}, {"options": {"aws_access_key_id": "A", **REGION}}, "aws_access_key_id and aws_secret_access_key have to be"),
    ({}, {"options": {"aws_secret_access_key": "A", **REGION}}, "have to be given together"),
    ({}, {"options": {"aws_session_token": "A", **REGION}}, "have to be given together"),
    ({"AWS_ACCESS_KEY_ID": "A", "AWS_REGION": "r"}, {}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have to be"),
    ({}, {"options": {**KEYS, **REGION, "aws_access_key_id": SECRET}}, "mixed up with the secret"),
    ({}, {"options": {"novel": 1}}, "unknown option 'novel'; known ones: allow_insecure, aws_access_key_id"),
]


@pytest.mark.parametrize(("environ", "fields", "words"), WRONG)
@pytest.mark.usefixtures("no_botocore")
def test_what_cannot_work(environ: dict[str, str], fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        find(environ, **fields)
    assert SECRET not in str(caught.value)


def test_other_providers_know_no_such_options() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown option 'region'; known ones: .*trust_env$"):
        resolve(ClientConfig(provider="openai", api_key="k", options=REGION), {})


# -- where -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "fields", "url"),
    [
        ({}, {"options": {"region": "eu-west-1"}}, "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ({"AWS_REGION": "a1", "AWS_DEFAULT_REGION": "b1"}, {}, "https://bedrock-runtime.a1.amazonaws.com"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b1"}, {}, "https://bedrock-runtime.b1.amazonaws.com"),
        ({"AWS_REGION": "a1"}, {"options": {"region": "c1"}}, "https://bedrock-runtime.c1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, {}, "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "us-gov-west-1"}, {}, "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ({"AWS_REGION": "eusc-de-east-1"}, {}, "https://bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
        ({"AWS_REGION": "us-iso-east-1"}, {}, "https://bedrock-runtime.us-iso-east-1.c2s.ic.gov"),
        ({"AWS_REGION": "us-isob-east-1"}, {}, "https://bedrock-runtime.us-isob-east-1.sc2s.sgov.gov"),
        ({"AWS_REGION": "eu-isoe-west-1"}, {}, "https://bedrock-runtime.eu-isoe-west-1.cloud.adc-e.uk"),
        ({"AWS_REGION": "us-isof-east-1"}, {}, "https://bedrock-runtime.us-isof-east-1.csp.hci.ic.gov"),
        ({"AWS_REGION": "a1"}, {"base_url": f"{OTHER}/x/"}, f"{OTHER}/x"),
    ],
)
def test_the_address(environ: dict[str, str], fields: dict[str, Any], url: str) -> None:
    assert find(environ, api_key="k", **fields).base_url == url


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.eu-west-1.amazonaws.com", "eu-west-1"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
        ("bedrock-runtime.eu-west-1.api.aws", "eu-west-1"),
        ("bedrock-runtime.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("bedrock-runtime.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"),
        ("127.0.0.1", "us-east-1"),
    ],
)
def test_the_region_that_is_signed(host: str, region: str) -> None:
    endpoint = find(ENV_KEYS, base_url=f"https://{host}")
    assert f"/{region}/bedrock/aws4_request" in sent(endpoint)["authorization"]


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_a_bearer_token() -> None:
    headers = sent(find({"AWS_BEARER_TOKEN_BEDROCK": "b"}, options=REGION))
    assert headers["authorization"] == "Bearer b"
    assert not any(name.startswith("x-amz") for name in headers)


def test_a_signature() -> None:
    headers = sent(find(options={**KEYS, **REGION, "aws_session_token": TOKEN}), stream=True)
    assert headers["accept"] == "application/vnd.amazon.eventstream"
    assert headers["x-amz-date"] == "20260601T123456Z"
    assert headers["x-amz-security-token"] == TOKEN
    assert headers["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260601/us-east-1/bedrock/aws4_request, SignedHeaders="
        "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="
    )
    assert "host" not in headers, "the HTTP library knows it"


def test_the_signature_that_botocore_makes() -> None:
    """Worked out by botocore 1.43.11 for the same request."""
    keys = Credentials("AKID", Secret("sec+ret/"), Secret("tok=="))
    headers = aws.Signer(keys, "us-east-1").sign(
        "http://Localhost:80/base",
        "/model/a%3A0/converse",
        {"content-type": "application/json"},
        b'{"a":1}',
        1792000000,
    )
    assert headers["authorization"].endswith(
        "Signature=7234bcd5f7e0fc2ddefa99ad19326d98db8ab4b96aa36c2029efe6efacec91f8"
    )


def test_a_port_is_signed_where_it_is_sent() -> None:
    def signature(url: str) -> str:
        return sent(find(ENV_KEYS, base_url=url))["authorization"].rpartition("=")[2]

    assert signature("http://localhost:80") == signature("http://localhost")
    assert signature("https://localhost:443") == signature("https://localhost")
    assert len({signature("http://localhost"), signature("http://localhost:443"), signature("http://localhost:1")}) == 3


def test_the_caller_s_own_headers_win() -> None:
    endpoint = find(ENV_KEYS)
    assert sent(endpoint, headers={"Authorization": "mine"})["authorization"] == "mine"
    plain, other = sent(endpoint), sent(endpoint, headers={"Content-Type": "application/json; charset=utf-8"})
    assert plain["authorization"] != other["authorization"]
    assert other["content-type"] == "application/json; charset=utf-8"


def test_nothing_is_signed_without_keys() -> None:
    assert "authorization" not in sent(find(base_url="http://127.0.0.1:1"))


RETRIES = [vector for vector in vectors("bedrock_auth") if vector["kind"] in ("retry_signing", "body_replay")]


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in RETRIES])
def test_vectors_of_retries(vector: Vector, botocore: SimpleNamespace) -> None:
    """Each attempt asks for the keys, and signs the same bytes anew. Bodies are bytes here, never streams that can be
    read once: what the vectors of such streams refuse cannot be asked for."""
    given, expected = vector["given"], vector["expected"]
    if given.get("body_kind") == "one_shot_stream":
        assert expected["result"] == "bedrock_non_replayable_body"
        return
    names = given.get("access_key_ids", ["AKIDCHAIN", "AKIDCHAIN"])
    botocore.keys = [(name, "s", None) for name in names]
    endpoint = find(options=REGION)
    call = Call(ClientConfig(provider="bedrock", model="m"), endpoint, ChatRequest("hi"), stream=True, now=0)
    call.body = base64.b64decode(given["body_base64"])
    attempts = []
    for now in (NOW, NOW + 5):
        call.begin_request(now)
        attempts.append(call.headers(endpoint.start(), now))
    assert [headers["authorization"].partition("Credential=")[2].partition("/")[0] for headers in attempts] == names
    assert (call.attempts, botocore.calls) == (expected["attempts"], expected.get("credential_provider_calls", 2))
    dates = expected.get("x_amz_dates", ["20260601T123456Z", "20260601T123501Z"])
    assert [headers["x-amz-date"] for headers in attempts] == dates
    hashes = [headers["x-amz-content-sha256"] for headers in attempts]
    assert hashes == expected.get("body_sha256", hashes[:1] * 2)


# -- botocore ----------------------------------------------------------------------------------------------------------


def test_the_chain(botocore: SimpleNamespace) -> None:
    botocore.keys = [("AKIDCHAIN", "s", "t")]
    waiting = find({}, options={"profile": "p"})
    assert (waiting.base_url, waiting.signer) == (None, None)
    ready = waiting.start()
    assert ready.base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    headers = sent(ready)
    assert headers["x-amz-security-token"] == "t"
    assert "Credential=AKIDCHAIN/20260601/eu-west-1/bedrock/" in headers["authorization"]
    assert waiting.start().base_url == ready.base_url
    assert (botocore.profiles, botocore.calls) == (["p"], 2), "the keys are kept, and renewed by botocore"


def test_the_caller_s_address_and_region_hold(botocore: SimpleNamespace) -> None:
    url = "https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com"
    endpoint = find(base_url=url).start()
    assert endpoint.base_url == url
    assert "/us-west-2/bedrock/" in sent(endpoint)["authorization"]


def test_no_keys_in_the_chain(botocore: SimpleNamespace) -> None:
    botocore.missing = True
    with pytest.raises(ConfigurationError, match="needs a key"):
        find(options=REGION).start()


def test_no_region_in_the_chain(botocore: SimpleNamespace) -> None:
    botocore.region = None
    with pytest.raises(ConfigurationError, match="needs a region"):
        find().start()


@pytest.mark.parametrize("name", ["BotoCoreError", "ClientError", "PermissionError", "ValueError"])
def test_errors_of_the_chain(name: str, botocore: SimpleNamespace) -> None:
    cls = getattr(importlib.import_module("botocore.exceptions"), name, None) or getattr(builtins, name)
    botocore.error = cls("the SSO session has expired")
    with pytest.raises(ConfigurationError, match=f"{name}: the SSO session has expired"):
        find(options=REGION).start()


# Files that botocore itself cannot use, with a secret in each.
FILES = {
    "no INI": "aws_secret_access_key = {secret}\n",
    "a line that is none": "[default]\naws_access_key_id = AKID\n{secret}\n",
    "a section that does not end": "[default\naws_secret_access_key = {secret}\n",
    "half of the keys": "[default]\naws_secret_access_key = {secret}\n",
    "twice the same": "[default]\naws_access_key_id = {secret}\naws_access_key_id = {secret}\n",
    "a program that fails": "[default]\ncredential_process = sh -c 'exit 1' {secret}\n",
    "a program that says no JSON": "[default]\ncredential_process = echo {secret}\n",
    "a program that is not there": "[default]\ncredential_process = /nonexistent/{secret}\n",
    "a quote that does not end": "[default]\ncredential_process = echo '{secret}\n",
    "a role without its source": "[default]\nrole_arn = arn:aws:iam::1:role/r\nexternal_id = {secret}\n",
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("variable", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"])
def test_what_a_file_of_keys_holds_is_in_no_error(
    variable: str, file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Read by botocore itself."""
    caplog.set_level(logging.DEBUG)
    (tmp_path / "file").write_text(FILES[file].format(secret=SECRET))
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / ("file" if name == variable else "none")))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConfigurationError) as caught:
        find(options=REGION).start()
    assert SECRET not in shown(caught.value)
    assert SECRET not in caplog.text


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_secrets_are_not_shown() -> None:
    options = {**KEYS, **REGION, "aws_session_token": TOKEN}
    config = ClientConfig(provider="bedrock", options=options)
    endpoint = resolve(config, {})
    for text in map(repr, (config, config.options, endpoint, endpoint.signer, vars(aws))):
        assert SECRET not in text
        assert TOKEN not in text
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(config)
    with pytest.raises(ConfigurationError, match="empty"):
        ClientConfig(options={"aws_secret_access_key": " "})
    with pytest.raises(ConfigurationError, match="options must be a Mapping"):
        ClientConfig(options=[1])  # type: ignore[arg-type]  # the mistake
