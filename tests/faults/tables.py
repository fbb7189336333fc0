"""All tables of the matrix, by the names that the page has for them, and their sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults import (
    cancelling,
    contents,
    forms,
    leaving,
    provider,
    reused,
    sharing,
    sizes,
    soaking,
    transport,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.row import Promise

TABLES: Mapping[str, Mapping[str, list[Promise]]] = {
    "The line": {**transport.TABLE, **reused.TABLE, **waiting.TABLE},
    "The provider": {**provider.TABLE, **contents.TABLE, **forms.TABLE, **sizes.TABLE},
    "The caller": {**leaving.TABLE, **cancelling.TABLE, **sharing.TABLE, **soaking.TABLE},
}
