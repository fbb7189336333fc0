"""`_progress` at a terminal, in a log, and where there is neither."""

from __future__ import annotations

import io

from duologue.local._progress import Console, line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_one_line_is_drawn_over() -> None:
    times = iter([0.0, 10.0, 10.05, 11.0, 11.01])
    screen = Terminal()
    console = Console(screen, lambda: next(times))
    console.say("Downloading")
    for done in (0, 1, 5_000_000, 10_000_000):  # the second comes too soon after the first
        console(done, 10_000_000)
    console.say("Ready")
    drawn = screen.getvalue().split("\r")
    assert drawn[0] == "Downloading\n"
    assert drawn[1].startswith(f"[{' ' * 30}]   0%  0.0 of 10.0 MB  0.0 MB/s")
    assert drawn[2].startswith(f"[{'#' * 15}{' ' * 15}]  50%  5.0 of 10.0 MB  5.0 MB/s")
    assert drawn[3].startswith(f"[{'#' * 30}] 100%  10.0 of 10.0 MB  9.9 MB/s")
    assert drawn[3].endswith("\nReady\n")
    assert len(drawn) == 4


def test_in_a_log_there_are_only_lines() -> None:
    log = io.StringIO()
    console = Console(log)
    console.say("Downloading")
    console(0, 10)
    console(10, 10)
    console.finish()
    console.say("Ready")
    assert log.getvalue() == "Downloading\nReady\n"


def test_without_a_standard_error_nothing_happens() -> None:
    console = Console(None)
    console(1, 2)
    console.say("Ready")


def test_more_than_all_is_all() -> None:
    assert "100%" in line(20, 10, 1.0)
