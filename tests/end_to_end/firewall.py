#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads rule sets into a network namespace, scans there, connects from another one, and compares.

A rule set is "exact" where each of its rules can be understood: then `filtered` is what connections meet. Where it is
not, `filtered` may be false although nothing comes through, never the other way round."""
import contextlib
import ctypes
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)  # setns: Python has it from 3.12 on
AGENT = os.environ["AGENT"]
SCRATCH = pathlib.Path(sys.argv[1])
HOST, OTHER = f"plumbline-host-{os.getpid()}", f"plumbline-other-{os.getpid()}"
# Where a connection comes from, and where it goes to.
SOURCES = [("10.77.0.2", "10.77.0.1"), ("198.51.100.2", "198.51.100.1"), ("fd77::2", "fd77::1"), ("2001:db8:77::2", "2001:db8:77::1")]
PUBLIC = {"198.51.100.2", "2001:db8:77::2"}
LISTENERS = [("::", 22), ("::", 80), ("::", 443), ("::", 5432), ("0.0.0.0", 6379), ("::", 8005), ("0.0.0.0", 8080), ("10.77.0.1", 9001),
             ("fd77::1", 9002)]
ANSWER_SECONDS = 0.4  # a cable inside one kernel needs a thousandth of it

START = "ct state established,related accept\n iif lo accept\n"
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"  # without them no IPv6 comes near
NFT = [
    ("no rules at all", True, ""),
    ("drop by policy but for SSH", True,
     "table inet f { chain input { type filter hook input priority 0; policy drop;\n" + START + NEIGHBOURS + "tcp dport 22 accept\n } }"),
    ("accept by policy, the last rule refuses", True,
     "table inet f { chain input { type filter hook input priority 0; policy accept;\n" + START +
     "tcp dport { 22, 443 } ct state new accept\n"
     + NEIGHBOURS + "counter reject with icmpx admin-prohibited\n } }"),
    ("sets with ranges, verdict maps, chains", True,
     "table inet f { set open { type inet_service; flags interval; elements = { 80, 8000-8010 } }\n"
     "chain web { tcp dport @open accept\n return\n }\n chain deny { drop\n }\n"
     "chain input { type filter hook input priority 0; policy accept;\n"
     "ct state vmap { established : accept, related : accept, invalid : drop }\n iif lo accept\n icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
     "tcp dport vmap { 22 : accept, 443 : jump web, 8080 : jump deny }\n jump web\n tcp dport 5432 goto deny\n drop\n } }"),
    ("a database for private addresses alone", True,
     "define lan = { 10.0.0.0/8, 192.168.0.0/16 }\n"
     "table inet f { chain input { type filter hook input priority filter; policy drop;\n" + START +
     "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
     "ip saddr $lan tcp dport 5432 accept\n ip6 saddr fd00::/8 tcp dport { 5432, 9002 } accept\n tcp dport ssh accept\n } }"),
    ("IPv4 is refused, IPv6 was forgotten", True,
     "table ip f { chain input { type filter hook input priority 0; policy drop;\n" + START + "tcp dport 22 accept\n } }"),
    ("refused before routing", True,
     "table inet f { chain early { type filter hook prerouting priority raw; policy accept;\n iifname \"eth0\" tcp dport { 5432, 6379 } drop\n } }"),
    ("by the name of the interface", True,
     "table inet f { chain input { type filter hook input priority 0; policy accept;\n iifname \"lo\" accept\n iifname \"docker0\" accept\n"
     "ct state established accept\n iifname \"eth*\" tcp dport != { 22, 80 } drop\n } }"),
    ("addresses of this host", True,
     "table inet f { chain input { type filter hook input priority 0; policy accept;\n ip daddr 10.77.0.1 tcp dport 9001 drop\n"
     "ip6 daddr fd77::/64 tcp dport 9002 reject\n tcp dport 8000-9000 fib daddr type local drop\n } }"),
    ("a table that sleeps refuses nothing", True,
     "table inet f { flags dormant; chain input { type filter hook input priority 0; policy drop; } }"),
    ("two tables: what either refuses is refused", True,
     "table inet a { chain input { type filter hook input priority 0; policy accept;\n tcp dport 80 drop\n tcp dport 22 accept\n } }\n"
     "table ip b { chain input { type filter hook input priority 10; policy accept;\n tcp dport { 22, 443 } drop\n } }\n"
     "table ip6 b { chain input { type filter hook input priority 10; policy accept;\n tcp dport 22 drop\n } }"),
    ("a port is sent on to another one", False,
     "table inet f { chain pre { type nat hook prerouting priority dstnat; policy accept;\n tcp dport 80 redirect to :8080\n }\n"
     "chain input { type filter hook input priority 0; policy drop;\n" + START + NEIGHBOURS + "ct status dnat accept\n tcp dport 22 accept\n } }"),
    ("what is not tracked has no state", False,
     "table inet f { chain raw { type filter hook prerouting priority raw; policy accept;\n tcp dport 443 notrack\n }\n"
     "chain input { type filter hook input priority 0; policy accept;\n ct state untracked accept\n ct state new tcp dport { 22, 443 } drop\n } }"),
    ("limits and pairs of address and port", False,
     "table inet f { chain input { type filter hook input priority 0; policy drop;\n" + START + NEIGHBOURS +
     "tcp dport 22 limit rate 100/second accept\n ip saddr . tcp dport { 10.77.0.2 . 80, 198.51.100.2 . 443 } accept\n"
     "tcp dport 8080 ip ttl 1-255 accept\n } }"),
    ("ports from one on, by comparison", True,
     "table inet f { chain input { type filter hook input priority 0; policy accept;\n icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
     "tcp dport >= 8000 drop\n tcp dport < 80 drop\n } }"),
]
IPTABLES = [
    ("iptables: drop by policy, IPv6 was forgotten", True,
     ":INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
     "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n", ""),
    ("iptables: several ports, chains of one's own, both families", True,
     ":INPUT ACCEPT [0:0]\n:web - [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\n"
     "-A INPUT -p tcp -m multiport --dports 80,443,8000:8010 -g web\n-A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 5432 -j DROP\n"
     "-A INPUT -p tcp -m addrtype --dst-type LOCAL -m tcp ! --dport 5432 -j REJECT\n-A web -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j RETURN\n"
     "-A web -j DROP\n",
     ":INPUT DROP [0:0]\n-A INPUT -p ipv6-icmp -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -s fd00::/8 -p tcp -m tcp --dport 80:443 -j ACCEPT\n"),
]


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise SystemExit(f"not ok {command}: {done.stderr}")
    return done.stdout


def inside(space, *command, **more):
    return run("ip", "netns", "exec", space, *command, **more)


def lay_cable():
    for space in (HOST, OTHER):
        run("ip", "netns", "add", space)
        inside(space, "ip", "link", "set", "lo", "up")
    inside(HOST, "ip", "link", "add", "name", "eth0", "type", "veth", "peer", "name", "eth1")
    inside(HOST, "ip", "link", "set", "eth1", "netns", OTHER)
    for space, card, end in ((HOST, "eth0", "1"), (OTHER, "eth1", "2")):
        inside(space, "ip", "link", "set", card, "up")
        for address in (f"10.77.0.{end}/24", f"198.51.100.{end}/24"):
            inside(space, "ip", "addr", "add", address, "dev", card)
        for address in (f"fd77::{end}/64", f"2001:db8:77::{end}/64"):
            inside(space, "ip", "-6", "addr", "add", address, "dev", card, "nodad")


@contextlib.contextmanager
def in_space(space):
    """This process, moved into a namespace for a while."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{space}", os.O_RDONLY)
    libc.setns(other, 0)
    try:
        yield
    finally:
        libc.setns(own, 0)
        os.close(own)
        os.close(other)


def listen():
    sockets = []
    with in_space(HOST):
        for address, port in LISTENERS:
            one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ":" in address:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            one.bind((address, port))
            one.listen(64)
            sockets.append(one)
    return sockets


def knock():
    """Which ports answer connections from where: {(source, port)}."""
    waiting, reached = {}, set()
    poller = select.poll()
    with in_space(OTHER):
        for source, target in SOURCES:
            for port in sorted({port for _, port in LISTENERS}):
                one = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
                one.setblocking(False)
                one.bind((source, 0))
                one.connect_ex((target, port))
                waiting[one.fileno()] = (one, source, port)
                poller.register(one, select.POLLOUT)
    while waiting:
        ready = poller.poll(int(ANSWER_SECONDS * 1000))
        if not ready:
            break
        for number, _ in ready:
            one, source, port = waiting.pop(number)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                reached.add((source, port))
            poller.unregister(number)
            one.close()
    for one, _, _ in waiting.values():
        one.close()
    return reached


def scan(folder):
    shutil.rmtree(folder, ignore_errors=True)
    inside(HOST, AGENT, "scan", "--only", "listeners,firewall", "--record", str(folder))
    return replay(folder)


def replay(folder):
    sections = json.loads(run(AGENT, "scan", "--only", "listeners,firewall", "--format", "json", "--root", str(folder)))["sections"]
    return sections["listeners"]["data"], sections["firewall"]["data"]


def told(listeners):
    """What the facts say of each listener: {(address, port): (filtered, filtered_public)}."""
    return {(row["address"], row["port"]): (row.get("filtered"), row.get("filtered_public"))
            for row in listeners["sockets"] if row["protocol"] == "tcp" and (row["address"], row["port"]) in LISTENERS}


def met(reached):
    """What connections met. A socket of one family, or one address, is asked there alone."""
    out = {}
    for address, port in LISTENERS:
        sources = [source for source, target in SOURCES
                   if address == "::" or (address == "0.0.0.0" and ":" not in source) or address == target]
        public = [source for source in sources if source in PUBLIC]
        out[address, port] = (not any((one, port) in reached for one in sources), not any((one, port) in reached for one in public), bool(public))
    return out


def compare(name, exact, facts, reached):
    mistakes = []
    for listener, (stopped, stopped_public, has_public) in met(reached).items():
        filtered, filtered_public = facts.get(listener, (None, None))
        if filtered is None or (filtered and not stopped) or (filtered_public and not stopped_public):
            mistakes.append(f"{listener} is said to be {filtered, filtered_public}, connections met {stopped, stopped_public}")
        elif exact and (filtered != stopped or (has_public and filtered_public != stopped_public)):
            mistakes.append(f"{listener} is said to be only {filtered, filtered_public}, connections met {stopped, stopped_public}")
    print(("not ok " if mistakes else "ok ") + name, *mistakes, sep="\n    ")


def copy_without_kernel(recorded, folder):
    """A root that knows sockets and addresses, and no rules in force."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / ".plumbline").mkdir(parents=True)
    answers = json.loads((recorded / ".plumbline/recording.json").read_text())["answers"]
    kept = {name: answers[name] for name in ("now", "sockets", "addresses") if name in answers}
    (folder / ".plumbline/recording.json").write_text(json.dumps({"answers": kept}))


def add_unit(folder, unit):
    wants = folder / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (folder / "usr/lib/systemd/system").mkdir(parents=True)
    (folder / "usr/lib/systemd/system" / unit).write_text("[Install]\nWantedBy=multi-user.target\n")
    (wants / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")


def write_files(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def check(name, exact, load, unit, files):
    inside(HOST, "nft", "flush", "ruleset")
    load()
    facts, firewall = scan(SCRATCH / "recorded")
    compare(name, exact, told(facts), knock())
    expected = bool(files) and "sleeps" not in name
    if firewall.get("source") != "kernel" or (expected and not firewall["active"]):
        print(f"not ok {name}: the firewall is told from the kernel\n    {firewall}")
    if not files:
        return
    copy_without_kernel(SCRATCH / "recorded", SCRATCH / "files")
    add_unit(SCRATCH / "files", unit)
    write_files(SCRATCH / "files", files)
    by_files, firewall_by_files = replay(SCRATCH / "files")
    differ = {place: (told(facts)[place], told(by_files)[place]) for place in told(facts) if told(facts)[place] != told(by_files)[place]}
    if firewall["default_deny"] != firewall_by_files["default_deny"]:
        differ["default_deny"] = (firewall["default_deny"], firewall_by_files["default_deny"])
    print(("not ok " if differ else "ok ") + name + ": the files say what the kernel says", *differ.items(), sep="\n    ")


def check_unprivileged():
    """Without the right to ask the kernel the files are taken."""
    folder = SCRATCH / "unprivileged"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    SCRATCH.chmod(0o755)
    inside(HOST, "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", AGENT, "scan", "--only", "listeners,firewall",
           "--record", str(folder / "r"))
    answer = json.loads((folder / "r/.plumbline/recording.json").read_text())["answers"]["nftables"]
    good = isinstance(answer, dict) and "CAP_NET_ADMIN" in json.dumps(answer)
    print(f"{'ok' if good else 'not ok'} without CAP_NET_ADMIN the kernel refuses, and the refusal is recorded", *([] if good else [answer]), sep="\n    ")


def main():
    lay_cable()
    sockets = listen()
    for name, exact, rules in NFT:
        text = "flush ruleset\n" + rules.replace("\n ", "\n").replace("} }", "}\n}") + "\n"
        check(name, exact, lambda: inside(HOST, "nft", "-f", "-", input=text), "nftables.service", {"etc/nftables.conf": text} if rules else {})
    if shutil.which("iptables-nft-restore"):
        for name, exact, v4, v6 in IPTABLES:
            files = {"etc/iptables/rules.v4": f"*filter\n{v4}COMMIT\n", "etc/iptables/rules.v6": f"*filter\n{v6}COMMIT\n"}

            def load():
                inside(HOST, "iptables-nft-restore", input=files["etc/iptables/rules.v4"])
                if v6:
                    inside(HOST, "ip6tables-nft-restore", input=files["etc/iptables/rules.v6"])

            check(name, exact, load, "netfilter-persistent.service", files)
    check_unprivileged()
    for one in sockets:
        one.close()


try:
    main()
finally:
    for space in (HOST, OTHER):
        subprocess.run(["ip", "netns", "del", space], stderr=subprocess.DEVNULL, check=False)
