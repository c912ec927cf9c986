#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the first inputs of the fuzz targets: seeds.py FOLDER.

Expressions come from the packs, from tests/rules/cel and, where it is there, from the language's conformance suite
($PLUMBLINE_CORPUS/cel/all.jsonl); pack files come from rules/."""
import hashlib
import json
import os
import pathlib
import re
import sys

source = pathlib.Path(__file__).resolve().parents[2]
folder = pathlib.Path(sys.argv[1])


def write(target, data):
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    (place / hashlib.sha1(data).hexdigest()).write_bytes(data)


def expressions():
    suite = pathlib.Path(os.environ.get("PLUMBLINE_CORPUS", "/nonexistent")) / "cel" / "all.jsonl"
    if suite.exists():
        for line in suite.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["expr"]
    for row in (source / "tests/rules/cel/cases.txt").read_text(encoding="utf-8").split("\n\n"):
        yield row.strip().split("\n")[0]
    for path in sorted((source / "rules").rglob("*.yaml")):
        for found in re.findall(r"^\s*(?:- )?(?:when|check|observed|value): (.+)$", path.read_text(encoding="utf-8"), re.M):
            yield found.strip("'\"")


for text in sorted(set(expressions())):
    data = text.encode("utf-8", "surrogatepass")
    for target in ("cel_parse", "cel_check", "cel_eval"):
        if len(data) <= 4096:
            write(target, data)
for number, document in enumerate(
    (
        '{"s":"","l":[],"m":{},"x":null,"h":{}}',
        '{"h":{"disks":[{"class":1}],"name":5,"labels":[]},"x":{"a":{"b":[1,2,{"c":1e300}]}},"y":18446744073709551615}',
    )
):
    for text in ("h.disks.all(d, d.size > 1)", "x == y || h.name == s", "m.map(k, m[k]) + l"):
        write("cel_eval", text.encode() + b"\0" + document.encode())
for path in sorted((source / "rules").rglob("*.yaml")):
    data = path.read_bytes()
    if len(data) <= 16384:
        write("pack_yaml", data)
    for part in re.split(rb"(?m)^(?=  - id: )", data)[1:]:  # each rule alone: small inputs change faster
        write("pack_yaml", b"rules:\n" + part)
for text in (
    b"untrusted comment: minisign public key E7620F1842B4E81F\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n",
    b"untrusted comment: signature\nRUQf6LRCGA9i5\ntrusted comment: file:pack.yaml\nAAAA\n",
    b"\x40RW", b"\x80trusted comment: x", b"\x00\r\n",
):
    write("signature", text)
# What the agent reads, as the cases of its tests have it. The first byte chooses the reader, of which there are 17; probes (0)
# and redactors (2) take every text.
number = 0
for path in sorted((source / "tests/agent/cases").glob("*.txt")) + [source / "tests/agent/greetings.txt"]:
    for part in re.split(r"(?m)^(?:---|===).*\n", path.read_text(encoding="utf-8"))[1:]:
        data = part.encode()
        if 0 < len(data) <= 4096:
            number += 1
            for reader in {0, 2, number % 17}:
                write("agent_files", bytes((reader, number % 256)) + data)

# Rule sets: the first byte says which of the languages it is.
for block in re.split(r"^=== ", (source / "tests/agent/cases/firewall.txt").read_text(encoding="utf-8"), flags=re.M)[1:]:
    for part in re.split(r"^--- ", block, flags=re.M)[1:]:
        heading, _, text = part.partition("\n")
        language = {"answer nftables": b"j", "/etc/nftables.conf": b"n"}.get(heading)
        if heading.endswith((".rules", "/rules.v4", "/rules.v6")):
            language = b"i"
        if heading.endswith(".xml"):
            language = b"f"
        if language:
            write("firewall", language + text.encode())

# Machines: each case of the agent's.
for path in sorted((source / "tests/agent/cases").glob("*.txt")):
    for case in re.split(r"^=== .*$", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        write("probes", case.split("--- expect")[0].strip().encode())

# What the agent keeps, is told and sends. The first byte of agent_state chooses: settings, privacy, recording, spool, delivered, history, identity, names.
for text in re.findall(r'R"\((.*?)\)"|"((?:[^"\\]|\\.)*)"', (source / "tests/agent/settings.cc").read_text(encoding="utf-8"), re.S):
    write("agent_state", b"\0" + (text[0] or text[1].replace("\\n", "\n")).encode())
for path in sorted((source / "tests/hosts").glob("*.json")):
    for name, section in json.loads(path.read_text(encoding="utf-8")).items():
        section.setdefault("status", "ok")
        told = {"data": section.get("data", {}), "missing": section.get("missing", {}), "status": section["status"]}
        canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        part = dict(told, hash=hashlib.sha256(canonical.encode()).hexdigest(), took_ms=1)
        scan = {"agent": {"version": "1", "privileged": True, "confined": ["seccomp"]}, "host_id": "0" * 32, "schema": 1, "sections": {name: part}, "sequence": 7,
                "taken_at": "2026-11-23T19:35:00Z"}
        data = json.dumps(scan, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        if len(data) <= 8192:
            for target, before in (("scan", b""), ("document", b""), ("wire", b""), ("agent_state", b"\1")):
                write(target, before + data)
            frame = json.dumps(dict(told, probe=0, ended="", cpu_ms=1.5)).encode()
            write("reader", len(frame).to_bytes(4, "little") + b"S" + frame)
for kind, text in ((b"H", b'{"taken_at":1795466100,"privileged":true,"confined":["seccomp"]}'), (b"B", b"1"), (b"S", b'{"data":{},"missing":{"os.name":"no"},"ended":"files","took_ms":3}'),
                   (b"J", b"{}"), (b"X", b'{"kind":2,"message":"no"}'), (b"E", b'{"peak_memory_bytes":5000000}'), (b"F", b"/place\0text")):
    write("reader", len(text).to_bytes(4, "little") + kind + text)
write("agent_state", b'\2{"version":1,"complete":true,"files":{"/etc/shadow":{"error":"permission_denied","message":"no"},"/proc/meminfo":{"size":3}},"folders":{"/etc":{"entries":["f a","l b"]}},'
      b'"links":{"/sys/class/net/eth0":{"target":"../x"}},"stats":{"/etc":{"type":"d","mode":"0755","uid":0,"gid":0,"size":1,"modified":1,"device":2}},"answers":{"now":"1","nvml":{"error":"not_found","message":"no"}}}')
packed = b"\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00{}"
write("wire", packed)
write("agent_state", b"\3plumbline scan 1 " + hashlib.sha256(packed).hexdigest().encode() + b"\n" + packed)
write("agent_state", b'\4{"sequence":7,"dropped":1,"scanned_at":1795466100,"sections":{"cpu":"' + b"0" * 64 + b'"}}')
write("agent_state", b'\5{"agent":"1","boot":"b","probes":{"os":{"strikes":3,"until":1800000000,"outcome":"time"}}}')
write("agent_state", b'\6{"host_id":"' + b"0" * 32 + b'","collector_url":"https://a:1","ca":"","certificate":"","private_key":"","received_at":1}')
write("agent_state", b"\7https://collector.example:7443/")
for text in (b"/hosts?q=a%20b&page=2", b"csrf=a&name=%C3%A9", b"session=abc; theme=dark"):
    write("http", text)
