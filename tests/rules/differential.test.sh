#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Generated expressions are answered as two other implementations answer them, or the specification says who is right:
# differential.test.sh [FIRST_SEED COUNT]; a seed that disagrees is told, and gives the same expression everywhere.
set -uo pipefail
build=${PLUMBLINE_BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build/release}
cd "$(dirname "$0")/differential"
if ! command -v node >/dev/null; then echo "Skipped: node is not installed."; exit 0; fi
if [[ ! -d node_modules/@bufbuild/cel ]] && ! { command -v npm >/dev/null && npm install --no-audit --no-fund --no-package-lock --silent 2>/dev/null; }; then
  echo "Skipped: @bufbuild/cel and @marcbachmann/cel-js could not be installed."; exit 0
fi
"$build/bin/cel_batch" "${1:-1}" "${2:-2000}" | node compare.mjs explained.json
