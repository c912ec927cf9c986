# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a collector under simulated agents, round after round: nothing acknowledged is lost, nothing shows twice."""
import json, random, statistics, sys

from collector_lab import Lab, wait_for

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
AGENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
MOST_SCANS_A_ROUND = 40

dice = random.Random(20261123)
lab = Lab(AGENTS)
lab.deliver()
starts = []
for _ in range(ROUNDS):
    target = lab.acknowledged() + dice.randint(1, MOST_SCANS_A_ROUND)
    wait_for("agents to be answered", lambda: lab.acknowledged() >= target or lab.sim.poll() is not None)
    lab.kill()
    starts.append(lab.start())
target = lab.acknowledged() + AGENTS
wait_for("agents to be answered after the last round", lambda: lab.acknowledged() >= target or lab.sim.poll() is not None)
lab.end_delivery()
lab.expect("the collector stops cleanly at last", lab.stop() == 0)
lab.expect_nothing_lost()
hosts = json.loads(lab.run("hosts", "--json", "--state", lab.state))
lab.expect(f"each of {AGENTS} hosts shows once", len(hosts) == AGENTS and len({host["id"] for host in hosts}) == AGENTS)
print(f"# {ROUNDS} kills; ready again in {statistics.median(starts):.2f} s (median), {max(starts):.2f} s at most", flush=True)
lab.finish()
