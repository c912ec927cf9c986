# SPDX-License-Identifier: Apache-2.0
"""Starts real data stores from the distribution's packages, in the namespaces that stores.test.sh made: their folders in /etc and
/var are copies in memory, the network has loopback and one address of its own, and everything goes when the namespaces do."""
import glob, json, os, shutil, socket, subprocess

from lab import AGENT, PATIENCE_S

OWN = "10.23.0.5"  # an address of this machine that is not loopback
ROOM = "/mnt"
PASSWORD = "Canary-stores-9f2c"
PG_BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))[-1]
PG_MAJOR = PG_BIN.split("/")[4]
COPIED = ["/etc/mysql", "/etc/redis", "/etc/mosquitto", "/etc/influxdb", "/etc/rabbitmq", f"/usr/share/postgresql/{PG_MAJOR}/extension"]
EMPTIED = {"/etc/postgresql": "postgres", "/var/lib/postgresql": "postgres", "/run/postgresql": "postgres", "/var/log/postgresql": "postgres",
           "/var/lib/mysql": "mysql", "/run/mysqld": "mysql", "/var/lib/redis": "redis", "/run/redis": "redis", "/var/log/redis": "redis",
           "/var/lib/mosquitto": "mosquitto", "/run/mosquitto": "mosquitto", "/var/log/mosquitto": "mosquitto",
           "/var/lib/influxdb": "influxdb", "/var/lib/rabbitmq": "rabbitmq", "/var/log/rabbitmq": "rabbitmq", "/var/lib/etcd": "etcd"}
failures = 0


def say(good, name, detail=""):
    global failures
    print(("ok " if good else "not ok ") + name, flush=True)
    if not good:
        failures += 1
        print("    " + str(detail)[:2000])


def same(name, ours, theirs):
    say(ours == theirs, name, f"agent: {ours!r}; the server: {theirs!r}")


def run(*command, user="", env=None, stdin=""):
    """What a command printed; it must succeed."""
    as_user = ["runuser", "-u", user, "--"] if user else []
    done = subprocess.run([*as_user, *command], input=stdin, capture_output=True, text=True, timeout=PATIENCE_S, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout} {done.stderr}")
    return done.stdout.strip()


def fails(*command, env=None):
    """What a command said that must not succeed; "" where it does."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env={**os.environ, **(env or {})})
    return "" if done.returncode == 0 else done.stdout + done.stderr


def write(path, text, owner="", mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    if owner:
        shutil.chown(path, owner, owner)
    return path


def folder(path, owner):
    os.makedirs(path, exist_ok=True)
    shutil.chown(path, owner)
    os.chmod(path, 0o700)
    return path


def is_user(name):
    return subprocess.run(["id", name], capture_output=True).returncode == 0


def prepare_room():
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", OWN + "/24", "dev", "lo")
    for place in (ROOM, "/run"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "stores", place)
    for place in COPIED:
        if os.path.isdir(place):
            copy = ROOM + "/copies" + place
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            run("cp", "-a", place, copy)
            run("mount", "--bind", copy, place)
    for place, owner in EMPTIED.items():
        if place.startswith("/run/"):
            os.makedirs(place)
        if os.path.isdir(place) and is_user(owner):
            run("mount", "-t", "tmpfs", "-o", "mode=755", "stores", place)
            shutil.chown(place, owner)
    make_certificate()


def make_certificate():
    """One certificate that stands for itself, in copies that each server's user may read."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=localhost",
        "-keyout", ROOM + "/server.key", "-out", ROOM + "/server.crt")
    for owner in ("postgres", "mysql", "redis", "etcd", "mosquitto"):
        if is_user(owner):
            for name in ("server.key", "server.crt"):
                shutil.copy(f"{ROOM}/{name}", folder(f"{ROOM}/tls-{owner}", owner))
                shutil.chown(f"{ROOM}/tls-{owner}/{name}", owner)
                os.chmod(f"{ROOM}/tls-{owner}/{name}", 0o600)


def start(name, *command, user="", env=None, cwd="/"):
    """A server; it ends with the namespace."""
    as_user = ["setpriv", "--reuid", user, "--regid", str(gid_of(user)), "--init-groups"] if user else []
    with open(f"{ROOM}/{name}.log", "w") as log:
        return subprocess.Popen([*as_user, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd, env={**os.environ, "HOME": ROOM, **(env or {})})


def gid_of(user):
    return int(run("id", "-g", user))


def answers(*command, env=None):
    return lambda: subprocess.run(command, capture_output=True, env={**os.environ, **(env or {})}).returncode == 0


def listens(port, address="127.0.0.1"):
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False


def scan(*options, wrap=()):
    done = subprocess.run([*wrap, AGENT, "scan", "--json", *options], capture_output=True, check=True)
    return json.loads(done.stdout)


def stores_in(document):
    return document["sections"]["data_stores"]["data"]["instances"]


def store(document, kind, port):
    found = [one for one in stores_in(document) if one["kind"] == kind and one.get("port") == port]
    if len(found) != 1:
        say(False, f"{kind} on port {port} is found once", [(one["kind"], one.get("port")) for one in stores_in(document)])
    return found[0] if found else {}


def package_version(name):
    return run("dpkg-query", "-W", "-f", "${Version}", name)
