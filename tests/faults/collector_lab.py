# SPDX-License-Identifier: Apache-2.0
"""A collector and simulated agents in a scratch folder, for tests that break them on purpose."""
import contextlib, json, os, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, time

BUILD = os.environ.get("PLUMBLINE_BUILD", "build/release")
COLLECTOR = os.path.abspath(BUILD + "/bin/plumbline-collector")
AGENT_SIM = os.path.abspath(BUILD + "/bin/agent_sim")
os.environ.setdefault("PLUMBLINE_RULES", os.path.abspath("rules"))
PATIENCE_S = 60  # until a thing that must happen counts as not happening; no test asserts how long it took


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, condition):
    """Polls a condition; its failure is a failed test, not a matter of speed."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.005)
    sys.exit(f"not ok waiting for {what}")


class Lab:
    def __init__(self, agents):
        self.folder = tempfile.mkdtemp(prefix="plumbline-lab-", dir=os.environ.get("PLUMBLINE_SCRATCH"))
        self.state = self.folder + "/state"
        self.agents_port, self.people_port = free_port(), free_port()
        self.failures = 0
        self.collector = self.sim = None
        self.ledger = self.folder + "/ledger"
        self.run("init", "--state", self.state, "--agents-port", str(self.agents_port), "--people-port", str(self.people_port))
        self.start()
        if not agents:
            return
        with open(self.folder + "/tokens", "w") as tokens:
            tokens.write(self.run("token", "create", "--state", self.state, "--count", str(agents)))
        subprocess.run([AGENT_SIM, "enroll", "--port", str(self.agents_port), "--dir", self.folder + "/agents", "--tokens", self.folder + "/tokens"],
                       check=True, stdout=subprocess.DEVNULL)

    def run(self, *command):
        return subprocess.run([COLLECTOR, *command], check=True, stdout=subprocess.PIPE, text=True).stdout

    def start(self, before=None, prefix=()):
        """Starts the collector and waits until it is ready; gives the seconds that took."""
        begun = time.monotonic()
        log = open(self.folder + "/collector.log", "a")
        self.collector = subprocess.Popen([*prefix, COLLECTOR, "serve", "--state", self.state], stdout=log, stderr=log, preexec_fn=before)

        def ready():
            if self.collector.poll() is not None:
                sys.exit("not ok the collector runs; it said: " + open(self.folder + "/collector.log").read()[-2000:])
            try:
                return json.load(open(self.state + "/run.json"))["pid"] in (self.collector.pid, self.child_pid())
            except (OSError, ValueError):
                return False
        wait_for("the collector to be ready", ready)
        return time.monotonic() - begun

    def child_pid(self):
        """Under a tracer the collector is the tracer's child."""
        try:
            return int(open(f"/proc/{self.collector.pid}/task/{self.collector.pid}/children").read().split()[0])
        except (OSError, IndexError, ValueError):
            return self.collector.pid

    def kill(self):
        self.collector.kill()
        self.collector.wait()

    def stop(self):
        os.kill(self.child_pid() if self.collector.args[0] != COLLECTOR else self.collector.pid, signal.SIGTERM)
        return self.collector.wait(PATIENCE_S)

    def deliver(self, scans=1_000_000):
        self.sim = subprocess.Popen([AGENT_SIM, "deliver", "--port", str(self.agents_port), "--dir", self.folder + "/agents",
                                     "--ledger", self.ledger, "--scans", str(scans)], stderr=subprocess.PIPE, text=True)

    def end_delivery(self):
        self.sim.send_signal(signal.SIGTERM)
        _, complaint = self.sim.communicate(timeout=PATIENCE_S)
        self.expect("every answer was one an agent can act on", self.sim.returncode == 0, complaint)

    def acknowledged(self):
        try:
            return open(self.ledger).read().count("\n")
        except OSError:
            return 0

    def store(self):
        return contextlib.closing(sqlite3.connect(f"file:{self.state}/plumbline.db?mode=ro", uri=True))

    def expect(self, name, holds, detail=""):
        print(("ok " if holds else "not ok ") + name + (f"\n    {detail}" if not holds and detail else ""), flush=True)
        self.failures += not holds

    def expect_nothing_lost(self):
        acknowledged = [tuple(line.split()) for line in open(self.ledger)]
        with self.store() as store:
            stored = {(host, str(sequence)): facts for host, sequence, facts in store.execute("SELECT host_id, sequence, facts_hash FROM scans")}
            whole = store.execute("PRAGMA integrity_check").fetchone()[0]
            rows = store.execute("SELECT count(*) FROM scans").fetchone()[0]
            gaps = store.execute("SELECT count(*) FROM (SELECT host_id FROM scans GROUP BY host_id HAVING count(*) != max(sequence))").fetchone()[0]
            heads = store.execute("SELECT count(*) FROM hosts h WHERE sequence != (SELECT max(sequence) FROM scans s WHERE s.host_id = h.id)").fetchone()[0]
        lost = [line for line in acknowledged if stored.get((line[0], line[1])) != line[2]]
        self.expect(f"all {len(acknowledged)} acknowledged scans are stored", not lost and acknowledged, str(lost[:3]))
        self.expect("each scan is stored once", rows == len(stored) and len(set(acknowledged)) == len(acknowledged))
        self.expect("no host has a gap or a head that is not its last scan", gaps == 0 and heads == 0, f"{gaps} gaps, {heads} heads")
        self.expect("integrity_check says ok", whole == "ok", whole)

    def finish(self):
        if self.collector.poll() is None:
            self.kill()
        if self.failures:
            print(open(self.folder + "/collector.log").read()[-2000:])
        shutil.rmtree(self.folder, ignore_errors=True)
        sys.exit(self.failures > 0)
