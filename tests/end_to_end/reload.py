# SPDX-License-Identifier: Apache-2.0
"""Rules that change under a running collector and its agents; kill -9 while stored scans are judged again."""
import http.client, json, os, re, shutil, signal, sqlite3, subprocess, tempfile, urllib.parse

AGENTS, STORED_HOSTS = 20, 1500
folder = tempfile.mkdtemp(prefix="plumbline-rules-", dir=os.environ.get("PLUMBLINE_SCRATCH"))
shutil.copytree(os.environ.get("PLUMBLINE_RULES", "rules"), folder + "/rules")
os.environ["PLUMBLINE_RULES"] = folder + "/rules"
from lab import BUILD, COLLECTOR, Lab, people_tls, run, wait_for  # noqa: E402: it reads the environment

RULES_FILE = folder + "/rules/packs/ssh/rules.yaml"
GOOD = open(RULES_FILE).read()
CHECK = 'check: ssh.permit_root_login != "yes"'


def write_rules(text):
    """As an editor saves a file: beside it, then moved over it."""
    beside = os.path.join(os.path.dirname(RULES_FILE), ".rules.yaml.new")
    with open(beside, "w") as file:
        file.write(text)
    os.replace(beside, RULES_FILE)


class Reader:
    """A person with a session."""

    def __init__(self, lab):
        self.lab, self.cookies = lab, {}
        made = json.loads(lab.run("user", "create", "ada", "--role", "viewer", "--json", "--state", lab.state))
        _, page = self.ask("GET", "/login")
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        status, said = self.ask("POST", "/login", urllib.parse.urlencode({**hidden, "user": "ada", "password": made["password"]}))
        lab.expect("a viewer signs in", status == 303, said)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPSConnection("127.0.0.1", self.lab.people_port, context=people_tls(self.lab), timeout=60)
        headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()), "Origin": f"https://127.0.0.1:{self.lab.people_port}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for value in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.__setitem__(*value.split(";")[0].split("=", 1))
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def rules(self):
        status, text = self.ask("GET", "/api/v1/rules")
        assert status == 200, text
        return json.loads(text)

    def applied(self, other_than):
        """Other rules are in force, every host is judged by them, and pages show that."""
        now = self.rules()
        return now["in_force"]["hash"] not in other_than and now["shown"] == {
            "hash": now["in_force"]["hash"], "version": now["in_force"]["version"], "hosts_waiting": 0} and not now["rejudging"]["running"]


def hashes(lab):
    with lab.store() as store:
        return {row[0] for row in store.execute("SELECT rules_hash FROM hosts WHERE sequence IS NOT NULL UNION "
                                                "SELECT previous_rules_hash FROM hosts WHERE previous_sequence IS NOT NULL")}


def reload_under_agents():
    lab = Lab(AGENTS)
    reader = Reader(lab)
    status, _ = Reader.ask(type("Nobody", (), {"lab": lab, "cookies": {}})(), "GET", "/api/v1/rules")
    lab.expect("the state of the rules is told to nobody without a session", status == 401 or status == 303, str(status))
    first = reader.rules()["in_force"]["hash"]
    lab.deliver()
    more = lambda: (lambda target: wait_for("agents to be answered", lambda: lab.acknowledged() >= target))(lab.acknowledged() + 3 * AGENTS)
    more()

    write_rules(GOOD.replace(CHECK, 'check: ssh.permit_root_logon != "yes"', 1))
    wait_for("the broken rules to be refused", lambda: reader.rules()["state"] == "refused")
    refused = reader.rules()
    lab.expect("broken rules leave the old set in force", refused["in_force"]["hash"] == first)
    lab.expect("the JSON names file, line and name", re.search(r"ssh/rules\.yaml:\d+:\d+: .*permit_root_logon", refused["refused"]["mistakes"]) is not None,
               refused["refused"]["mistakes"][:500])
    _, page = reader.ask("GET", "/")
    lab.expect("every page says so", "New rules are refused" in page and re.search(r"ssh/rules\.yaml:\d+", page) is not None)
    _, page = reader.ask("GET", "/login")
    lab.expect("the sign-in page does not", "New rules are refused" not in Reader.ask(type("Nobody", (), {"lab": lab, "cookies": {}})(), "GET", "/login")[1])
    told = run(COLLECTOR, "status", "--json", "--state", lab.state)
    status = json.loads(told.stdout.splitlines()[-1])
    lab.expect("status says the same from the shell", told.returncode == 1 and "permit_root_logon" in status["mistakes"]
               and status["serving"]["pid"] == lab.collector.pid, told.stdout[:500])
    more()
    lab.expect("agents are served and judged by the old set meanwhile", hashes(lab) == {first})
    log = open(lab.folder + "/collector.log").read()
    lab.expect("the log says it once", log.count("rules: refused") == 1)

    write_rules(GOOD.replace(CHECK, 'check: ssh.permit_root_login != "no"', 1))
    wait_for("the mended rules to be applied", lambda: reader.applied({first}))
    second = reader.rules()
    lab.expect("nothing is refused any more", second["state"] == "in force" and second["refused"] is None)
    _, page = reader.ask("GET", "/")
    lab.expect("the pages are without the notice", "New rules are refused" not in page)
    lab.expect("the log names the rule that changed", "1 changed (ssh.root-login)" in open(lab.folder + "/collector.log").read()
               or "1 rule changed (ssh.root-login)" in open(lab.folder + "/collector.log").read())
    more()

    # Two sets, one upon the other, read at once on SIGHUP.
    write_rules(GOOD + "\n# a second set\n")
    lab.collector.send_signal(signal.SIGHUP)
    write_rules(GOOD + "\n# a third set\n")
    lab.collector.send_signal(signal.SIGHUP)
    more()
    lab.end_delivery()
    lab.expect("the collector stops cleanly", lab.stop() == 0)
    lab.start()
    reader = Reader(lab)
    wait_for("the last rules to be applied", lambda: reader.applied({first, second["in_force"]["hash"]}))
    lab.expect("every stored judgement carries the hash of the last set", hashes(lab) == {reader.rules()["in_force"]["hash"]})
    lab.expect("and status counts none that is not", json.loads(lab.run("status", "--json", "--state", lab.state))["to_rejudge"] == 0)
    judged = lab.run("score", "--json", "--state", lab.state)
    with sqlite3.connect(lab.state + "/plumbline.db") as store:
        changes = [row[0] for row in store.execute("SELECT detail FROM audit WHERE action = 'rules.in-force'")]
        # As if no host had ever been judged: a command judges them all in memory.
        store.execute("UPDATE hosts SET rules_hash = '', previous_rules_hash = ''")
    lab.kill()
    lab.expect("they are what a fresh judgement gives, byte for byte", lab.run("score", "--json", "--state", lab.state) == judged)
    lab.expect("the audit log tells each change of the rules", len(changes) >= 2 and "ssh.root-login" in changes[0], str(changes))
    lab.expect_nothing_lost()
    return lab


def kill_while_judging():
    write_rules(GOOD)
    lab = Lab(0)
    lab.stop()
    for file in ("plumbline.db", "plumbline.db-wal", "plumbline.db-shm"):
        if os.path.exists(f"{lab.state}/{file}"):
            os.unlink(f"{lab.state}/{file}")
    subprocess.run([BUILD + "/bin/rejudge_bench", "fill", f"sqlite:{lab.state}/plumbline.db", str(STORED_HOSTS), folder + "/rules"],
                   check=True, stdout=subprocess.DEVNULL)
    earlier = hashes(lab)
    fresh = lab.run("score", "--json", "--state", lab.state)
    lab.expect("a command judges a fleet without writing", hashes(lab) == earlier)

    def judged():
        with lab.store() as store:
            return store.execute("SELECT count(*) FROM hosts WHERE rules_hash NOT IN (?)", tuple(earlier)).fetchone()[0]
    kills = 0
    while judged() < STORED_HOSTS:
        before = judged()
        lab.start()
        wait_for("some hosts to be judged", lambda: judged() > before)
        lab.kill()
        kills += 1
    lab.expect(f"judging goes on after each of {kills} kills", kills >= 1 and "" not in hashes(lab) and not hashes(lab) & earlier)
    lab.expect("the result is what a fresh judgement gives, byte for byte", lab.run("score", "--json", "--state", lab.state) == fresh)
    lab.start()
    reader = Reader(lab)
    wait_for("pages to show every host", lambda: reader.applied(set()))
    _, told = reader.ask("GET", "/api/v1/score")
    lab.expect("and so do the pages' figures", told.strip() == fresh.strip())
    return lab


labs = [reload_under_agents(), kill_while_judging()]
shutil.rmtree(folder, ignore_errors=True)
labs[1].failures += labs[0].failures
if labs[0].failures:
    print(open(labs[0].folder + "/collector.log").read()[-3000:])
shutil.rmtree(labs[0].folder, ignore_errors=True)
labs[1].finish()
