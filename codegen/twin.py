"""The blocking twin: `src/duologue/_sync/` out of `_async/`, by unasync and the renames below.

Takes the tree, gives the twin's files. Refuses, with the line, what unasync would get wrong or what would come out
differently on another version of Python, and a twin in which a word of the other world survives.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import unasync

from .model import Place, SpecError
from .text import banner, comment
from .twin_rules import Dictionary, check_source, check_twin, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE: Final = "src/duologue/_async"
TWIN: Final = "src/duologue/_sync"

# What the blocking twin calls things. Every entry must be used. unasync itself knows `__aenter__`, `__aexit__`,
# `__aiter__`, `__anext__`, `StopAsyncIteration`, `AsyncIterator`, `AsyncIterable` and `asynccontextmanager`.
RENAMES: Final[Mapping[str, str]] = {
    "_async": "_sync",  # the package itself
    "aclose": "close",  # ours, and that of every stream and transport
    "aiter": "iter",  # of Python, where unasync does not know it
    "anext": "next",  # likewise
    "AsyncClient": "Client",  # ours, and httpx's
    "AsyncStream": "Stream",  # ours
    "AsyncText": "Text",  # ours
    "AsyncToolRun": "ToolRun",  # ours
    "AsyncMerge": "Merge",  # ours
    "AsyncErrand": "Errand",  # ours
    "AsyncPlace": "Place",  # ours
    "AsyncAnswer": "Answer",  # ours
    "AsyncBody": "Body",  # ours
    "AsyncNetwork": "Network",  # ours
    "AsyncConnection": "Connection",  # ours
    "AsyncPartials": "Partials",  # ours
    "AsyncPool": "Pool",  # ours
    "AsyncRoad": "Road",  # ours
    "AsyncTheirs": "Theirs",  # ours
    "AsyncTimedStream": "TimedStream",  # ours
    "AsyncCrew": "Crew",  # likewise
    "async_settled": "settled",  # likewise
    "AsyncGate": "Gate",  # of _waiting, which is written by hand for both
    "AsyncInterrupt": "Interrupt",  # likewise
    "AsyncKeeper": "Keeper",  # likewise
    "async_connect": "connect",  # likewise
    "loops": "blocking",  # likewise: the module that has it
    "async_forget": "forget",  # likewise
    "async_here": "here",  # likewise
    "async_run": "run",  # likewise
    "async_abandon": "abandon",  # likewise
    "async_unwind": "unwind",  # likewise
    "async_ready": "ready",  # likewise
    "async_sleep": "sleep",  # likewise
}


def twin(root: Path, renames: Mapping[str, str] = RENAMES) -> Mapping[str, str]:
    """The twin's files by their paths under `root`; none where there is no `_async/`.

    Raises:
        SpecError: a source cannot be translated, or a rename is used nowhere.
    """
    folder = root / SOURCE
    sources = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))}
    dictionary = Dictionary(unasync.Rule("/", "/", dict(renames)).token_replacements)
    used: set[str] = set()
    for name, text in sources.items():
        used |= check_source(text, f"{SOURCE}/{name}", dictionary)
    for word in renames:
        if sources and word not in used:
            raise SpecError(
                Place("codegen/twin.py", 0), f"the rename of {word!r} is used nowhere; take it out of RENAMES"
            )
    files = {}
    for name, text in _without_await(sources, renames).items():
        source = f"{SOURCE}/{name}"
        # The source is not named: its name has a word of the other world in it.
        head = comment(banner("its twin"))
        files[f"{TWIN}/{name}"] = "\n".join([*head, translate(text, dictionary)])
        check_twin(files[f"{TWIN}/{name}"], len(head), source, dictionary)
    return files


def _without_await(sources: Mapping[str, str], renames: Mapping[str, str]) -> Mapping[str, str]:
    """What unasync makes of the sources; it works on files."""
    with tempfile.TemporaryDirectory() as scratch:
        given = {name: Path(scratch, "_async", name) for name in sources}
        for name, path in given.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sources[name].encode())
        rule = unasync.Rule(f"{scratch}/_async/", f"{scratch}/_sync/", dict(renames))
        unasync.unasync_files([str(path) for path in given.values()], rules=[rule])
        return {name: Path(scratch, "_sync", name).read_bytes().decode() for name in sources}
