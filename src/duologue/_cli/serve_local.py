"""`duologue serve-local`: the embedded model over HTTP until Ctrl-C; see `duologue.local.serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from duologue.local import serve

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Run the command; gives the exit code."""
    return serve(options.port, tools=options.tools)
