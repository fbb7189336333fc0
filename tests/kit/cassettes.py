"""Cassettes: what a real server answered, byte for byte, and the events that must come of it.

`cassettes/<dialect>/<server>/<case>.yaml` is vcrpy's own format, `<case>.events.json` beside it the events as `to_dict`
gives them. Nothing of the machine that recorded it gets in: of headers only those named here, no address, no key.
"""

from __future__ import annotations

import getpass
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import vcr  # type: ignore[import-untyped]  # publishes no types
import yaml
from vcr.persisters.filesystem import CassetteNotFoundError  # type: ignore[import-untyped]  # as above
from vcr.serialize import deserialize, serialize  # type: ignore[import-untyped]  # as above
from vcr.serializers import yamlserializer  # type: ignore[import-untyped]  # as above

from duologue import to_dict
from duologue._core.exchange import Exchange
from duologue._dialects import find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from tests.kit.servers import KEY_ID, Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from duologue.events import StreamEvent
    from duologue.models import ChatRequest

ROOT = Path(__file__).parents[2] / "cassettes"
# No such name can ever be resolved (RFC 2606), so a replay that misses its cassette reaches nobody.
ADDRESS = "http://server.invalid"

REQUEST_HEADERS = frozenset({"accept", "content-type"})
RESPONSE_HEADERS = frozenset(
    {
        "content-encoding",
        "content-type",
        "request-id",
        "retry-after",
        "server",
        "transfer-encoding",
        "x-amzn-errortype",
        "x-amzn-requestid",
        "x-request-id",
    }
)


class Case(NamedTuple):
    """One exchange to record."""

    name: str
    request: ChatRequest
    stream: bool = True
    tools: bool = False  # ask the model that has the template for tool calls
    key: str | None = None  # in place of the right one
    provider: str = "llamacpp"  # as which the client talks to the server
    server: str = "llamacpp"

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}"

    @property
    def dialect(self) -> str:
        """The format."""
        return PROVIDERS[self.provider].dialect

    @property
    def folder(self) -> str:
        """Where the cassettes of this format and server are."""
        return f"{self.dialect}/{self.server}"

    def address(self, origin: str, key: str) -> Address:
        """The server, where it is to be had at `origin`."""
        key_id = KEY_ID if self.server == "ministack" else ""
        return Address(origin, key, key_id) if self.key is None else Address(origin, self.key, key_id and "NOBODY")

    def cassette(self, root: Path = ROOT) -> Path:
        """Where the exchange is."""
        return root / self.folder / f"{self.name}.yaml"

    def events(self, root: Path = ROOT) -> Path:
        """Where the expected events are."""
        return root / self.folder / f"{self.name}.events.json"


class Recorded(NamedTuple):
    """One exchange as it was."""

    path: str  # with the query
    request: Any  # the JSON body
    status: int
    headers: dict[str, str]
    body: bytes


def read(path: Path) -> Recorded:
    """Read a cassette; it holds one exchange."""
    [exchange] = yaml.safe_load(path.read_text("utf-8"))["interactions"]
    request, response = exchange["request"], exchange["response"]
    body = response["body"]["string"]
    return Recorded(
        _target(request["uri"]),
        json.loads(request["body"]),
        response["status"]["code"],
        {name.lower(): ", ".join(values) for name, values in response["headers"].items()},
        body if isinstance(body, bytes) else body.encode(),
    )


def _target(url: str) -> str:
    """What of an address goes into a request."""
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


def decode(case: Case, recorded: Recorded, pieces: Iterable[bytes], *, known: bool = True) -> list[StreamEvent]:
    """The events of a body that comes in these pieces."""
    provider = PROVIDERS[case.provider]
    exchange = Exchange(find_dialect(provider.dialect), provider, Limits(), stream=case.stream, known=known)
    events = exchange.begin(recorded.status, recorded.headers)
    for piece in pieces:
        events += exchange.feed(piece)
    return events + exchange.close()


def events_text(events: Iterable[StreamEvent]) -> str:
    """The text of an events file: a JSON list, one event a line."""
    lines = [json.dumps(to_dict(event), ensure_ascii=False) for event in events]
    return "[\n" + ",\n".join(lines) + "\n]\n"


# -- the recorder -----------------------------------------------------------------------------------------------------


def tape() -> Any:
    """The vcrpy that records and replays all cassettes."""
    recorder = vcr.VCR(
        before_record_request=_request,
        before_record_response=_response,
        match_on=("method", "path", "query", "body"),  # `body` compares JSON as data, going by its content type
        record_mode="none",
        record_on_exception=False,
    )
    recorder.register_serializer("yaml", _Serializer)
    recorder.register_persister(_Files)
    return recorder


def _request(request: Any) -> Any:
    request.uri = ADDRESS + _target(request.uri)
    request.headers = _only(request.headers, REQUEST_HEADERS)
    return request


def _response(response: dict[str, Any]) -> dict[str, Any]:
    return response | {"headers": _only(response["headers"], RESPONSE_HEADERS)}


def _only(headers: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name.lower(): value for name, value in headers.items() if name.lower() in names}


class _Dumper(yaml.SafeDumper):
    """Gives text of several lines as such, so that a stream's body can be read and its changes seen."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


class _Serializer:
    deserialize = yamlserializer.deserialize

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        return yaml.dump(cassette, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)


class _Files:
    """Files in UTF-8, where vcrpy's own would be in what the machine prefers."""

    @staticmethod
    def load_cassette(path: Path, serializer: Any) -> Any:
        if not path.exists():
            raise CassetteNotFoundError(path)
        return deserialize(path.read_text("utf-8"), serializer)

    @staticmethod
    def save_cassette(path: Path, cassette: dict[str, Any], serializer: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(serialize(cassette, serializer), "utf-8", newline="\n")


# -- what must not get in ---------------------------------------------------------------------------------------------

_LEAKS = {
    "a key": r"\b(sk|pk|rk|gsk|hf|ghp|gho|r8|fw|xai|pplx|nvapi|tgp|csk)[-_][A-Za-z0-9_-]{16,}|\bAIza[\w-]{30,}"
    r"|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[\w-]{10,}\.[\w-]{10,}|\bBearer\s+\S+",
    "a header": r"(?i)\b(proxy-)?authorization\b|\b(set-)?cookie\b|\b(x-)?(goog-)?api-key['\"]?:|\bx-amz-security-",
    "a home folder": r"/home/\w|/Users/\w|/root\b|(?i:[a-z]:\\+Users\\)|~/\w",
    "an address": r"\blocalhost\b|\b127\.0\.0\.1\b|\[::1\]|\b0\.0\.0\.0\b|://[^/\s'\"]+:\d+",
}


def leaks(text: str, secrets: Iterable[str] = ()) -> list[str]:
    """What in a cassette should not be there: the kind of it and what was found, `secrets` among them by number."""
    found = [f"{kind}: {match.group()}" for kind, shape in _LEAKS.items() if (match := re.search(shape, text))]
    # The user's name only where it can be nothing else: it may well be a common word too.
    if (user := _user()) and (match := re.search(rf"[/\\]{user}[/\\]|\b{user}@", text)):
        found.append(f"the user's name: {match.group()}")
    return found + [f"secret number {number}" for number, secret in enumerate(secrets) if secret in text]


def _user() -> str:
    """The user's name as a pattern; empty where there is none, as in some containers."""
    try:
        return re.escape(getpass.getuser())
    except (KeyError, OSError):
        return ""
