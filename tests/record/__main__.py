"""`python -m tests.record [--events-only] [CASE ...]`: record cassettes from the real model's server.

Records all cases or those named, derives the expected events from what came, and says what has changed. With
`--events-only` there is no server: the events are derived anew from the cassettes, as after a change in a decoder.
Read the difference before you commit it: from then on it is what has to come out.

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
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from duologue import Client, DuologueError, RetryPolicy
from duologue.local import LocalServer, start_server
from tests.kit.cassettes import ROOT, Case, decode, events_text, leaks, read, tape
from tests.record.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN_LINES = 20


class LeakError(Exception):
    """A cassette would hold what is nobody's business."""


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.record", description="Record cassettes.")
    parser.add_argument("--events-only", action="store_true", help="no server: derive the events from the cassettes")
    parser.add_argument("case", nargs="*", help="the cases to do (default: all)")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.case) - {case.name for case in CASES})
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(case.name for case in CASES)}")
    cases = [case for case in CASES if case.name in options.case or not options.case]
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


def record_all(cases: list[Case], root: Path) -> None:
    """Record cases, all or none, from a server with tools and one without."""
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        servers: dict[bool, LocalServer] = {}
        for case in cases:
            if case.tools not in servers:
                # A small context, since one case overruns it.
                servers[case.tools] = stack.enter_context(start_server(tools=case.tools, context=1024))
            record(case, servers[case.tools].base_url, servers[case.tools].api_key, Path(folder))
        for case in cases:
            case.cassette(root).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(case.cassette(Path(folder)), case.cassette(root))


def record(case: Case, base_url: str, api_key: str, root: Path) -> None:
    """Record one case.

    Raises:
        LeakError: something secret is in it; nothing is written.
    """
    key, error = case.api_key or api_key, None
    with tempfile.TemporaryDirectory() as folder:
        path = case.cassette(Path(folder))
        with tape().use_cassette(path, record_mode="all"), httpx.Client(trust_env=False) as http:
            client = Client(
                case.provider, base_url=base_url, api_key=key, http_client=http, retry=RetryPolicy(max_retries=0)
            )
            try:
                ask(client, case)
            except DuologueError as raised:
                error = raised
        if error is not None and not path.exists():
            raise error  # else it came out of an answer, which may well be what was asked for
        text = path.read_text("utf-8")
    found = leaks(text, [key, api_key, f":{urlsplit(base_url).port}", str(Path.home())])
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
