"""Words that must not turn up anywhere, and all the places where an error could show them."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duologue.errors import DuologueError

KEY = "sk-canary-0123456789abcdef"
HEADER = "canary-header-0123456789"
PROMPT = "canary-prompt-0123456789"
ANSWER = "canary-answer-0123456789"


def shown(error: DuologueError) -> str:
    """All that a crash report may hold: the error, what is behind it, and every frame's local variables."""
    found = [str(error), repr(error), repr(error.args)]
    found += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    fields = {name: value for name, value in vars(error).items() if name not in ("partial", "body")}
    return "\n".join([*found, repr(fields)])
