#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goals P1 to P3 in one run: a full scan of this host against the floor program (every file opened, read and thrown
# away), its peak memory, the processes it starts, the size on the wire. Prints a Markdown table for docs/performance.md.
#   tests/bench/agent.sh [--peers] [FLOOR.c]     default: ../shared/bench/floor.c beside the clone
# --peers: and against the inventory and audit tools that are installed (packaging/dependencies.sh nightly), in the same run;
# Lynis alone takes minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
peers=0
[[ ${1:-} == --peers ]] && { peers=1; shift; }
floor_source=${1:-../shared/bench/floor.c}
agent=build/release/bin/plumbline-agent
rounds=${ROUNDS:-21}
[[ -x $agent ]] || { echo "bench: build first: packaging/build.sh" >&2; exit 1; }
[[ -f $floor_source ]] || { echo "bench: no floor program at $floor_source; name one: $0 FLOOR.c" >&2; exit 1; }
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
gcc -O2 -w -o "$scratch/floor" "$floor_source"

# Rounds alternate, so that both meet the same noise; medians are compared.
python3 - "$agent" "$scratch" "$rounds" "$peers" <<'PY'
import json, os, shutil, statistics, subprocess, sys
agent, scratch, rounds, peers = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"

def once(command, out=os.devnull):
    with open(out, "wb") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
    if status: sys.exit(f"bench: {command[0]} failed with status {status}")
    return (usage.ru_utime + usage.ru_stime) * 1e3

scan, floor = [agent, "scan", "--format", "json"], [f"{scratch}/floor", "-q", "-s"]
for command in (scan, floor): once(command)
a, f, peaks = [], [], []
for _ in range(rounds):
    f.append(once(floor)); a.append(once(scan, f"{scratch}/scan.json"))
    # The kernel's high-water mark as the agent reads it at its end: a parent's wait4 would count the parent's own pages.
    peaks.append(json.load(open(f"{scratch}/scan.json"))["agent"]["peak_memory_bytes"] / 2**20)
cpu, peak, base = statistics.median(a), max(peaks), statistics.median(f)
size = os.path.getsize(f"{scratch}/scan.json")
trace = f"{scratch}/trace"
subprocess.run(["strace", "-f", "-e", "trace=execve,fork,vfork,clone,clone3", "-o", trace, *scan], stdout=subprocess.DEVNULL, check=True)
started = sum("execve(" in line for line in open(trace)) - 1
processes = sum(name.isdigit() for name in os.listdir("/proc"))
print("| what | measured |\n|---|---|")
print(f"| CPU of a full scan, median of {rounds} | {cpu:.1f} ms |")
print(f"| CPU of `floor -q -s`, median of {rounds} | {base:.1f} ms |")
print(f"| ratio (goal: at most 0.75) | {cpu / base:.2f} |")
print(f"| peak memory (goal: at most 12 MiB) | {peak:.1f} MiB |")
print(f"| programs started (goal: 0) | {started} |")
print(f"| document | {size / 1000:.1f} KB |", flush=True)
if shutil.which("zstd") and os.access("build/release/bin/plumbline-collector", os.X_OK):
    subprocess.run([sys.executable, "tests/bench/bodies.py"], check=True)
print(f"| processes on the host | {processes} |")

# Each with all that it starts, what it prints thrown away.
PEERS = {"hwinfo": ["hwinfo", "--all"], "lshw": ["lshw", "-json", "-quiet"], "inxi": ["inxi", "-F"], "facter": ["facter", "--json"], "oscap": None,
         "lynis": ["lynis", "audit", "system", "--quick", "--quiet", "--no-log"]}
content = "/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
if os.path.exists(content):
    PEERS["oscap"] = ["oscap", "xccdf", "eval", "--profile", "standard", content]
if peers:
    print("\n| peer | CPU, children included | times ours |\n|---|---|---|")
for name, command in PEERS.items() if peers else ():
    if command is None or shutil.which(name) is None:
        print(f"| {name} | not installed here | |")
        continue
    used = []
    for _ in range(1 if name in ("lynis", "oscap") else 3):
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(child.pid, 0)  # oscap and lynis end with a status of their own where a machine falls short
        used.append((usage.ru_utime + usage.ru_stime) * 1e3)
    print(f"| `{' '.join(command)}` | {statistics.median(used) / 1000:.2f} s | {statistics.median(used) / cpu:.0f} |")
PY
