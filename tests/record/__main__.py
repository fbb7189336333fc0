"""`python -m tests.record [--events-only] [CASE ...]`: record cassettes, see `tests.record.cases`.

Records all cases or those named (`text`, `gemini/aimock` or `gemini/aimock/text`), derives the expected events from
what came, and says what has changed. Cases of servers that are not installed are left as they are. With `--events-only`
there is no server: the events are derived anew from the cassettes, as after a change in a decoder. Read the difference
before you commit it: from then on it is what has to come out.

Exit codes: 0 done, 1 nothing was written since something would have leaked or the server did not answer, 2 usage.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

import httpx

from duologue import Client, DuologueError, RetryPolicy
from duologue.local import LocalServer, start_server
from tests.kit.cassettes import ROOT, Case, decode, events_text, leaks, read, tape
from tests.kit.servers import INSTALLED, MISSING, Address, aimock, llamacpp, ministack
from tests.record.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SHOWN_LINES = 20


class LeakError(Exception):
    """A cassette would hold what is nobody's business."""


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.record", description="Record cassettes.")
    parser.add_argument("--events-only", action="store_true", help="no server: derive the events from the cassettes")
    parser.add_argument("case", nargs="*", help="the cases to do (default: all)")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.case).difference(*map(names_of, CASES)))
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(map(str, CASES))}")
    cases = [case for case in CASES if names_of(case) & set(options.case) or not options.case]
    if not (options.events_only or INSTALLED):
        cases = left(cases)
    try:
        if not options.events_only:
            record_all(cases, root)
    except (DuologueError, LeakError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for case in cases:
        # What has just been recorded has new ids and times everywhere: too much to show.
        sys.stdout.writelines(f"{line}\n" for line in write_events(case, root, show=options.events_only))
    return 0


def names_of(case: Case) -> set[str]:
    """What a case may be called by."""
    return {case.name, case.folder, str(case)}


def left(cases: list[Case]) -> list[Case]:
    """The cases that can be recorded without the servers of others."""
    able = [case for case in cases if case.server == "llamacpp"]
    sys.stderr.write(f"{len(cases) - len(able)} cases left as they are: {MISSING}\n")
    return able


class Servers:
    """The servers that cases ask, each started when the first case of its kind comes, and ended with the stack."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._models: dict[bool, LocalServer] = {}
        self._addresses: dict[tuple[str, bool], Address] = {}

    def address(self, case: Case) -> Address:
        """Where the case's server is, and the key to it."""
        kind = case.server, case.tools
        if kind not in self._addresses:
            self._addresses[kind] = self._start[case.server](self, case)
        return self._addresses[kind]

    def _model(self, *, tools: bool) -> LocalServer:
        if tools not in self._models:
            # A small context, since one case overruns it.
            self._models[tools] = self._stack.enter_context(start_server(tools=tools, context=1024))
        return self._models[tools]

    _start: ClassVar[dict[str, Callable[[Servers, Case], Address]]] = {
        "llamacpp": lambda self, case: llamacpp(self._model(tools=case.tools)),
        "ministack": lambda self, _: self._stack.enter_context(ministack(self._model(tools=True))),
        "aimock": lambda self, _: self._stack.enter_context(aimock()),
    }


def record_all(cases: list[Case], root: Path) -> None:
    """Record cases, all or none."""
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        servers = Servers(stack)
        for case in cases:
            record(case, servers.address(case), Path(folder))
        for case in cases:
            case.cassette(root).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(case.cassette(Path(folder)), case.cassette(root))


def record(case: Case, server: Address, root: Path) -> None:
    """Record one case.

    Raises:
        LeakError: something secret is in it; nothing is written.
    """
    asked, error = case.address(server.origin, server.key), None
    with tempfile.TemporaryDirectory() as folder:
        path = case.cassette(Path(folder))
        with tape().use_cassette(path, record_mode="all"), httpx.Client(trust_env=False) as http:
            retry = RetryPolicy(max_retries=0)
            client = Client(case.provider, **asked.fields(case.provider), http_client=http, retry=retry)
            try:
                ask(client, case)
            except DuologueError as raised:
                error = raised
        if error is not None and not path.exists():
            raise error  # else it came out of an answer, which may well be what was asked for
        text, body = path.read_text("utf-8"), read(path).body.decode("latin-1")  # a body that is no text is in Base64
    found = leaks(text + body, [asked.key, server.key, f":{urlsplit(server.origin).port}", str(Path.home())])
    if found:
        raise LeakError(f"{case}: not written, since it would hold {'; '.join(found)}")
    case.cassette(root).parent.mkdir(parents=True, exist_ok=True)
    case.cassette(root).write_text(text, "utf-8", newline="\n")


def ask(client: Client, case: Case) -> None:
    """Send the request and read the answer to its end."""
    if case.stream:
        for _ in client.stream(case.request):
            pass
    else:
        client.chat(case.request)


def write_events(case: Case, root: Path, *, show: bool) -> Iterator[str]:
    """Derive a cassette's expected events, write them, and say what has changed: how much, and with `show` what."""
    recorded = read(case.cassette(root))
    path = case.events(root)
    before = path.read_text("utf-8") if path.exists() else "[]"
    after = events_text(decode(case, recorded, [recorded.body]))
    path.write_text(after, "utf-8", newline="\n")
    difference = list(difflib.unified_diff(_fields(before), _fields(after), lineterm="", n=0))
    changes = [line for line in difference[2:] if line.startswith(("+", "-"))]
    added, removed = (sum(line.startswith(sign) for line in changes) for sign in "+-")
    yield f"{case}: {len(json.loads(after))} events, " + (f"fields +{added} -{removed}" if changes else "unchanged")
    if show:
        yield from (f"    {line}" for line in changes[:_SHOWN_LINES])
        if len(changes) > _SHOWN_LINES:
            yield f"    and {len(changes) - _SHOWN_LINES} lines more"


def _fields(events: str) -> list[str]:
    """Events with a line for each field, so that a difference is short."""
    return json.dumps(json.loads(events), indent=1, ensure_ascii=False).splitlines()


if __name__ == "__main__":
    sys.exit(main())
