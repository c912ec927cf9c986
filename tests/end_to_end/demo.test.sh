#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The sample company: loads whole and the same each time, shows every state and verdict, never mixes with real hosts.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
scratch=$(scratch_folder)
state=$scratch/sample site=packaging/demo/site
export PLUMBLINE_SITE=$PWD/$site

# Conditions on JSON documents; each prints what broke it.
cat >"$scratch/look.py" <<'EOF'
import json, sqlite3, sys

def fleet(path):
    return json.load(open(path))

def states(path):
    found = {w[kind] for w in fleet(path)["workloads"] for kind in ("pilot", "production")}
    assert found == {"ready", "after_changes", "not_ready", "unknown"}, found

def verdicts(path):
    totals = {}
    for rule in fleet(path)["rules"]:
        for kind, count in rule["tally"].items():
            totals[kind] = totals.get(kind, 0) + count
    assert set(totals) == {"pass", "fail", "unknown", "not_applicable", "waived"} and min(totals.values()) > 0, totals

def workloads(path):
    found = {w["id"] for w in fleet(path)["workloads"]}
    assert len(found) == 15 and {"vision-qc", "predictive-maint", "digital-twin", "motor-sound"} <= found, sorted(found)

def hosts(path):
    rows = json.load(open(path))
    rows = rows["hosts"] if isinstance(rows, dict) else rows
    assert len(rows) == 44, len(rows)
    scans = {row["name"]: row["sequence"] for row in rows}
    assert scans["erp-db-01"] == 14, scans
    assert [row["name"] for row in rows if row["denied"]] == ["legacy-erp-01"], rows
    last = {row["name"]: row["taken_at"][:10] for row in rows}
    assert last["print-01"] == "2026-10-19" and last["erp-db-01"] == "2026-11-23", last

def differ(*paths):
    seen = {}
    for path in paths:
        scan = json.load(open(path))
        del scan["host_id"], scan["taken_at"], scan["sequence"], scan["agent"]
        # What no two hosts share anyhow must not make them differ.
        sections = {name: section["data"] for name, section in scan["sections"].items()}
        for fact in ("name", "uptime_seconds", "load_15min", "process_count"):
            sections["host"].pop(fact, None)
        sections["memory"].pop("available_bytes", None)
        sections["patching"].pop("last_update_days", None)
        for interface in sections["network"]["interfaces"]:
            interface.pop("addresses", None)
        for filesystem in sections["storage"]["filesystems"]:
            filesystem.pop("free_percent", None), filesystem.pop("free_bytes", None)
        text = json.dumps(sections, sort_keys=True)
        assert text not in seen, f"{path} and {seen[text]} are the same"
        seen[text] = path

def story(path):
    points = sqlite3.connect(path).execute("SELECT value, hosts FROM scores ORDER BY number").fetchall()
    assert len(points) == 14 and points[0][1] == 42 and points[-1][1] == 44, points
    values = [value for value, _ in points]
    assert values[-1] > values[0] and any(b < a for a, b in zip(values, values[1:])), values

globals()[sys.argv[1]](*sys.argv[2:])
EOF
look() { python3 "$scratch/look.py" "$@"; }

check "the company loads" "$collector" demo --into "$state" --date 2026-11-23
expect "it says that it is a sample" grep -q 'sample company' <<<"$last_output"
check "loading it again changes nothing" "$collector" demo --into "$state" --date 2026-11-23
expect "and says so" grep -q 'already' <<<"$last_output"
check "hosts are listed" bash -c "'$collector' hosts --json --state '$state' >'$scratch/hosts.json'"
check "44 hosts, one silent, one retired" look hosts "$scratch/hosts.json"
check "the score as JSON" bash -c "'$collector' score --json --state '$state' >'$scratch/score.json'"
check "every state of a workload occurs" look states "$scratch/score.json"
check "every kind of verdict occurs" look verdicts "$scratch/score.json"
check "all 14 workloads are judged, and the company's own" look workloads "$scratch/score.json"

check "the score rose over three months, and not in every week" look story "$state/plumbline.db"
check "the same date gives the same company" bash -c "'$collector' demo --into '$scratch/again' --date 2026-11-23 && '$collector' score --json --state '$scratch/again' | cmp - '$scratch/score.json'"
check "the last scans are written as documents" "$collector" demo --out "$scratch/scans" --date 2026-11-23
expect "one for each host in service" test "$(ls "$scratch/scans" | wc -l)" = 43
check "no host is like another" look differ "$scratch"/scans/*.json
check "they are scans as an agent sends them" bash -c "'$collector' assess '$scratch'/scans/*.json --format json >/dev/null"

check "the three reports" "$collector" report --out "$scratch/reports" --state "$state"
for page in ceo cio it; do expect "the $page page names the sample company" grep -q 'Velmora Drives (sample company)' "$scratch/reports/$page.html"; done
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
if [[ -n $chromium ]] && command -v pdfinfo >/dev/null; then
  check "the CEO page prints" "$chromium" --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/browser" --no-pdf-header-footer --print-to-pdf="$scratch/ceo.pdf" "file://$scratch/reports/ceo.html"
  expect "and is one page" grep -q '^Pages: *1$' <(pdfinfo "$scratch/ceo.pdf")
fi

check "a collector of one's own" "$collector" init --state "$scratch/own"
check "with a host" bash -c "'$agent' scan --format json | '$collector' import - --state '$scratch/own'"
refuse "takes no sample company" 1 "holds hosts of yours" "$collector" demo --into "$scratch/own"
refuse "--into or --out is needed" 2 "demo needs --into" "$collector" demo
refuse "a date must be one" 1 "not a date" "$collector" demo --out "$scratch/x" --date yesterday

# A company with mistakes: each is told with its place.
cp -r packaging/demo "$scratch/wrong"
broken() { # name message sed-expression
  cp packaging/demo/hosts.yaml "$scratch/wrong/hosts.yaml"
  sed -i "$3" "$scratch/wrong/hosts.yaml"
  refuse "$1" 1 "$2" "$collector" demo --company "$scratch/wrong" --out "$scratch/x"
}
broken "an unknown part is told" "hosts.yaml:[0-9]+:[0-9]+: error: parts.yaml has no part 'debian-99'" '0,/debian-13/s//debian-99/'
broken "an unknown fact is told" "erp-db-01: cpu.corse: the catalog has no such fact" '0,/      host: {load_15min: 4.2/s//      cpu: {corse: 4}\n&/'
broken "a fact of another type is told" "erp-db-01: memory.total_bytes: not a int" '0,/total_bytes: 256 GiB/s//total_bytes: plenty/'
broken "a derived fact is refused" "the collector derives it" '0,/      host: {load_15min: 4.2/s//      os: {support_days_left: 5}\n&/'
broken "two hosts of one name are refused" "is there already" '0,/name: erp-db-02/s//name: erp-db-01/'
finish
