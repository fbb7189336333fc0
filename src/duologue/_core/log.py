"""The logger `duologue`: a line for each attempt at DEBUG, with figures and ids, and no word of what was said.

`logging` itself is loaded by whoever wants to see the lines.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logging import Logger

_NAME = "duologue"


def listener() -> Logger | None:
    """The logger, where somebody listens at DEBUG."""
    logging = sys.modules.get("logging")
    if logging is None:
        return None
    logger: Logger = logging.getLogger(_NAME)
    return logger if logger.isEnabledFor(logging.DEBUG) else None


def line(fields: dict[str, Any]) -> str:
    """Fields as `name=value`, without those that have no value; floats are seconds, to the millisecond."""
    return " ".join(f"{name}={_said(value)}" for name, value in fields.items() if value is not None)


def _said(value: Any) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    # Ids and models' names come from elsewhere: nothing in them is to begin another line or another field.
    return text if text.isprintable() and " " not in text else repr(text)
