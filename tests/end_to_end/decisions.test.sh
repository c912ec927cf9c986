#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# what-if and clock as a person runs them: on scan documents and on a collector's store, with mistakes in what is asked.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
folder=$(scratch_folder)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/scans"

check "a recorded host gives a scan" bash -c "'$agent' scan --root tests/hosts/gpu-server --format json >'$folder/scans/gpu.json'"
name=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["sections"]["host"]["data"]["name"])' "$folder/scans/gpu.json")
at=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["taken_at"][:10])' "$folder/scans/gpu.json")

check "an edit is judged" "$collector" what-if --facts "$folder/scans" "$name: os.version = \"4\"" "2 × L40S in $name"
expect "it tells the score twice" grep -Eq '^Score [0-9.]+ → [0-9.]+ of 100' <<<"$last_output"
expect "it tells what the change met" grep -q '1 of 1 host, 2 places' <<<"$last_output"
check "a file of changes will do" "$collector" what-if --facts "$folder/scans/gpu.json" --file <(printf '# nothing\n\n') --json
expect "nothing changed, nothing differs" python3 -c '
import json, sys
told = json.loads(sys.argv[1])
assert told["before"] == told["after"] and told["rules"] == [] and told["changes"] == [], told' "$last_output"
first=$last_output
check "the same question is asked again" "$collector" what-if --facts "$folder/scans/gpu.json" --file <(printf '# nothing\n\n') --json
expect "it gets the same bytes" test "$first" = "$last_output"

check "the roadmap's actions are known" bash -c "'$collector' assess --json '$folder/scans/gpu.json' >'$folder/now.json'"
action=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["actions"][0]["id"])' "$folder/now.json")
check "an action may be done" "$collector" what-if --facts "$folder/scans" "do $action" --json
expect "it gains what the roadmap says, to a tenth" python3 -c '
import json, sys
told, now = json.loads(sys.argv[1]), json.load(open(sys.argv[2]))
assert now["score"]["value"] == told["before"]["value"], told
gain = told["after"]["value"] - told["before"]["value"]
assert abs(gain - now["actions"][0]["gain"]) <= 0.1001, (gain, now["actions"][0])' "$last_output" "$folder/now.json"

refuse "a misspelt fact is told with its place" 1 "change:1:[0-9]+: error: no fact 'ssh.permit_rot_login'; did you mean 'ssh.permit_root_login'" \
  "$collector" what-if --facts "$folder/scans" "$name: ssh.permit_rot_login = \"no\""
refuse "a value of another type is refused" 1 "'memory.total_bytes' is a whole number" "$collector" what-if --facts "$folder/scans" "*: memory.total_bytes = \"big\""
refuse "a host that is not there is told" 1 "no host is named nobody" "$collector" what-if --facts "$folder/scans" 'nobody: cpu.cores = 4'
refuse "no change is a mistake of usage" 2 "no change is given" "$collector" what-if --facts "$folder/scans"
refuse "a folder without scans is told" 1 "no scan documents" bash -c "mkdir '$folder/empty'; '$collector' clock --facts '$folder/empty'"

check "the clock runs" "$collector" clock --facts "$folder/scans"
expect "it begins at the day of the scan" grep -q "$at as shown" <<<"$last_output"
expect "it tells two moments more" test "$(grep -Ec '^  [0-9]{4}-[0-9]{2}-[0-9]{2}  .* to ' <<<"$last_output")" = 2
check "the clock runs to a day" "$collector" clock --facts "$folder/scans" --from 2026-11-23 --until 2028-02-29 --json
expect "its turns come by day and add up" python3 -c '
import json, sys
told = json.loads(sys.argv[1])
assert [one["day"] for one in told["moments"]] == ["2027-05-23", "2027-11-23", "2028-02-29"], told["moments"]
days = [turn["day"] for turn in told["turns"]]
assert days == sorted(days)
change = told["moments"][-1]["score"] - told["now"]["score"]
assert abs(sum(turn["points"] for turn in told["turns"]) - change) < 0.11, change' "$last_output"
refuse "a day that has passed is refused" 1 "is not after" "$collector" clock --facts "$folder/scans" --until 2001-01-01
refuse "no date is a mistake of usage" 2 "is no date" "$collector" clock --facts "$folder/scans" --until soon

check "a collector is made" "$collector" init --state "$folder/state" --organisation Test
refuse "an empty store has nothing to decide" 1 "no host has sent a scan" "$collector" clock --state "$folder/state"
check "it takes the scan in" "$collector" import --state "$folder/state" "$folder/scans/gpu.json"
check "what-if reads the store" "$collector" what-if --state "$folder/state" "do $action" --json
stored=$last_output
check "and the document" "$collector" what-if --facts "$folder/scans" "do $action" --json
expect "both say the same" python3 -c '
import json, sys
a, b = (json.loads(text) for text in sys.argv[1:])
assert a["before"] == b["before"] and a["after"] == b["after"] and a["workloads"] == b["workloads"]' "$stored" "$last_output"
check "the clock reads the store" "$collector" clock --state "$folder/state"
finish
