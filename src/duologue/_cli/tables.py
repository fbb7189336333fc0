"""`duologue providers` and `duologue models`: the two tables.

`run(options)` writes one of them, as columns or as a JSON array, and gives the exit code, 0. No key is ever shown.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from duologue._cli.terminal import visible_line
from duologue._core.registry import known_providers
from duologue._serde import to_dict

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from duologue.models import ModelInfo, Provider

_ABILITIES = ("streaming", "tools", "vision", "files", "audio", "reasoning", "json_schema")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    heads, rows, data, line = _TABLES[options.command]
    if options.json:
        sys.stdout.write(json.dumps([data(row) for row in rows()], indent=2) + "\n")
    else:
        _write(heads, map(line, rows()))
    return 0


def _providers() -> Iterable[Provider]:
    return known_providers().values()


def _models() -> Iterable[ModelInfo]:
    from duologue._model_table import MODELS

    return MODELS.values()


def _provider_data(provider: Provider) -> Mapping[str, Any]:
    return {
        "name": provider.name,
        "title": provider.title,
        "default_model": provider.default_model,
        "key_env": list(provider.key_env),
        "key_set": _has_key(provider),
        "base_url": provider.base_url,
        "dialect": provider.dialect,
        "docs": provider.docs,
    }


def _provider_row(provider: Provider) -> Sequence[str]:
    key = "set" if _has_key(provider) else "not set" if provider.key_env else "none needed"
    return provider.name, provider.title, provider.default_model or "-", ", ".join(provider.key_env) or "-", key


def _has_key(provider: Provider) -> bool:
    return any(os.environ.get(variable) for variable in provider.key_env)


def _model_row(model: ModelInfo) -> Sequence[str]:
    abilities = [name for name in _ABILITIES if getattr(model, f"supports_{name}")]
    numbers = (model.context_window, model.max_output_tokens, model.input_price, model.output_price)
    known = ("?" if number is None else str(number) for number in numbers)
    return f"{model.provider}:{model.name}", *known, model.as_of or "?", ", ".join(abilities)


def _write(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows in columns as wide as what is in them."""
    lines = [heads, *([visible_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


# Of each command: the heads, the rows, a row as JSON, a row as cells.
_TABLES: Mapping[str, tuple[Sequence[str], Callable[[], Iterable[Any]], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "providers": (("NAME", "TITLE", "DEFAULT MODEL", "KEY VARIABLE", "KEY"), _providers, _provider_data, _provider_row),
    "models": (("MODEL", "CONTEXT", "OUTPUT", "$ IN", "$ OUT", "AS OF", "CAN DO"), _models, to_dict, _model_row),
}
