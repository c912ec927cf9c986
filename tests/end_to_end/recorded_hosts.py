#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scans and judges each recorded host and compares with what was reviewed; `--write` writes what is there now, for the next review.

tests/hosts/NAME.json holds the facts; tests/hosts/NAME.findings a line for each finding of the host in the order they are shown:
severity, verdict, pillar, rule, evidence and the rules that see the same. Indented lines below say why it is true and are kept.
"""
import csv
import difflib
import io
import json
import os
import subprocess
import sys

BUILD = os.environ.get("PLUMBLINE_BUILD", "build/release")
HOSTS = "tests/hosts/"
ABOVE_LOW = ("critical", "high", "medium")
failures = 0


def tell(good, name, details=()):
    global failures
    print(("ok " if good else "not ok ") + name)
    if not good:
        failures += 1
        print("\n".join("    " + line for line in details))


def run(*arguments, text=None):
    environment = {**os.environ, "PLUMBLINE_RULES": os.environ.get("PLUMBLINE_RULES", "rules"), "NO_COLOR": "1"}
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"not ok {' '.join(arguments)}\n    {done.stderr}")
    return done.stdout


def facts_of(scan):
    sections = {name: {"data": section["data"], "missing": section.get("missing", {})} for name, section in json.loads(scan)["sections"].items()}
    return json.dumps(sections, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def findings_of(scan):
    """What the report's table says of this host; what it says of the fleet depends on other hosts."""
    table = csv.DictReader(io.StringIO(run(f"{BUILD}/bin/plumbline-collector", "assess", "--format", "csv", "-", text=scan)))
    found = []
    for row in table:
        if row["Host"] == "(fleet)":
            continue
        evidence = f"{row['Observed']}; expected {row['Expected']}"
        found.append({"severity": row["Severity"].lower(), "verdict": row["Verdict"].lower(), "pillar": row["Pillar"].lower(), "rule": row["Rule"],
                      "evidence": " ".join(evidence.split()), "also": row["Also seen as"].replace("; ", ", ")})
    return found


def line_of(finding):
    also = f" | also {finding['also']}" if finding["also"] else ""
    return f"{finding['severity']} {finding['verdict']} | {finding['pillar']} | {finding['rule']} | {finding['evidence']}{also}"


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def notes_of(text):
    """The head of a file, and the indented lines below each finding, by its rule."""
    head, notes, rule = [], {}, None
    for line in text.splitlines():
        if line.startswith("#"):
            head.append(line)
        elif line.startswith("  "):
            notes.setdefault(rule, []).append(line)
        else:
            rule = line.split(" | ")[2]
    return head, notes


def same(name, known, now, path):
    difference = list(difflib.unified_diff(known.splitlines(), now.splitlines(), path, "now", lineterm="", n=1))
    tell(not difference, name, difference)


def check_facts(host, scan):
    same(f"{host}: facts", read(f"{HOSTS}{host}.json"), facts_of(scan), f"{HOSTS}{host}.json")


def check_findings(host, found):
    path = f"{HOSTS}{host}.findings"
    known = "".join(line + "\n" for line in read(path).splitlines() if not line.startswith(("#", "  ")))
    same(f"{host}: findings", known, "".join(line_of(finding) + "\n" for finding in found), path)
    unsaid = [finding["rule"] for finding in found if finding["severity"] in ABOVE_LOW and finding["rule"] not in notes_of(read(path))[1]]
    tell(not unsaid, f"{host}: each finding above low says why it is true", unsaid)


def security_above_low(found):
    return [line_of(finding) for finding in found if finding["severity"] in ABOVE_LOW and finding["pillar"] == "security"]


def no_security_finding_above_low(host, found):
    above = security_above_low(found)
    tell(not above, f"{host}: no security finding above low, neither failed nor unknown", above)


def short_list(host, found):
    above = [line_of(finding) for finding in found if finding["severity"] in ABOVE_LOW]
    tell(len(above) <= 8, f"{host}: at most 8 findings above low", above)


def open_services_come_first(host, found):
    first = [(finding["rule"], finding["severity"], finding["verdict"]) for finding in found[:2]]
    tell(first == [("ai.endpoint-exposed", "critical", "fail"), ("ai.notebook-exposed", "critical", "fail")], f"{host}: Ollama and the notebook are critical and come first",
         [line_of(finding) for finding in found[:4]])
    evidence = [finding["evidence"] for finding in found[:2]]
    tell("ollama" in evidence[0] and "jupyter" in evidence[1], f"{host}: both are named", evidence)
    again = [line_of(finding) for finding in found[2:] if finding["rule"] in ("ai.notebook-token", "ai.settings-closed", "network.docker-bypass")]
    tell(not again, f"{host}: one finding for one cause", again)


def trust_and_no_backup(host, found):
    severities = {finding["rule"]: (finding["severity"], finding["verdict"]) for finding in found}
    tell(severities.get("data.store-auth") == ("critical", "fail"), f"{host}: trust is critical", [str(severities.get("data.store-auth"))])
    tell(severities.get("backup.present") == ("high", "fail"), f"{host}: no backup is high", [str(severities.get("backup.present"))])
    tell(found[0]["rule"] == "data.store-auth", f"{host}: trust comes first", [line_of(finding) for finding in found[:2]])


PROMISES = {"clean-web-server": [no_security_finding_above_low], "hardened-gpu-node": [no_security_finding_above_low], "stock-cloud-image": [short_list],
            "open-gpu-server": [open_services_come_first], "careless-database-server": [trust_and_no_backup]}


def write(host, scan, found):
    with open(f"{HOSTS}{host}.json", "w", encoding="utf-8") as file:
        file.write(facts_of(scan))
    head, notes = notes_of(read(f"{HOSTS}{host}.findings"))
    lines = head
    for finding in found:
        lines += [line_of(finding)] + notes.get(finding["rule"], [])
    with open(f"{HOSTS}{host}.findings", "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


def main():
    for host, promises in PROMISES.items():
        scan = run(f"{BUILD}/bin/plumbline-agent", "scan", "--root", HOSTS + host, "--json")
        found = findings_of(scan)
        if "--write" in sys.argv[1:]:
            write(host, scan, found)
            continue
        check_facts(host, scan)
        check_findings(host, found)
        for promise in promises:
            promise(host, found)
    sys.exit(failures > 0)


main()
