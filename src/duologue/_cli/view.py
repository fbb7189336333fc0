"""How the events of an answer are shown while they arrive.

A view takes events with `show`, and with `end` the news that no more come, whatever the reason. It writes to `out` and
flushes what it writes; what is wrong with writing (`OSError`, `OutputError`) goes to the caller.
"""

from __future__ import annotations

import os
import sys
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TextIO

from duologue._cli.terminal import OutputError, complain, visible, visible_line
from duologue._serde import to_json
from duologue.events import Done, ReasoningDelta, RefusalDelta, Start, StreamEvent, TextDelta

if TYPE_CHECKING:
    from collections.abc import Callable

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class View(Protocol):
    """Any way to show a stream."""

    def show(self, event: StreamEvent) -> None:
        """Show the next event."""

    def end(self) -> None:
        """Leave the output in good order: no more events come."""


class Lines:
    """Every event as a line of JSON."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._terminal = out.isatty()

    def show(self, event: StreamEvent) -> None:
        try:
            line = to_json(event)
        except TypeError as error:  # a provider may send what can be read but is too deep to be written
            raise OutputError(f"an event cannot be written as JSON: {error}") from error
        if self._terminal:  # JSON escapes every control character but this one
            line = line.replace("\x7f", "\\u007f")
        self._out.write(line + "\n")
        self._out.flush()

    def end(self) -> None:
        """Nothing to do: every line is whole."""


class Text:
    """The answer's text and nothing else.

    Newlines are held back until something follows them, so that exactly one is at the end. `cut_short` tells that the
    user asked for an answer of some length only, and so needs no word about it.
    """

    def __init__(self, out: TextIO, *, cut_short: bool = False) -> None:
        self._out = out
        self._expected = {"stop", "length"} if cut_short else {"stop"}
        self._held = ""
        self._line_open = False

    def show(self, event: StreamEvent) -> None:
        if isinstance(event, (TextDelta, RefusalDelta)):
            self._write(event.text)
        elif isinstance(event, Done):
            self._line_open = True
            self.end()
            self._close(event)

    def end(self) -> None:
        if self._line_open:
            self._line_open = False
            self._out.write("\n")
            self._out.flush()

    def _write(self, text: str) -> None:
        text = self._held + text
        body = text.rstrip("\n")
        self._held = text[len(body) :]
        if body:
            self._line_open = True
            self._out.write(self._shown(body))
            self._out.flush()

    def _shown(self, text: str) -> str:
        return text

    def _close(self, done: Done) -> None:
        if done.finish_reason not in self._expected:
            complain(f"finish reason: {done.finish_reason}")


class Live(Text):
    """The text on a terminal, made harmless unless `raw`; thoughts are dim, and a line of figures comes last.

    It only ever adds to the end, so that what has scrolled by can be read again.
    """

    def __init__(self, out: TextIO, *, raw: bool = False, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(out)
        self._raw = raw
        self._clock = clock
        self._model = "model"
        self._thinking = False
        self._began = self._latest = 0.0

    def show(self, event: StreamEvent) -> None:
        if event.is_delta:
            self._latest = self._clock()
            self._began = self._began or self._latest
        if isinstance(event, Start):
            self._model = event.model or self._model
        elif isinstance(event, (ReasoningDelta, TextDelta, RefusalDelta)) and event.text:
            self._turn(thinking=isinstance(event, ReasoningDelta))
            self._write(event.text)
        elif isinstance(event, Done):
            super().show(event)

    def _turn(self, *, thinking: bool) -> None:
        """Set thoughts and answer apart with a blank line."""
        if thinking != self._thinking and self._line_open:
            self._held = ""
            self._out.write("\n\n")
        self._thinking = thinking

    def _shown(self, text: str) -> str:
        text = text if self._raw else visible(text)
        return _dim(text, self._out) if self._thinking else text

    def _close(self, done: Done) -> None:
        figures = [done.finish_reason, *self._figures(done)]
        sys.stderr.write(_dim(f"[{visible_line(self._model)}: {', '.join(figures)}]", sys.stderr) + "\n")

    def _figures(self, done: Done) -> list[str]:
        """Tokens, where they were counted, and speed, from the first piece to the last."""
        usage, seconds = done.usage, self._latest - self._began
        if usage.source == "absent":
            return []
        figures = [f"{usage.input_tokens} tokens in, {usage.output_tokens} out"]
        if usage.output_tokens > 1 and seconds > 0:
            figures.append(f"{(usage.output_tokens - 1) / seconds:.1f} tokens/s")
        return figures


def _dim(text: str, out: TextIO) -> str:
    # https://no-color.org
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not out.isatty()
    return text if plain else f"{_DIM}{text}{_PLAIN}"
