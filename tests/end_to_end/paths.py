# SPDX-License-Identifier: Apache-2.0
"""Under strace, hostile host names, ids, page paths and scans open nothing outside the collector's folder, its rules and
the system's libraries (goal S12)."""
import json, os, re, shutil, subprocess, sys

from lab import AGENT, COLLECTOR, Lab, agent_tls, enroll, people_tls, raw, run, statuses

if shutil.which("strace") is None:
    print("skipped: strace is not installed")
    sys.exit(0)

lab = Lab(agents=0)
trap = lab.folder + "/trap"
os.mkdir(trap)
up = "../" * 12
NAMES = [up + trap[1:] + "/a", trap + "/b", "..", ".", "", "a\0b", "%2e%2e%2f%2e%2e%2fc", "..\\..\\d", "a/../../e", "~/f", "$(id)", "`id`", "|id",
         "-rf", "x" * 255, "\u202e/g", "C:\\h", "file:///etc/passwd", "con", "'; DROP TABLE hosts; --"]
calls = "trace=open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,symlink,symlinkat,truncate,execve"
trace = lab.folder + "/trace"
lab.stop()
lab.start(prefix=("strace", "-f", "-qq", "-s", "4096", "-o", trace, "-e", calls))
for number, name in enumerate(NAMES):
    if "\0" not in name:
        enroll(lab, f"{lab.folder}/agent-{number}", name)
agent = lab.folder + "/agent-0"
done = run(AGENT, "send", "--state", agent)
lab.expect("a scan is sent", done.returncode == 0, done.stdout)
people, agents = people_tls(lab), agent_tls(lab, agent)
codes = []
for name in NAMES + [trap + "/a", "/etc/passwd"]:
    for form in (name, name.replace("/", "%2f").replace(".", "%2e"), name.replace("/", "%5c")):
        for place in ("/hosts/", "/findings/", "/reports/", "/export/", "/", "/v1/", "/hosts?host=", "/findings?rule=", "/login?next="):
            target = (place + form).replace(" ", "%20").encode("utf-8", "replace")
            for context, port in ((people, lab.people_port), (agents, lab.agents_port))[:2 if place in ("/", "/v1/") else 1]:
                said = raw(context, port, b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: __Host-plumbline=../../x\r\n\r\n")
                codes += statuses(said)
                if b"root:x:0:0" in said:
                    lab.expect(f"{target!r} is no way to /etc/passwd", False)
lab.expect("each of these targets is answered, none by a failure", len(codes) > 500 and not [code for code in codes if code >= 500], str(sorted(set(codes))))
scan = json.loads(run(AGENT, "scan", "--format", "json").stdout)
traces = [trace]
for number, name in enumerate(NAMES):
    scan["host_id"], scan["sequence"] = name, number + 1
    scan["sections"]["host"]["data"]["name"] = name
    for key in (name, ""):
        scan["host_id"] = key
        file = f"{lab.folder}/scan-{number}.json"
        json.dump(scan, open(file, "w"))
        traces.append(f"{trace}.{number}.{bool(key)}")
        done = run("strace", "-f", "-qq", "-s", "4096", "-o", traces[-1], "-e", calls, COLLECTOR, "import", file, "--state", lab.state)
        lab.expect(f"a scan of host {name[:40]!r} is imported or refused with a reason", done.returncode in (0, 1) and done.stdout.strip() != "", done.stdout)
traces.append(trace + ".report")
run("strace", "-f", "-qq", "-s", "4096", "-o", traces[-1], "-e", calls, COLLECTOR, "report", "--out", lab.folder + "/reports", "--state", lab.state)
lab.stop()

allowed = ("/usr/", "/lib", "/etc/ld.so", "/etc/ssl/", "/etc/localtime", "/etc/nsswitch", "/etc/passwd", "/etc/host", "/etc/resolv.conf", "/etc/gai.conf", "/proc/self/", "/proc/sys/",
           "/proc/stat", "/proc/meminfo", "/sys/", "/dev/", lab.state, os.path.abspath(os.environ["PLUMBLINE_RULES"]), lab.folder + "/reports",
           lab.folder + "/scan-", os.path.dirname(COLLECTOR))
touched, outside = 0, set()
for place in traces:
    for line in open(place, errors="replace"):
        for path in re.findall(r'"((?:[^"\\]|\\.)*)"', line.split(" = ")[0]) if "execve" not in line else []:
            touched += 1
            full = os.path.normpath(path if path.startswith("/") else os.path.join(os.getcwd(), path))
            inside = full.startswith(allowed) and ("/../" not in path) or re.search(r"\((\d+|AT_FDCWD<.*>), ", line) and not path.startswith("/") and ".." not in path.split("/")
            if not inside:
                outside.add(path)
        if "execve" in line and "plumbline-collector" not in line:
            outside.add(line.strip())
lab.expect(f"of {touched} paths none is outside the state folder, the rules and the system's libraries", touched > 100 and not outside, str(sorted(outside)[:20]))
lab.expect("nothing was made where the names point", not os.listdir(trap))
lab.finish()
