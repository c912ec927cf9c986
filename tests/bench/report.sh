#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long opening a stored fleet and making each report of it takes. Prints a Markdown table for docs/performance.md.
#   tests/bench/report.sh [HOSTS] [BUILD]     default: 1,000 hosts, build/release
set -euo pipefail
cd "$(dirname "$0")/../.."
hosts=${1:-1000} build=${2:-build/release} rules=${PLUMBLINE_RULES:-$PWD/rules}
for program in rejudge_bench report_bench; do
  [[ -x $build/bin/$program ]] || { echo "bench: build first: $build/bin/$program is missing" >&2; exit 1; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$build/bin/rejudge_bench" fill "sqlite:$scratch/fleet.db" "$hosts" "$rules" >/dev/null
"$build/bin/rejudge_bench" run "sqlite:$scratch/fleet.db" "$rules" 2 >/dev/null
"$build/bin/report_bench" "sqlite:$scratch/fleet.db" "$rules"
