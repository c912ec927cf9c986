# SPDX-License-Identifier: Apache-2.0
# Validates YAML files against the JSON Schemas in rules/schema, as editors do: YAML 1.2, so that `no` is a text and
# 2026-11-23 no date object. Every shipped file must pass; every file that is broken on purpose must not.
import json
import pathlib
import re
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "rules" / "schema"


class Yaml12(yaml.SafeLoader):
    """The core schema: only true and false are Booleans, and there are no dates."""


Yaml12.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
]:
    Yaml12.add_implicit_resolver(tag, re.compile(pattern), list(first))

STORE = {path.as_uri(): json.loads(path.read_text()) for path in SCHEMAS.glob("*.schema.json")}


def validator(name):
    path = SCHEMAS / f"{name}.schema.json"
    schema = STORE[path.as_uri()]
    jsonschema.Draft202012Validator.check_schema(schema)
    resolver = jsonschema.RefResolver(path.as_uri(), schema, store=STORE)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def schema_of(path):
    if path.name == "tests.yaml":
        return "tests"
    if path.name == "pack.yaml":
        return "pack"
    return "workload" if path.parent.name == "workloads" else "rules"


def mistakes(name, text):
    found = validator(name).iter_errors(yaml.load(text, Yaml12))
    return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found]


# What a file must not say, each with the one thing that is wrong.
GOOD_RULE = """rules:
  - {id: a.b, title: t, why: w, pillar: data, severity: low, check: true, expected: e, fail: {it: a, cio: b, ceo: c},
     fix: {text: t, effort_days: 1, cost: C0, owner: o}}
"""
GOOD_WORKLOAD = """{workload: w, title: t, outcome: o, minimum: [], decision: d, threshold: t, serving: {models: [{model: m, precision: 4-bit}],
 prompt_tokens: 1500, answer_tokens: 300, tokens_per_second: 8, longest_wait_seconds: 1, slots_per_person: 0.06, questions_per_hour: 3.6,
 people: 200, everybody: true, basis: [b]}}
"""
BROKEN = [
    ("rules", GOOD_RULE.replace("id: a.b", "id: A b")),
    ("rules", GOOD_RULE.replace("severity: low", "severity: hihg")),
    ("rules", GOOD_RULE.replace("title: t, ", "")),
    ("rules", GOOD_RULE.replace("why: w", "wy: w, why: w")),
    ("rules", GOOD_RULE.replace("effort_days: 1", "effort_days: soon")),
    ("rules", GOOD_RULE.replace("cost: C0", "cost: C9")),
    ("rules", GOOD_RULE.replace("check: true", "check: [a]")),
    ("rules", GOOD_RULE.replace("title: t, why", "references: {cls: [x]}, title: t, why")),
    ("rules", "gates:\n  - {id: g, title: t, ceo: c, level: 6, rules: [a.b]}\n"),
    ("rules", "gates:\n  - {id: g, title: t, ceo: c, level: 1}\n"),
    ("rules", "measures:\n  - {id: M, title: t, value: cpu.cores, aggregate: sum}\n"),
    ("pack", "pack: a\nversion: new\ndate: 2026-11-23\nlicence: x\ntitle: t\n"),
    ("pack", "pack: a\nversion: 1\ndate: 2026-11-23\nlicence: x\ntitle: t\nrequires: {plumbline: 0.1}\n"),
    ("pack", "pack: a\nversion: 1\ndate: 2026-11-23\nlicence: x\ntitle: t\nprops: {p: {type: integer, default: 1, meaning: m}}\n"),
    ("pack", "pack: a\nversion: 1\ndate: 2026-11-23\nlicence: x\ntitle: t\nprops: {P: {type: int, default: 1, meaning: m}}\n"),
    ("workload", "workload: w\ntitle: t\noutcome: o\nminimum: [{id: m}]\ndecision: d\nthreshold: t\n"),
    ("workload", GOOD_WORKLOAD.replace("4-bit", "5-bit")),
    ("workload", GOOD_WORKLOAD.replace("people: 200", "people: 0")),
    ("workload", GOOD_WORKLOAD.replace("prompt_tokens: 1500, ", "")),
    ("workload", GOOD_WORKLOAD.replace("answer_tokens", "answer_token")),
    ("site", "people: 300\n"),
    ("site", "people: {company: many}\n"),
    ("tests", "tests:\n  - {rule: a.b, cases: [{facts: {ssh: {instaled: true}}, verdict: pass}]}\n"),
    ("tests", "tests:\n  - {rule: a.b, cases: [{facts: {}, verdict: passes}]}\n"),
    ("tests", "tests:\n  - {rule: a.b, cases: [{verdict: pass}]}\n"),
    ("tests", "tests:\n  - {rule: a.b, measure: m, cases: []}\n"),
    ("tests", "tests:\n  - {measure: m, cases: [{facts: {}, verdict: pass}]}\n"),
    ("site", "waivers:\n  - {rule: a.b, hosts: all, owner: o, reason: r}\n"),
    ("site", "waivers:\n  - {rule: a.b, hosts: all, owner: o, reason: r, until: soon}\n"),
    ("site", "overrides:\n  - {rule: a.b, disabled: true}\n"),
    ("site", "overrides:\n  - {rule: a.b}\n"),
    ("site", "waiver: []\n"),
]
GOOD = [
    ("rules", GOOD_RULE),
    ("workload", GOOD_WORKLOAD),
    ("rules", GOOD_RULE.replace("check: true", "check: 'a.b', references: [CIS x], evidence: [{name: n, value: cpu.cores}]")),
    ("site", "people: {company: 320, doc-rag: 150}\nprops: {ssh: {max_auth_tries: 6, roles: [a]}}\noverrides:\n  - {rule: a.b, severity: low}\n"
             "waivers:\n  - {rule: a.b, hosts: 'db-*', owner: o, reason: r, until: 2027-03-31}\n"),
    ("pack", "pack: a\nversion: 2026.11.0\ndate: 2026-11-23\nlicence: x\ntitle: t\nrequires: {plumbline: '>=0.1', packs: {b: '>=1'}}\n"
             "props: {p: {type: strings, default: [a], meaning: m}}\n"),
]


def tell(ok, what, why=""):
    print(("ok " if ok else "not ok ") + what + ("" if ok else f"\n    {why}"))
    return ok


def main():
    fine = True
    files = sorted([*(ROOT / "rules/packs").rglob("*.yaml"), *(ROOT / "rules/workloads").rglob("*.yaml")])
    wrong = [f"{path.relative_to(ROOT)}: {one}" for path in files for one in mistakes(schema_of(path), path.read_text())]
    fine &= tell(len(files) > 40 and not wrong, f"every shipped YAML file is what its schema says ({len(files)} files)", "\n    ".join(wrong[:20]))
    unnamed = [f"{path.relative_to(ROOT)}: second line '# yaml-language-server: $schema=…/{schema_of(path)}.schema.json'"
               for path in files if "# yaml-language-server: $schema=" not in path.read_text()]
    astray = [str(path) for path in files for line in path.read_text().splitlines() if "$schema=" in line
              and (path.parent / line.split("$schema=")[1]).resolve() != SCHEMAS / f"{schema_of(path)}.schema.json"]
    fine &= tell(not unnamed and not astray, "every shipped YAML file names its schema for editors", "\n    ".join(unnamed + astray))
    refused = [text for name, text in BROKEN if not mistakes(name, text)]
    fine &= tell(not refused, f"every file that is broken on purpose is refused ({len(BROKEN)} files)", "\n    ".join(refused))
    accused = [f"{text}    {found}" for name, text in GOOD for found in mistakes(name, text)]
    fine &= tell(not accused, "files that use all of the format are accepted", "\n    ".join(accused))
    return 0 if fine else 1


sys.exit(main())
