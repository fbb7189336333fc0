"""`python -m codegen [--check] [--root DIR]`: write the generated files, or say which of them are not as they should.

Exit codes: 0 all is well, 1 a generated file is missing, differs or should not be there, 2 a source breaks the rules.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .model import SpecError
from .tree import compare, write


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description="Compile spec/ and _async/.")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where something would change")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository (default: the working directory)")
    options = parser.parse_args(arguments)
    try:
        problems = compare(options.root) if options.check else write(options.root)
    except SpecError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
