"""The names of `duologue.local`, and that importing them costs little."""

from __future__ import annotations

import subprocess
import sys

from duologue import local


def test_the_public_names() -> None:
    assert sorted(local.__all__) == ["LocalServer", "ensure_server", "model_path", "serve", "start_server"]
    assert all(hasattr(local, name) for name in local.__all__)


def test_importing_it_does_not_load_the_engine() -> None:
    code = "import sys, duologue.local; print('xllamacpp' in sys.modules, 'httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False"
