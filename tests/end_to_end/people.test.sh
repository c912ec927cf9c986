#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people decide, through commands alone: plan, reviews, goals and answers of the sample company, and of a fleet whose
# scans close and reopen an action.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
scratch=$(scratch_folder)
state=$scratch/sample
export PLUMBLINE_SITE=$PWD/packaging/demo/site PLUMBLINE_STATE=$state

# Conditions on JSON documents; each prints what broke it.
cat >"$scratch/look.py" <<'EOF'
import hashlib, json, sys

def load(path):
    return json.load(open(path))

def story(plan_path, goals_path, answers_path, reviews_path):
    plan = load(plan_path)["plan"]
    by = {}
    for item in plan:
        by.setdefault(item["status"], []).append(item)
    assert len(by["done"]) >= 3 and len(by["reopened"]) == 1, {k: len(v) for k, v in by.items()}
    again = by["reopened"][0]
    assert again["owner"] and again["times_reopened"] == 1 and again["done"] < again["reopened"], again
    for item in by["done"]:
        assert item["done"] and item["done"] > item["first_seen"] and not item["overdue"], item
    assert sum(item["overdue"] for item in plan) == 1, [item["action"] for item in plan if item["overdue"]]
    assert sum(bool(item["owner"]) for item in plan) >= 10
    goals = load(goals_path)
    assert len(goals["workloads"]) == 2 and goals["score"] and goals["workloads"][0]["kpis"][0]["target"] is not None, goals
    answers = load(answers_path)
    assert answers["attested"]["answered"] == 14 and answers["attested"]["asked"] == 20, answers["attested"]
    reviews = load(reviews_path)["reviews"]
    audiences = [review["audience"] for review in reviews]
    assert audiences.count("board") == 1 and audiences.count("it") >= 3, audiences
    assert [review["at"] for review in reviews] == sorted(review["at"] for review in reviews)

def item(path, action, **wanted):
    found = [item for item in load(path)["plan"] if item["action"] == action]
    assert len(found) == 1, found
    for key, value in wanted.items():
        assert str(found[0][key]) == value, (key, found[0][key], value)

def unchanged(one, two):
    for item in load(one)["answers"]:
        item.pop("answered_by", None), item.pop("answered_at", None)
    strip = lambda path: [(a["question"], a["value"], a.get("evidence"), a.get("owner")) for a in load(path)["answers"]]
    assert strip(one) == strip(two)

def drift(path, to, day):  # a scan in which the clock is wrong (or right), of that day
    scan = load(path)
    section = scan["sections"]["time"]
    section["data"]["synchronized"] = to == "right"
    canonical = json.dumps({"data": section["data"], "missing": section.get("missing", {}), "status": section["status"]}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    section["hash"] = hashlib.sha256(canonical.encode()).hexdigest()
    scan["sequence"] = int(day)
    scan["taken_at"] = f"2026-11-{10 + int(day):02d}T08:00:00Z"
    print(json.dumps(scan))

call = globals()[sys.argv[1]]
plain = [a for a in sys.argv[2:] if "=" not in a]
call(*plain, **dict(a.split("=", 1) for a in sys.argv[2:] if "=" in a))
EOF
look() { python3 "$scratch/look.py" "$@"; }

check "the sample company loads with its decisions" "$collector" demo --into "$state" --date 2026-11-23
"$collector" plan list --json >"$scratch/plan.json" && "$collector" goals show --json >"$scratch/goals.json" &&
  "$collector" answers show --json >"$scratch/answers.json" && "$collector" review list --json >"$scratch/reviews.json"
check "it has a plan with done, reopened and overdue actions, goals, 14 answers and reviews" look story "$scratch/plan.json" "$scratch/goals.json" "$scratch/answers.json" "$scratch/reviews.json"
check "the plan can be read as text" "$collector" plan list
expect "and says what changed since the last review" grep -q "^Since the review of " <<<"$last_output"

check "an action gets an owner and a due date" "$collector" plan set gpu-driver --owner 'Ada <b>' --due 2026-12-24 --note '=1+1'
"$collector" plan list --json >"$scratch/plan.json"
check "which are kept as they were written" look item "$scratch/plan.json" gpu-driver owner='Ada <b>' due=2026-12-24
refuse "done is never set by hand" 1 "cannot be set by hand: a scan that proves it" "$collector" plan set gpu-driver --status done
refuse "a date must be a date" 1 "is no date; write it as 2026-12-01" "$collector" plan set gpu-driver --due tomorrow
refuse "an unknown action is named" 1 "there is no action 'gpu-drivers'" "$collector" plan set gpu-drivers --owner x
refuse "something must be set" 2 "at least one of --owner" "$collector" plan set gpu-driver
refuse "control characters are refused" 1 "control characters" "$collector" plan set gpu-driver --owner $'a\x1b[31m'

check "answers are exported" "$collector" answers export "$scratch/answers.yaml"
expect "with all twenty questions" test "$(grep -c '^  - question: Q' "$scratch/answers.yaml")" = 20
check "and come back unchanged" "$collector" answers import "$scratch/answers.yaml"
expect "so that nothing is written" grep -q "14 answers read, 0 changed" <<<"$last_output"
"$collector" answers show --json >"$scratch/again.json"
check "the answers are the same as before" look unchanged "$scratch/answers.json" "$scratch/again.json"
sed -i 's/^  - question: Q7$/  - question: Q77/' "$scratch/answers.yaml"
refuse "a mistake is told with its line" 1 "answers.yaml:[0-9]+:[0-9]+: error: there is no question 'Q77'" "$collector" answers import "$scratch/answers.yaml"

check "goals are exported" "$collector" goals export "$scratch/goals.yaml"
check "and imported" "$collector" goals import "$scratch/goals.yaml"
"$collector" goals show --json >"$scratch/again.json"
expect "unchanged" cmp "$scratch/goals.json" "$scratch/again.json"
check "a workload is put first with a KPI" "$collector" goals set transcription --place 1 --by 2027-05-01 --kpi 'minutes saved' --baseline 0 --target 30 --json
expect "and stands first" python3 -c 'import json, sys; assert json.loads(sys.argv[1])["workloads"][0]["workload"] == "transcription"' "$last_output"
refuse "an unknown workload is refused" 1 "there is no workload 'doc-rug'; did you mean doc-rag" "$collector" goals set doc-rug
refuse "a score is at most 100" 1 "from 0 to 100" "$collector" goals set --score 101

check "a review is recorded" "$collector" review record --audience board --note 'Pilot approved'
check "and listed" "$collector" review list
expect "with its note" grep -q "board.*Pilot approved" <<<"$last_output"

# A fleet of one host: the clock is wrong, then right, then wrong again. Each scan is a later one.
one=$scratch/one
"$collector" demo --out "$scratch/scans" --date 2026-11-23 >/dev/null
check "a collector is made" "$collector" init --state "$one"
step() { # day, wrong|right
  look drift "$scratch/scans/dns-01.json" "$2" "$1" >"$scratch/scan.json" &&
  "$collector" import "$scratch/scan.json" --state "$one"
}
check "a scan with a wrong clock is imported" step 1 wrong
check "the action gets an owner" "$collector" plan set trust.clock --owner Ada --status planned --state "$one"
check "a later scan with a right clock is imported" step 2 right
"$collector" plan list --json --state "$one" >"$scratch/plan.json"
check "it proves the action done" look item "$scratch/plan.json" trust.clock status=done done=2026-11-12 owner=Ada
check "it may be noted" "$collector" plan set trust.clock --note 'well done' --state "$one"
check "a scan with a wrong clock again is imported" step 3 wrong
"$collector" plan list --json --state "$one" >"$scratch/plan.json"
check "it reopens the action, with its owner" look item "$scratch/plan.json" trust.clock status=reopened reopened=2026-11-13 times_reopened=1 owner=Ada

rm -rf "$scratch"
finish
