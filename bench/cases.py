"""What is compared, and what must hold, as data.

A `Case` names who is measured, how, with which figures; a `Bar` says how much a figure of ours may be at most.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.measures import by_driver, cold, imported, installed

if TYPE_CHECKING:
    from bench.measures import Measure

FORMATS = ("openai", "anthropic", "gemini", "vertex", "ollama")
TWINS = ("blocking", "async")
NO_TWIN = ("",)


class Bar(NamedTuple):
    """What a figure may be at most.

    Attributes:
        figure: its name.
        most: the number, or with `of` the ratio; infinite where nothing is asked for.
        of: the subject whose figure, of the same round, is what it is compared with; None for a plain number.
        beyond: what would be better than that is asked for.
        subject: whose figure it is.
        twin, shape: the only ones that it is for; empty for all.
    """

    figure: str
    most: float
    of: str | None = None
    beyond: float | None = None
    subject: str = "us"
    twin: str = ""
    shape: str = ""


class Case(NamedTuple):
    """One comparison.

    Attributes:
        name: as in `make bench CASES=...`.
        title: as in the table.
        measure: how it is done; see `bench/measures.py`.
        figures: what it gives, by name, with what the table says of each.
        bars: what must hold.
        subjects: who is measured, besides the peers.
        peers: whether peers are measured too.
        shapes, twins: a row of the table for each.
        counts: of the `Task`.
        small: counts that only show that it runs.
        rounds: how many at most; 0 for as many as there are.
    """

    name: str
    title: str
    measure: Measure
    figures: dict[str, str]
    bars: tuple[Bar, ...]
    subjects: tuple[str, ...] = ("a", "c", "us")
    peers: bool = False
    shapes: tuple[str, ...] = ("openai",)
    twins: tuple[str, ...] = TWINS
    counts: dict[str, Any] = {}  # noqa: RUF012 - a named tuple's default, which nobody changes
    small: dict[str, Any] = {}  # noqa: RUF012 - likewise
    rounds: int = 0


_CROWD = {
    "done_s": "done in, s",
    "p50_ms": "late, p50, ms",
    "p99_ms": "late, p99, ms",
    "cpu_s": "CPU, s",
    "cpu_percent": "CPU, % of a core",
}

CASES = (
    Case(
        name="burst",
        title="a stream that is there at once",
        measure=by_driver("burst"),
        figures={"event_cpu_us": "CPU an event, µs"},
        bars=(
            Bar("event_cpu_us", 0.50, of="c", beyond=0.42),
            Bar("event_cpu_us", 1.0, of="a"),
            Bar("event_cpu_us", 0.35, of="c", beyond=0.28, subject="us+speed"),
            Bar("event_cpu_us", 1 / 25, of="openai", subject="us+speed", shape="openai"),
            Bar("event_cpu_us", 1 / 7, of="anthropic", subject="us+speed", shape="anthropic"),
            Bar("event_cpu_us", 1 / 4, of="ollama", subject="us+speed", shape="ollama"),
        ),
        subjects=("a", "c", "us", "us+speed"),
        peers=True,
        shapes=FORMATS,
        counts={"events": 20_000},
        small={"events": 30},
    ),
    Case(
        name="short",
        title="short streams, warm",
        measure=by_driver("short"),
        figures={"request_cpu_us": "CPU a request, µs", "first_us": "first event, µs"},
        bars=(
            Bar("request_cpu_us", 0.80, of="c", beyond=0.50, twin="blocking"),
            Bar("request_cpu_us", 0.65, of="c", beyond=0.35, twin="async"),
            Bar("first_us", 0.80, of="c"),
        ),
        subjects=("a", "c", "us", "us+speed"),
        peers=True,
        shapes=FORMATS,
        counts={"events": 10, "times": 200},
        small={"events": 10, "times": 2},
    ),
    Case(
        name="streams",
        title="1,000 streams, 20 events/s each",
        measure=by_driver("crowd"),
        figures={**_CROWD, "stream_kb": "memory a stream, KB"},
        bars=(
            Bar("done_s", 11.5),
            Bar("p50_ms", 1.0),
            Bar("p99_ms", inf, beyond=80),
            Bar("cpu_s", 0.70, of="c"),
            Bar("cpu_percent", inf, beyond=45),
            Bar("stream_kb", 42),
        ),
        subjects=("c", "us"),
        peers=True,
        twins=("async",),
        counts={"events": 200, "times": 1000, "pause": 50},
        small={"events": 3, "times": 5, "pause": 1},
    ),
    Case(
        name="threads",
        title="300 threads, 20 events/s each",
        measure=by_driver("crowd"),
        figures=_CROWD,
        bars=(Bar("cpu_s", 0.80, of="c", beyond=0.45), Bar("p99_ms", 1.0, of="c")),
        subjects=("c", "us"),
        twins=("blocking",),
        counts={"events": 200, "times": 300, "pause": 50},
        small={"events": 3, "times": 5, "pause": 1},
    ),
    Case(
        name="import",
        title="import",
        measure=imported,
        figures={"import_cpu_ms": "CPU, ms", "import_ms": "time, ms"},
        bars=(Bar("import_cpu_ms", 1.3, of="a", beyond=0.75), Bar("import_ms", 1.3, of="a", beyond=0.75)),
        peers=True,
        twins=NO_TWIN,
    ),
    Case(
        name="cold",
        title="import, client and one stream of 10 events",
        measure=cold,
        figures={"cold_cpu_ms": "CPU, ms", "cold_ms": "time, ms"},
        bars=(Bar("cold_cpu_ms", 1.2, of="c", beyond=1.0), Bar("cold_ms", 1.2, of="c", beyond=1.0)),
        counts={"events": 10},
        small={"events": 10},
    ),
    Case(
        name="growth",
        title="memory held after 100,000 events, beside the text",
        measure=by_driver("growth"),
        figures={"grown_mb": "MB"},
        bars=(Bar("grown_mb", 1.0, beyond=0.1),),
        subjects=("c", "us"),
        counts={"events": 100_000},
        small={"events": 1100},
    ),
    Case(
        name="tools",
        title="1 MB of tool arguments in pieces of 8 characters; c joins them",
        measure=by_driver("tools"),
        figures={"arguments_cpu_ms": "CPU, ms"},
        bars=(Bar("arguments_cpu_ms", 2.0, of="c"), Bar("arguments_cpu_ms", 2.0, of="c", subject="us+speed")),
        subjects=("c", "us", "us+speed"),
        shapes=("tools",),
        counts={"events": 131_072},
        small={"events": 30},
    ),
    Case(
        name="size",
        title="the core, installed without extras",
        measure=installed,
        figures={"installed_mb": "MB", "distributions": "distributions"},
        bars=(Bar("installed_mb", 4.0), Bar("distributions", 10)),
        subjects=("us",),
        twins=NO_TWIN,
        rounds=1,
    ),
)
