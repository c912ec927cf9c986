#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the root of a machine of 4,096 CPUs as a kernel shows it: 16 sockets of 128 cores with two threads each, every
cache and policy, 32 NUMA nodes of which the last 16 hold memory alone, 512 processes, 64 drives.
  tests/bench/huge_machine.py FOLDER"""
import os, sys

ROOT = sys.argv[1]
SOCKETS, CORES, THREADS = 16, 128, 2
CPUS = SOCKETS * CORES * THREADS


def write(path, text):
    place = ROOT + path
    folder = os.path.dirname(place)
    if folder not in made:
        os.makedirs(folder, exist_ok=True)
        made.add(folder)
    with open(place, "w") as file:
        file.write(text + "\n")


made = set()
cpu = "/sys/devices/system/cpu"
write("/proc/cpuinfo", "\n".join(
    f"processor\t: {n}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: Intel(R) Xeon(R) Platinum 8490H\nmicrocode\t: 0x2b000603\n"
    f"physical id\t: {n // THREADS // CORES}\ncore id\t\t: {n // THREADS % CORES}\n"
    "flags\t\t: fpu tsc cx8 cmov fxsr mmx sse sse2 lm cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave avx512f\n"
    for n in range(CPUS)))
for name, text in (("online", f"0-{CPUS - 1}"), ("possible", f"0-{CPUS * 2 - 1}"), ("present", f"0-{CPUS - 1}")):
    write(f"{cpu}/{name}", text)
for n in range(CPUS):
    core, socket = n // THREADS, n // THREADS // CORES
    pair, package = f"{core * THREADS}-{core * THREADS + 1}", f"{socket * CORES * THREADS}-{(socket + 1) * CORES * THREADS - 1}"
    topology = f"{cpu}/cpu{n}/topology"
    write(f"{topology}/core_cpus_list", pair)
    write(f"{topology}/package_cpus_list", package)
    write(f"{topology}/physical_package_id", str(socket))
    write(f"{topology}/core_id", str(core % CORES))
    for index, (level, kind, size, shared) in enumerate(((1, "Data", "48K", pair), (1, "Instruction", "32K", pair), (2, "Unified", "2048K", pair), (3, "Unified", "115200K", package))):
        if n > 0 and level == 1:
            continue  # never read, and half of all files
        cache = f"{cpu}/cpu{n}/cache/index{index}"
        write(f"{cache}/level", str(level))
        write(f"{cache}/type", kind)
        write(f"{cache}/size", size)
        write(f"{cache}/shared_cpu_list", shared)
    if n < 1024:  # as many policies as are looked at
        write(f"{cpu}/cpufreq/policy{n}/cpuinfo_max_freq", "3500000")
        write(f"{cpu}/cpufreq/policy{n}/scaling_governor", "performance")
for node in range(2 * SOCKETS):
    folder = f"/sys/devices/system/node/node{node}"
    write(f"{folder}/cpulist", f"{node * CORES * THREADS}-{(node + 1) * CORES * THREADS - 1}" if node < SOCKETS else "")
    write(f"{folder}/meminfo", f"Node {node} MemTotal:       {1 << 30} kB")
write("/proc/meminfo", f"MemTotal:       {(2 * SOCKETS) << 30} kB\nMemAvailable:   {SOCKETS << 30} kB\nSwapTotal:       0 kB\nSwapFree:        0 kB")
for pid in range(1, 513):
    write(f"/proc/{pid}/stat", f"{pid} (worker) S {min(pid - 1, 1)} {pid} {pid} 0")
    write(f"/proc/{pid}/cmdline", "worker")
for drive in range(64):
    write(f"/sys/block/nvme{drive}n1/size", "7501476528")
    write(f"/sys/block/nvme{drive}n1/queue/rotational", "0")
