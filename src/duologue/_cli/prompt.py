"""What to ask: the argument, or standard input where there is none.

Gives the prompt's text. Raises `UsageError` where there is none or it is no text, `OSError` where standard input cannot
be read.
"""

from __future__ import annotations

import sys
from typing import TextIO

from duologue._cli.terminal import UsageError


def read_prompt(argument: str | None, stdin: TextIO | None) -> str:
    """The argument; only without one is standard input read, since what is there may be meant for another program."""
    prompt = _piped(stdin).rstrip("\n") if argument is None else argument
    if not prompt.strip():
        raise UsageError("no prompt: give one as an argument or on standard input")
    return prompt


def checked(text: str, name: str) -> str:
    """The text, if it is one.

    Raises:
        UsageError: it held bytes that were none, which Python keeps as halves of UTF-16 pairs.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{name} is no text in UTF-8") from error
    return text


def _piped(stdin: TextIO | None) -> str:
    if stdin is None:  # closed, as by `<&-`
        return ""
    if stdin.isatty():
        sys.stderr.write("Type the prompt, and end it with Ctrl-D on a line of its own:\n")
        sys.stderr.flush()
    try:
        return stdin.read()
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is no text in {error.encoding.upper()}") from error
