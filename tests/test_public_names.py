"""The names that programs are written against, and what importing them costs."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any

import attrs
import pytest

import duologue
from duologue import (
    AsyncClient,
    AsyncMerge,
    AsyncStream,
    AsyncToolRun,
    Client,
    Merge,
    Stream,
    ToolRun,
    errors,
    events,
)
from tests.kit.server import ScriptedServer, reply
from tests.kit.wire import answer

CLIENTS = ["AsyncClient", "AsyncMerge", "AsyncStream", "AsyncToolRun", "Client", "Merge", "Stream", "ToolRun"]
TOOLS = ["FunctionTool", "ToolContext", "merge_streams", "tool"]
KNOBS = ["ClientConfig", "Limits", "RetryPolicy", "Timeouts"]
MESSAGES = [
    "AudioContent",
    "CachePoint",
    "ChatParams",
    "ChatRequest",
    "ChatResponse",
    "Choice",
    "CitationContent",
    "ContentPart",
    "FileContent",
    "ImageContent",
    "Message",
    "ModelInfo",
    "ParsedResponse",
    "Provider",
    "Reasoning",
    "ReasoningContent",
    "RefusalContent",
    "ResponseFormat",
    "TextContent",
    "Tool",
    "ToolCall",
    "UnknownContent",
    "Usage",
]
WORDS = [
    "AuthScheme",
    "EndMarker",
    "FinishReason",
    "ImageDetail",
    "ResponseFormatType",
    "Role",
    "ToolStatus",
    "UsageSource",
]
PATTERNS = ["Health", "MessageRouter", "PromptTemplate", "extract_json"]
MIDDLEWARE = ["Middleware", "OutgoingRequest", "RequestInfo", "ResponseHead"]
EVENTS = [
    "ContentDelta",
    "Done",
    "Error",
    "ReasoningDelta",
    "RefusalDelta",
    "Start",
    "StreamEvent",
    "TextDelta",
    "ToolCallDelta",
    "ToolResult",
    "Unknown",
    "UsageUpdate",
]
ERRORS = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ClosedError",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLost",
    "ContentFilterError",
    "ContentTypeError",
    "DecodeError",
    "DuologueError",
    "EmptyResponse",
    "FetchError",
    "LimitExceeded",
    "NotFoundError",
    "OutputValidationError",
    "OverloadedError",
    "PermissionDeniedError",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "QuotaExceededError",
    "RateLimitError",
    "RedirectRefused",
    "ServerError",
    "StreamBusyError",
    "StreamInterrupted",
    "StreamTimeout",
    "StreamTruncated",
    "TLSError",
    "TransportError",
    "UnsupportedError",
]
REST = [
    "__version__",
    "errors",
    "events",
    "from_dict",
    "from_json",
    "register_model",
    "register_provider",
    "to_dict",
    "to_json",
]
NAMES = [*CLIENTS, *KNOBS, *MIDDLEWARE, *PATTERNS, *MESSAGES, *WORDS, *EVENTS, *ERRORS, *REST, *TOOLS]


def test_the_names() -> None:
    assert duologue.__all__ == sorted(NAMES)
    assert all(hasattr(duologue, name) for name in NAMES)


def test_nothing_else_shows() -> None:
    rooms = {name for name, value in vars(duologue).items() if isinstance(value, types.ModuleType)}
    seen = {name for name in vars(duologue) if not name.startswith("_")}
    assert seen - rooms == {name for name in NAMES if not name.startswith("_")} - rooms
    # Modules that have been imported are attributes of their package, and these are meant to be public.
    assert {name for name in rooms if not name.startswith("_")} <= {
        "config",
        "dialects",
        "errors",
        "events",
        "local",
        "models",
    }


def test_modules_say_the_same_as_the_package() -> None:
    assert sorted(ERRORS) == errors.__all__
    assert {*EVENTS, "ToolStatus", "TOOL_STATUS_VALUES"} == set(events.__all__)
    for name in (*ERRORS, *EVENTS):
        assert getattr(errors if name in ERRORS else events, name) is getattr(duologue, name)


CLASSES = [value for name in NAMES if inspect.isclass(value := getattr(duologue, name))]


@pytest.mark.parametrize("value", CLASSES, ids=lambda value: value.__name__)
def test_every_class_and_what_hangs_off_it_is_explained(value: type) -> None:
    assert inspect.getdoc(value)
    for name, member in inspect.getmembers(value):
        if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, property)):
            assert inspect.getdoc(member) or issubclass(value, Exception), f"{value.__name__}.{name}"


@pytest.mark.parametrize("value", [value for value in CLASSES if attrs.has(value)], ids=lambda value: value.__name__)
def test_every_field_is_explained(value: type) -> None:
    text = value.__doc__ or ""
    own = [field.name for field in attrs.fields(value) if not field.inherited]
    missing = [name for name in own if f"    {name}: " not in text]
    assert missing == []


@pytest.mark.parametrize(
    "name",
    [
        *[
            "extract_json",
            "from_dict",
            "from_json",
            "merge_streams",
            "register_model",
            "register_provider",
            "to_dict",
            "to_json",
        ],
        *["tool", "extract_json"],
    ],
)
def test_every_function_is_explained(name: str) -> None:
    assert inspect.getdoc(getattr(duologue, name))


@pytest.mark.parametrize("module", [duologue, errors, events])
def test_every_module_is_explained(module: Any) -> None:
    assert module.__doc__


def test_events_are_frozen_and_slotted() -> None:
    for kind in typing.get_args(events.StreamEvent):
        assert attrs.has(kind)
        assert "__slots__" in vars(kind)
        assert "__dict__" not in dir(kind)


@pytest.mark.parametrize(
    ("blocking", "waiting"),
    [(Client, AsyncClient), (Stream, AsyncStream), (ToolRun, AsyncToolRun), (Merge, AsyncMerge)],
)
def test_twins_have_the_same_names_and_arguments(blocking: type, waiting: type) -> None:
    names = {
        "close": "aclose",
        "__enter__": "__aenter__",
        "__exit__": "__aexit__",
        "__iter__": "__aiter__",
        "__next__": "__anext__",
    }
    public = {name for name in vars(blocking) if not name.startswith("_") or name in names}
    assert {names.get(name, name) for name in public} == {
        name for name in vars(waiting) if not name.startswith("_") or name in names.values()
    }
    for name in {*public, "__init__"}:
        one, other = vars(blocking)[name], vars(waiting)[names.get(name, name)]
        if inspect.isfunction(one):
            assert _arguments(one) == _arguments(other), name


def _arguments(function: Any) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


_IMPORTED = """
import json, socket, sys

def refuse(*_, **__):
    raise AssertionError("a socket was opened")

socket.socket = socket.create_connection = socket.getaddrinfo = refuse
import duologue
assert not {"attr", "attrs"} & sys.modules.keys(), "names are imported when they are asked for"
duologue.Client, duologue.AsyncClient, duologue.Message, duologue.tool
print(json.dumps(sorted(name for name in sys.modules)))
"""


def test_importing_is_cheap_and_asks_nobody() -> None:
    run = subprocess.run([sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(run.stdout)}
    assert "duologue" in loaded
    slow = {"anyio", "asyncio", "cattrs", "certifi", "httpcore", "httpx", "rich", "trio", "xllamacpp", "yaml"}
    assert loaded & slow == set()
    inside = {name for name in json.loads(run.stdout) if name.startswith("duologue.")}
    assert not {name for name in inside if name.startswith(("duologue.local", "duologue._cli"))}
    assert "duologue._model_table" not in inside
    assert "duologue._schema" not in inside


def test_every_name_is_there_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As type checkers see them, and as a program gets them."""
    source = ast.parse(Path(str(duologue.__file__)).read_text())
    seen = next(node for node in source.body if isinstance(node, ast.If))
    names = {alias.name for node in seen.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == set(duologue.__all__) == set(dir(duologue))
    homes = {alias.name: node.module for node in seen.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    for name in duologue.__all__:
        monkeypatch.delitem(vars(duologue), name, raising=False)
        found, home = getattr(duologue, name), importlib.import_module(str(homes[name]))
        assert found is getattr(home, name)
    with pytest.raises(AttributeError, match="has no attribute 'Clent'"):
        duologue.Clent  # type: ignore[attr-defined]  # noqa: B018
    assert duologue.config.Limits is duologue.Limits


_ASKED = """
import sys
import duologue
with duologue.Client("llamacpp:m", base_url=sys.argv[1]) as client:
    assert client.stream("hi").result().text == "x"
print(*sorted({"anyio", "asyncio", "cattrs", "httpcore", "httpx", "ssl", "trio"} & sys.modules.keys()))
"""


def test_the_blocking_client_loads_neither_httpx_nor_an_event_loop() -> None:
    """They take longer than all that it does."""
    with ScriptedServer(reply(answer("x"))) as server:
        command = [sys.executable, "-c", _ASKED, server.base_url]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("\n", "")


_MADE = """
import sys
import duologue
made = [duologue.Client("openai", api_key="k"), duologue.AsyncClient("openai", api_key="k")]
assert "duologue._model_table" not in sys.modules
for client in made:
    assert client.model_info().known
assert "duologue._model_table" in sys.modules
"""


def test_the_model_table_is_loaded_when_a_model_is_asked_for() -> None:
    run = subprocess.run([sys.executable, "-c", _MADE], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
