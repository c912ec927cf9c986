# SPDX-License-Identifier: Apache-2.0
"""The agent as a service at a real collector: what it keeps in memory between two scans (goal P2), what of the processor it
uses (goal R15), that a kill of any of its processes costs one round, and that a signal to stop ends it."""
import os, signal, subprocess, sys

from lab import AGENT, Lab, enroll, memory_kib, wait_for

MOST_KIB = 8 * 1024  # resident between two scans, pages of shared libraries counted in full
INTERVAL_S = 60      # the shortest there is
PROCESSOR_PERCENT = 5
lab = Lab(agents=0)
state = lab.folder + "/agent"
enroll(lab, state)


def children(pid):
    try:
        return [int(child) for child in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def processor_s(pid):
    """Its own and that of all its children that ended: the words after the name, which may hold blanks."""
    words = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return sum(int(word) for word in words[11:15]) / os.sysconf("SC_CLK_TCK")


class Service:
    def __init__(self, name):
        self.log = f"{lab.folder}/{name}.log"
        self.process = subprocess.Popen([AGENT, "run", "--state", state, "--interval", str(INTERVAL_S)], stderr=open(self.log, "w"))

    def said(self):
        return open(self.log).read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


service = Service("first")
wait_for("a first scan to be delivered", lambda: "delivered 1 scan" in service.said())
pid = service.process.pid
wait_for("the service to wait", lambda: not children(pid))
resident, pss = memory_kib(pid, "VmRSS"), memory_kib(pid, "RssAnon")
for line in open(f"/proc/{pid}/smaps_rollup"):
    if line.startswith("Pss:"):
        pss = int(line.split()[1])
print(f"# between two scans: {resident} KiB resident, {pss} KiB of it its share (PSS), {memory_kib(pid, 'RssAnon')} KiB its own; {processor_s(pid):.2f} s of processor so far")
lab.expect("between two scans the service is one process of at most 8 MiB", resident <= MOST_KIB, f"{resident} KiB")
libraries = {os.path.basename(line.split()[-1]) for line in open(f"/proc/{pid}/maps") if ".so" in line}
lab.expect("it has loaded no library to talk with", not any(name.startswith(("libcurl", "libssl")) for name in libraries), sorted(libraries))
lab.expect("its first scan and delivery used at most 5 % of a core until the next", processor_s(pid) <= INTERVAL_S * PROCESSOR_PERCENT / 100, processor_s(pid))
lab.expect("a signal to stop ends it well", service.stop() == 0 and "stopped" in service.said(), service.said())

service = Service("again")
wait_for("the service to begin", lambda: "reports to" in service.said())
wait_for("the service to wait", lambda: not children(service.process.pid))
lab.expect("a restart within the interval takes no scan", "delivered" not in service.said(), service.said())
service.stop()

# The collector is away: the scan stays in the spool, whoever is killed.
os.remove(state + "/delivered.json")  # so that a scan is due at once
lab.stop()
service = Service("killed")
wait_for("a child that works", lambda: children(service.process.pid))
os.kill(service.process.pid, signal.SIGKILL)
service.process.wait()
service = Service("after")
wait_for("a scan in the spool", lambda: any(name.endswith(".scan") for name in os.listdir(state + "/spool")) and not children(service.process.pid))
lab.start()
wait_for("the spooled scan to be delivered when the collector is back", lambda: "delivered" in service.said())
for child in children(service.process.pid):
    os.kill(child, signal.SIGKILL)
lab.expect("it still ends well", service.stop() == 0, service.said())
lab.stop()
lab.finish()
