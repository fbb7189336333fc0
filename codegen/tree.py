"""The generated files: what they must hold, and how the tree differs from that.

`generate` gives every file's bytes by its path under the root. `compare` says what is missing, what differs and what
lies about that nothing generates; `write` makes the tree so. Both give a line for each thing that is, and stays, wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .emit_classes import emit_module
from .emit_docs import emit_pages
from .emit_params import emit_params
from .emit_schema import emit_schema
from .emit_tables import emit_tables
from .emit_unions import emit_unions
from .handwritten import Handwritten
from .load import load
from .model import MODULES
from .text import GENERATED
from .twin import twin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PACKAGE: Final = "src/duologue"
REFERENCE: Final = "docs/reference"
# Folders that hold nothing but generated files.
OWNED: Final = (f"{PACKAGE}/_sync", REFERENCE)
# Folders in which a file with the banner is a generated one, wherever it lies.
_SEARCHED: Final = (PACKAGE, "docs")
# The banner under what makes a comment in Python, Markdown and JSON, near the top of a file.
_BANNER: Final = re.compile(rb'(?m)(?:^# |^<!-- |"\$comment": ?")' + re.escape(GENERATED).encode())
_TOP: Final = 1024


def generate(root: Path) -> Mapping[str, bytes]:
    """Every generated file, by its path under `root`. Writes nothing.

    Raises:
        SpecError: a source breaks the rules.
    """
    spec = load(root)
    files = {f"{PACKAGE}/{module}.py": emit_module(spec, module) for module in MODULES}
    files |= {f"{PACKAGE}/{module}.py": text for module, text in emit_tables(spec).items()}
    files[f"{PACKAGE}/_unions.py"] = emit_unions(spec)
    params = emit_params(spec, Handwritten.read(root).functions)
    files |= {} if params is None else {f"{PACKAGE}/_params.py": params}
    files[f"{PACKAGE}/schema.json"] = emit_schema(spec)
    files |= {f"{REFERENCE}/{name}": text for name, text in emit_pages(spec).items()}
    files |= twin(root)
    return {path: files[path].encode() for path in sorted(files)}


def compare(root: Path) -> list[str]:
    """What is wrong with the generated files under `root`, each with the command that rights it."""
    files = generate(root)
    problems = []
    for path, data in files.items():
        if _is_link(root, path):
            problems.append(f"{path}: is a symbolic link, not a file of its own; run `make generate`")
        elif not (root / path).is_file():
            problems.append(f"{path}: is missing; run `make generate`")
        elif (root / path).read_bytes() != data:
            problems.append(f"{path}: is stale, or was edited by hand; run `make generate`")
    problems += [f"{path}: nothing generates it any more; run `make generate`" for path in _orphans(root, files)]
    return problems


def write(root: Path) -> list[str]:
    """Write what differs and remove what nothing generates any more; what was not generated is left, and named."""
    files = generate(root)
    for folder in OWNED:
        if (root / folder).is_symlink():
            (root / folder).unlink()
    for path, data in files.items():
        target = root / path
        if target.is_symlink():
            target.unlink()
        if not target.is_file() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    problems = []
    for path in _orphans(root, files):
        if _is_generated(root / path):
            (root / path).unlink()
        else:
            problems.append(f"{path}: is written by hand, but lies among generated files; move it")
    return problems


def _orphans(root: Path, files: Mapping[str, bytes]) -> list[str]:
    """Files in the generator's own folders, and files with its banner anywhere, that it would not write."""
    found = {path for folder in OWNED for path in _files(root / folder)}
    found |= {path for folder in _SEARCHED for path in _files(root / folder) if _is_generated(path)}
    names = (path.relative_to(root).as_posix() for path in found)
    return sorted(name for name in names if name not in files)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def _is_generated(path: Path) -> bool:
    with path.open("rb") as file:
        return _BANNER.search(file.read(_TOP)) is not None


def _is_link(root: Path, path: str) -> bool:
    """Whether the file, or the folder of the generator's own that it is in, is somewhere else."""
    owned = [folder for folder in OWNED if path.startswith(f"{folder}/")]
    return any((root / place).is_symlink() for place in (path, *owned))
