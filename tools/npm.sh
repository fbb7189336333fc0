#!/bin/sh
# Runs the npm of tools/servers.sh. Usage: npm.sh FOLDER ARGUMENT ...
set -eu
folder=$1
shift
# The lock file must name no index: each machine has its own.
exec env PATH="$PWD/$folder/bin:$PATH" npm_config_omit_lockfile_registry_resolved=true \
  npm --silent --no-audit --no-fund "$@"
