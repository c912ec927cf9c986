#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal P6: a stored fleet is judged again by two threads; then by stage. Prints Markdown tables for docs/performance.md.
#   tests/bench/rejudge.sh [HOSTS] [BUILD]     default: 100,000 hosts, build/release
#   STORE=postgresql:///NAME tests/bench/rejudge.sh 10000     an empty database instead of a new SQLite file
# The 100,000 need about 1 GB below $TMPDIR; filling, which is not measured, is quick where /dev/shm has as much, for every
# host is enrolled in a transaction of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
hosts=${1:-100000} build=${2:-build/release} rules=${PLUMBLINE_RULES:-$PWD/rules}
bench=$build/bin/rejudge_bench
[[ -x $bench ]] || { echo "bench: build first: $bench is missing" >&2; exit 1; }
scratch=$(mktemp -d)
filling=$scratch
free_kib=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1 || echo 0)
((free_kib < 2000000)) || filling=$(mktemp -d /dev/shm/plumbline-bench.XXXXXX)
trap 'rm -rf "$scratch" "$filling"' EXIT
store=${STORE:-sqlite:$scratch/fleet.db}
if [[ -n ${STORE:-} ]]; then
  "$bench" fill "$store" "$hosts" "$rules"
else
  "$bench" fill "sqlite:$filling/fleet.db" "$hosts" "$rules"
  [[ $filling == "$scratch" ]] || mv "$filling/fleet.db" "$scratch/fleet.db"
  sync -f "$scratch/fleet.db"
fi
[[ -n ${STORE:-} ]] || du -h --apparent-size "$scratch/fleet.db" | cut -f1 | sed 's/$/ of store/'
echo
"$bench" run "$store" "$rules" 2
if [[ -z ${STORE:-} ]]; then
  small=$((hosts < 5000 ? hosts : 5000))
  "$bench" fill "sqlite:$filling/small.db" "$small" "$rules" >/dev/null
  printf '\nBy stage, on one thread, %s hosts:\n\n' "$small"
  "$bench" stages "sqlite:$filling/small.db" "$rules"
fi
