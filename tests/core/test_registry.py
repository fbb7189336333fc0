"""Providers that are added at run time: by data alone, and used like those of the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from duologue import ConfigurationError, Provider, UnsupportedError, register_provider
from duologue._core import registry
from duologue._core.environ import config_from_env
from duologue._core.exchange import Exchange
from duologue._core.registry import find_provider, known_providers
from duologue._dialects import _MODULES, find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from tests.kit.server import ScriptedServer, reply
from tests.kit.twins import Twin, collect

CHUNKS = (
    b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
    b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)
DONE = b"data: [DONE]\n\n"


@pytest.mark.usefixtures("added")
async def test_a_provider_by_data_alone(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme")
    with ScriptedServer(reply(CHUNKS + DONE)) as server:
        register_provider(
            "acme",
            dialect="openai-chat",
            base_url=server.base_url,
            key_env=["ACME_API_KEY"],
            auth="x-api-key",
            default_model="acme-1",
            headers={"x-acme": "yes"},
            field_names={"max_tokens": "max_completion_tokens"},
        )
        async with twin.Client("acme", api_key="sk-acme") as client:
            events = await collect(client.stream("Hello", max_tokens=3))
    assert events[-1].is_done
    assert events[-1].response.text == "Hi"
    assert events[-1].response.provider == "acme"
    [request] = server.requests
    assert request.headers["x-api-key"] == "sk-acme"
    assert request.headers["x-acme"] == "yes"
    assert (request.json()["model"], request.json()["max_completion_tokens"]) == ("acme-1", 3)


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize("dialect", sorted(_MODULES))
def test_a_row_s_end_marker_is_its_format_s(dialect: str) -> None:
    """A new row of any format needs no word of it: it is held to the same as the table's own."""
    own = next(row for row in PROVIDERS.values() if row.dialect == dialect)
    new = register_provider("acme", dialect=dialect, base_url="https://acme.example")
    assert new.end_marker is own.end_marker is None
    for known in (True, False):
        read = [Exchange(find_dialect(dialect), row, Limits(), stream=True, known=known) for row in (own, new)]
        needed = [exchange._marker_needed for exchange in read]
        assert needed[0] is needed[1] is {"openai-chat": known, "gemini": False}.get(dialect, True)


@pytest.mark.usefixtures("added")
async def test_its_end_marker_is_the_row_s(twin: Twin) -> None:
    with ScriptedServer(reply(CHUNKS)) as server:
        for marker in ("done_line", "finish_reason"):
            register_provider("acme", replace=True, dialect="openai-chat", base_url=server.base_url, end_marker=marker)
            async with twin.Client("acme:m") as client:
                [*_, last] = await collect(client.stream("Hello", raise_errors=False))
            assert last.is_done is (marker == "finish_reason")


def test_the_environment_knows_it(added: dict[str, Provider]) -> None:
    register_provider("acme", dialect="openai-chat", base_url="https://h/v1", key_env=["ACME_KEY"])
    assert list(added) == ["acme"]
    config = config_from_env({"ACME_KEY": "k", "ACME_MODEL": "m"}, lambda _: None)
    assert (config.provider, config.model) == ("acme", "m")
    assert find_provider("acme") in known_providers().values()


@pytest.mark.usefixtures("added")
def test_a_whole_row() -> None:
    row = attrs.evolve(PROVIDERS["groq"], name="groq-eu", base_url="https://eu.example/v1")
    assert register_provider(row) is row is find_provider("groq-eu")
    assert register_provider(attrs.evolve(row)) == row, "the same once more, as where a module is loaded anew"
    with pytest.raises(TypeError, match="give dialect inside the Provider"):
        register_provider(row, dialect="ollama")


@pytest.mark.usefixtures("added")
def test_a_name_that_is_taken() -> None:
    with pytest.raises(ConfigurationError, match="a provider 'openai' already: pass replace=True"):
        register_provider("openai", dialect="openai-chat")
    own = register_provider("openai", dialect="openai-chat", base_url="https://gateway.example/v1", replace=True)
    assert find_provider("openai") is own
    assert PROVIDERS["openai"] != own


@pytest.mark.parametrize(
    ("name", "fields", "error", "words"),
    [
        ("a:b", {"dialect": "openai-chat"}, ConfigurationError, "lower-case letters.*'a:b'"),
        ("Acme", {"dialect": "openai-chat"}, ConfigurationError, "lower-case letters"),
        ("acme", {"dialect": "morse"}, ConfigurationError, "unknown dialect 'morse'"),
        ("acme", {"dialect": "openai-chat", "base_url": "h/v1"}, ConfigurationError, "'acme' must be like https://"),
        ("acme", {"dialect": "openai-chat", "base_url": "https://u@h"}, ConfigurationError, "must be like https://"),
        ("acme", {"dialect": "openai-chat", "base_ur": "x"}, TypeError, "base_ur"),
        ("acme", {"dialect": "openai-chat", "auth": "magic"}, ConfigurationError, "'acme' cannot be added: .*auth"),
        ("acme", {"dialect": "openai-chat", "key_env": "K"}, ConfigurationError, "key_env"),
        ("acme", {}, TypeError, "dialect"),
    ],
)
def test_what_is_no_provider(
    added: dict[str, Provider], name: str, fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        register_provider(name, **fields)
    assert added == {}


def test_names_and_addresses_are_held_to_the_same_rules_as_in_the_table() -> None:
    columns = yaml.safe_load((Path(__file__).parents[2] / "spec" / "tables.yaml").read_text("utf-8"))
    fields = columns["classes"]["Provider"]["fields"]
    assert registry._NAME.pattern == fields["name"]["pattern"]
    assert registry._URL.pattern == fields["base_url"]["pattern"]


# -- packages of their own ---------------------------------------------------------------------------------------------

DIALECT = """
from duologue import Provider
from duologue.dialects import Wire, encode_fields, loads, named
from duologue.events import Start, TextDelta

FRAMING = "jsonl"
PROVIDER = Provider("parrot", "Parrot", "parrot-lines", "https://parrot.example", base_url="http://127.0.0.1:9")
FIELDS = {"temperature": named("mood")}
UNSUPPORTED = {"seed": "parrots are not repeatable"}


def encode(request, provider, *, model, stream):
    fields = encode_fields(request, FIELDS, UNSUPPORTED, where="the parrot-lines format")
    return Wire("/say", {"words": [message.text for message in request.messages], "bird": model, **fields})


class Decoder:
    def __init__(self, provider):
        self.ended = False
        self.finish = {}
        self.provider = provider

    def feed(self, frame, events):
        line = loads(frame)
        if line.get("bye"):
            self.finish[0] = ("stop", "bye")
            self.ended = True
        else:
            events.append(TextDelta(line["say"]))

    feed_whole = feed
"""


def install(folder: Path, module: str, source: str, entry_points: str) -> None:
    """A package as installed: its module, and what its metadata says."""
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, added: dict[str, Provider]) -> Path:
    """A folder whose packages are installed."""
    assert added == {}
    monkeypatch.setattr("duologue._dialects._found", {})
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


async def test_a_dialect_and_a_provider_of_another_package(twin: Twin, site: Path) -> None:
    module = f"parrot_{twin.name}"
    install(
        site,
        module,
        DIALECT,
        f"[duologue.dialects]\nparrot-lines = {module}\n[duologue.providers]\nparrot = {module}:PROVIDER\n",
    )
    body = b'{"say": "Hel"}\n{"say": "lo"}\n{"bye": true}\n'
    with ScriptedServer(reply(body, content_type="application/x-ndjson")) as server:
        async with twin.Client("parrot:polly", base_url=server.base_url) as client:
            with pytest.raises(UnsupportedError, match="no seed: parrots are not repeatable"):
                client.stream("Hello", seed=1)
            events = await collect(client.stream("Hello", temperature=1))
    assert [event.text for event in events if event.is_delta] == ["Hel", "lo"]
    assert (events[-1].is_done, events[-1].response.text, events[-1].finish_reason) == (True, "Hello", "stop")
    assert server.requests[0].path.endswith("/say")
    assert server.requests[0].json() == {"words": ["Hello"], "bird": "polly", "mood": 1}


def test_packages_that_do_not_hold_what_they_say(site: Path) -> None:
    install(
        site,
        "hollow",
        "FRAMING = 'morse'\nPROVIDER = 5\n",
        "[duologue.dialects]\nhollow = hollow\ngone = hollow:nothing\nlost = nowhere_at_all\n"
        "[duologue.providers]\nhollow = hollow:PROVIDER\n",
    )
    for name, words in {
        "hollow": "hollow is no dialect: it has no encode, no Decoder, no FRAMING .one of aws-eventstream, jsonl, sse.",
        "gone": "hollow:nothing, which an installed package names, is not there",
        "lost": "nowhere_at_all, which an installed package names, is not there",
        "morse": "unknown dialect 'morse'; known ones: .*gone, hollow, lost",
    }.items():
        with pytest.raises(ConfigurationError, match=words):
            register_provider("acme", dialect=name)
    with pytest.raises(ConfigurationError, match=r"hollow:PROVIDER must be a duologue.Provider of the name 'hollow'"):
        find_provider("hollow")
