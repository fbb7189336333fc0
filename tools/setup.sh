#!/bin/sh
# Makes the environment that every make target uses, from the lock file with hashes.
# Usage: setup.sh PYTHON VENV
set -eu
python=$1
venv=$2
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "duologue needs Python 3.11 or newer; $python is $("$python" -V 2>&1)." >&2
  echo "Name another one: make PYTHON=python3.12 ..." >&2
  exit 1
}
uv=$(sh tools/find_uv.sh "$python")
echo "Setting up $venv (once) ..."
"$uv" venv -q --clear --no-python-downloads --python "$python" "$venv"
"$uv" pip install -q --python "$venv/bin/python" --require-hashes -r requirements/dev.txt
# The build backend comes out of the lock file too, so nothing unpinned is fetched to build ourselves.
"$uv" pip install -q --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
