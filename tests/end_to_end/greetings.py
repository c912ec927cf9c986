# SPDX-License-Identifier: Apache-2.0
"""In a network namespace with one cable to another one: programs that are called like stores listen on loopback, on this host's own
addresses and on addresses that it does not have. Every connect() of a scan leads to a listener of this host, and no TCP packet takes
the cable. Switched off, there is no socket for TCP at all."""
import json, os, re, shutil, socket, subprocess, sys, tempfile

from lab import AGENT, run, wait_for

OWN, OTHER, FLOATING = "10.77.0.1", "10.77.0.2", "10.77.0.99"
OWN6, OTHER6, FLOATING6 = "2001:db8:77::1", "2001:db8:77::2", "2001:db8:77::99"
IP_FREEBIND, IPV6_FREEBIND = 15, 78
SERVICE = ["setpriv", "--reuid", "1", "--regid", "1", "--clear-groups", "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
INFO = b"# Server\r\nredis_version:7.0.15\r\n"
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{\"version\":\"0.5.7\"}"
# program, address, port, what it answers
LISTENERS = [("redis-server", "0.0.0.0", 6379, b"+PONG\r\n$%d\r\n%s\r\n" % (len(INFO), INFO)),
             ("memcached", "127.0.0.1", 11211, b"VERSION 1.6.18\r\n"),
             ("mosquitto", OWN, 1883, b"\x20\x02\x00\x05"),
             ("postgres", OWN6, 5432, b"N"),
             ("vllm", "127.0.0.1", 8000, HTTP),
             ("mysqld", OWN, 3306, b"never said: MySQL is not greeted but over loopback"),
             ("mongod", FLOATING, 27017, b"never said: this address may be another machine's"),
             ("qdrant", FLOATING6, 6333, b"never said: this one, too"),
             ("somebody", "127.0.0.1", 9999, b"never said: nobody knows this program")]
GREETED = {("127.0.0.1", 6379), (OWN, 6379), ("127.0.0.1", 11211), (OWN, 1883), (OWN6, 5432), ("127.0.0.1", 8000)}
SERVER = """import socket, sys, threading
address, port, free, answer = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), bytes.fromhex(sys.argv[4])
listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.setsockopt(socket.IPPROTO_IPV6 if ":" in address else socket.IPPROTO_IP, free, 1)
listener.bind((address, port)); listener.listen(64); print("ready", flush=True)
def serve(one):
    one.recv(4096); one.sendall(answer); one.recv(1); one.close()
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
failures = 0
children = []


def say(good, name, detail=""):
    global failures
    print(("ok " if good else "not ok ") + name, flush=True)
    if not good:
        failures += 1
        print("    " + str(detail)[:3000].replace("\n", "\n    "))


def must(*command):
    subprocess.run(command, check=True)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def lay_cable():
    """A pair of devices; the far end is in a namespace of its own, which is where this host's default route leads."""
    far = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdout=subprocess.DEVNULL)
    children.append(far)
    here = os.readlink("/proc/self/ns/net")
    wait_for("the far namespace", lambda: os.readlink(f"/proc/{far.pid}/ns/net") != here)
    inside = ["nsenter", "-t", str(far.pid), "-n"]
    must("ip", "link", "set", "lo", "up")
    must("ip", "link", "add", "cable", "type", "veth", "peer", "name", "far", "netns", str(far.pid))
    for wrap, device, v4, v6 in (([], "cable", OWN, OWN6), (inside, "far", OTHER, OTHER6)):
        must(*wrap, "ip", "address", "add", v4 + "/24", "dev", device)
        must(*wrap, "ip", "address", "add", v6 + "/64", "dev", device, "nodad")
        must(*wrap, "ip", "link", "set", device, "up")
    must("ip", "route", "add", "default", "via", OTHER)
    must("ip", "-6", "route", "add", "default", "via", OTHER6)
    # Somebody there has the floating addresses now.
    must(*inside, "ip", "address", "add", FLOATING + "/24", "dev", "far")
    must(*inside, "ip", "address", "add", FLOATING6 + "/64", "dev", "far", "nodad")


class Watch:
    """Counts the TCP packets on the cable while it is open."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind(("cable", 0))
        self.socket.setblocking(False)
        return self

    def __exit__(self, *_):
        self.socket.close()

    def tcp_packets(self):
        found = []
        while True:
            try:
                frame = self.socket.recv(65535)
            except BlockingIOError:
                return found
            v4 = frame[12:14] == b"\x08\x00" and frame[23] == 6
            v6 = frame[12:14] == b"\x86\xdd" and frame[20] == 6
            if v4 or v6:
                found.append(frame[14:60].hex())


def start_listeners(folder):
    for name, address, port, answer in LISTENERS:
        program = f"{folder}/{name}"  # the agent takes the name of a script for that of its program
        write(program, SERVER)
        free = IPV6_FREEBIND if ":" in address else IP_FREEBIND
        child = subprocess.Popen([sys.executable, program, address, str(port), str(free), answer.hex(), "serve"], stdout=subprocess.PIPE)
        children.append(child)
        assert child.stdout.readline() == b"ready\n", name


def scan(folder, *options, user=()):
    """The document, where it connected to, and every line of the trace."""
    trace = folder + "/trace"
    program = shutil.copy(AGENT, folder + "/program")
    done = run("strace", "-f", "-qq", "-s", "256", "-e", "trace=socket,connect,sendto,sendmsg,bind", "-o", trace, *user, program, "scan", "--format", "json", *options)
    lines = open(trace, errors="replace").read().splitlines()
    targets = set()
    for line in lines:
        found = re.search(r'connect\(.*sin6?_port=htons\((\d+)\).*(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"', line)
        if found:
            targets.add((found.group(2), int(found.group(1))))
    return json.loads(done.stdout) if done.returncode == 0 else {}, targets, lines, done.stdout


def stores(document):
    data = document["sections"]["data_stores"]["data"]
    return {(one.get("product") or one.get("kind")): one for one in data["instances"]}


folder = tempfile.mkdtemp(prefix="plumbline-greetings-", dir=os.environ.get("PLUMBLINE_SCRATCH"))
os.chmod(folder, 0o755)
try:
    try:
        lay_cable()
    except subprocess.CalledProcessError as problem:
        print(f"skipped: no cable between two network namespaces can be laid here: {problem}")
        sys.exit(0)
    start_listeners(folder)
    with Watch() as watch:
        probe = socket.socket()
        probe.settimeout(2)
        try:
            probe.connect((FLOATING, 9))
        except OSError:
            pass
        say(len(watch.tcp_packets()) > 0, "the watch sees what takes the cable")

        document, targets, lines, text = scan(folder, "--only", "data_stores,ai")
        say(bool(document), "the host is scanned", text)
        say(targets == GREETED, "every connect() leads to a listener of this host that has a greeting", f"{targets ^ GREETED}")
        packets = watch.tcp_packets()
        say(not packets, "not one TCP packet took the cable", packets)
        said = [line for line in lines if "sendto(" in line and "AF_NETLINK" not in line]
        say(not any(re.search(r"\b(AUTH|HELLO|auth|user|pass|Authorization)\b", line) for line in said), "nothing that was said logs in", said)
        found = stores(document)
        answered = {name: (one.get("answered_version"), one.get("answered_auth"), one.get("answered_tls")) for name, one in found.items()}
        say(answered.get("redis") == ("7.0.15", "none", "off"), "Redis told its version and asks for no password", answered)
        say(answered.get("memcached") == ("1.6.18", "none", "off"), "memcached, too", answered)
        say(answered.get("mosquitto", (0, 0, 0))[1] == "required", "Mosquitto wants a login", answered)
        say(any(one.get("answered_tls") == "off" for one in document["sections"]["data_stores"]["data"]["instances"] if "postgresql" in one.values()),
            "PostgreSQL has no TLS", document["sections"]["data_stores"]["data"]["instances"])
        say(all(answered.get(name, (None,) * 3) == (None,) * 3 for name in ("mongodb", "qdrant", "mysql")), "the others were asked nothing", answered)

        # As the service runs: a user below 1000, and then under Landlock. Whose a socket is it may not see, so Redis is asked from
        # loopback alone: what listens there for the rest may be a container engine's proxy.
        if shutil.which("setpriv"):
            document, targets, lines, text = scan(folder, "--only", "data_stores,ai", user=SERVICE)
            refused = [line for line in lines if re.search(r"(bind|connect)\(.*AF_INET.*= -1 E(ACCES|PERM)", line)]
            say(targets == GREETED - {(OWN, 6379)} and not refused, f"the service's own user greets the same, under {document.get('agent', {}).get('confined')}", refused or targets ^ GREETED)
            packets = watch.tcp_packets()
            say(not packets, "and no TCP packet took the cable", packets)

        # Where a program may come from addresses that this host does not have, the kernel no longer holds greetings back.
        for family in ("ipv4", "ipv6"):
            write(f"/proc/sys/net/{family}/ip_nonlocal_bind", "1")
        _, targets, _, text = scan(folder, "--only", "data_stores,ai")
        say(targets == GREETED - {(OWN6, 5432)}, "with ip_nonlocal_bind no IPv6 address but loopback is greeted", f"{targets ^ (GREETED - {(OWN6, 5432)})}")
        packets = watch.tcp_packets()
        say(not packets, "and still no TCP packet took the cable", packets)
        for family in ("ipv4", "ipv6"):
            write(f"/proc/sys/net/{family}/ip_nonlocal_bind", "0")

        # A packet filter that sends loopback's connections elsewhere.
        if shutil.which("nft"):
            rules = f"table ip t {{\n chain o {{\n type nat hook output priority -100;\n ip daddr 127.0.0.1 tcp dport 11211 dnat to {OTHER}\n }}\n}}\n"
            if run("nft", "-f", "-", stdin=rules).returncode == 0:
                write("/proc/sys/net/ipv4/conf/all/route_localnet", "1")
                document, _, _, text = scan(folder, "--only", "data_stores")
                packets = watch.tcp_packets()
                say(not packets, "a packet filter cannot lead a greeting of loopback off this host", packets)
                say("answered_auth" not in stores(document).get("memcached", {}), "and what it swallowed is unknown", stores(document).get("memcached"))
                run("nft", "flush", "ruleset")

        write(folder + "/agent.yaml", "greetings: off\n")
        for name, options in (("in the settings file", ["--config", folder + "/agent.yaml"]), ("on the command line", ["--no-greetings"])):
            document, targets, lines, text = scan(folder, "--only", "data_stores,ai", *options)
            tcp = [line for line in lines if re.search(r"socket\(AF_INET6?, SOCK_STREAM", line)]
            say(bool(document) and not targets and not tcp, f"switched off {name}, there is no socket for TCP", tcp or text)
            say(not any(key.startswith("answered_") for one in stores(document).values() for key in one), f"switched off {name}, no fact is made up", stores(document))
        say(not watch.tcp_packets(), "and nothing took the cable")
finally:
    for child in children:
        child.kill()
        child.wait()
    shutil.rmtree(folder, ignore_errors=True)
sys.exit(failures > 0)
