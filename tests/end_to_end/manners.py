# SPDX-License-Identifier: Apache-2.0
"""What the agent does to itself before it looks at anything: traced from outside, over a scan, an enrolment and a delivery."""
import json, os, re, shutil, subprocess, sys

from lab import AGENT, Lab, run

SERVICE_UID = "1"  # below 1000: no person's, so that Landlock is in force as it is for the service's own user
LANDLOCK_CREATE_RULESET = 444
lab = Lab(agents=0)


def traced(name, *arguments):
    """Every call that starts a program, and the first that look, of the agent and its reader."""
    trace = f"{lab.folder}/{name}.trace"
    done = run("strace", "-f", "-qq", "-e", "trace=execve,execveat,clone,clone3,fork,vfork,seccomp,prctl,openat", "-o", trace, AGENT, *arguments)
    lines = open(trace, errors="replace").read().splitlines()
    lab.expect(f"{name} ends well under a trace", done.returncode == 0, done.stdout[-1000:])
    starts = [line for line in lines if re.search(r"\bexecve(at)?\(", line)]
    lab.expect(f"{name} starts no program after its own start", len(starts) == 1 and AGENT in starts[0], starts)
    return lines


def confined(*command):
    done = subprocess.run([*command, "scan", "--only", "os", "--format", "json"], capture_output=True, text=True)
    return json.loads(done.stdout)["agent"].get("confined", []) if done.returncode == 0 else done.stderr


lines = traced("a scan", "scan", "--format", "json", "--no-greetings")
readers = {line.split()[0] for line in lines}
lab.expect("one child reads", len(readers) >= 2, readers)
agent = lines[0].split()[0]
for pid in sorted(readers - {agent})[:1]:
    own = [line for line in lines if line.split()[0] == pid]
    filtered = next((i for i, line in enumerate(own) if "seccomp(SECCOMP_SET_MODE_FILTER" in line and line.endswith("= 0")), None)
    looked = next((i for i, line in enumerate(own) if "openat(" in line), None)
    lab.expect("it has its filter before it opens the first file", filtered is not None and looked is not None and filtered < looked, own[:20])

token = lab.run("token", "create", "--state", lab.state).strip()
state = lab.folder + "/agent"
traced("an enrolment", "enroll", "--collector", f"https://127.0.0.1:{lab.agents_port}", "--token", token, "--state", state)
traced("a delivery", "send", "--state", state)

lab.expect("by default there is a filter of system calls", "seccomp" in confined(AGENT), confined(AGENT))
settings = lab.folder + "/agent.yaml"
with open(settings, "w") as file:
    file.write("sandbox: off\n")
for options in (["--no-sandbox"], ["--config", settings]):
    done = run(AGENT, "scan", "--only", "os", "--format", "json", *options)
    lab.expect(f"with {options[0]} there is none, and the scan says so", done.returncode == 0 and not json.loads(done.stdout)["agent"].get("confined"), done.stdout[:500])

import ctypes  # noqa: E402
landlock = ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)
if os.geteuid() == 0 and shutil.which("setpriv") and landlock > 0:
    os.chmod(lab.folder, 0o755)
    shutil.copy(AGENT, lab.folder + "/program")
    words = confined("setpriv", "--reuid", SERVICE_UID, "--regid", SERVICE_UID, "--clear-groups", lab.folder + "/program")
    lab.expect("a service's own user is under Landlock, too", "seccomp" in words and any(word.startswith("landlock ") for word in words), words)
else:
    print("# Landlock is not tested: it needs root, setpriv and a kernel that has it")
lab.stop()
lab.finish()
