"""Say on standard error how far a download is.

At a terminal one line is drawn over and over; elsewhere (in a log) only what `say` is given appears.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1_000_000
WIDTH = 30  # of the bar
REDRAW_SECONDS = 0.1


class Console:
    """Called with the bytes so far and in all; `say` writes a line of its own."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = io.StringIO() if stream is None else stream  # none in a Windows program without a console
        self._clock = clock
        self._began = clock()
        self._drawn = 0.0
        self._at_line_start = True

    def __call__(self, done: int, total: int) -> None:
        """Redraw the line, ten times a second at most."""
        if not self._stream.isatty():
            return
        now = self._clock()
        if done == 0:
            self._began = now  # an attempt begins, perhaps not the first
        elif done < total and now - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = now
        self._stream.write("\r" + line(done, total, now - self._began))
        self._stream.flush()
        self._at_line_start = False

    def say(self, text: str) -> None:
        """Write a line below what was drawn."""
        self.finish()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def finish(self) -> None:
        """Leave the drawn line, if there is one, as it stands."""
        if not self._at_line_start:
            self._stream.write("\n")
            self._stream.flush()
        self._at_line_start = True


def line(done: int, total: int, seconds: float) -> str:
    """Give the bar, the share, the megabytes and the speed; blanks at the end wipe what was longer before."""
    share = min(done / total, 1.0)
    bar = "#" * round(share * WIDTH)
    speed = done / MEGABYTE / seconds if seconds > 0 else 0.0
    return f"[{bar:<{WIDTH}}] {share:4.0%}  {done / MEGABYTE:.1f} of {total / MEGABYTE:.1f} MB  {speed:.1f} MB/s  "
