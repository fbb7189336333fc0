"""The command `duologue`.

`main(arguments)` runs it and gives the exit code: 0 done, 1 the provider or the stream failed, 2 usage, 130 Ctrl-C.
What was asked for goes to standard output; errors go to standard error, in lines that begin with `duologue:`. Each
command is loaded when it is run, so that `--help` needs nothing else of the package.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from duologue._cli.parser import make_parser
from duologue._cli.terminal import OutputError, UsageError, complain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_INTERRUPTED = 130  # what a shell gives for a program that SIGINT ended: 128 + 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; without `arguments`, those of the process.

    Raises:
        SystemExit: argparse's own, after `--help`, `--version` (0) and arguments that it cannot read (2).
    """
    options = make_parser().parse_args(arguments)
    try:
        code: int = import_module(options.module).run(options)
        sys.stdout.flush()
    except UsageError as error:
        complain(str(error))
        return 2
    except OutputError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough, as in `| head -1`
        _let_go_of_output()
        return 0
    except OSError as error:  # a full disk, an input that cannot be read
        complain(str(error))
        _let_go_of_output()
        return 1
    return code


def _let_go_of_output() -> None:
    """What cannot be written is lost; without this, Python would try again at its end and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
