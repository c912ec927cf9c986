#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every page of the sample fleet in Chromium: 200 and more payloads, contrast, names, phone width, light, dark, print.
set -uo pipefail
cd "$(dirname "$0")"
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
if [[ -z $chromium ]] || ! command -v node >/dev/null; then echo "Skipped: chromium or node is not installed."; exit 0; fi
if [[ ! -d node_modules/playwright-core ]] && ! { command -v npm >/dev/null && npm install --no-audit --no-fund --silent; }; then
  echo "Skipped: playwright-core could not be installed."; exit 0
fi
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
"${PLUMBLINE_BUILD:-../../build/release}/bin/write_pages" "$scratch" poisoned || exit 1
CHROMIUM=$chromium node pages.mjs "$scratch" "${PLUMBLINE_PICTURES:-}"
