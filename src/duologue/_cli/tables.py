"""`duologue providers` and `duologue models`: the two tables.

`run(options)` writes one of them, as columns or as a JSON array, and gives the exit code, 0. No key is ever shown.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from duologue._core.registry import known_providers
from duologue._serde import to_dict
from duologue._tables import MODELS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from duologue.models import ModelInfo, Provider

_ABILITIES = ("streaming", "tools", "vision", "files", "audio", "reasoning", "json_schema")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    providers = options.command == "providers"
    if options.json:
        rows = map(_provider_data, known_providers().values()) if providers else map(to_dict, MODELS.values())
        sys.stdout.write(json.dumps(list(rows), indent=2) + "\n")
    elif providers:
        _write(
            ("NAME", "TITLE", "DEFAULT MODEL", "KEY VARIABLE", "KEY"), map(_provider_row, known_providers().values())
        )
    else:
        _write(("MODEL", "PROVIDER", "CONTEXT", "OUTPUT", "CAN DO"), map(_model_row, MODELS.values()))
    return 0


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
    sizes = (str(size or "?") for size in (model.context_window, model.max_output_tokens))
    return model.name, model.provider, *sizes, ", ".join(abilities)


def _write(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows in columns as wide as what is in them."""
    lines = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
