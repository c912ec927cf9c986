# SPDX-License-Identifier: Apache-2.0
"""Every 200 leaves after the write-ahead log was written and synced (goal R4), as the kernel saw it."""
import os, re, shutil, sys

from collector_lab import Lab, wait_for

SCANS = 20
if shutil.which("strace") is None:
    print("skipped: strace is not installed")
    sys.exit(0)

lab = Lab(agents=1)
lab.stop()
trace = lab.folder + "/trace"
lab.start(prefix=("strace", "-f", "-y", "-s", "0", "-o", trace, "-e", "trace=pwrite64,fdatasync,fsync,sendmsg,sendto,write,writev"))
lab.deliver(SCANS)
lab.sim.wait(60)
lab.stop()

# "123 pwrite64(5</…/plumbline.db-wal>, …) = 24", "123 fdatasync(5</…-wal> <unfinished ...>", "123 <... fdatasync resumed>) = 0",
# "124 sendmsg(20<TCP:[…]>, …) = 90"
pending, written, synced, answers, proven = {}, set(), False, 0, 0
store_writer = None
for line in open(trace):
    thread, rest = line.split(None, 1)
    call = re.match(r"(<\.\.\. )?(\w+)", rest)
    if call is None:
        continue
    name, resumed, log = call.group(2), call.group(1), "plumbline.db-wal" in rest
    if name == "pwrite64" and log:
        written.add(thread)
    elif name in ("fdatasync", "fsync") and "unfinished" in rest and log:
        pending[thread] = True
    elif name in ("fdatasync", "fsync") and (log or (resumed and pending.pop(thread, False))) and "= 0" in rest:
        synced = synced or thread in written
        written.discard(thread)
    elif name in ("sendmsg", "sendto", "write", "writev") and not resumed and re.search(r"\(\d+<(TCP|socket)", rest):
        answers += 1
        proven += synced
        synced = False
lab.expect(f"{SCANS} answers left, each after a write and a sync of the log", proven >= SCANS and lab.acknowledged() == SCANS,
           f"{answers} sends, {proven} after a sync, {lab.acknowledged()} acknowledged")
lab.expect_nothing_lost()
lab.finish()
