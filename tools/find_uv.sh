#!/bin/sh
# Prints the path of a uv, fetching one from the package index into .uv where the machine has none.
# Usage: find_uv.sh PYTHON
set -eu
python=$1
lock=requirements/uv.txt
if command -v uv >/dev/null 2>&1; then command -v uv; exit 0; fi
if [ -x .uv/bin/uv ]; then echo "$PWD/.uv/bin/uv"; exit 0; fi
# Debian splits venv and pip off python3, so either may be missing; each of the two is enough.
if "$python" -c 'import ensurepip' 2>/dev/null; then
  "$python" -m venv .uv >&2 && .uv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lock" >&2
elif "$python" -m pip --version >/dev/null 2>&1; then
  "$python" -m pip install -q --disable-pip-version-check --require-hashes --target .uv -r "$lock" >&2
else
  echo "No uv, and no way to fetch it: $python has neither venv nor pip." >&2
  echo "Install one of them (Debian: apt-get install python3-venv), or uv itself, and try again." >&2
  exit 1
fi
echo "$PWD/.uv/bin/uv"
