#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what oscap or Lynis says of a machine with our conditions on its facts, check by check.

compare.py TOOL MACHINE SCAN OUTPUT COLLECTOR: OUTPUT is oscap's standard output or Lynis' log; prints a line for each difference
that argued.tsv does not explain, and one for each explanation that no longer explains anything. Status 1 where there is one.
"""
import json
import os
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def table(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#")]
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def oscap_verdicts(text):
    """Rule and Result stand in pairs of lines; only what was decided counts."""
    found = re.findall(r"^Rule\s+xccdf_org\.ssgproject\.content_rule_(\S+)\n(?:.*\n)*?Result\s+(\S+)", text, re.M)
    return {rule: result == "pass" for rule, result in found if result in ("pass", "fail")}


def lynis_verdicts(text):
    """A test that was performed and neither warns nor suggests passed; lists of keys and options are judged one by one."""
    verdicts = {}
    for test, what in re.findall(r"Performing test ID (\S+) \((.*?)\)\n", text):
        verdicts.setdefault(test, True)
    for test in re.findall(r"(?:Warning|Suggestion): .*?\[test:([A-Z]+-\d+)\]", text):
        verdicts[test] = False
    for key, equal in re.findall(r"Result: sysctl key (\S+) (contains equal|has a different)", text):
        verdicts["KRNL-6000:" + key] = equal == "contains equal"
    for option, state in re.findall(r"Result: OpenSSH option (\S+) is (.*)", text):
        verdicts["SSH-7408:" + option] = "weak" not in state and "unknown" not in state and "reasonabl" not in state
    return verdicts


def our_value(collector, condition, scan):
    done = subprocess.run([collector, "rules", "eval", condition, scan, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0 and "read" not in done.stdout + done.stderr:
        sys.exit(f"{condition}: {done.stdout}{done.stderr}")
    value = json.loads(done.stdout).get("json") if done.stdout.startswith("{") else None
    return value if isinstance(value, bool) else None


def main():
    tool, machine, scan, output, collector = sys.argv[1:]
    with open(output, encoding="utf-8", errors="replace") as text:
        theirs = (oscap_verdicts if tool == "oscap" else lynis_verdicts)(text.read())
    argued = {(row["check"], row["machine"]): row["reason"] for row in table("argued.tsv") if row["tool"] == tool}
    compared, same, wrong, explained = 0, 0, [], set()
    for row in table("shared.tsv"):
        if row["tool"] != tool or row["check"] not in theirs:
            continue
        ours = our_value(collector, row["condition"], scan)
        if ours is None:
            continue
        compared += 1
        if ours == theirs[row["check"]]:
            same += 1
            continue
        key = next((key for key in ((row["check"], machine), (row["check"], "any")) if key in argued), None)
        if key:
            explained.add(key)
        else:
            wrong.append(f"{tool} {machine} {row['check']}: they say {'pass' if theirs[row['check']] else 'fail'}, {row['condition']} is {ours}")
    print(f"{tool} on {machine}: {compared} checks compared, {same} agree, {len(explained)} differences argued, {len(wrong)} not")
    # The live machine is whichever runs the test: with sshd or without, so what is argued for it need not differ everywhere.
    stale = [] if machine == "live" else argued
    wrong += [f"{tool} {machine} {check}: argued, yet there is no difference any more" for check, where in stale if where == machine and (check, where) not in explained]
    for line in wrong:
        print(line)
    least = int(os.environ.get("LEAST_COMPARED", "10"))
    if compared < least:
        print(f"{tool} on {machine}: only {compared} checks were compared, expected {least} or more")
    sys.exit(1 if wrong or compared < least else 0)


if __name__ == "__main__":
    main()
