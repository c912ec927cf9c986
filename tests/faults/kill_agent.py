# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the agent at any moment of `send`: nothing that reached its spool is lost, nothing is stored twice (goal R2).
Usage: kill_agent.py [ROUNDS]. Every third round the collector is away, so that scans pile up in the spool."""
import os, random, re, subprocess, sys, time
from collector_lab import BUILD, Lab

AGENT = os.path.abspath(BUILD + "/bin/plumbline-agent")
rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
chance = random.Random(7)
lab = Lab(1)
state = lab.folder + "/agent"
token = lab.run("token", "create", "--state", lab.state).strip().splitlines()[-1].split()[-1]
subprocess.run([AGENT, "enroll", "--collector", f"https://localhost:{lab.agents_port}", "--token", token, "--state", state], check=True, stdout=subprocess.DEVNULL)
host = re.search(r'"host_id": "([0-9a-f]{32})"', open(state + "/identity.json").read()).group(1)
send = [AGENT, "send", "--state", state]


def spooled():
    return {int(name[:20]) for name in os.listdir(state + "/spool") if re.fullmatch(r"\d{20}\.scan", name)} if os.path.isdir(state + "/spool") else set()


def finished(**how):
    return subprocess.run(send, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)


begun = time.monotonic()
first = finished()
whole = time.monotonic() - begun
lab.expect("a whole send ends well", first.returncode == 0, first.stdout)

seen, running = set(), True
for number in range(rounds):
    if running and number % 3 == 2:
        lab.stop()
        running = False
    elif not running:
        lab.start()
        running = True
    agent = subprocess.Popen(send, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        agent.wait(chance.uniform(0, whole * 1.3))
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()
    seen |= spooled()
if not running:
    lab.start()
last = finished()
lab.expect("after the kills a send delivers all that waits", last.returncode == 0 and not spooled(), last.stdout)
leftovers = [name for folder in (state, state + "/spool") for name in os.listdir(folder) if name.endswith(".new")]
lab.expect("no half-written file is left", not leftovers, str(leftovers))
with lab.store() as store:
    rows = [row[0] for row in store.execute("SELECT sequence FROM scans WHERE host_id = ? ORDER BY sequence", (host,))]
lost = sorted(seen - set(rows))
lab.expect(f"all {len(seen)} scans that were seen in the spool are stored", not lost, f"lost: {lost}")
lab.expect(f"the {len(rows)} stored scans have no gap and no repeat", rows == list(range(1, len(rows) + 1)), str(rows))
lab.finish()
