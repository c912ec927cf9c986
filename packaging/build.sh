#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the release preset (all, or the targets named) with as many compilers as cores and memory allow.
set -euo pipefail
cd "$(dirname "$0")/.."
# The largest file needs 1.4 GB to compile.
memory_jobs=$(awk '/^MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
jobs=$(nproc)
((memory_jobs < jobs)) && jobs=$((memory_jobs > 0 ? memory_jobs : 1))
export NINJA_STATUS="${NINJA_STATUS:-[%f/%t] }"
exec cmake --build build/release -j "$jobs" ${1:+--target "$@"}
