#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz targets with clang, libFuzzer, ASan and UBSan and runs each for a while.
#   tests/fuzz/run.sh [SECONDS] [TARGET…]      default: 60 seconds, every target
# A crash leaves its input in build/fuzz/crashes and ends with status 1. Needs the packages clang and libclang-rt-dev (packaging/dependencies.sh nightly).
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}; shift || true
command -v clang++ >/dev/null || { echo "skipped: no clang++ here"; exit 0; }
cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" \
  -DPLUMBLINE_FUZZ=ON -DPLUMBLINE_SANITIZE=address,undefined >/dev/null
if (($#)); then cmake --build build/fuzz --target "${@/#/fuzz_}"; else cmake --build build/fuzz --target fuzzers; fi
mkdir -p build/fuzz/crashes
trap 'rm -rf {/dev/shm,/tmp}/fuzz_{pack,state}??????' EXIT  # a target ends without tidying up
tests/fuzz/seeds.py build/fuzz/seeds
for target in build/fuzz/bin/fuzz_*; do
  name=${target##*/fuzz_}
  (($# == 0)) || [[ " $* " == *" $name "* ]] || continue
  mkdir -p "build/fuzz/corpus/$name"
  more=()
  for seeds in "tests/fuzz/seeds/$name" "build/fuzz/seeds/$name"; do [[ -d $seeds ]] && more+=("$seeds"); done
  [[ -f tests/fuzz/${name%%_*}.dict ]] && more+=("-dict=tests/fuzz/${name%%_*}.dict")
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/crashes/$name-" \
       "build/fuzz/corpus/$name" "${more[@]}" >"build/fuzz/$name.log" 2>&1; then
    echo "ok fuzz $name: $(grep -o 'Done [0-9]* runs' "build/fuzz/$name.log" | tail -1) in $seconds s"
  else echo "not ok fuzz $name: see build/fuzz/$name.log"; failed=1; fi
done
exit "${failed:-0}"
