#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long `assess` takes for one scan with all packs, start to end (goal: at most 50 ms), and where the time goes.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PLUMBLINE_RULES="$PWD/rules"
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
build/release/bin/plumbline-agent scan --format json >"$scratch/scan.json"
python3 - "$scratch/scan.json" <<'PY'
import statistics, subprocess, sys, time
def wall(command):
    start = time.perf_counter(); subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1e3
collector = "build/release/bin/plumbline-collector"
rows = [("`assess` of one scan, all packs", [collector, "assess", sys.argv[1]]), ("of it starting the program (`--version`)", [collector, "--version"]),
        ("`rules check`: loading, and every test case of the packs", [collector, "rules", "check"])]
print("| what | wall, median of 21 |\n|---|---|")
for name, command in rows:
    wall(command)
    print(f"| {name} | {statistics.median(wall(command) for _ in range(21)):.1f} ms |")
PY
