# SPDX-License-Identifier: Apache-2.0
"""Compares what root, what the service's user and what that user with CAP_SYS_PTRACE see of one machine: systemd_facts.py
ROOT.json SERVICE.json SEEING.json. A fact that differs is one that the service says it may not see, or one that time changes."""
import ctypes, json, sys

CHANGES_WITH_TIME = {"uptime_seconds", "load_15min", "process_count", "available_bytes", "swap_free_bytes", "free_bytes", "free_inodes",
                     "data_free_bytes", "last_check_days", "last_update_days"}
# What the service knows another way, and does not miss: rules in force are read from files instead (docs/agent.md).
KNOWN_OTHERWISE = {"firewall.source"}
REFUSED = ("not permitted", "ermission denied")
LANDLOCK_CREATE_RULESET, ASK_VERSION = 444, 1
scans = [json.load(open(path)) for path in sys.argv[1:4]]
root, service, seeing = (scan["sections"] for scan in scans)


def different(a, b, path, missing):
    if path in KNOWN_OTHERWISE or any(path == fact or path.startswith((fact + ".", fact + "[")) for fact in missing):
        return []
    if isinstance(a, dict) and isinstance(b, dict):
        return [d for key in sorted(set(a) | set(b)) if key not in CHANGES_WITH_TIME for d in different(a.get(key), b.get(key), f"{path}.{key}", missing)]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [d for one, other in zip(a, b) for d in different(one, other, path + "[]", missing)]
    return [] if a == b else [f"{path}: root {a!r}, service {b!r}"]


failed = 0


def expect(what, holds, why):
    global failed
    print(("ok " if holds else "not ok ") + what + ("" if holds else f"\n    {why}"))
    failed += not holds


words = scans[1]["agent"]["confined"]
wanted = {"seccomp"} | ({"landlock"} if ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, ASK_VERSION) > 0 else set())
expect("the service's reader is held by " + " and ".join(sorted(wanted)), wanted <= {word.split()[0] for word in words}, words)
named = lambda scan: {(row["address"], row["port"], row.get("process")) for row in scan["listeners"]["data"]["sockets"]}  # noqa: E731
expect("with CAP_SYS_PTRACE it names the listeners of other users", named(seeing) == named(root), named(seeing) ^ named(root))
for name in sorted(root):
    told = service[name].get("missing", {})
    refused = {fact for fact, why in told.items() if any(word in why for word in REFUSED)}
    unexplained = [f"{fact}: {why}" for fact, why in told.items() if fact not in refused and fact not in root[name].get("missing", {})]
    lines = different(root[name].get("data", {}), service[name].get("data", {}), name, refused) + unexplained
    print(("not ok" if lines else "ok") + f" {name}: the service sees what root sees" + (f", but {len(refused)} facts that it says it may not" if refused else ""))
    for line in lines[:10]:
        print("    " + line[:300])
    failed += bool(lines)
sys.exit(failed)
