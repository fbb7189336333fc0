"""The arrows between modules, read off the import statements: they point one way."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
PACKAGE = SRC / "duologue"


class Import(NamedTuple):
    """One name that is imported: of which module, from where, when."""

    module: str
    line: int
    at_import: bool
    """Whether importing the file imports it: not inside a function."""
    at_runtime: bool
    """Whether it is imported at all, and not only for type checkers."""


def imports(path: Path) -> Iterator[Import]:
    yield from _imports(ast.parse(path.read_text()), at_import=True, at_runtime=True)


def _imports(node: ast.AST, *, at_import: bool, at_runtime: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for name in child.names:
                yield Import(name.name, child.lineno, at_import, at_runtime)
        elif isinstance(child, ast.ImportFrom):
            for name in child.names if child.level == 0 else ():  # a relative one stays in its package
                module = f"{child.module}.{name.name}" if (SRC / str(child.module).replace(".", "/")).is_dir() else None
                yield Import(module or str(child.module), child.lineno, at_import, at_runtime)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            for body, runs in ((child.body, False), (child.orelse, at_runtime)):
                yield from _imports(ast.Module(body, []), at_import=at_import, at_runtime=runs)
        else:
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports(child, at_import=at_import and not inside, at_runtime=at_runtime)


FILES = sorted(PACKAGE.rglob("*.py"))
CODEGEN = sorted((ROOT / "codegen").rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SRC if SRC in path.parents else ROOT).with_suffix("").as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def ours(found: Import) -> str | None:
    """The room of ours that an import leads to."""
    parts = found.module.split(".")
    return (parts[1] if len(parts) > 1 else "__init__") if parts[0] == "duologue" else None


# What each room may import of ours when it runs.
SCHEMA = {"errors", "events", "models", "_json"}
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "_version": set(),
    "_json": {"errors"},
    "_partial_json": {"_json", "errors"},
    "_media": set(),
    "_image_size": set(),
    "_view": set(),
    "_check": set(),
    "_frames": {"_frames", "errors"},
    "models": {"_check", "_methods"},
    "events": {"_methods", "errors", "models"},
    "_methods": {"_check", "_extract", "_json", "_media", "_partial_json", "_schema", "_tools", "_view"}
    | {"errors", "models"},
    "_params": {"models"},
    "_parsed": {"_check", "models"},
    "_output": {"_json", "_output", "_parsed", "_partial_json", "_schema", "errors", "events", "models"},
    "_schema": {"_check", "_json", "_schema"},
    "_tools": SCHEMA | {"_check", "_output", "_schema", "_serde", "_tools"},
    "_merge": {"_async", "_sync"},
    "_unions": {"events", "models"},
    "_plain": {"_check"},
    "_converter": {"_check", "_plain", "_unions", "errors", "models"},
    "_serde": {"_check", "_converter", "_json", "_plain", "_unions", "errors"},
    "_tables": {"models"},
    "dialects": {"_dialects", "_frames", "_json"},
    "_model_table": {"models"},
    "_plugins": {"errors"},
    "_probe": set(),
    "_dialects": SCHEMA | {"_dialects", "_frames", "_image_size", "_plugins"},
    "_secret": {"errors"},
    "_middleware": {"_json"},
    "_template": {"models"},
    "_router": {"_check", "errors", "models"},
    "_extract": {"_output", "_schema", "errors", "models"},
    "config": {"_middleware", "_secret", "errors"},
    "_core": SCHEMA | {"_core", "_dialects", "_frames", "_model_table", "_plugins", "_secret", "_tables", "_version"}
    | {"_media", "_output", "_partial_json", "_view", "config", "_middleware", "local"},
    "_waiting": {"_core", "_waiting"},
    "_async": {"_async", "_core", "_frames", "_probe", "_tools", "_waiting", "config", "errors", "events"},
    "_sync": {"_core", "_frames", "_probe", "_sync", "_tools", "_waiting", "config", "errors", "events"},
}  # fmt: skip


@pytest.mark.parametrize("room", ARROWS)
def test_arrows(room: str) -> None:
    files = [path for path in FILES if room_of(path) == room]
    assert files
    for path in files:
        found = {(ours(one), one.line) for one in imports(path) if one.at_runtime and ours(one)}
        wrong = [f"{name_of(path)}:{line} imports {target}" for target, line in found if target not in ARROWS[room]]
        assert wrong == []


# Those that hold the others together, or stand beside them, and may import what they like.
FREE = {"__init__", "__main__", "_cli", "local"}


def test_every_room_has_its_arrows() -> None:
    assert {room_of(path) for path in FILES} == ARROWS.keys() | FREE


def test_nobody_but_the_endpoint_starts_the_embedded_model() -> None:
    others = [path for path in FILES if room_of(path) not in ("local", "_cli")]
    assert [name_of(path) for path in others for one in imports(path) if ours(one) == "local"] == [
        "duologue/_core/endpoint"
    ]


def test_every_import_says_where_it_leads() -> None:
    for path in FILES:
        nodes = ast.walk(ast.parse(path.read_text()))
        assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), name_of(path)


def users_of(*libraries: str, at_import: bool = False) -> set[str]:
    return {
        name_of(path)
        for path in [*FILES, *CODEGEN]
        for one in imports(path)
        if one.module.partition(".")[0] in libraries and one.at_runtime and (one.at_import or not at_import)
    }


def test_only_what_waits_knows_http() -> None:
    found = {name.removeprefix("duologue/") for name in users_of("httpx", "httpcore")}
    others = {name for name in found if not name.startswith(("_async/", "_sync/"))}
    assert others == {"_core/network", "local/_download"}
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert all(f"`{name}.py`" in page for name in others)
    # It is slow to load, and few need it: a client of the caller's, TLS, a host that is not ASCII.
    assert users_of("httpx", "httpcore", at_import=True) == set()


def test_only_the_compiler_knows_yaml() -> None:
    assert all(name.startswith("codegen/") for name in users_of("yaml", "unasync", "jinja2"))


def test_the_compiler_knows_nothing_of_ours() -> None:
    assert users_of("duologue") & {name_of(path) for path in CODEGEN} == set()


def test_only_what_waits_knows_an_event_loop() -> None:
    found = {name.removeprefix("duologue/") for name in users_of("anyio", "asyncio", "trio", "sniffio")}
    assert {name.partition("/")[0] for name in found} - {"_async", "_cli"} == {"_waiting"}
    assert "anyio" not in "".join(path.read_text() for path in (PACKAGE / "_sync").rglob("*.py"))


PROTOCOL_CODE = [path for path in FILES if room_of(path) in ("_frames", "_dialects", "_core")]


def test_the_half_that_does_not_wait() -> None:
    """No IO, no clock, no `await`."""
    for path in PROTOCOL_CODE:
        modules = {one.module.partition(".")[0] for one in imports(path) if one.at_runtime}
        assert not modules & {"time", "socket", "select", "subprocess", "os", "selectors"}, name_of(path)
        assert "open" not in {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        waits = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)
        assert not any(isinstance(node, waits) for node in ast.walk(ast.parse(path.read_text()))), name_of(path)


def test_nothing_runs_what_it_reads() -> None:
    for path in [*FILES, *CODEGEN]:
        modules = {one.module.partition(".")[0] for one in imports(path)}
        assert not modules & {"pickle", "marshal", "shelve", "dill"}, name_of(path)
        if name_of(path) != "duologue/local/_download":  # where the model comes from, held to its hash
            assert not modules & {"zipfile", "tarfile"}, name_of(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), f"{name_of(path)}:{node.lineno}"
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml":
                assert node.attr not in ("load", "unsafe_load", "full_load", "Loader", "UnsafeLoader"), name_of(path)


def test_the_reader_of_imports(tmp_path: Path) -> None:
    """The test of the test: it would see each of these."""
    sample = tmp_path / "sample.py"
    sample.write_text(
        "from typing import TYPE_CHECKING\n"
        "import a.b, c\n"
        "if TYPE_CHECKING:\n    import d\n"
        "else:\n    import e\n"
        "try:\n    import f\nexcept ImportError:\n    pass\n"
        "def g():\n    from h import i\n"
        "class J:\n    import k\n"
        "from duologue._core import call\n"
        "from duologue.errors import DecodeError\n"
    )
    found = {one.module: (one.at_import, one.at_runtime) for one in imports(sample)}
    assert found == {
        "typing": (True, True),
        "a.b": (True, True),
        "c": (True, True),
        "d": (True, False),
        "e": (True, True),
        "f": (True, True),
        "h": (False, True),
        "k": (True, True),
        "duologue._core.call": (True, True),
        "duologue.errors": (True, True),
    }
