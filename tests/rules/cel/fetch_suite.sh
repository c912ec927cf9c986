#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches the language's own suites with npm and converts them for test_cel: fetch_suite.sh BUILD_FOLDER
# The licence of the package is Apache-2.0; nothing of it enters the repository.
set -eu
version=0.6.1
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: fetch_suite.sh BUILD_FOLDER" >&2; exit 2; }
output=$(cd "$1" && pwd)/cel-spec
for tool in npm node tar; do
  command -v $tool >/dev/null || { echo "skipped: the suites of CEL need $tool"; exit 0; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
if ! npm pack --silent "@bufbuild/cel-spec@$version" >packed 2>/dev/null; then
  echo "skipped: npm cannot fetch @bufbuild/cel-spec"
  exit 0
fi
tar -xzf "$(cat packed)"
node "$here/convert.mjs" package "$output"
