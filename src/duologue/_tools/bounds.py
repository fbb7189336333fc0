"""What ends a loop with tools."""

from __future__ import annotations

from typing import Any

import attrs


def _check(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    if value is None and field.metadata["optional"]:
        return
    kinds = (int,) if field.metadata["whole"] else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise TypeError(f"{field.name} must be a {'whole ' if field.metadata['whole'] else ''}number; got {value!r}")
    if not value > 0:
        raise ValueError(f"{field.name} must be more than 0; got {value!r}")


def _bound(*, whole: bool, optional: bool = True) -> Any:
    return attrs.field(validator=_check, metadata={"whole": whole, "optional": optional})


@attrs.frozen(kw_only=True)
class Bounds:
    """How far a loop may go; see `AsyncClient.run_tools`."""

    max_rounds: int = _bound(whole=True, optional=False)
    max_calls: int | None = _bound(whole=True)
    max_total_tokens: int | None = _bound(whole=True)
    max_parallel: int = _bound(whole=True, optional=False)
    timeout: float | None = _bound(whole=False)
    tool_timeout: float | None = _bound(whole=False)
